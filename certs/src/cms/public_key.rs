//! Public keys of peers and the verification of their signatures.

use std::fmt;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;
use openssl::sign::Verifier;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use super::Digest;
use crate::der::{DerError, Element, Reader, Tag};
use crate::oid;

/// The largest RSA modulus that is worked with, in bits: larger ones only cost time.
const MAX_RSA_BITS: usize = 8192;

/// Why bytes are no public key that we can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// Not a `SubjectPublicKeyInfo`.
    #[error("reading a public key")]
    Encoding(#[from] DerError),
    /// Neither RSA nor elliptic.
    #[error("public keys of algorithm {0} are not supported")]
    Algorithm(String),
    /// An RSA modulus above 8192 bits.
    #[error("an RSA key of {0} bits is too large")]
    TooLarge(usize),
}

/// A public key (RFC 5280 section 4.1.2.7), ready to verify signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    info: Vec<u8>,
    bits: Vec<u8>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa { modulus: usize },
    P256,
    P384,
    OtherCurve,
}

impl PublicKey {
    /// A key from its `SubjectPublicKeyInfo`, exactly as received.
    pub fn from_info(info: &[u8]) -> Result<Self, PublicKeyError> {
        let mut members = public_key_info(info)?;
        let mut algorithm = members.sequence("key algorithm")?;
        let name = algorithm.oid("key algorithm")?;
        let bits = members
            .expect(Tag::BIT_STRING, "public key")?
            .bits("public key")?;
        let kind = match name {
            oid::RSA_ENCRYPTION => Kind::Rsa {
                modulus: modulus_bits(bits)?,
            },
            oid::EC_PUBLIC_KEY => match algorithm.optional(Tag::OID)?.map(|curve| curve.oid()) {
                Some(oid::P256) => Kind::P256,
                Some(oid::P384) => Kind::P384,
                Some(_) => Kind::OtherCurve,
                // Curves by explicit parameters are costly to check and in nobody's use.
                None => return Err(DerError::Value("curve").into()),
            },
            other => return Err(PublicKeyError::Algorithm(other.to_string())),
        };
        Ok(Self {
            info: info.to_vec(),
            bits: bits.to_vec(),
            kind,
        })
    }

    /// The `SubjectPublicKeyInfo`.
    pub fn info(&self) -> &[u8] {
        &self.info
    }

    /// Whether this is an RSA key.
    pub const fn is_rsa(&self) -> bool {
        matches!(self.kind, Kind::Rsa { .. })
    }

    /// The key in OpenSSL's hands if it is RSA. Its reader of bare RSA keys is 20 times as fast as the one
    /// of `SubjectPublicKeyInfo`, whose cost shows beside an RSA operation.
    pub(super) fn rsa(&self) -> Option<Result<Rsa<Public>, ErrorStack>> {
        self.is_rsa()
            .then(|| Rsa::public_key_from_der_pkcs1(&self.bits))
    }

    /// Whether `signature` over `message` was made with the private half: RSASSA-PKCS1-v1_5 (RFC 8017
    /// section 8.2) or ECDSA.
    #[must_use]
    pub fn verifies(&self, digest: Digest, message: &[u8], signature: &[u8]) -> bool {
        match self.quick(digest) {
            Some(algorithm) => UnparsedPublicKey::new(algorithm, &self.bits)
                .verify(message, signature)
                .is_ok(),
            None => self.slow(digest, message, signature).unwrap_or(false),
        }
    }

    /// What ring can do.
    fn quick(&self, digest: Digest) -> Option<&'static dyn VerificationAlgorithm> {
        match (self.kind, digest) {
            (Kind::Rsa { modulus }, _) if modulus < 2048 => None,
            (Kind::Rsa { .. }, Digest::Sha1) => {
                Some(&signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY)
            }
            (Kind::Rsa { .. }, Digest::Sha256) => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
            (Kind::Rsa { .. }, Digest::Sha384) => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
            (Kind::Rsa { .. }, Digest::Sha512) => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
            (Kind::P256, Digest::Sha256) => Some(&signature::ECDSA_P256_SHA256_ASN1),
            (Kind::P256, Digest::Sha384) => Some(&signature::ECDSA_P256_SHA384_ASN1),
            (Kind::P384, Digest::Sha256) => Some(&signature::ECDSA_P384_SHA256_ASN1),
            (Kind::P384, Digest::Sha384) => Some(&signature::ECDSA_P384_SHA384_ASN1),
            (Kind::P256 | Kind::P384, Digest::Sha1 | Digest::Sha512) | (Kind::OtherCurve, _) => {
                None
            }
        }
    }

    /// Small RSA keys and unusual pairs of curve and digest.
    fn slow(&self, digest: Digest, message: &[u8], signature: &[u8]) -> Result<bool, ErrorStack> {
        let key = match self.rsa() {
            Some(rsa) => PKey::from_rsa(rsa?)?,
            None => PKey::public_key_from_der(&self.info)?,
        };
        Verifier::new(digest.openssl(), &key)?.verify_oneshot(signature, message)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.kind)
    }
}

fn public_key_info(info: &[u8]) -> Result<Reader<'_>, DerError> {
    let element = Element::parse(info)?;
    match element.tag() {
        Tag::SEQUENCE => Ok(element.children()),
        found => Err(DerError::Unexpected {
            wanted: "public key",
            found: Some(found),
        }),
    }
}

fn modulus_bits(key: &[u8]) -> Result<usize, PublicKeyError> {
    let modulus = Element::parse(key)?
        .children()
        .expect(Tag::INTEGER, "RSA modulus")?;
    let zeros = modulus.content().iter().take_while(|byte| **byte == 0);
    let digits = modulus.content().get(zeros.count()..).unwrap_or_default();
    let unused = digits.first().map_or(0, |first| first.leading_zeros());
    let bits = (digits.len() * 8).saturating_sub(usize::try_from(unused).unwrap_or(0));
    if bits > MAX_RSA_BITS {
        return Err(PublicKeyError::TooLarge(bits));
    }
    Ok(bits)
}
