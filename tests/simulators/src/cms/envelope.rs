//! `EnvelopedData` (RFC 5652 section 6) with RSA key transport: written by OpenSSL, opened here, because a lab's old
//! server may answer in single DES, which OpenSSL 3 opens only with its legacy provider.

use cbc::cipher::{BlockDecryptMut as _, KeyIvInit as _, block_padding::Pkcs7};
use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::encrypt::Decrypter;
use openssl::error::ErrorStack;
use openssl::pkey::{PKeyRef, Private};
use openssl::rsa::Padding;
use openssl::stack::Stack;
use openssl::symm;
use openssl::x509::X509;

use super::Encoding;
use super::signed::issuer_and_serial;
use crate::der::{self, DerError, Reader, indefinite, oid, pieces, tag};

/// Why an envelope could not be made or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The structure is broken.
    #[error("EnvelopedData is malformed")]
    Malformed(#[from] DerError),
    /// Another content type.
    #[error("CMS content is not EnvelopedData")]
    NotEnveloped,
    /// It was encrypted to somebody else.
    #[error("EnvelopedData names another recipient")]
    NotForUs,
    /// The content cipher is not known here.
    #[error("EnvelopedData uses an unknown content cipher")]
    UnknownCipher,
    /// Decryption failed.
    #[error("EnvelopedData does not decrypt")]
    Decrypt,
    /// OpenSSL failed.
    #[error("EnvelopedData could not be made")]
    OpenSsl(#[from] ErrorStack),
}

/// A content cipher a SCEP client may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cipher {
    /// AES-128-CBC, what RFC 8894 section 2.9 demands everybody to know.
    Aes128,
    /// AES-256-CBC.
    Aes256,
    /// Triple DES in CBC mode.
    TripleDes,
}

/// Encrypts `content` to a certificate.
pub(crate) fn seal(
    content: &[u8],
    to: &X509,
    cipher: Cipher,
    encoding: Encoding,
) -> Result<Vec<u8>, EnvelopeError> {
    let cipher = match cipher {
        Cipher::Aes128 => symm::Cipher::aes_128_cbc(),
        Cipher::Aes256 => symm::Cipher::aes_256_cbc(),
        Cipher::TripleDes => symm::Cipher::des_ede3_cbc(),
    };
    let mut recipients = Stack::new()?;
    recipients.push(to.clone())?;
    let sealed =
        CmsContentInfo::encrypt(&recipients, content, cipher, CMSOptions::BINARY)?.to_der()?;
    match encoding {
        Encoding::Der => Ok(sealed),
        Encoding::Ber => Ok(streamed(&sealed)?),
    }
}

/// The same envelope with indefinite lengths and the cipher text in pieces.
fn streamed(sealed: &[u8]) -> Result<Vec<u8>, DerError> {
    let mut info = Reader(sealed).expect(tag::SEQUENCE)?.reader();
    let kind = info.expect(tag::OID)?;
    let mut enveloped = info
        .expect(tag::CONTEXT_0)?
        .reader()
        .expect(tag::SEQUENCE)?
        .reader();
    let version = enveloped.expect(tag::INTEGER)?;
    let recipients = enveloped.expect(tag::SET)?;
    let mut encrypted = enveloped.expect(tag::SEQUENCE)?.reader();
    let (content_type, algorithm) = (
        encrypted.expect(tag::OID)?,
        encrypted.expect(tag::SEQUENCE)?,
    );
    let text = encrypted.expect(0x80)?;
    let encrypted = [
        content_type.whole,
        algorithm.whole,
        &pieces(tag::CONTEXT_0, text.content),
    ]
    .concat();
    let enveloped = [
        version.whole,
        recipients.whole,
        &indefinite(tag::SEQUENCE, &encrypted),
    ]
    .concat();
    let inner = indefinite(tag::CONTEXT_0, &indefinite(tag::SEQUENCE, &enveloped));
    Ok(indefinite(tag::SEQUENCE, &[kind.whole, &inner].concat()))
}

