//! What the answer to a push means for it. Pure.

use std::time::Duration;

use mdm_apple::apns::{Outcome, PushReason};
use mdm_core::time::Timestamp;

use super::client::SendError;
use super::pace::Pace;

/// What follows from one try.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The push service took it.
    Sent {
        /// The service's name of it.
        apns_id: Option<String>,
    },
    /// Try again.
    Again {
        /// After this long.
        after: Duration,
        /// What went wrong.
        why: String,
    },
    /// The token is dead.
    Retired {
        /// In the words of the service.
        reason: String,
        /// From when on.
        since: Option<Timestamp>,
    },
    /// It failed for good.
    Failed(Failure),
}

/// A push that failed for good.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Of what kind.
    pub(super) cause: Cause,
    /// In words.
    pub(super) why: String,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The device enrolled with another topic.
    Topic,
    /// Its token or magic cannot be used.
    Address,
    /// The service found the request wrong.
    Refused,
    /// The service does not accept the push certificate.
    Certificate,
    /// The service takes no more for now, or is in trouble.
    Busy,
    /// The service cannot be reached.
    Unreachable,
    /// The token is dead by the word of the service, but not by the device's.
    Token,
}

impl Cause {
    /// The word in events.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Topic => "other_topic",
            Self::Address => "address",
            Self::Refused => "refused",
            Self::Certificate => "certificate",
            Self::Busy => "busy",
            Self::Unreachable => "unreachable",
            Self::Token => "token",
        }
    }
}

impl Verdict {
    /// Judges the answer to a push that had failed `tries` times before.
    pub(super) fn of(answer: Result<Outcome, SendError>, tries: u8, pace: &Pace) -> Self {
        let failed = |cause, why| Self::Failed(Failure { cause, why });
        let again = |asked, cause, why| match pace.retry(tries.saturating_add(1), asked) {
            Some(after) => Self::Again { after, why },
            None => failed(
                cause,
                format!("{why}; given up after {} tries", u32::from(tries) + 1),
            ),
        };
        match answer {
            Ok(Outcome::Accepted { apns_id }) => Self::Sent { apns_id },
            Ok(Outcome::SenderFault { reason }) => {
                let hint = match &reason {
                    Some(PushReason::DeviceTokenNotForTopic) => {
                        ": the device enrolled with another push certificate and must enroll again"
                    }
                    Some(PushReason::TopicDisallowed | PushReason::BadTopic) => {
                        ": the push certificate is not for the topic it names"
                    }
                    _ => "",
                };
                failed(
                    Cause::Refused,
                    format!("the push service refused it{}{hint}", said(reason.as_ref())),
                )
            }
            Ok(Outcome::Certificate { reason }) => failed(
                Cause::Certificate,
                format!(
                    "the push service does not accept the push certificate{}: no device can be woken until it is renewed",
                    said(reason.as_ref())
                ),
            ),
            Ok(Outcome::RetireToken { reason, since_ms }) => Self::Retired {
                reason: reason.map_or_else(|| "410".to_owned(), |reason| reason.to_string()),
                since: since_ms.map(Timestamp),
            },
            Ok(Outcome::TooLarge) => failed(
                Cause::Address,
                "the push service found it too large: the push magic is too long".to_owned(),
            ),
            Ok(Outcome::TooMany { after }) => again(
                after,
                Cause::Busy,
                "the push service got too many pushes for this device".to_owned(),
            ),
            Ok(Outcome::BackOff { after, reason }) => again(
                after,
                Cause::Busy,
                format!("the push service is in trouble{}", said(reason.as_ref())),
            ),
            Ok(Outcome::Unexpected { status, reason }) => failed(
                Cause::Refused,
                format!(
                    "the push service answered {status}, which it is not known to do{}",
                    said(reason.as_ref())
                ),
            ),
            Ok(other) => failed(
                Cause::Refused,
                format!("the push service gave an unknown answer: {other:?}"),
            ),
            Err(SendError::Request(cause)) => failed(
                Cause::Address,
                format!("no request can be made of it: {cause}"),
            ),
            Err(error) => again(error.wait(), Cause::Unreachable, error.in_words()),
        }
    }
}

