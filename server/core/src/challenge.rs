//! SCEP challenges: what one allows, to whom it is bound, and the decision on a request.

use serde::{Deserialize, Serialize};

use crate::certificate::{Policy, Purpose};
use crate::id::{ChallengeId, DeviceId, Fingerprint, Scope, Version};
use crate::time::Timestamp;

/// The request a challenge was first used with. The same request may come again, because devices
/// retry; any other is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// SHA-256 of the request's public key, lower-case hex.
    pub key_sha256: String,
    /// The transaction it came in first.
    pub transaction: String,
    /// When.
    pub at: Timestamp,
}

/// How a matching request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Approval {
    /// At once.
    Automatic,
    /// With PENDING so many times, then with the certificate.
    After {
        /// Answers of PENDING that are left.
        polls: u32,
    },
}

/// One challenge. Its text exists only inside what was sent; the server keeps its hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Challenge {
    /// SHA-256 of its text.
    pub id: ChallengeId,
    /// Times written.
    pub version: Version,
    /// Certificates it allows belong here.
    pub scope: Scope,
    /// What its certificate is for.
    pub purpose: Purpose,
    /// What its certificate carries.
    pub policy: Policy,
    /// The device it was made for, when that is known.
    pub device: Option<DeviceId>,
    /// Not accepted for a first request from here on.
    pub expires_at: Timestamp,
    /// How requests are answered.
    pub approval: Approval,
    /// The request it is bound to.
    pub bound: Option<Bound>,
    /// The certificate it led to.
    pub issued: Option<Fingerprint>,
}

/// What a decision needs to know of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// SHA-256 of the request's public key, lower-case hex.
    pub key_sha256: &'a str,
    /// `transactionID`.
    pub transaction: &'a str,
}

/// What to do with a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Issue, and remember the challenge as given here.
    Issue(Challenge),
    /// Answer again with the certificate it led to.
    Repeat(Fingerprint),
    /// Answer PENDING, and remember the challenge as given here.
    Pending(Challenge),
    /// Refuse.
    Refuse(ChallengeRefused),
}

/// Why a challenge does not allow a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeRefused {
    /// The request carries none, and is no renewal.
    #[error("the request carries no challenge and is not signed by a certificate of ours")]
    Missing,
    /// It is not one of ours.
    #[error("the challenge is not known")]
    Unknown,
    /// Its time is over.
    #[error("the challenge expired at {0}")]
    Expired(Timestamp),
    /// It was used with another key.
    #[error("the challenge was used before with another key, in transaction `{0}`")]
    BoundToAnother(String),
}

impl Challenge {
    /// Decides on a request that carries this challenge.
    pub fn decide(mut self, asked: Asked<'_>, now: Timestamp) -> Verdict {
        match &self.bound {
            Some(bound) if bound.key_sha256 != asked.key_sha256 => {
                return Verdict::Refuse(ChallengeRefused::BoundToAnother(
                    bound.transaction.clone(),
                ));
            }
            Some(_) => {}
            None => {
                if self.expires_at <= now {
                    return Verdict::Refuse(ChallengeRefused::Expired(self.expires_at));
                }
                self.bound = Some(Bound {
                    key_sha256: asked.key_sha256.to_owned(),
                    transaction: asked.transaction.to_owned(),
                    at: now,
                });
            }
        }
        if let Some(fingerprint) = self.issued {
            return Verdict::Repeat(fingerprint);
        }
        match self.approval {
            Approval::After { polls } if polls > 0 => {
                self.approval = Approval::After { polls: polls - 1 };
                Verdict::Pending(self)
            }
            Approval::After { .. } | Approval::Automatic => Verdict::Issue(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Reality;

    const ONE: Asked<'_> = Asked {
        key_sha256: "aa",
        transaction: "t1",
    };
    const OTHER: Asked<'_> = Asked {
        key_sha256: "bb",
        transaction: "t1",
    };

    fn challenge(approval: Approval) -> Challenge {
        Challenge {
            id: "00".parse().unwrap(),
            version: Version(1),
            scope: Scope::default(),
            purpose: Purpose::MdmIdentity {
                code: None,
                reality: Reality::Real,
                replaces: None,
            },
            policy: Policy::mdm_identity(),
            device: None,
            expires_at: Timestamp(1000),
            approval,
            bound: None,
            issued: None,
        }
    }

    #[test]
    fn the_first_request_binds_and_the_same_may_come_again() {
        let Verdict::Issue(mut bound) = challenge(Approval::Automatic).decide(ONE, Timestamp(1))
        else {
            panic!("a fresh challenge issues");
        };
        assert!(
            matches!(
                bound.clone().decide(ONE, Timestamp(5000)),
                Verdict::Issue(_)
            ),
            "a lost reply, late"
        );
        bound.issued = Some("f1".parse().unwrap());
        assert_eq!(
            bound.clone().decide(ONE, Timestamp(5000)),
            Verdict::Repeat("f1".parse().unwrap())
        );
        assert_eq!(
            bound.decide(OTHER, Timestamp(2)),
            Verdict::Refuse(ChallengeRefused::BoundToAnother("t1".to_owned()))
        );
    }

    #[test]
    fn an_expired_challenge_binds_to_nothing() {
        assert_eq!(
            challenge(Approval::Automatic).decide(ONE, Timestamp(1000)),
            Verdict::Refuse(ChallengeRefused::Expired(Timestamp(1000)))
        );
    }

    #[test]
    fn pending_is_counted_down() {
        let mut now = challenge(Approval::After { polls: 2 });
        for _ in 0..2 {
            let Verdict::Pending(next) = now.decide(ONE, Timestamp(1)) else {
                panic!("still pending")
            };
            now = next;
        }
        assert!(matches!(now.decide(ONE, Timestamp(1)), Verdict::Issue(_)));
    }
}
