use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::node::{boolean, characteristic, integer, parm};
use crate::xml::Writer;

/// A certificate and the name that the device's stores know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// DER.
    pub der: Vec<u8>,
    /// SHA-1 of exactly that.
    pub thumbprint: Thumbprint,
}

/// SHA-1 of a certificate, written as 40 upper-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint([u8; 20]);

impl Thumbprint {
    /// Takes the digest.
    pub const fn new(sha1: [u8; 20]) -> Self {
        Self(sha1)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

/// Whose store a certificate goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Store {
    /// The user's, when the device is enrolled for a user (`EnrollmentType` `Full`).
    User,
    /// The machine's, when it is enrolled for itself (`EnrollmentType` `Device`).
    System,
}

impl Store {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::System => "System",
        }
    }
}

/// The device's own certificate. The device binds it to the key that it made for the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate.
    pub certificate: Certificate,
    /// Where it goes.
    pub store: Store,
}

/// How the device renews its certificate by itself (page "`CertificateStore` CSP", `My/WSTEP/Renew`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenewalPlan {
    /// How many days before its end it begins: 1 to 1000.
    pub period_days: u16,
    /// After how many days it tries again: 1 to 1000.
    pub retry_days: u16,
}

impl Certificate {
    /// Below a store: thumbprint, octets, and what else belongs to it.
    pub(super) fn write(&self, w: &mut Writer, more: impl FnOnce(&mut Writer)) {
        characteristic(w, &self.thumbprint.to_string(), |w| {
            parm(w, "EncodedCertificate", &BASE64_STANDARD.encode(&self.der));
            more(w);
        });
    }
}

impl Identity {
    /// Below `CertificateStore`. The empty `PrivateKeyContainer` is what binds the key.
    pub(super) fn write(&self, w: &mut Writer, renewal: Option<RenewalPlan>) {
        characteristic(w, "My", |w| {
            characteristic(w, self.store.name(), |w| {
                self.certificate
                    .write(w, |w| characteristic(w, "PrivateKeyContainer", |_| {}));
            });
            if let Some(plan) = renewal {
                characteristic(w, "WSTEP", |w| {
                    characteristic(w, "Renew", |w| {
                        boolean(w, "ROBOSupport", true);
                        integer(w, "RenewPeriod", plan.period_days.into());
                        integer(w, "RetryInterval", plan.retry_days.into());
                    });
                });
            }
        });
    }
}
