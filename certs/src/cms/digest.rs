//! Digest algorithms.

use openssl::hash::MessageDigest;
use ring::digest;

use crate::oid::{self, Oid};

/// A digest algorithm that peers use and we verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Digest {
    /// SHA-1: old clients sign with it whatever is offered.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Digest {
    /// The algorithm that `oid` names.
    pub fn from_oid(oid: Oid<'_>) -> Option<Self> {
        [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512]
            .into_iter()
            .find(|digest| digest.oid() == oid)
    }

    /// The digest under a signature whose algorithm is `oid`. Where that names a kind of key only
    /// (`rsaEncryption`, `id-ecPublicKey`), it is the one `named` elsewhere in the message.
    pub fn of_signature(oid: Oid<'_>, named: Self) -> Option<Self> {
        match oid {
            oid::RSA_ENCRYPTION | oid::EC_PUBLIC_KEY => Some(named),
            oid::SHA1_WITH_RSA | oid::OIW_SHA1_WITH_RSA | oid::ECDSA_WITH_SHA1 => Some(Self::Sha1),
            oid::SHA256_WITH_RSA | oid::ECDSA_WITH_SHA256 => Some(Self::Sha256),
            oid::SHA384_WITH_RSA | oid::ECDSA_WITH_SHA384 => Some(Self::Sha384),
            oid::SHA512_WITH_RSA | oid::ECDSA_WITH_SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Its object identifier.
    pub const fn oid(self) -> Oid<'static> {
        match self {
            Self::Sha1 => oid::SHA1,
            Self::Sha256 => oid::SHA256,
            Self::Sha384 => oid::SHA384,
            Self::Sha512 => oid::SHA512,
        }
    }

    /// The digest of `message`.
    pub fn hash(self, message: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, message)
    }

    pub(crate) fn openssl(self) -> MessageDigest {
        match self {
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}
