//! One-time links: a profile for a device that is not enrolled.

use mdm_payloads::User;
use serde::{Deserialize, Serialize};

use crate::id::{DeliveryId, LinkToken, ProfileId, Scope, Version};
use crate::time::Timestamp;

/// One link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// The unguessable part of its URL.
    pub token: LinkToken,
    /// Times written.
    pub version: Version,
    /// Where it belongs.
    pub scope: Scope,
    /// The profile it gives.
    pub profile: ProfileId,
    /// Whose profile it is.
    pub user: Option<User>,
    /// The delivery that records what becomes of it.
    pub delivery: DeliveryId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not accepted from here on.
    pub expires_at: Timestamp,
    /// When it was first opened. Opening it again soon gives the same bytes, because a browser on
    /// a phone may fetch twice; see [`Link::open`].
    pub opened_at: Option<Timestamp>,
}

/// Why a link gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkRefused {
    /// There is no such link.
    #[error("this link is not known")]
    Unknown,
    /// Its time is over.
    #[error("this link expired at {0}")]
    Expired(Timestamp),
    /// It was opened before.
    #[error("this link was opened at {0} and works only once")]
    Opened(Timestamp),
}

/// What opening a link means.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "one per opened link, soon gone")]
pub enum Opening {
    /// The first time: render, and remember the link as given here.
    First(Link),
    /// Again, within the grace time: the same bytes.
    Again,
}

impl Link {
    /// Seconds after the first opening in which the same bytes are given again.
    pub const GRACE_SECONDS: i64 = 300;

    /// Opens the link.
    pub fn open(mut self, now: Timestamp) -> Result<Opening, LinkRefused> {
        match self.opened_at {
            Some(at) if now.seconds_since(at) <= Self::GRACE_SECONDS => Ok(Opening::Again),
            Some(at) => Err(LinkRefused::Opened(at)),
            None if self.expires_at <= now => Err(LinkRefused::Expired(self.expires_at)),
            None => {
                self.opened_at = Some(now);
                Ok(Opening::First(self))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_once_with_grace() {
        let link = Link {
            token: "t".parse().unwrap(),
            version: Version(1),
            scope: Scope::default(),
            profile: "p".parse().unwrap(),
            user: None,
            delivery: "y-1".parse().unwrap(),
            created_at: Timestamp(0),
            expires_at: Timestamp(10_000),
            opened_at: None,
        };
        assert_eq!(
            link.clone().open(Timestamp(10_000)),
            Err(LinkRefused::Expired(Timestamp(10_000)))
        );
        let Ok(Opening::First(opened)) = link.open(Timestamp(1)) else {
            panic!("opens")
        };
        assert_eq!(opened.clone().open(Timestamp(300_001)), Ok(Opening::Again));
        assert_eq!(
            opened.open(Timestamp(302_001)),
            Err(LinkRefused::Opened(Timestamp(1)))
        );
    }
}
