//! A device whose messages a story writes itself, one by one, signed as a device signs them.

use bytes::Bytes;
use mdm_simulators::cms::{Digest, SigningTime, mdm_signature};
use mdm_simulators::entropy::Clock;
use mdm_simulators::http::{Client, Response};
use mdm_simulators::identity::Identity;

/// A device's messages, one by one, signed as a device signs them.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) client: Client,
    pub(crate) base: String,
    pub(crate) identity: Identity,
    pub(crate) udid: String,
}

impl Wire {
    /// A message with the sender's UDID and these keys, in XML.
    pub(crate) fn body(&self, keys: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\
             <key>UDID</key><string>{}</string>{keys}</dict></plist>\n",
            self.udid
        )
    }

    /// The `Mdm-Signature` of a body.
    pub(crate) fn sign(&self, body: &str) -> String {
        let when = SigningTime::At(Clock::system().now());
        mdm_signature(body.as_bytes(), &self.identity, Digest::Sha256, when).unwrap()
    }

    /// Sends exactly this.
    pub(crate) async fn put(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> (u16, String) {
        let url = format!("{}{path}", self.base);
        let answer = self
            .client
            .send(::http::Method::PUT, &url, headers, body.into());
        let answer: Response = answer.await.unwrap();
        (
            answer.status.as_u16(),
            String::from_utf8_lossy(&answer.body).into_owned(),
        )
    }

    /// A check-in message of this type.
    pub(crate) async fn check_in(&self, message_type: &str, keys: &str) -> (u16, String) {
        let keys = format!("<key>MessageType</key><string>{message_type}</string>{keys}");
        let body = self.body(&keys);
        let kind = ("content-type", "application/x-apple-aspen-mdm-checkin");
        let signature = self.sign(&body);
        self.put("/mdm/checkin", &[kind, ("mdm-signature", &signature)], body)
            .await
    }

    /// `Authenticate` and `TokenUpdate` of an iPhone.
    pub(crate) async fn enroll(&self) {
        assert_eq!(self.authenticate().await.0, 200);
        assert_eq!(self.token_update().await.0, 200);
    }

    /// `Authenticate` of an iPhone.
    pub(crate) async fn authenticate(&self) -> (u16, String) {
        self.check_in(
            "Authenticate",
            "<key>Topic</key><string>com.apple.mgmt.test</string>\
             <key>ProductName</key><string>iPhone17,1</string>\
             <key>OSVersion</key><string>26.1</string>\
             <key>SerialNumber</key><string>WIRE&lt;1&gt;</string>",
        )
        .await
    }

    /// `TokenUpdate`.
    pub(crate) async fn token_update(&self) -> (u16, String) {
        self.check_in(
            "TokenUpdate",
            "<key>Topic</key><string>com.apple.mgmt.test</string>\
             <key>Token</key><data>c2VjcmV0IHRva2Vu</data>\
             <key>PushMagic</key><string>secret magic</string>",
        )
        .await
    }

    /// A report with these keys.
    pub(crate) async fn report(&self, keys: &str) -> (u16, String) {
        let body = self.body(keys);
        let signature = self.sign(&body);
        let kind = ("content-type", "application/x-apple-aspen-mdm");
        self.put("/mdm/connect", &[kind, ("mdm-signature", &signature)], body)
            .await
    }

    /// `Idle`; what comes is the next command, or nothing.
    pub(crate) async fn idle(&self) -> String {
        let (status, body) = self.report("<key>Status</key><string>Idle</string>").await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// The answer to a command; what comes is the next command, or nothing.
    pub(crate) async fn answer(&self, uuid: &str, status: &str, keys: &str) -> String {
        let keys = format!(
            "<key>Status</key><string>{status}</string><key>CommandUUID</key><string>{uuid}</string>{keys}"
        );
        let (status, body) = self.report(&keys).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Acknowledges until nothing comes any more.
    pub(crate) async fn drain(&self) {
        let mut command = self.idle().await;
        while !command.is_empty() {
            command = self.answer(&uuid_of(&command), "Acknowledged", "").await;
        }
    }
}

/// `CommandUUID` of a command.
#[track_caller]
pub(crate) fn uuid_of(command: &str) -> String {
    let value = text_between(command, "<key>CommandUUID</key>", "</string>");
    value.trim_start().trim_start_matches("<string>").to_owned()
}

/// What stands between two texts.
#[track_caller]
pub(crate) fn text_between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let found = text
        .split_once(from)
        .and_then(|(_, rest)| rest.split_once(to));
    found
        .unwrap_or_else(|| panic!("no `{from}`…`{to}` in {text}"))
        .0
}