fn said(reason: Option<&PushReason>) -> String {
    reason
        .map(|reason| format!(" ({reason})"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_answer_has_its_consequence() {
        let reason = |text: &str| Some(PushReason::from(text));
        let seconds = Duration::from_secs;
        let mut told = String::new();
        for (answer, tries) in [
            (
                Ok(Outcome::Accepted {
                    apns_id: Some("id".to_owned()),
                }),
                0,
            ),
            (
                Ok(Outcome::SenderFault {
                    reason: reason("BadDeviceToken"),
                }),
                0,
            ),
            (
                Ok(Outcome::SenderFault {
                    reason: reason("DeviceTokenNotForTopic"),
                }),
                0,
            ),
            (Ok(Outcome::SenderFault { reason: None }), 0),
            (
                Ok(Outcome::Certificate {
                    reason: reason("BadCertificate"),
                }),
                0,
            ),
            (
                Ok(Outcome::RetireToken {
                    reason: reason("Unregistered"),
                    since_ms: Some(0),
                }),
                3,
            ),
            (
                Ok(Outcome::RetireToken {
                    reason: None,
                    since_ms: None,
                }),
                0,
            ),
            (Ok(Outcome::TooLarge), 0),
            (
                Ok(Outcome::TooMany {
                    after: Some(seconds(7)),
                }),
                0,
            ),
            (Ok(Outcome::TooMany { after: None }), 2),
            (
                Ok(Outcome::TooMany {
                    after: Some(seconds(7)),
                }),
                3,
            ),
            (
                Ok(Outcome::BackOff {
                    after: None,
                    reason: reason("Shutdown"),
                }),
                0,
            ),
            (
                Ok(Outcome::BackOff {
                    after: None,
                    reason: None,
                }),
                3,
            ),
            (
                Ok(Outcome::Unexpected {
                    status: 418,
                    reason: reason("<é>"),
                }),
                0,
            ),
            (Err(SendError::TimedOut(seconds(10))), 0),
            (
                Err(SendError::Paused {
                    wait: seconds(60),
                    cause: "no route <é>".to_owned(),
                }),
                1,
            ),
            (Err(SendError::TimedOut(seconds(10))), 3),
        ] {
            writeln!(told, "{:?}", Verdict::of(answer, tries, &Pace::DEFAULT)).unwrap();
        }
        insta::assert_snapshot!(told, @r#"
        Sent { apns_id: Some("id") }
        Failed(Failure { cause: Refused, why: "the push service refused it (BadDeviceToken)" })
        Failed(Failure { cause: Refused, why: "the push service refused it (DeviceTokenNotForTopic): the device enrolled with another push certificate and must enroll again" })
        Failed(Failure { cause: Refused, why: "the push service refused it" })
        Failed(Failure { cause: Certificate, why: "the push service does not accept the push certificate (BadCertificate): no device can be woken until it is renewed" })
        Retired { reason: "Unregistered", since: Some(Timestamp(0)) }
        Retired { reason: "410", since: None }
        Failed(Failure { cause: Address, why: "the push service found it too large: the push magic is too long" })
        Again { after: 7s, why: "the push service got too many pushes for this device" }
        Again { after: 30s, why: "the push service got too many pushes for this device" }
        Failed(Failure { cause: Busy, why: "the push service got too many pushes for this device; given up after 4 tries" })
        Again { after: 2s, why: "the push service is in trouble (Shutdown)" }
        Failed(Failure { cause: Busy, why: "the push service is in trouble; given up after 4 tries" })
        Failed(Failure { cause: Refused, why: "the push service answered 418, which it is not known to do (<é>)" })
        Again { after: 2s, why: "the push service did not answer within 10 s" }
        Again { after: 60s, why: "the push service was lost a moment ago: no route <é>" }
        Failed(Failure { cause: Unreachable, why: "the push service did not answer within 10 s; given up after 4 tries" })
        "#);
    }
}
