use std::fmt;

use super::{
    Application, Certificate, DmClient, Identity, ProviderId, RenewalPlan,
    node::{characteristic, parm, root},
};
use crate::xml::WriteError;

/// A provisioning document, written. It holds passwords, so it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Document(String);

impl Document {
    /// The text: one line, UTF-8, without an XML declaration.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document(***)")
    }
}

/// What a device is told when it has enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// The root it shall trust.
    pub root: Certificate,
    /// A certificate between the root and its own. A device takes one at most.
    pub intermediate: Option<Certificate>,
    /// Its own certificate.
    pub identity: Identity,
    /// How it renews that.
    pub renewal: Option<RenewalPlan>,
    /// The name of this server on the device.
    pub provider: ProviderId,
    /// The management account.
    pub application: Application,
    /// What the management client knows about its server.
    pub dm_client: DmClient,
}

/// What a device is told when it has renewed its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// Its new certificate.
    pub identity: Identity,
    /// The name of this server on the device.
    pub provider: ProviderId,
}

impl Enrolled {
    /// The document.
    pub fn document(&self) -> Result<Document, WriteError> {
        root(|w| {
            characteristic(w, "CertificateStore", |w| {
                for (store, certificate) in [
                    ("Root", Some(&self.root)),
                    ("CA", self.intermediate.as_ref()),
                ] {
                    if let Some(certificate) = certificate {
                        characteristic(w, store, |w| {
                            characteristic(w, "System", |w| certificate.write(w, |_| {}));
                        });
                    }
                }
                self.identity.write(w, self.renewal);
            });
            self.application.write(w, &self.provider, &self.identity);
            self.dm_client.write(w, &self.provider);
        })
        .map(Document)
    }
}

impl Renewed {
    /// The document.
    pub fn document(&self) -> Result<Document, WriteError> {
        root(|w| {
            characteristic(w, "CertificateStore", |w| self.identity.write(w, None));
            characteristic(w, "APPLICATION", |w| {
                parm(w, "PROVIDER-ID", self.provider.as_str());
            });
        })
        .map(Document)
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
