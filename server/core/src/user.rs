//! A user of the directory: what profiles are rendered from, and whose devices are theirs.

use mdm_payloads::{Secret, User};
use serde::{Deserialize, Serialize};

use crate::id::{Scope, UserId, Version};
use crate::time::Timestamp;

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredUser {
    /// Our key: the user principal name in lower case.
    pub id: UserId,
    /// Times written.
    pub version: Version,
    /// Where it belongs.
    pub scope: Scope,
    /// What the directory knows.
    pub user: User,
    /// Whether "all users" means this one, too (Microsoft Graph, `allLicensedUsersAssignmentTarget`).
    pub licensed: bool,
    /// What a Windows device has to give when it enrolls with a name and a password ([MS-MDE2] 3.1.4,
    /// `OnPremise`). Never put into a profile.
    #[serde(default)]
    pub enrollment_password: Option<Secret>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl StoredUser {
    /// Whether it says the same as `other`, whenever and however often either was written.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.user == other.user
            && self.licensed == other.licensed
            && self.enrollment_password == other.enrollment_password
            && self.scope == other.scope
    }
}
