//! A certificate with its private key, as a keychain holds it.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509NameRef};

use crate::entropy::hex;

/// Why bytes are not an identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The certificate is not X.509.
    #[error("a certificate cannot be read")]
    Certificate(#[source] ErrorStack),
    /// The container is not PKCS#12.
    #[error("a PKCS#12 container cannot be read")]
    Container(#[source] ErrorStack),
    /// The container does not open with this password.
    #[error("a PKCS#12 container does not open with its password")]
    Password(#[source] ErrorStack),
    /// The container holds no certificate with a key.
    #[error("a PKCS#12 container holds no certificate with a private key")]
    Incomplete,
    /// The key cannot be encoded.
    #[error("a private key cannot be encoded")]
    Key(#[source] ErrorStack),
    /// The key is not the certificate's.
    #[error("a private key does not belong to its certificate")]
    Mismatch,
}

/// A certificate, its private key and the certificates above it. The key is never printed.
#[derive(Clone)]
pub struct Identity {
    certificate: X509,
    der: Vec<u8>,
    chain: Vec<Vec<u8>>,
    key: PKey<Private>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("common_name", &self.common_name())
            .field("fingerprint", &self.fingerprint())
            .field("key", &"***")
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Puts a DER certificate and its key together; `chain` is what stands above it.
    pub fn new(
        der: Vec<u8>,
        key: PKey<Private>,
        chain: Vec<Vec<u8>>,
    ) -> Result<Self, IdentityError> {
        let certificate = X509::from_der(&der).map_err(IdentityError::Certificate)?;
        let public = certificate
            .public_key()
            .map_err(IdentityError::Certificate)?;
        if !public.public_eq(&key) {
            return Err(IdentityError::Mismatch);
        }
        Ok(Self {
            certificate,
            der,
            chain,
            key,
        })
    }

    /// Opens a PKCS#12 container (RFC 7292): `PBES2` with AES, or the older `pbeWithSHAAnd3-KeyTripleDES-CBC`.
    ///
    /// Differs: RC2, the oldest of the old algorithms, is refused; a phone still reads it.
    pub fn from_pkcs12(container: &[u8], password: &str) -> Result<Self, IdentityError> {
        let parsed = Pkcs12::from_der(container)
            .map_err(IdentityError::Container)?
            .parse2(password)
            .map_err(IdentityError::Password)?;
        let (Some(certificate), Some(key)) = (parsed.cert, parsed.pkey) else {
            return Err(IdentityError::Incomplete);
        };
        let chain: Result<Vec<_>, _> = parsed
            .ca
            .iter()
            .flatten()
            .map(openssl::x509::X509Ref::to_der)
            .collect();
        let der = certificate.to_der().map_err(IdentityError::Certificate)?;
        Self::new(der, key, chain.map_err(IdentityError::Certificate)?)
    }

    /// The certificate in DER, exactly as it was issued.
    pub fn certificate(&self) -> &[u8] {
        &self.der
    }

    /// The certificates above it, in DER.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// SHA-256 of the certificate in hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.der)
    }

    /// Common name of the subject, or the empty string.
    pub fn common_name(&self) -> String {
        common_name(self.certificate.subject_name())
    }

    /// Serial number in hexadecimal digits.
    pub fn serial(&self) -> String {
        let serial = self
            .certificate
            .serial_number()
            .to_bn()
            .and_then(|number| number.to_hex_str().map(|t| t.to_string()));
        serial.unwrap_or_default().to_lowercase()
    }

    /// The private key in PKCS#8 PEM, for a test that hands the identity to another program.
    pub fn key_pem(&self) -> Result<Vec<u8>, IdentityError> {
        self.key
            .private_key_to_pem_pkcs8()
            .map_err(IdentityError::Key)
    }

    /// The private key.
    pub(crate) fn key(&self) -> &PKey<Private> {
        &self.key
    }

    /// The parsed certificate.
    pub(crate) fn x509(&self) -> &X509 {
        &self.certificate
    }

    /// The private key in PKCS#8 DER.
    pub(crate) fn key_der(&self) -> Result<Vec<u8>, IdentityError> {
        self.key.private_key_to_pkcs8().map_err(IdentityError::Key)
    }
}

/// SHA-256 of some bytes in hexadecimal digits.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    openssl::hash::hash(MessageDigest::sha256(), bytes)
        .map(|digest| hex(&digest))
        .unwrap_or_default()
}

/// The first common name of a name, or the empty string.
pub(crate) fn common_name(name: &X509NameRef) -> String {
    name.entries_by_nid(Nid::COMMONNAME)
        .next()
        .and_then(|entry| entry.data().to_string().ok())
        .unwrap_or_default()
}
