//! Enrollment: the device asks for a certificate and is told where it is managed ([MS-WSTEP] 3.1.4.1).

mod context;
mod request;
mod response;

pub use context::{AdditionalContext, EnrollmentType};
pub use request::{CertificateRequest, RequestSecurityToken, RequestType};
pub use response::Issued;
