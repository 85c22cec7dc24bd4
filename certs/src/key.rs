//! Private keys: made, kept as PKCS#8, never shown.

use std::fmt;

use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The kinds of key that we make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA, modulus of 2048 bits. Takes about a third of a second to make.
    Rsa2048,
    /// RSA, modulus of 4096 bits. Takes seconds to make.
    Rsa4096,
    /// ECDSA on P-256 (`prime256v1`).
    P256,
}

/// A private key. Cloning shares it; it shows as `***`.
#[derive(Clone)]
pub struct Key(PKey<Private>);

/// Why a key could not be made, read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// OpenSSL could not make one.
    #[error("making a private key")]
    Generate(#[source] ErrorStack),
    /// The text or octets are not an unencrypted private key.
    #[error("reading a private key: not unencrypted PKCS#8, PKCS#1 or SEC 1")]
    Read(#[source] ErrorStack),
    /// OpenSSL could not encode it.
    #[error("encoding a key")]
    Encode(#[source] ErrorStack),
    /// OpenSSL could not sign with it.
    #[error("signing with a private key")]
    Sign(#[source] ErrorStack),
    /// Neither RSA nor ECDSA on P-256.
    #[error("private key is neither RSA nor P-256")]
    Unsupported,
}

impl Key {
    /// Makes a key from the operating system's randomness.
    ///
    /// Blocks for as long as [`KeyKind`] says: call it off the event loop.
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        let make = || match kind {
            KeyKind::Rsa2048 => PKey::from_rsa(Rsa::generate(2048)?),
            KeyKind::Rsa4096 => PKey::from_rsa(Rsa::generate(4096)?),
            KeyKind::P256 => {
                let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
                PKey::from_ec_key(EcKey::generate(&group)?)
            }
        };
        make().map(Self).map_err(KeyError::Generate)
    }

    /// Wraps a key that OpenSSL holds already.
    pub fn from_pkey(key: PKey<Private>) -> Self {
        Self(key)
    }

    /// Reads the first private key of PEM text: PKCS#8, or the older forms OpenSSL knows.
    /// An encrypted key is refused; nobody is asked for a passphrase.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        PKey::private_key_from_pem_callback(text.as_bytes(), |_| Ok(0))
            .map(Self)
            .map_err(KeyError::Read)
    }

    /// The key as unencrypted PKCS#8 PEM (RFC 5958).
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let pem = self
            .0
            .private_key_to_pem_pkcs8()
            .map_err(KeyError::Encode)?;
        Ok(String::from_utf8_lossy(&pem).into_owned())
    }

    /// The key as unencrypted PKCS#8, in the form that rustls takes.
    pub fn to_pkcs8(&self) -> Result<PrivateKeyDer<'static>, KeyError> {
        let der = self.0.private_key_to_pkcs8().map_err(KeyError::Encode)?;
        Ok(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der)))
    }

    /// The public half as `SubjectPublicKeyInfo`, DER (RFC 5280 section 4.1.2.7).
    pub fn public_der(&self) -> Result<Vec<u8>, KeyError> {
        self.0.public_key_to_der().map_err(KeyError::Encode)
    }

    /// Which kind this is, if it is one that we make.
    pub fn kind(&self) -> Option<KeyKind> {
        match (self.0.id(), self.0.bits()) {
            (Id::RSA, 2048) => Some(KeyKind::Rsa2048),
            (Id::RSA, 4096) => Some(KeyKind::Rsa4096),
            (Id::EC, 256) => Some(KeyKind::P256),
            _ => None,
        }
    }

    /// Whether this is an RSA key of at least 2048 bits.
    pub fn is_strong_rsa(&self) -> bool {
        self.0.id() == Id::RSA && self.0.bits() >= 2048
    }

    /// The key in OpenSSL's hands.
    pub fn pkey(&self) -> &PKey<Private> {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, ***)", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_pem_and_say_their_kind() {
        for (kind, shown) in [
            (KeyKind::Rsa2048, "Key(Some(Rsa2048), ***)"),
            (KeyKind::P256, "Key(Some(P256), ***)"),
        ] {
            let key = Key::generate(kind).unwrap();
            let pem = key.to_pem().unwrap();
            assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{kind:?}");
            let read = Key::from_pem(&pem).unwrap();
            assert!(read.pkey().public_eq(key.pkey()), "{kind:?}");
            assert_eq!(read.kind(), Some(kind));
            assert_eq!(format!("{read:?}"), shown);
            assert_eq!(read.is_strong_rsa(), kind == KeyKind::Rsa2048);
        }
    }

    #[test]
    fn encrypted_and_broken_keys_are_refused_without_a_prompt() {
        let key = Key::generate(KeyKind::P256).unwrap();
        let encrypted = key
            .pkey()
            .private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_128_cbc(), b"x")
            .unwrap();
        let encrypted = String::from_utf8(encrypted).unwrap();
        for text in ["", "-----BEGIN PRIVATE KEY-----\nAAAA", &encrypted] {
            assert_eq!(
                Key::from_pem(text).unwrap_err().to_string(),
                "reading a private key: not unencrypted PKCS#8, PKCS#1 or SEC 1",
                "{text}"
            );
        }
    }
}
