//! The result of `CertificateList`.

use super::CommandReport;
use super::listed::{Item, Listed};
use crate::plist::{FieldError, Value};

/// A certificate in a keychain that the server may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledCertificate {
    /// `CommonName`; may be missing where the certificate has none.
    pub common_name: Option<String>,
    /// `IsIdentity`: its private key is there too.
    pub is_identity: bool,
    /// `Data`: DER.
    pub der: Vec<u8>,
}

impl CommandReport {
    /// The result of `CertificateList`.
    pub fn certificates(&self) -> Result<Listed<InstalledCertificate>, FieldError> {
        self.listed("CertificateList", certificate)
    }
}

fn certificate(item: Item<'_>) -> Result<InstalledCertificate, FieldError> {
    let der = item.dict.get("Data").and_then(Value::as_data);
    Ok(InstalledCertificate {
        common_name: item.optional_text("CommonName"),
        is_identity: item.bool("IsIdentity").unwrap_or(false),
        der: der.ok_or_else(|| item.missing("Data", "data"))?.to_vec(),
    })
}
