//! The words and numbers in which Intune and Microsoft Graph report: error codes, statuses, compliance.

mod compliance;
mod error_code;
mod managed_email;
mod status;

pub use compliance::{CertificateIssuanceState, ComplianceState, ManagementState, RevokeStatus};
pub use error_code::ErrorCode;
pub use managed_email::{
    LocalAccount, ManagedEmail, ManagedEmailVerdict, Noncompliance, managed_email,
};
pub use status::{ComplianceStatus, Counter, PortalStatus};
