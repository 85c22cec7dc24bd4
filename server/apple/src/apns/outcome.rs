//! What an answer of APNs means for the token and for the next push.

use std::time::Duration;

use serde::Deserialize;

use super::reason::PushReason;

/// The longest body worth reading.
const LONGEST_BODY: usize = 4096;

/// The parts of an APNs response that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response<'r> {
    /// The HTTP status.
    pub status: u16,
    /// The header `apns-id`.
    pub apns_id: Option<&'r str>,
    /// The header `retry-after`.
    pub retry_after: Option<&'r str>,
    /// The body: empty, or JSON with `reason`.
    pub body: &'r [u8],
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// 200: APNs took it. Whether the device gets it is never known.
    Accepted {
        /// APNs' identifier of it.
        apns_id: Option<String>,
    },
    /// 400, 404, 405: the request was wrong. The token stays.
    SenderFault {
        /// Why.
        reason: Option<PushReason>,
    },
    /// 403: the push certificate is not accepted. Nothing will get through until that is mended.
    Certificate {
        /// Why.
        reason: Option<PushReason>,
    },
    /// 410: the token is dead; push again only after the next `TokenUpdate`.
    RetireToken {
        /// Why.
        reason: Option<PushReason>,
        /// Since when, in milliseconds since 1970. A token that was renewed later is alive.
        since_ms: Option<i64>,
    },
    /// 413: the body is too large, which a magic can only be in a hostile check-in.
    TooLarge,
    /// 429: too many for this token.
    TooMany {
        /// How long APNs asks to wait.
        after: Option<Duration>,
    },
    /// 5xx: APNs is in trouble; wait, then try again.
    BackOff {
        /// How long APNs asks to wait.
        after: Option<Duration>,
        /// Why.
        reason: Option<PushReason>,
    },
    /// A status APNs is not documented to give.
    Unexpected {
        /// The status.
        status: u16,
        /// Why.
        reason: Option<PushReason>,
    },
}

#[derive(Deserialize, Default)]
struct Body {
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    timestamp: Option<i64>,
}

impl Outcome {
    /// Reads an answer. The status decides; the reason only explains.
    pub fn of(response: &Response<'_>) -> Self {
        let body: Body = if response.body.len() > LONGEST_BODY {
            Body::default()
        } else {
            serde_json::from_slice(response.body).unwrap_or_default()
        };
        let reason = body.reason.as_deref().map(PushReason::from);
        // Seconds only; the other form, a date, would need a clock.
        let after = response
            .retry_after
            .and_then(|text| text.trim().parse().ok())
            .map(Duration::from_secs);
        match response.status {
            200 => Self::Accepted {
                apns_id: response.apns_id.map(str::to_owned),
            },
            400 | 404 | 405 => Self::SenderFault { reason },
            403 => Self::Certificate { reason },
            410 => Self::RetireToken {
                reason,
                since_ms: body.timestamp,
            },
            413 => Self::TooLarge,
            429 => Self::TooMany { after },
            500..=599 => Self::BackOff { after, reason },
            status => Self::Unexpected { status, reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        let long = format!("{{\"reason\":\"{}\"}}", "x".repeat(5000));
        for (status, retry_after, body, outcome) in [
            (
                200,
                None,
                "",
                Outcome::Accepted {
                    apns_id: Some("id".into()),
                },
            ),
            (
                400,
                None,
                r#"{"reason":"BadDeviceToken"}"#,
                Outcome::SenderFault {
                    reason: Some(PushReason::BadDeviceToken),
                },
            ),
            (400, None, "<html>", Outcome::SenderFault { reason: None }),
            (400, None, &long, Outcome::SenderFault { reason: None }),
            (
                403,
                None,
                r#"{"reason":"BadCertificate"}"#,
                Outcome::Certificate {
                    reason: Some(PushReason::BadCertificate),
                },
            ),
            (
                404,
                None,
                r#"{"reason":"BadPath"}"#,
                Outcome::SenderFault {
                    reason: Some(PushReason::BadPath),
                },
            ),
            (405, None, "", Outcome::SenderFault { reason: None }),
            (
                410,
                None,
                r#"{"reason":"Unregistered","timestamp":1769860800000}"#,
                Outcome::RetireToken {
                    reason: Some(PushReason::Unregistered),
                    since_ms: Some(1_769_860_800_000),
                },
            ),
            (
                413,
                None,
                r#"{"reason":"PayloadTooLarge"}"#,
                Outcome::TooLarge,
            ),
            (
                429,
                Some("7"),
                "",
                Outcome::TooMany {
                    after: Some(Duration::from_secs(7)),
                },
            ),
            (
                503,
                Some("Fri, 31 Jan 2026 12:00:00 GMT"),
                r#"{"reason":"Shutdown"}"#,
                Outcome::BackOff {
                    after: None,
                    reason: Some(PushReason::Shutdown),
                },
            ),
            (
                500,
                Some(" 30 "),
                "",
                Outcome::BackOff {
                    after: Some(Duration::from_secs(30)),
                    reason: None,
                },
            ),
            (
                418,
                None,
                r#"{"reason":"Teapot"}"#,
                Outcome::Unexpected {
                    status: 418,
                    reason: Some(PushReason::Unknown("Teapot".into())),
                },
            ),
        ] {
            let response = Response {
                status,
                apns_id: Some("id"),
                retry_after,
                body: body.as_bytes(),
            };
            assert_eq!(Outcome::of(&response), outcome, "{status} {body}");
        }
    }
}
