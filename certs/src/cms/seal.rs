//! Writing enveloped messages.

use std::fmt;

use openssl::error::ErrorStack;
use openssl::rsa::Padding;

use super::{CertificateView, Cipher, PublicKeyError};
use crate::der::{Tag, encode};
use crate::oid;

/// The randomness of one envelope: its content key and initialization vector. Never used twice.
#[derive(Clone)]
pub struct ContentSeed {
    key: [u8; Cipher::MAX_KEY],
    iv: [u8; 16],
}

impl ContentSeed {
    /// A seed from 48 random octets.
    pub const fn new(key: [u8; Cipher::MAX_KEY], iv: [u8; 16]) -> Self {
        Self { key, iv }
    }
}

impl fmt::Debug for ContentSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentSeed(***)")
    }
}

/// Why no envelope can be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The recipient's public key cannot be read.
    #[error("reading the recipient's key")]
    Recipient(#[from] PublicKeyError),
    /// OpenSSL cannot encrypt with it: it is too small, for instance.
    #[error("encrypting to the recipient's key")]
    Key(#[from] ErrorStack),
    /// The recipient's key is not RSA.
    #[error("the recipient's key is not RSA and cannot be encrypted to")]
    NotRsa,
    /// The content cannot be encrypted.
    #[error("encrypting the content")]
    Content,
}

/// `content` as `EnvelopedData` (RFC 5652 section 6) to one certificate with an RSA key, named by issuer
/// and serial number exactly as the certificate writes them.
pub fn seal(
    content: &[u8],
    cipher: Cipher,
    recipient: &CertificateView<'_>,
    seed: &ContentSeed,
) -> Result<Vec<u8>, SealError> {
    let key = seed.key.get(..cipher.key_length()).unwrap_or_default();
    let iv = seed.iv.get(..cipher.block_length()).unwrap_or_default();
    let encrypted = cipher.encrypt(key, iv, content).ok_or(SealError::Content)?;
    let encrypted_key = encrypt_key(key, recipient)?;
    Ok(encode(|w| {
        w.sequence(|w| {
            w.oid(oid::ENVELOPED_DATA);
            w.context(0, |w| {
                w.sequence(|w| {
                    w.integer(0);
                    w.set(|w| {
                        w.sequence(|w| {
                            w.integer(0);
                            w.sequence(|w| {
                                w.raw(recipient.issuer());
                                w.raw(recipient.serial_element());
                            });
                            w.sequence(|w| {
                                w.oid(oid::RSA_ENCRYPTION);
                                w.null();
                            });
                            w.octet_string(&encrypted_key);
                        });
                    });
                    w.sequence(|w| {
                        w.oid(oid::DATA);
                        w.sequence(|w| {
                            w.oid(cipher.oid());
                            w.octet_string(iv);
                        });
                        w.primitive(Tag::context_primitive(0), &encrypted);
                    });
                });
            });
        });
    }))
}

fn encrypt_key(key: &[u8], recipient: &CertificateView<'_>) -> Result<Vec<u8>, SealError> {
    let public = recipient.public_key()?;
    let rsa = public.rsa().ok_or(SealError::NotRsa)??;
    let mut encrypted = vec![0; usize::try_from(rsa.size()).unwrap_or(0)];
    let length = rsa.public_encrypt(key, &mut encrypted, Padding::PKCS1)?;
    encrypted.truncate(length);
    Ok(encrypted)
}