/// Opens an envelope that was encrypted to this certificate.
pub(crate) fn open(
    bytes: &[u8],
    certificate: &[u8],
    key: &PKeyRef<Private>,
) -> Result<Vec<u8>, EnvelopeError> {
    let mut info = Reader(bytes).expect(tag::SEQUENCE)?.reader();
    if info.expect(tag::OID)?.content != oid::ENVELOPED_DATA {
        return Err(EnvelopeError::NotEnveloped);
    }
    let mut enveloped = info
        .expect(tag::CONTEXT_0)?
        .reader()
        .expect(tag::SEQUENCE)?
        .reader();
    enveloped.expect(tag::INTEGER)?;
    enveloped.optional(tag::CONTEXT_0)?;
    let mut recipients = enveloped.expect(tag::SET)?.reader();
    let (issuer, serial) = issuer_and_serial(certificate)?;
    let us = der::sequence(&[issuer, serial]);
    let mut wrapped = None;
    while let Some(recipient) = recipients.optional(tag::SEQUENCE)? {
        let mut recipient = recipient.reader();
        recipient.expect(tag::INTEGER)?;
        let names_us = recipient.any()?.whole == us;
        recipient.expect(tag::SEQUENCE)?;
        let secret = recipient.expect(tag::OCTET_STRING)?.content;
        if names_us {
            wrapped = Some(secret);
        }
    }
    let wrapped = wrapped.ok_or(EnvelopeError::NotForUs)?;

    let mut encrypted = enveloped.expect(tag::SEQUENCE)?.reader();
    encrypted.expect(tag::OID)?;
    let mut algorithm = encrypted.expect(tag::SEQUENCE)?.reader();
    let cipher = algorithm.expect(tag::OID)?.content;
    let iv = algorithm.expect(tag::OCTET_STRING)?.content;
    let text = match encrypted.any()? {
        primitive if primitive.tag == 0x80 => primitive.content.to_vec(),
        constructed => {
            let (mut pieces, mut text) = (constructed.reader(), Vec::new());
            while !pieces.is_empty() {
                text.extend_from_slice(pieces.expect(tag::OCTET_STRING)?.content);
            }
            text
        }
    };

    let secret = unwrap_key(wrapped, key).map_err(|_| EnvelopeError::Decrypt)?;
    let cipher = match cipher {
        c if c == oid::DES_CBC => return des_cbc(&secret, iv, &text),
        c if c == oid::DES_EDE3_CBC => symm::Cipher::des_ede3_cbc(),
        c if c == oid::AES128_CBC => symm::Cipher::aes_128_cbc(),
        c if c == oid::AES192_CBC => symm::Cipher::aes_192_cbc(),
        c if c == oid::AES256_CBC => symm::Cipher::aes_256_cbc(),
        _ => return Err(EnvelopeError::UnknownCipher),
    };
    if secret.len() != cipher.key_len() || Some(iv.len()) != cipher.iv_len() {
        return Err(EnvelopeError::Decrypt);
    }
    symm::decrypt(cipher, &secret, Some(iv), &text).map_err(|_| EnvelopeError::Decrypt)
}

fn unwrap_key(wrapped: &[u8], key: &PKeyRef<Private>) -> Result<Vec<u8>, ErrorStack> {
    let mut decrypter = Decrypter::new(key)?;
    decrypter.set_rsa_padding(Padding::PKCS1)?;
    let mut out = vec![0; decrypter.decrypt_len(wrapped)?];
    let length = decrypter.decrypt(wrapped, &mut out)?;
    out.truncate(length);
    Ok(out)
}

fn des_cbc(key: &[u8], iv: &[u8], text: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    let decryptor =
        cbc::Decryptor::<des::Des>::new_from_slices(key, iv).map_err(|_| EnvelopeError::Decrypt)?;
    decryptor
        .decrypt_padded_vec_mut::<Pkcs7>(text)
        .map_err(|_| EnvelopeError::Decrypt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::testing::self_signed;

    fn content_info(kind: &[u8], content: &[u8]) -> Vec<u8> {
        der::sequence(&[&der::object(kind), &der::element(tag::CONTEXT_0, content)])
    }

    #[test]
    fn openssl_opens_what_we_seal_and_we_open_what_it_seals() {
        let (identity, x509) = self_signed(0, "Recipient & Söhne");
        for cipher in [Cipher::Aes128, Cipher::Aes256, Cipher::TripleDes] {
            let sealed = seal(b"a secret", &x509, cipher, Encoding::Der).unwrap();
            assert_eq!(
                open(&sealed, identity.certificate(), identity.key()).unwrap(),
                b"a secret",
                "{cipher:?}"
            );
            let ber = seal(b"a secret", &x509, cipher, Encoding::Ber).unwrap();
            assert_eq!(&ber[..2], &[0x30, 0x80]);
            let opened = CmsContentInfo::from_der(&ber)
                .unwrap()
                .decrypt(identity.key(), &x509)
                .unwrap();
            assert_eq!(opened, b"a secret", "{cipher:?}");
        }
    }

    #[test]
    fn what_cannot_be_opened_is_told() {
        let (identity, x509) = self_signed(0, "One");
        let (other, _) = self_signed(1, "Two");
        let sealed = seal(b"x", &x509, Cipher::Aes128, Encoding::Der).unwrap();
        let complain = |bytes: &[u8]| {
            open(bytes, identity.certificate(), identity.key())
                .unwrap_err()
                .to_string()
        };
        let error = open(&sealed, other.certificate(), other.key()).unwrap_err();
        assert_eq!(error.to_string(), "EnvelopedData names another recipient");
        assert_eq!(
            complain(&content_info(oid::DATA, &[])),
            "CMS content is not EnvelopedData"
        );
        for end in 0..sealed.len() {
            assert!(
                open(&sealed[..end], identity.certificate(), identity.key()).is_err(),
                "{end}"
            );
        }
    }
}
