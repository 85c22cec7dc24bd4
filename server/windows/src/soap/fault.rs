use super::{Action, Reply};
use crate::{
    hresult::HResult,
    xml::{Name, Ns, WriteError, Writer},
};

/// A SOAP fault: the answer to a request that is refused (SOAP 1.2 Part 1 section 5.4; page "Mobile device enrollment",
/// "Error response"). Sent with HTTP status 500.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is refused.
    pub refusal: Refusal,
    /// Why, for a person who reads the client's log.
    pub reason: String,
}

/// Everything an enrollment can be refused with, by the word for it on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The message is not what it should be.
    MessageFormat,
    /// Name and password, or the token, are not right.
    Authentication,
    /// The user is known and may not enroll.
    Authorization,
    /// The certificate request is refused, or the user may not have a certificate.
    CertificateRequest,
    /// The enrollment server failed, its certificate authority for example.
    EnrollmentServer,
    /// The server failed in a way nobody expected.
    InternalServiceFault,
    /// The security header cannot be read.
    InvalidSecurity,
    /// The action of the message is not one of the address it was sent to.
    ActionMismatch,
    /// The address is not served at the moment.
    EndpointUnavailable,
    /// The user has as many devices as a user may have.
    DeviceCapReached,
    /// This platform or version is not supported.
    DeviceNotSupported,
    /// The operation is not supported for this device.
    NotSupported,
    /// The certificate may not be renewed, or not yet.
    NotEligibleToRenew,
    /// The server is in maintenance.
    InMaintenance,
    /// The user has no licence.
    UserLicense,
    /// What the device says about its enrollment is not valid.
    InvalidEnrollmentData,
    /// A text that newer clients show to the user.
    CustomServerError {
        /// The text.
        message: String,
    },
}

impl Refusal {
    /// What the client will report.
    pub const fn hresult(&self) -> HResult {
        HResult::new(match self {
            Self::MessageFormat => 0x8018_0001,
            Self::Authentication => 0x8018_0002,
            Self::Authorization => 0x8018_0003,
            Self::CertificateRequest => 0x8018_0004,
            Self::EnrollmentServer => 0x8018_0005,
            Self::InternalServiceFault => 0x8018_0006,
            Self::InvalidSecurity => 0x8018_0007,
            Self::ActionMismatch | Self::EndpointUnavailable => 0x8018_0008,
            Self::DeviceCapReached => 0x8018_0013,
            Self::DeviceNotSupported => 0x8018_0014,
            Self::NotSupported => 0x8018_0015,
            Self::NotEligibleToRenew => 0x8018_0016,
            Self::InMaintenance => 0x8018_0017,
            Self::UserLicense => 0x8018_0018,
            Self::InvalidEnrollmentData => 0x8018_0019,
            Self::CustomServerError { .. } => 0x8018_0032,
        })
    }

    const fn subcode(&self) -> Name {
        match self {
            Self::MessageFormat => (Ns::Soap, "MessageFormat"),
            Self::Authentication => (Ns::Soap, "Authentication"),
            Self::CertificateRequest => (Ns::Soap, "CertificateRequest"),
            Self::EnrollmentServer | Self::InMaintenance => (Ns::Soap, "EnrollmentServer"),
            Self::InternalServiceFault => (Ns::Dispatcher, "InternalServiceFault"),
            Self::InvalidSecurity => (Ns::Dispatcher, "InvalidSecurity"),
            Self::ActionMismatch => (Ns::Dispatcher, "ActionMismatch"),
            Self::EndpointUnavailable => (Ns::Dispatcher, "EndpointUnavailable"),
            Self::Authorization
            | Self::DeviceCapReached
            | Self::DeviceNotSupported
            | Self::NotSupported
            | Self::NotEligibleToRenew
            | Self::UserLicense
            | Self::InvalidEnrollmentData
            | Self::CustomServerError { .. } => (Ns::Soap, "Authorization"),
        }
    }

    /// `ErrorType`, of those that are told apart by the detail of the fault.
    const fn error_type(&self) -> Option<&'static str> {
        match self {
            Self::DeviceCapReached => Some("DeviceCapReached"),
            Self::DeviceNotSupported => Some("DeviceNotSupported"),
            Self::NotSupported => Some("NotSupported"),
            Self::NotEligibleToRenew => Some("NotEligibleToRenew"),
            Self::InMaintenance => Some("InMaintenance"),
            Self::UserLicense => Some("UserLicense"),
            Self::InvalidEnrollmentData => Some("InvalidEnrollmentData"),
            Self::CustomServerError { .. } => Some("CustomServerError"),
            Self::MessageFormat
            | Self::Authentication
            | Self::Authorization
            | Self::CertificateRequest
            | Self::EnrollmentServer
            | Self::InternalServiceFault
            | Self::InvalidSecurity
            | Self::ActionMismatch
            | Self::EndpointUnavailable => None,
        }
    }
}

impl Fault {
    /// The HTTP status it is sent with.
    pub const STATUS: u16 = 500;

    /// The message. Its reason begins with the code that the client will report.
    pub fn encode(&self, action: Action, reply: &Reply) -> Result<String, WriteError> {
        reply.envelope(action, None, |w| {
            w.element((Ns::Soap, "Fault"), &[], |w| {
                w.element((Ns::Soap, "Code"), &[], |w| {
                    w.qualified((Ns::Soap, "Value"), (Ns::Soap, "Receiver"));
                    w.element((Ns::Soap, "Subcode"), &[], |w| {
                        w.qualified((Ns::Soap, "Value"), self.refusal.subcode());
                    });
                });
                w.element((Ns::Soap, "Reason"), &[], |w| {
                    let text = format!("{}: {}", self.refusal.hresult(), self.reason);
                    w.leaf_with((Ns::Soap, "Text"), &[((Ns::Xml, "lang"), "en-US")], &text);
                });
                if let Some(error_type) = self.refusal.error_type() {
                    self.detail(error_type, reply, w);
                }
            });
        })
    }

    fn detail(&self, error_type: &str, reply: &Reply, w: &mut Writer) {
        let message = match &self.refusal {
            Refusal::CustomServerError { message } => message,
            _ => &self.reason,
        };
        w.element((Ns::Soap, "Detail"), &[], |w| {
            w.element((Ns::Enrollment, "DeviceEnrollmentServiceError"), &[], |w| {
                w.leaf((Ns::Enrollment, "ErrorType"), error_type);
                w.leaf((Ns::Enrollment, "Message"), message);
                w.leaf((Ns::Enrollment, "TraceId"), &reply.activity.to_string());
            });
        });
    }
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
