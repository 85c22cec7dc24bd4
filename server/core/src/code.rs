//! Enrollment codes: who may enroll, into which scope, for which user.

use mdm_payloads::User;
use serde::{Deserialize, Serialize};

use crate::device::Reality;
use crate::id::{CodeText, Scope, Version};
use crate::time::Timestamp;

/// One code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// What is typed.
    pub code: CodeText,
    /// Times written.
    pub version: Version,
    /// Devices enrolled with it belong here.
    pub scope: Scope,
    /// Minted for a simulator, or for whoever comes.
    pub reality: Reality,
    /// Whose devices they will be.
    pub user: Option<User>,
    /// A note for people.
    pub label: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not accepted from here on; never when absent.
    pub expires_at: Option<Timestamp>,
    /// Fetches of an enrollment profile it still allows; any number when absent.
    pub uses_left: Option<u32>,
    /// How often each SCEP request made with it is answered PENDING before the certificate comes.
    #[serde(default)]
    pub pending_polls: u32,
}

/// Why a code lets nobody in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeRefused {
    /// Nothing was given where a code is needed.
    #[error("no enrollment code was given")]
    Missing,
    /// There is no such code.
    #[error("this enrollment code is not known")]
    Unknown,
    /// Its time is over.
    #[error("this enrollment code expired at {0}")]
    Expired(Timestamp),
    /// It was used as often as it allowed.
    #[error("this enrollment code was used up")]
    UsedUp,
}

impl Code {
    /// Uses the code once.
    pub fn redeem(mut self, now: Timestamp) -> Result<Self, CodeRefused> {
        if let Some(end) = self.expires_at
            && end <= now
        {
            return Err(CodeRefused::Expired(end));
        }
        match self.uses_left {
            Some(0) => return Err(CodeRefused::UsedUp),
            Some(n) => self.uses_left = Some(n - 1),
            None => {}
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(expires_at: Option<i64>, uses_left: Option<u32>) -> Code {
        Code {
            code: "ABCD-EFGH".parse().unwrap(),
            version: Version(1),
            scope: Scope::default(),
            reality: Reality::Real,
            user: None,
            label: None,
            created_at: Timestamp(0),
            expires_at: expires_at.map(Timestamp),
            uses_left,
            pending_polls: 0,
        }
    }

    #[test]
    fn lets_in_as_often_and_as_long_as_it_says() {
        let now = Timestamp(1000);
        for (given, expected) in [
            (code(None, None), Ok(None)),
            (code(Some(1001), Some(2)), Ok(Some(1))),
            (code(Some(1000), Some(2)), Err(CodeRefused::Expired(now))),
            (code(None, Some(0)), Err(CodeRefused::UsedUp)),
        ] {
            assert_eq!(given.redeem(now).map(|c| c.uses_left), expected);
        }
    }
}
