//! The two kinds of failure: what a device reports as an `ErrorChain`, and what keeps it from talking at all.

use plist::{Dictionary, Value};

use crate::cms::SignedError;
use crate::document::DocumentError;
use crate::entropy::hex;
use crate::http::HttpError;

/// One entry of an `ErrorChain` (Apple: "`ErrorChainItem`").
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct ErrorItem {
    /// `ErrorDomain`.
    pub domain: String,
    /// `ErrorCode`.
    pub code: i64,
    /// `LocalizedDescription` and `USEnglishDescription`.
    pub description: String,
}

/// Errors from the outermost to the innermost.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct ErrorChain(pub Vec<ErrorItem>);

impl ErrorChain {
    /// A chain of one error.
    pub fn one(domain: &str, code: i64, description: impl Into<String>) -> Self {
        Self(vec![ErrorItem {
            domain: domain.to_owned(),
            code,
            description: description.into(),
        }])
    }

    /// This chain below `MCInstallationErrorDomain` 4001, as the installation of a profile reports it.
    #[must_use]
    pub fn as_failed_installation(mut self, profile: &str) -> Self {
        let description = format!("The profile “{profile}” could not be installed.");
        let outer = ErrorItem {
            domain: "MCInstallationErrorDomain".to_owned(),
            code: 4001,
            description,
        };
        self.0.insert(0, outer);
        self
    }

    /// Whether one of its errors is this one.
    pub fn has(&self, domain: &str, code: i64) -> bool {
        self.0
            .iter()
            .any(|item| item.domain == domain && item.code == code)
    }

    pub(crate) fn to_plist(&self) -> Value {
        let items = self.0.iter().map(|item| {
            let mut out = Dictionary::new();
            out.insert("ErrorCode".into(), item.code.into());
            out.insert("ErrorDomain".into(), item.domain.clone().into());
            out.insert(
                "LocalizedDescription".into(),
                item.description.clone().into(),
            );
            out.insert(
                "USEnglishDescription".into(),
                item.description.clone().into(),
            );
            Value::Dictionary(out)
        });
        Value::Array(items.collect())
    }
}

impl std::fmt::Display for ErrorChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, item) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { " < " };
            write!(
                f,
                "{separator}{} {}: {}",
                item.domain, item.code, item.description
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for ErrorChain {}

/// Why a device could not do what its owner, or the simulation, wanted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// It is not enrolled.
    #[error("device is not enrolled")]
    NotEnrolled,
    /// It has no such channel.
    #[error("device has no user channel")]
    NoUserChannel,
    /// The server told it to go.
    #[error("device unenrolled itself: {0}")]
    Unenrolled(String),
    /// The server could not be reached.
    #[error("server could not be reached for {what}")]
    Http {
        /// What the device wanted.
        what: String,
        /// What the HTTP client says.
        #[source]
        source: HttpError,
    },
    /// The server answered with an error status.
    #[error("{what} was answered with HTTP status {status}: {body}")]
    Refused {
        /// What the device wanted.
        what: String,
        /// HTTP status.
        status: u16,
        /// Beginning of the answer's body.
        body: String,
    },
    /// A profile could not be installed.
    #[error("profile could not be installed")]
    Install(#[source] ErrorChain),
    /// A message could not be signed.
    #[error("message could not be signed")]
    Sign(#[from] SignedError),
    /// A message could not be written, or the server's could not be read.
    #[error("property list could not be exchanged")]
    Document(#[from] DocumentError),
    /// The server goes on and on.
    #[error("session was ended after {0} commands")]
    EndlessSession(usize),
}

/// The beginning of a body, for an error message.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let start = body.get(..body.len().min(300)).unwrap_or_default();
    match std::str::from_utf8(start) {
        Ok(text) => text.trim().to_owned(),
        Err(_) => hex(start),
    }
}
