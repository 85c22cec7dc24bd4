//! A profile as it is kept: what its author wrote, counted by revision.

use mdm_payloads::Profile;
use mdm_payloads::field_class::{Change, Class, PromptKind, change};
use serde::{Deserialize, Serialize};

use crate::id::{ProfileId, Scope, Version};
use crate::time::Timestamp;

/// One profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredProfile {
    /// Its key.
    pub id: ProfileId,
    /// Times written.
    pub version: Version,
    /// Where it belongs.
    pub scope: Scope,
    /// Counts edits, from 1.
    pub revision: u32,
    /// What its author wrote.
    pub profile: Profile,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
    /// What the last [`StoredProfile::EDITS`] edits do on devices, oldest first.
    #[serde(default)]
    pub edits: Vec<Edit>,
}

/// What one edit does on devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The revision it made.
    pub revision: u32,
    /// What it does.
    pub class: Class,
    /// What users are asked.
    pub prompt: Option<PromptKind>,
}

impl StoredProfile {
    /// Edits that are remembered.
    pub const EDITS: usize = 50;

    /// The next revision of it.
    #[must_use]
    pub fn edited(&self, profile: Profile, now: Timestamp) -> Self {
        let Change { class, prompt, .. } = change(&self.profile, &profile);
        let mut next = self.clone();
        next.revision += 1;
        next.profile = profile;
        next.updated_at = now;
        if next.edits.len() >= Self::EDITS {
            next.edits.remove(0);
        }
        next.edits.push(Edit {
            revision: next.revision,
            class,
            prompt,
        });
        next
    }

    /// What the edits after `revision` do on a device that has it; as if all had been made at once. Where they are no
    /// longer remembered, the least that reaches a device.
    pub fn since(&self, revision: u32) -> (Class, Option<PromptKind>) {
        let later = || self.edits.iter().filter(|edit| edit.revision > revision);
        let known = later().count() == (self.revision.saturating_sub(revision)) as usize;
        let class = later().map(|edit| edit.class).max().unwrap_or(Class::None);
        let class = if known {
            class
        } else {
            class.max(Class::Silent)
        };
        (class, later().filter_map(|edit| edit.prompt).max())
    }
}
