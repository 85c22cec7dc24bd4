//! One push, as it came, and the answer decided for it.

use http::{HeaderMap, Method, Version};
use openssl::nid::Nid;
use openssl::x509::X509;
use serde::Deserialize;

/// Largest notification APNs takes.
const MAX_PAYLOAD: usize = 4_096;

/// An answer the mock gives instead of its own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// Token in hexadecimal digits it is for; any if absent.
    #[serde(default)]
    pub token: Option<String>,
    /// How often.
    pub times: u32,
    /// HTTP status: 400, 403, 410, 413, 429, 500, 503.
    pub status: u16,
    /// Reason in the answer's body, such as `Unregistered`.
    pub reason: String,
    /// `Retry-After` in seconds.
    #[serde(default)]
    pub retry_after: Option<u32>,
    /// Since when the token of a 410 is dead, in milliseconds of Unix time; a second after its beginning if absent.
    #[serde(default)]
    pub since: Option<u64>,
}

/// A request the mock received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRequest {
    /// Method, such as `POST`.
    pub method: String,
    /// Path.
    pub path: String,
    /// Whether it came by HTTP/2.
    pub http2: bool,
    /// `apns-topic`.
    pub topic: Option<String>,
    /// `apns-push-type`.
    pub push_type: Option<String>,
    /// `apns-priority`.
    pub priority: Option<String>,
    /// `apns-expiration`.
    pub expiration: Option<String>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// Client certificate in DER.
    pub certificate: Option<Vec<u8>>,
    /// Status it was answered with.
    pub status: u16,
    /// Reason of a refusal.
    pub reason: Option<String>,
}

impl PushRequest {
    pub(super) fn new(
        method: &Method,
        path: &str,
        version: Version,
        headers: &HeaderMap,
        body: Vec<u8>,
        certificate: Option<Vec<u8>>,
    ) -> Self {
        let header = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        Self {
            method: method.to_string(),
            path: path.to_owned(),
            http2: version == Version::HTTP_2,
            topic: header("apns-topic"),
            push_type: header("apns-push-type"),
            priority: header("apns-priority"),
            expiration: header("apns-expiration"),
            body,
            certificate,
            status: 200,
            reason: None,
        }
    }

    /// Token of the path, in lower-case hexadecimal digits.
    pub fn token(&self) -> Option<String> {
        let token = self.path.strip_prefix("/3/device/")?;
        let valid = !token.is_empty()
            && token.len() <= 200
            && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        valid.then(|| token.to_lowercase())
    }

    /// Push magic of a body that is exactly `{"mdm":"..."}`.
    pub fn magic(&self) -> Option<String> {
        let json: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        let magic = json
            .as_object()
            .filter(|object| object.len() == 1)?
            .get("mdm")?
            .as_str()?;
        Some(magic.to_owned())
    }

    /// What is wrong with the request: status and reason, as Apple's table of reasons has them.
    ///
    /// Differs: Apple takes any JSON; a body that is not exactly `{"mdm":"..."}` is answered here with `BadPayload`.
    pub(super) fn fault(&self) -> Option<(u16, &'static str)> {
        let missing = |value: &Option<String>| value.as_deref().is_none_or(str::is_empty);
        if self.method != "POST" {
            return Some((405, "MethodNotAllowed"));
        }
        if !self.path.starts_with("/3/device/") {
            return Some((404, "BadPath"));
        }
        let Some(certificate) = &self.certificate else {
            return Some((403, "MissingProviderToken"));
        };
        if self.token().is_none() {
            return Some((400, "BadDeviceToken"));
        }
        if missing(&self.topic) {
            return Some((400, "MissingTopic"));
        }
        if self.push_type.as_deref() != Some("mdm") {
            return Some((400, "InvalidPushType"));
        }
        if self.body.is_empty() {
            return Some((400, "PayloadEmpty"));
        }
        if self.body.len() > MAX_PAYLOAD {
            return Some((413, "PayloadTooLarge"));
        }
        match certificate_topic(certificate) {
            Some(topic) if Some(&topic) != self.topic.as_ref() => Some((400, "TopicDisallowed")),
            _ if self.magic().is_none() => Some((400, "BadPayload")),
            _ => None,
        }
    }
}

/// The topic a push certificate is for: user ID of its subject.
fn certificate_topic(der: &[u8]) -> Option<String> {
    let x509 = X509::from_der(der).ok()?;
    let entry = x509.subject_name().entries_by_nid(Nid::USERID).next()?;
    entry.data().to_string().ok()
}
