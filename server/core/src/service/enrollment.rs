//! Enrollment: codes, check-in messages, and which identity may speak for which device.

mod admission;
mod association;
mod authenticate;
mod channels;
mod replacement;

use crate::id::Fingerprint;
use crate::service::ServiceError;

pub use admission::{Admission, NewCode, enrollment_challenge};
pub use association::{NotAdmitted, associate};
pub use channels::TokenUpdate;

pub(super) use association::settle;
pub(crate) use authenticate::provisional;
pub(super) use channels::new_channel;

/// Either a refusal of the device, or a failure of ours.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollmentError {
    /// The device is refused.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The service fails.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<crate::ports::StoreUnavailable> for EnrollmentError {
    fn from(cause: crate::ports::StoreUnavailable) -> Self {
        Self::Service(cause.into())
    }
}

/// Who sends a check-in message or a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The certificate it proved to hold.
    pub fingerprint: Fingerprint,
    /// `UDID` or `EnrollmentID`.
    pub udid: String,
    /// The user, on a user channel.
    pub user: Option<SenderUser>,
}

/// The user part of a sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderUser {
    /// What tells users of one device apart.
    pub key: String,
    /// `UserShortName`.
    pub short_name: Option<String>,
    /// `UserLongName`.
    pub long_name: Option<String>,
}
