//! A private key and its certificate: who signs and who opens envelopes.

use std::fmt;

use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::{Padding, Rsa};

use super::{CertificateView, Digest, SignerId};
use crate::der::{DerError, encode};
use crate::oid::{self, Oid};

/// Why a certificate and a key make no identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Not a certificate.
    #[error("reading the certificate of an identity")]
    Certificate(#[from] DerError),
    /// OpenSSL cannot use the key.
    #[error("reading the private key of an identity")]
    Key(#[source] ErrorStack),
    /// The certificate is another key's.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
    /// Neither RSA nor elliptic.
    #[error("the private key is neither RSA nor elliptic")]
    Unsupported,
}

/// A private key with its certificate, and what of the certificate each message repeats, encoded once.
pub struct Identity {
    certificate: Vec<u8>,
    key: PKey<Private>,
    rsa: Option<Rsa<Private>>,
    issuer_and_serial: Vec<u8>,
    issuer: Vec<u8>,
    serial: Vec<u8>,
    key_identifier: Vec<u8>,
}

impl Identity {
    /// An identity from its certificate (DER) and private key, RSA or elliptic.
    pub fn new(certificate: Vec<u8>, key: PKey<Private>) -> Result<Self, IdentityError> {
        let view = CertificateView::parse(&certificate)?;
        let public = PKey::public_key_from_der(view.key_info()).map_err(IdentityError::Key)?;
        if !key.public_eq(&public) {
            return Err(IdentityError::Mismatch);
        }
        let rsa = match key.id() {
            Id::RSA => Some(key.rsa().map_err(IdentityError::Key)?),
            Id::EC => None,
            _ => return Err(IdentityError::Unsupported),
        };
        let issuer_and_serial = encode(|w| {
            w.sequence(|w| {
                w.raw(view.issuer());
                w.raw(view.serial_element());
            });
        });
        let (issuer, serial) = (view.issuer().to_vec(), view.serial().to_vec());
        let key_identifier = view.key_identifier().to_vec();
        Ok(Self {
            certificate,
            key,
            rsa,
            issuer_and_serial,
            issuer,
            serial,
            key_identifier,
        })
    }

    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The private key.
    pub fn key(&self) -> &PKey<Private> {
        &self.key
    }

    /// The `IssuerAndSerialNumber` (RFC 5652 section 10.2.4) of the certificate, encoded.
    pub(super) fn issuer_and_serial(&self) -> &[u8] {
        &self.issuer_and_serial
    }

    /// Whether `id` names this certificate.
    pub(super) fn is(&self, id: &SignerId<'_>) -> bool {
        id.names(&self.issuer, &self.serial, &self.key_identifier)
    }

    /// The algorithm that a `SignerInfo` of this identity names: plain `rsaEncryption` for RSA, because
    /// clients refuse the names that include the digest; for ECDSA there is no plain one.
    pub(super) fn signature_algorithm(&self, digest: Digest) -> Oid<'static> {
        match (&self.rsa, digest) {
            (Some(_), _) => oid::RSA_ENCRYPTION,
            (None, Digest::Sha1) => oid::ECDSA_WITH_SHA1,
            (None, Digest::Sha256) => oid::ECDSA_WITH_SHA256,
            (None, Digest::Sha384) => oid::ECDSA_WITH_SHA384,
            (None, Digest::Sha512) => oid::ECDSA_WITH_SHA512,
        }
    }

    /// The signature over `message`.
    pub(super) fn sign(&self, digest: Digest, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        openssl::sign::Signer::new(digest.openssl(), &self.key)?.sign_oneshot_to_vec(message)
    }

    /// The bare RSA decryption of `encrypted`, without looking at padding; all zeros if it is no number
    /// below the modulus. `None` if the key is not RSA.
    pub(super) fn decrypt_raw(&self, encrypted: &[u8]) -> Option<Vec<u8>> {
        let rsa = self.rsa.as_ref()?;
        let size = usize::try_from(rsa.size()).unwrap_or(0);
        let mut plain = vec![0; size];
        let read = rsa.private_decrypt(encrypted, &mut plain, Padding::NONE);
        if read.is_ok_and(|length| length == size) {
            Some(plain)
        } else {
            Some(vec![0; size])
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificate", &self.certificate.len())
            .field("key", &"***")
            .finish_non_exhaustive()
    }
}
