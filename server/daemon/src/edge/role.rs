//! What a listener is for.

use std::fmt;

/// The part a connection plays: which paths it may use and whether it is asked for a client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Plain HTTP for a device that does not trust us yet.
    Bootstrap,
    /// HTTPS without asking for a client certificate: everything a device speaks.
    Device,
    /// HTTPS asking for a client certificate: the MDM endpoints only.
    Mtls,
    /// The REST API and the dashboard.
    Admin,
}

impl Role {
    /// Whether a TLS handshake in this role asks the client for a certificate.
    pub fn asks_for_certificate(self) -> bool {
        match self {
            Self::Mtls => true,
            Self::Bootstrap | Self::Device | Self::Admin => false,
        }
    }

    /// The name used in logs and findings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
            Self::Device => "device",
            Self::Mtls => "mtls",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
