//! A group of users or of devices, which profiles are assigned to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::device::Device;
use crate::id::{GroupId, Scope, Version};
use crate::time::Timestamp;

/// What a group holds: never both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// Users: every device of each of them is meant, later ones too.
    User,
    /// Devices.
    Device,
}

impl GroupKind {
    /// The name used in the API and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Device => "device",
        }
    }
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Our key, chosen by its author.
    pub id: GroupId,
    /// Times written.
    pub version: Version,
    /// Where it belongs.
    pub scope: Scope,
    /// The name people see.
    pub display_name: Option<String>,
    /// What it holds.
    pub kind: GroupKind,
    /// User principal names, or names of devices: id, UDID or serial number. In lower case. A device may
    /// be named before it enrolls.
    pub members: BTreeSet<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Group {
    /// Members of a group at most.
    pub const MOST_MEMBERS: usize = 100_000;

    /// Whether it says the same as `other`, whenever and however often either was written.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.display_name == other.display_name
            && self.kind == other.kind
            && self.members == other.members
            && self.scope == other.scope
    }
}

/// The names a group may know a device by, in lower case.
pub fn names_of(device: &Device) -> impl Iterator<Item = String> + '_ {
    [
        Some(device.id.as_str()),
        device.hardware.udid.as_deref(),
        device.hardware.serial_number.as_deref(),
    ]
    .into_iter()
    .flatten()
    .map(str::to_lowercase)
}
