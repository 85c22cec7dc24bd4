//! What a `com.apple.security.scep` payload asks a device to do.

use std::time::Duration;

use plist::Dictionary;

use super::{AltNames, Subject};
use crate::document::Ask as _;

/// Why a SCEP payload cannot be followed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PayloadError {
    /// A key that must be there is not, or has another type.
    #[error("SCEP payload: `{0}` is missing or of the wrong type")]
    Missing(&'static str),
    /// A value no device accepts.
    #[error("SCEP payload: `{0}` has a value that is not supported")]
    Unsupported(&'static str),
}

/// A request for a certificate, as the payload describes it.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrollment {
    /// `URL` of the server.
    pub url: String,
    /// `Name`: which CA is meant, sent with `GetCACaps` and `GetCACert`.
    pub name: Option<String>,
    /// `Subject`.
    pub subject: Subject,
    /// `SubjectAltName`.
    pub alt_names: AltNames,
    /// `Challenge`, the shared secret.
    pub challenge: Option<String>,
    /// `Key Usage`: 1 signing, 4 encryption, 5 both; 0 says nothing.
    pub key_usage: u8,
    /// Purposes asked for, as identifiers with dots; Apple's payload asks for none.
    pub extended_key_usage: Vec<String>,
    /// `Keysize` in bits.
    pub key_bits: u32,
    /// `Retries`: how often a pending request is polled.
    pub retries: u32,
    /// `RetryDelay` between two polls.
    pub retry_delay: Duration,
    /// `CAFingerprint`: SHA-1, SHA-256 or SHA-512 of the CA certificate.
    pub ca_fingerprint: Option<Vec<u8>>,
}

impl std::fmt::Debug for Enrollment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrollment")
            .field("url", &self.url)
            .field("subject", &self.subject)
            .field("alt_names", &self.alt_names)
            .field("challenge", &self.challenge.as_ref().map(|_| "***"))
            .finish_non_exhaustive()
    }
}

impl Enrollment {
    /// A request with the defaults of the payload.
    pub fn new(url: impl Into<String>, subject: Subject) -> Self {
        Self {
            url: url.into(),
            name: None,
            subject,
            alt_names: AltNames::default(),
            challenge: None,
            key_usage: 0,
            extended_key_usage: Vec::new(),
            key_bits: 2048,
            retries: 3,
            retry_delay: Duration::from_secs(10),
            ca_fingerprint: None,
        }
    }

    /// Reads the nested `PayloadContent` dictionary of the payload.
    pub fn from_payload(content: &Dictionary) -> Result<Self, PayloadError> {
        let url = content.text("URL").ok_or(PayloadError::Missing("URL"))?;
        let subject = match content.get("Subject") {
            None => Subject::default(),
            Some(value) => {
                Subject::from_payload(value).ok_or(PayloadError::Unsupported("Subject"))?
            }
        };
        if content.text("Key Type").is_some_and(|kind| kind != "RSA") {
            return Err(PayloadError::Unsupported("Key Type"));
        }
        let number = |key: &'static str, default: u32| match content.get(key) {
            None => Ok(default),
            Some(_) => content
                .number(key)
                .and_then(|n| u32::try_from(n).ok())
                .ok_or(PayloadError::Unsupported(key)),
        };
        // Apple's default of 1024 bits is what the payload means when it is silent.
        let key_bits = number("Keysize", 1024)?;
        if ![1024, 2048, 4096].contains(&key_bits) {
            return Err(PayloadError::Unsupported("Keysize"));
        }
        let key_usage = u8::try_from(number("Key Usage", 0)?)
            .ok()
            .filter(|usage| [0, 1, 4, 5].contains(usage));
        Ok(Self {
            name: content.text("Name").map(str::to_owned),
            alt_names: content
                .dictionary("SubjectAltName")
                .map(AltNames::from_payload)
                .unwrap_or_default(),
            challenge: content.text("Challenge").map(str::to_owned),
            key_usage: key_usage.ok_or(PayloadError::Unsupported("Key Usage"))?,
            key_bits,
            retries: number("Retries", 3)?.min(100),
            retry_delay: Duration::from_secs(u64::from(number("RetryDelay", 10)?)),
            ca_fingerprint: content.data("CAFingerprint").map(<[u8]>::to_vec),
            ..Self::new(url, subject)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_payloads_are_told() {
        for (json, complaint) in [
            ("{}", "SCEP payload: `URL` is missing or of the wrong type"),
            (
                r#"{"URL":"u","Subject":[["CN","x"]]}"#,
                "SCEP payload: `Subject` has a value that is not supported",
            ),
            (
                r#"{"URL":"u","Key Type":"EC"}"#,
                "SCEP payload: `Key Type` has a value that is not supported",
            ),
            (
                r#"{"URL":"u","Keysize":1000}"#,
                "SCEP payload: `Keysize` has a value that is not supported",
            ),
            (
                r#"{"URL":"u","Key Usage":2}"#,
                "SCEP payload: `Key Usage` has a value that is not supported",
            ),
            (
                r#"{"URL":"u","Retries":-1}"#,
                "SCEP payload: `Retries` has a value that is not supported",
            ),
        ] {
            let content: plist::Value = serde_json::from_str(json).unwrap();
            let error = Enrollment::from_payload(content.as_dictionary().unwrap()).unwrap_err();
            assert_eq!(error.to_string(), complaint, "{json}");
        }
    }

    #[test]
    fn the_challenge_is_never_printed() {
        let mut ask = Enrollment::new("http://x/", Subject::common_name("n"));
        ask.challenge = Some("hunter2".to_owned());
        assert!(!format!("{ask:?}").contains("hunter2"));
    }
}
