//! Why a Windows device does not get what it asked for, beside what any device is refused for.

use http::StatusCode;
use mdm_certs::csr::CsrError;
use mdm_certs::renewal::RenewalError;
use mdm_core::service::windows_enrollment::NotRenewed;
use mdm_windows::soap::{Refusal, RequestError};

/// A refusal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WindowsRefused {
    /// The message cannot be read: the source says why.
    #[error("the enrollment message is refused")]
    Message(#[from] RequestError),
    /// There is no way to say who enrolls that both sides take.
    #[error("the device offers {offered} to say who enrolls, this server takes {allowed}")]
    NoPolicy {
        /// What the device offers.
        offered: String,
        /// What the server takes.
        allowed: String,
    },
    /// It says who enrolls in a way that is not served.
    #[error("{0} is not accepted here")]
    Token(&'static str),
    /// The certificate request cannot be granted: the source says why.
    #[error("the certificate request is refused")]
    Request(#[from] CsrError),
    /// The key of the request is of a kind that Windows does not make.
    #[error("the key of the certificate request is not RSA")]
    Key,
    /// The renewal cannot be read, or is not signed by whom it names: the source says why.
    #[error("the certificate renewal is refused")]
    Renewal(#[from] RenewalError),
    /// The certificate may not be renewed.
    #[error(transparent)]
    NotRenewed(#[from] NotRenewed),
    /// What the device says of itself is not usable.
    #[error("`{name}` of the device {wrong}")]
    Data {
        /// What it says.
        name: &'static str,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// The login page was opened by, or is to answer to, something that is no enrollment client.
    #[error("`appru` {0}")]
    ReturnAddress(&'static str),
}

impl WindowsRefused {
    /// How the enrollment client is told.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Message(error) => error.refusal(),
            Self::NoPolicy { .. } | Self::Token(_) => Refusal::NotSupported,
            Self::Request(_) | Self::Key | Self::Renewal(_) => Refusal::CertificateRequest,
            Self::NotRenewed(_) => Refusal::NotEligibleToRenew,
            Self::Data { .. } => Refusal::InvalidEnrollmentData,
            Self::ReturnAddress(_) => Refusal::MessageFormat,
        }
    }

    /// The status where no fault can be sent.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Message(_)
            | Self::NoPolicy { .. }
            | Self::Token(_)
            | Self::Request(_)
            | Self::Key
            | Self::Renewal(_)
            | Self::Data { .. }
            | Self::ReturnAddress(_) => StatusCode::BAD_REQUEST,
            Self::NotRenewed(_) => StatusCode::FORBIDDEN,
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoPolicy { .. } => Some("`--windows-policy` says what the server takes"),
            Self::NotRenewed(_) => Some("let the device enroll again"),
            Self::ReturnAddress(_) => {
                Some("Windows opens this page by itself; begin at /enroll/windows")
            }
            Self::Message(_)
            | Self::Token(_)
            | Self::Request(_)
            | Self::Key
            | Self::Renewal(_)
            | Self::Data { .. } => None,
        }
    }

    /// The limit that was hit, if it was one.
    pub fn limit(&self) -> Option<&'static str> {
        match self {
            Self::Message(error) => error.is_limit().then_some("soap.budget"),
            Self::NoPolicy { .. }
            | Self::Token(_)
            | Self::Request(_)
            | Self::Key
            | Self::Renewal(_)
            | Self::NotRenewed(_)
            | Self::Data { .. }
            | Self::ReturnAddress(_) => None,
        }
    }
}
