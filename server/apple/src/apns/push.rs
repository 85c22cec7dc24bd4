//! One push.

use serde_json::json;
use time::OffsetDateTime;

use crate::identifier::Topic;
use crate::secret::{PushMagic, PushToken};

/// How urgent a push is (`apns-priority`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// 10: at once.
    Immediate,
    /// 5: when it suits the device's battery.
    Considerate,
}

/// One push to one channel of one device: a hint that a command waits. It may be lost or merged with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// Where to.
    pub token: PushToken,
    /// What proves to the device that it is from its server.
    pub magic: PushMagic,
    /// The topic of the push certificate, which must be that of the enrollment.
    pub topic: Topic,
    /// Until when APNs keeps it for a device that is offline; `None` leaves it to APNs.
    pub expires: Option<OffsetDateTime>,
    /// How urgent it is.
    pub priority: Priority,
}

/// A push as an HTTP/2 request: `POST` to [`PushRequest::path`].
#[derive(Clone, PartialEq, Eq)]
pub struct PushRequest {
    /// `/3/device/` and the token.
    pub path: String,
    /// Names in lower case, as HTTP/2 wants them.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for PushRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushRequest")
            .field("headers", &self.headers)
            .finish_non_exhaustive() // token, magic
    }
}

impl Push {
    /// Apple, "Sending notification requests to APNs" and "Sending push notifications" of device management: push
    /// type `mdm`, and a body that holds the magic and no `aps`.
    pub fn request(&self) -> PushRequest {
        let mut headers = vec![
            ("apns-topic", self.topic.to_string()),
            ("apns-push-type", "mdm".to_owned()),
            (
                "apns-priority",
                match self.priority {
                    Priority::Immediate => "10",
                    Priority::Considerate => "5",
                }
                .to_owned(),
            ),
        ];
        if let Some(expires) = self.expires {
            headers.push((
                "apns-expiration",
                expires.unix_timestamp().max(0).to_string(),
            ));
        }
        PushRequest {
            path: format!("/3/device/{}", self.token.hex()),
            headers,
            body: json!({ "mdm": self.magic.expose() })
                .to_string()
                .into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request() {
        let mut push = Push {
            token: PushToken::new(vec![0xde, 0xad, 0x00, 0x0f]),
            magic: PushMagic::new("m\"é&".into()),
            topic: "com.apple.mgmt.External.x".parse().unwrap(),
            expires: Some(time::macros::datetime!(2026-01-31 12:00 UTC)),
            priority: Priority::Immediate,
        };
        let request = push.request();
        assert_eq!(request.path, "/3/device/dead000f");
        assert_eq!(
            String::from_utf8(request.body).unwrap(),
            r#"{"mdm":"m\"é&"}"#
        );
        let header = |name| {
            push.request()
                .headers
                .into_iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| v)
        };
        assert_eq!(
            header("apns-topic").as_deref(),
            Some("com.apple.mgmt.External.x")
        );
        assert_eq!(header("apns-push-type").as_deref(), Some("mdm"));
        assert_eq!(header("apns-priority").as_deref(), Some("10"));
        assert_eq!(header("apns-expiration").as_deref(), Some("1769860800"));
        push.expires = None;
        push.priority = Priority::Considerate;
        let names: Vec<_> = push.request().headers.into_iter().collect();
        assert_eq!(names.len(), 3);
        assert_eq!(names[2], ("apns-priority", "5".to_owned()));
        assert!(!format!("{push:?} {:?}", push.request()).contains("dead"));
    }
}
