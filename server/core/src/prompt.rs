//! A prompt: what the user of a device is asked because of an edit, how that is known, and what the user said.

use mdm_payloads::field_class::PromptKind;
use serde::{Deserialize, Serialize};

use crate::id::{DeliveryId, DeviceId, ProfileId, PromptId, Scope, Version};
use crate::time::Timestamp;

/// How a prompt is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// By the class of the edited property: the device is expected to ask.
    Expected,
    /// A simulated device said so.
    Reported,
    /// A person wrote it down.
    Recorded,
    /// From the time between acknowledgement and proof.
    Inferred,
}

/// What the user said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Nothing yet, as far as is known.
    Unanswered,
    /// Yes, or the right password.
    Approved,
    /// No: the revision before goes on working.
    Declined,
    /// Later.
    Deferred,
}

impl Answer {
    /// The name used in the API and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Deferred => "deferred",
        }
    }
}

/// One prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// Our key: the delivery and the revision.
    pub id: PromptId,
    /// Times written.
    pub version: Version,
    /// Where it belongs.
    pub scope: Scope,
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its profile.
    pub profile: ProfileId,
    /// Its device; none for one that was fetched by link.
    pub device: Option<DeviceId>,
    /// The revision that caused it.
    pub revision: u32,
    /// The revision that worked before.
    pub before: Option<u32>,
    /// What is asked.
    pub kind: PromptKind,
    /// How it is known.
    pub known: Known,
    /// What the user said.
    pub answer: Answer,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was answered last.
    pub answered_at: Option<Timestamp>,
}

impl Prompt {
    /// The key of the prompt that a revision of a delivery causes.
    pub fn key(delivery: &DeliveryId, revision: u32) -> PromptId {
        PromptId::of(delivery, revision)
    }
}
