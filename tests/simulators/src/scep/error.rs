//! What can go wrong between a device and its SCEP server.

use openssl::error::ErrorStack;

use crate::cms::{EnvelopeError, SignedError};
use crate::der::DerError;
use crate::http::HttpError;
use crate::identity::IdentityError;

/// The reason a server gives for a refusal (RFC 8894 section 3.2.1.4).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailInfo {
    /// 0: unrecognized or unsupported algorithm.
    BadAlg,
    /// 1: integrity check failed.
    BadMessageCheck,
    /// 2: transaction not permitted or supported.
    BadRequest,
    /// 3: the signing time is too far from the server's.
    BadTime,
    /// 4: no certificate matches.
    BadCertId,
    /// Anything else, kept as it was sent.
    Other(String),
}

impl FailInfo {
    pub(crate) fn from_text(text: &str) -> Self {
        match text {
            "0" => Self::BadAlg,
            "1" => Self::BadMessageCheck,
            "2" => Self::BadRequest,
            "3" => Self::BadTime,
            "4" => Self::BadCertId,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl std::fmt::Display for FailInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadAlg => f.write_str("badAlg (0)"),
            Self::BadMessageCheck => f.write_str("badMessageCheck (1)"),
            Self::BadRequest => f.write_str("badRequest (2)"),
            Self::BadTime => f.write_str("badTime (3)"),
            Self::BadCertId => f.write_str("badCertId (4)"),
            Self::Other(text) => write!(f, "unknown failInfo `{text}`"),
        }
    }
}

/// Why no certificate was obtained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScepError {
    /// The request did not get through.
    #[error("{operation} could not be sent")]
    Http {
        /// SCEP operation.
        operation: &'static str,
        /// What the HTTP client says.
        #[source]
        source: HttpError,
    },
    /// The server answered with something other than 200.
    #[error("{operation} was answered with HTTP status {status}")]
    Status {
        /// SCEP operation.
        operation: &'static str,
        /// HTTP status.
        status: u16,
    },
    /// The server does not offer what was chosen.
    #[error("server does not offer {0}")]
    Capability(&'static str),
    /// `GetCACert` gave no certificate.
    #[error("answer to GetCACert holds no usable certificate")]
    NoCa(#[source] Option<SignedError>),
    /// The CA certificate is not the one the payload names.
    #[error("CA certificate has another fingerprint than the payload names")]
    Fingerprint,
    /// The request could not be built.
    #[error("certificate request could not be built")]
    Request(#[source] ErrorStack),
    /// The request could not be signed.
    #[error("SCEP request could not be signed")]
    Sign(#[source] SignedError),
    /// The request could not be encrypted.
    #[error("SCEP request could not be encrypted")]
    Seal(#[source] EnvelopeError),
    /// The reply is not a message of SCEP.
    #[error("SCEP reply is malformed")]
    Malformed(#[from] DerError),
    /// The reply is not signed by the CA or RA.
    #[error("SCEP reply does not verify")]
    Unverified(#[source] SignedError),
    /// An attribute that must be there is not.
    #[error("SCEP reply has no {0}")]
    Missing(&'static str),
    /// An attribute that must be echoed differs.
    #[error("SCEP reply has another {0} than the request")]
    Differs(&'static str),
    /// The reply cannot be decrypted.
    #[error("SCEP reply cannot be opened")]
    Open(#[source] EnvelopeError),
    /// The certificates inside cannot be read.
    #[error("certificates of the SCEP reply cannot be read")]
    Certificates(#[source] SignedError),
    /// The first certificate is not for our key.
    #[error("first certificate of the SCEP reply is not the one that was asked for")]
    Installed(#[source] IdentityError),
    /// The server refused.
    #[error("SCEP server refused: {0}")]
    Refused(FailInfo),
    /// Still pending after the last try.
    #[error("SCEP request is still pending after {0} polls")]
    StillPending(u32),
}

impl ScepError {
    /// The code Apple's `MCSCEPErrorDomain` has for it.
    pub fn apple_code(&self) -> i64 {
        match self {
            Self::Http { .. } | Self::Status { .. } => 22005,
            Self::Capability(_) => 22006,
            Self::NoCa(_) | Self::Fingerprint => 22002,
            Self::Request(_) | Self::Sign(_) | Self::Seal(_) => 22011,
            Self::Installed(_) | Self::Certificates(_) => 22007,
            Self::Malformed(_)
            | Self::Unverified(_)
            | Self::Missing(_)
            | Self::Differs(_)
            | Self::Open(_)
            | Self::Refused(_)
            | Self::StillPending(_) => 22013,
        }
    }
}
