//! What keeps a Windows device from enrolling, as the code it would show, and from talking to its server.

use super::wbxml::WbxmlError;
use super::xml::XmlError;
use crate::cms::SignedError;
use crate::http::HttpError;
use crate::identity::IdentityError;
use crate::keys::KeyError;

/// An error code of Windows.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hresult(pub u32);

impl std::fmt::Display for Hresult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

impl std::fmt::Debug for Hresult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// An enrollment that failed: the code Windows shows, and what it saw.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("enrollment failed with {code} in {step}: {reason}")]
pub struct EnrollError {
    /// What Windows shows (page "MDM Registration Constants").
    pub code: Hresult,
    /// The exchange that failed.
    pub step: &'static str,
    /// What was wrong with it.
    pub reason: String,
}

/// Codes of Windows (page "MDM Registration Constants", [MS-MDE2] 2.2.9).
pub(crate) mod code {
    use super::Hresult;

    pub(crate) const MESSAGE_FORMAT: Hresult = Hresult(0x8018_0001);
    pub(crate) const AUTHENTICATION: Hresult = Hresult(0x8018_0002);
    pub(crate) const AUTHORIZATION: Hresult = Hresult(0x8018_0003);
    pub(crate) const CERTIFICATE_REQUEST: Hresult = Hresult(0x8018_0004);
    pub(crate) const ENROLLMENT_SERVER: Hresult = Hresult(0x8018_0005);
    pub(crate) const INTERNAL_SERVICE: Hresult = Hresult(0x8018_0006);
    pub(crate) const INVALID_SECURITY: Hresult = Hresult(0x8018_0007);
    pub(crate) const UNKNOWN: Hresult = Hresult(0x8018_0008);
    pub(crate) const ALREADY_ENROLLED: Hresult = Hresult(0x8018_000a);
    pub(crate) const WEB_BROKER: Hresult = Hresult(0x8018_000f);
    pub(crate) const NETWORK: Hresult = Hresult(0x8018_0010);
    pub(crate) const TLS: Hresult = Hresult(0x8018_0012);
    pub(crate) const REDIRECT: Hresult = Hresult(0x8018_001a);
    pub(crate) const CERTIFICATE_STORE: Hresult = Hresult(0x8018_001e);
    pub(crate) const W7: Hresult = Hresult(0x8018_001f);
    pub(crate) const DM_CLIENT: Hresult = Hresult(0x8018_0020);
    pub(crate) const UNKNOWN_SECTION: Hresult = Hresult(0x8018_0023);
    pub(crate) const NO_CERTIFICATE_FOR_KEY: Hresult = Hresult(0x8018_0024);
    pub(crate) const EMPTY_ANSWER: Hresult = Hresult(0x8018_0029);
    pub(crate) const TYPE_MISMATCH: Hresult = Hresult(0x8007_065d);
}

impl EnrollError {
    pub(crate) fn new(step: &'static str, code: Hresult, reason: impl Into<String>) -> Self {
        Self {
            code,
            step,
            reason: reason.into(),
        }
    }

    /// A request that got no answer.
    pub(crate) fn http(step: &'static str, error: &HttpError) -> Self {
        let code = match error {
            HttpError::Handshake { .. } => code::TLS,
            _ => code::NETWORK,
        };
        let mut reason = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            reason = format!("{reason}: {cause}");
            source = cause.source();
        }
        Self::new(step, code, reason)
    }
}

/// Why a device could not do what its owner, or the simulation, wanted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// It is not enrolled.
    #[error("device is not enrolled")]
    NotEnrolled,
    /// It could not enroll.
    #[error(transparent)]
    Enroll(#[from] EnrollError),
    /// The server could not be reached.
    #[error("server could not be reached for a session")]
    Http(#[source] HttpError),
    /// The server answered with an error status.
    #[error("a message of a session was answered with HTTP status {status}: {body}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Beginning of the answer's body.
        body: String,
    },
    /// The server did not accept who the device is.
    #[error("server answered the session with status {0}")]
    NotAuthenticated(u16),
    /// The server did not prove who it is.
    #[error("credential of the server is wrong")]
    WrongServer,
    /// The server's message is no SyncML document.
    #[error("server's message cannot be read")]
    Xml(#[from] XmlError),
    /// The server's message is no WBXML document.
    #[error("WBXML cannot be exchanged")]
    Wbxml(#[from] WbxmlError),
    /// The server's message breaks a rule.
    #[error("server's message breaks a rule of OMA DM: {0}")]
    Protocol(String),
    /// A message could not be signed.
    #[error("message could not be signed")]
    Sign(#[from] SignedError),
    /// A key could not be had.
    #[error("there is no key")]
    Key(#[from] KeyError),
    /// A certificate and a key do not fit.
    #[error("identity cannot be used")]
    Identity(#[from] IdentityError),
    /// The server goes on and on.
    #[error("session was ended after {0} messages")]
    EndlessSession(u32),
}

/// The beginning of a body, for an error message.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let start = body.get(..body.len().min(300)).unwrap_or_default();
    String::from_utf8_lossy(start).trim().to_owned()
}
