//! A command in a channel's queue, from queued to answered.

use mdm_payloads::Secret;
use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, CommandUuid, DeliveryId, DeviceId, Scope, Version};
use crate::package::NodeAnswer;
use crate::report::ErrorEntry;
use crate::time::Timestamp;

/// What a command asks for. What a person wrote may hold secrets, so `Debug` does not show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Item {
    /// Install the profile of a delivery, rendered when it is sent.
    Install {
        /// The delivery.
        delivery: DeliveryId,
        /// The revision that was wanted when it was queued.
        revision: u32,
    },
    /// Remove an installed profile.
    Remove {
        /// The delivery it ends, if one is known.
        delivery: Option<DeliveryId>,
        /// `PayloadIdentifier`.
        identifier: String,
    },
    /// Install the enrollment profile again: a new identity for a known device.
    ReplaceEnrollment,
    /// List installed profiles.
    Profiles {
        /// Only those of this server.
        managed_only: bool,
    },
    /// List installed certificates.
    Certificates {
        /// Only those of this server.
        managed_only: bool,
    },
    /// Ask for facts of the device.
    DeviceInformation {
        /// Names of the facts; the usual ones when empty.
        queries: Vec<String>,
    },
    /// Ask for facts of its security.
    SecurityInfo,
    /// Lock the screen. Destructive.
    Lock {
        /// Text on the lock screen.
        message: Option<String>,
        /// Six digits, Macs only.
        pin: Option<Secret>,
    },
    /// Erase the device. Destructive.
    Erase {
        /// Six digits, Macs only.
        pin: Option<Secret>,
    },
    /// Remove the passcode. Destructive.
    ClearPasscode,
    /// Restart. Destructive.
    Restart,
    /// Read what an acknowledged delivery left on the device, where each node is read by itself.
    ReadBack {
        /// The delivery.
        delivery: DeliveryId,
    },
    /// End the management. The device leaves at its next session.
    Unenroll,
    /// Commands to nodes of the management tree, as their author wrote them.
    Nodes {
        /// What they do, in words: `Get ./DevInfo/DevId`.
        summary: String,
        /// XML.
        text: Secret,
    },
    /// A command as its author wrote it.
    Raw {
        /// Its `RequestType`, decoded.
        request_type: String,
        /// The `Command` dictionary as XML property list.
        plist: Secret,
    },
}

impl Item {
    /// The name on screens: Apple's `RequestType`.
    pub fn request_type(&self) -> &str {
        match self {
            Self::Install { .. } | Self::ReplaceEnrollment => "InstallProfile",
            Self::Remove { .. } => "RemoveProfile",
            Self::Profiles { .. } => "ProfileList",
            Self::Certificates { .. } => "CertificateList",
            Self::DeviceInformation { .. } => "DeviceInformation",
            Self::SecurityInfo => "SecurityInfo",
            Self::Lock { .. } => "DeviceLock",
            Self::Erase { .. } => "EraseDevice",
            Self::ClearPasscode => "ClearPasscode",
            Self::Restart => "RestartDevice",
            Self::ReadBack { .. } => "ReadBack",
            Self::Unenroll => "Unenroll",
            Self::Nodes { summary, .. } => summary,
            Self::Raw { request_type, .. } => request_type,
        }
    }

    /// The delivery this command serves.
    pub fn delivery(&self) -> Option<&DeliveryId> {
        match self {
            Self::Install { delivery, .. } | Self::ReadBack { delivery } => Some(delivery),
            Self::Remove { delivery, .. } => delivery.as_ref(),
            Self::ReplaceEnrollment
            | Self::Profiles { .. }
            | Self::Certificates { .. }
            | Self::DeviceInformation { .. }
            | Self::SecurityInfo
            | Self::Lock { .. }
            | Self::Erase { .. }
            | Self::ClearPasscode
            | Self::Restart
            | Self::Unenroll
            | Self::Nodes { .. }
            | Self::Raw { .. } => None,
        }
    }
}

/// Who wanted a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A person or script, through the API.
    Operator,
    /// A delivery.
    Delivery,
    /// The server, to see whether an acknowledged profile is really there.
    ReadBack,
    /// The server, to know the device after its enrollment.
    Inventory,
}

/// How far a command got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandState {
    /// Waits.
    Queued,
    /// Went out; no answer yet.
    Sent,
    /// The device said `NotNow`; it is offered again in its next session.
    Deferred,
    /// The device said `Acknowledged`.
    Acknowledged,
    /// The device said `Error`, or the command could not be made.
    Failed,
    /// The device said `CommandFormatError`.
    Malformed,
    /// Taken back before an answer.
    Cancelled,
}

impl CommandState {
    /// Whether an answer may still come, or the command may still be sent.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Queued | Self::Sent | Self::Deferred => true,
            Self::Acknowledged | Self::Failed | Self::Malformed | Self::Cancelled => false,
        }
    }

    /// The name used in the API and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::Acknowledged => "acknowledged",
            Self::Failed => "failed",
            Self::Malformed => "malformed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// `CommandUUID`.
    pub uuid: CommandUuid,
    /// Times written.
    pub version: Version,
    /// Where it belongs.
    pub scope: Scope,
    /// Its device.
    pub device: DeviceId,
    /// Its queue.
    pub channel: ChannelId,
    /// Its place: commands of a channel go out in this order. Given by the store; 0 until then.
    pub seq: u64,
    /// What it asks for.
    pub item: Item,
    /// Who wanted it.
    pub origin: Origin,
    /// How far it got.
    pub state: CommandState,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// When it last went out.
    pub sent_at: Option<Timestamp>,
    /// When its final answer came.
    pub answered_at: Option<Timestamp>,
    /// Times it went out.
    pub attempts: u32,
    /// Times the device said `NotNow`.
    pub not_now: u32,
    /// The session of its last `NotNow`.
    pub deferred_in: Option<u64>,
    /// The device's error chain, outermost first, kept whole.
    pub errors: Vec<ErrorEntry>,
    /// Why the server itself gave up on it.
    pub refusal: Option<String>,
    /// What each node answered, where it asked more than one thing; at most [`Command::RESULTS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<NodeResult>,
}

/// What one node answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeResult {
    /// What was asked: `Add`, `Atomic`.
    pub verb: String,
    /// The node; none for a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The answer.
    #[serde(flatten)]
    pub answer: NodeAnswer,
}

impl Command {
    /// Answers of nodes that are kept.
    pub const RESULTS: usize = 512;

    /// A command that waits at the end of `channel`'s queue.
    pub fn queued(
        uuid: CommandUuid,
        scope: Scope,
        device: DeviceId,
        channel: ChannelId,
        item: Item,
        origin: Origin,
        now: Timestamp,
    ) -> Self {
        Self {
            uuid,
            version: Version(0),
            scope,
            device,
            channel,
            seq: 0,
            item,
            origin,
            state: CommandState::Queued,
            queued_at: now,
            sent_at: None,
            answered_at: None,
            attempts: 0,
            not_now: 0,
            deferred_in: None,
            errors: Vec::new(),
            refusal: None,
            results: Vec::new(),
        }
    }
}
