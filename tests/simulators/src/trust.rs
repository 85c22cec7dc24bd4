//! Fetching the root of a lab's certificate authority before there is any trust, and comparing its fingerprint.

use openssl::x509::X509;

use crate::http::{Client, HttpError};
use crate::identity::fingerprint;

/// Why there is no root to trust.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// It could not be fetched.
    #[error("root certificate could not be fetched")]
    Http(#[from] HttpError),
    /// The server has none.
    #[error("root certificate was answered with HTTP status {0}")]
    Status(u16),
    /// Not a certificate.
    #[error("root certificate cannot be read")]
    Certificate(#[source] openssl::error::ErrorStack),
    /// Somebody else's root.
    #[error("root certificate has fingerprint {found}, not {wanted}")]
    Fingerprint {
        /// SHA-256 that was expected.
        wanted: String,
        /// SHA-256 that was received.
        found: String,
    },
}

/// Reads roots from PEM (one or several) or DER; gives DER.
pub fn roots(bytes: &[u8]) -> Result<Vec<Vec<u8>>, TrustError> {
    let certificates = if bytes.starts_with(b"\x30") {
        vec![X509::from_der(bytes).map_err(TrustError::Certificate)?]
    } else {
        X509::stack_from_pem(bytes).map_err(TrustError::Certificate)?
    };
    certificates
        .iter()
        .map(|x509| x509.to_der().map_err(TrustError::Certificate))
        .collect()
}

/// Fetches `/trust/root.der` below a bootstrap URL. The wanted SHA-256 may have colons, spaces and either case.
pub async fn fetch(
    client: &Client,
    bootstrap_url: &str,
    wanted: Option<&str>,
) -> Result<Vec<u8>, TrustError> {
    let answer = client
        .get(&format!(
            "{}/trust/root.der",
            bootstrap_url.trim_end_matches('/')
        ))
        .await?;
    if answer.status.as_u16() != 200 {
        return Err(TrustError::Status(answer.status.as_u16()));
    }
    let root = roots(&answer.body)?.into_iter().next().unwrap_or_default();
    match wanted {
        Some(wanted) => matches(&root, wanted).map(|()| root),
        None => Ok(root),
    }
}

/// Compares a root with a SHA-256 fingerprint.
pub fn matches(root: &[u8], wanted: &str) -> Result<(), TrustError> {
    let digits: String = wanted
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect::<String>()
        .to_lowercase();
    let found = fingerprint(root);
    if digits == found {
        Ok(())
    } else {
        Err(TrustError::Fingerprint {
            wanted: digits,
            found,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::testing::self_signed;

    #[test]
    fn pem_der_and_fingerprints() {
        let (identity, x509) = self_signed(0, "Root");
        let der = identity.certificate().to_vec();
        assert_eq!(roots(&der).unwrap(), std::slice::from_ref(&der));
        let pem = [x509.to_pem().unwrap(), x509.to_pem().unwrap()].concat();
        assert_eq!(roots(&pem).unwrap(), [der.clone(), der.clone()]);
        let colons: Vec<String> = identity
            .fingerprint()
            .as_bytes()
            .chunks(2)
            .map(|c| String::from_utf8_lossy(c).to_uppercase())
            .collect();
        matches(&der, &colons.join(":")).unwrap();
        assert!(
            matches(&der, "00")
                .unwrap_err()
                .to_string()
                .starts_with("root certificate has fingerprint ")
        );
    }
}
