//! A profile as it is kept: what its author wrote, counted by revision.

use mdm_payloads::Profile;
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
}
