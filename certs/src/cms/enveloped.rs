//! Opening enveloped messages.

use std::borrow::Cow;

use super::signed::content_info;
use super::{Cipher, CmsError, Identity, SignerId};
use crate::der::{DerError, Element, Tag};
use crate::oid::{self, Oid};

/// Why an envelope cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The content is encrypted by an algorithm that we do not know, or without its parameter.
    #[error("content encryption by {0} is not supported")]
    Cipher(String),
    /// The key is encrypted by another algorithm than RSAES-PKCS1-v1_5.
    #[error("key encryption by {0} is not supported")]
    KeyTransport(String),
    /// None of the recipients is this identity.
    #[error("the envelope is not for this certificate")]
    OtherRecipient,
    /// The key or the content does not decrypt: which of them is not said, and not known.
    #[error("the envelope does not decrypt")]
    Undecryptable,
}

/// One recipient by key transport (RFC 5652 section 6.2.1).
#[derive(Debug, Clone)]
struct Recipient<'a> {
    id: SignerId<'a>,
    algorithm: Oid<'a>,
    encrypted_key: Cow<'a, [u8]>,
}

/// An `EnvelopedData` (RFC 5652 section 6.1) as received.
#[derive(Debug, Clone)]
pub struct EnvelopedData<'a> {
    recipients: Vec<Recipient<'a>>,
    algorithm: Oid<'a>,
    iv: Option<&'a [u8]>,
    encrypted: Cow<'a, [u8]>,
}

impl<'a> EnvelopedData<'a> {
    /// Reads a `ContentInfo` that holds one. Recipients by other means than key transport are passed over.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, CmsError> {
        let mut members = content_info(bytes, oid::ENVELOPED_DATA, "enveloped data")?;
        members.expect(Tag::INTEGER, "version")?;
        members.optional(Tag::context(0))?;
        let mut infos = members.expect(Tag::SET, "recipients")?.children();
        let mut recipients = Vec::new();
        while !infos.is_empty() {
            let info = infos.next("recipient")?;
            if info.tag() == Tag::SEQUENCE {
                recipients.push(Recipient::read(&info)?);
            }
        }
        let mut content = members.sequence("encrypted content")?;
        content.oid("content type")?;
        let mut parameters = content.sequence("content encryption")?;
        let algorithm = parameters.oid("content encryption")?;
        let iv = parameters.optional(Tag::OCTET_STRING)?;
        let encrypted = content.next("encrypted content")?;
        if encrypted.tag().primitive() != Tag::context_primitive(0) {
            return Err(DerError::Unexpected {
                wanted: "encrypted content",
                found: Some(encrypted.tag()),
            }
            .into());
        }
        Ok(Self {
            recipients,
            algorithm,
            iv: iv.map(|iv| iv.content()),
            encrypted: encrypted.octets("encrypted content")?,
        })
    }

    /// How the content is encrypted, if by an algorithm we know.
    pub fn cipher(&self) -> Option<Cipher> {
        Cipher::from_oid(self.algorithm)
    }

    /// The content, opened by `identity`.
    ///
    /// A sender that may try again and again must not learn whether the RSA padding of the key was right
    /// (RFC 3218): where it is wrong, decryption goes on with `fallback`, which must be random and new
    /// for each message, so that answer and work are the same.
    pub fn open(
        &self,
        identity: &Identity,
        fallback: &[u8; Cipher::MAX_KEY],
    ) -> Result<Vec<u8>, OpenError> {
        let (Some(cipher), Some(iv)) = (self.cipher(), self.iv) else {
            return Err(OpenError::Cipher(self.algorithm.to_string()));
        };
        let recipient = self
            .recipients
            .iter()
            .find(|recipient| identity.is(&recipient.id))
            .ok_or(OpenError::OtherRecipient)?;
        if recipient.algorithm != oid::RSA_ENCRYPTION {
            return Err(OpenError::KeyTransport(recipient.algorithm.to_string()));
        }
        let padded = identity
            .decrypt_raw(&recipient.encrypted_key)
            .ok_or(OpenError::OtherRecipient)?;
        let fallback = fallback.get(..cipher.key_length()).unwrap_or_default();
        let key = unpad_key(&padded, fallback);
        cipher
            .decrypt(&key, iv, &self.encrypted)
            .ok_or(OpenError::Undecryptable)
    }
}

impl<'a> Recipient<'a> {
    fn read(info: &Element<'a>) -> Result<Self, DerError> {
        let mut members = info.children();
        members.expect(Tag::INTEGER, "recipient version")?;
        let id = SignerId::read(&mut members)?;
        let algorithm = members.sequence("key encryption")?.oid("key encryption")?;
        let key = members.next("encrypted key")?;
        if key.tag().primitive() != Tag::OCTET_STRING {
            return Err(DerError::Unexpected {
                wanted: "encrypted key",
                found: Some(key.tag()),
            });
        }
        Ok(Self {
            id,
            algorithm,
            encrypted_key: key.octets("encrypted key")?,
        })
    }
}

/// The key at the end of an RSAES-PKCS1-v1_5 block (RFC 8017 section 7.2.2), or `fallback`, whose length
/// is the one the key must have, if the block is not well formed. No branch or index depends on the
/// block's octets.
fn unpad_key(block: &[u8], fallback: &[u8]) -> Vec<u8> {
    let start = block.len().saturating_sub(fallback.len());
    let (padding, key) = block.split_at(start);
    let end = padding.len().saturating_sub(1);
    // At least eight octets of padding after 0 and 2, and a zero before the key.
    let mut wrong = u8::from(padding.len() < 11) | u8::from(key.len() != fallback.len());
    for (at, byte) in padding.iter().enumerate() {
        wrong |= match at {
            0 => *byte,
            1 => *byte ^ 2,
            _ if at == end => *byte,
            _ => zero_mask(*byte),
        };
    }
    let keep = zero_mask(std::hint::black_box(wrong));
    key.iter()
        .zip(fallback)
        .map(|(key, fallback)| (key & keep) | (fallback & !keep))
        .collect()
}

/// 255 for 0, else 0.
fn zero_mask(byte: u8) -> u8 {
    let [high, _] = u16::from(byte).wrapping_sub(1).to_be_bytes();
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_only_from_a_well_formed_block() {
        let good = [&[0, 2][..], &[7; 8], &[0], &[1, 2, 3, 4]].concat();
        assert_eq!(unpad_key(&good, &[9; 4]), [1, 2, 3, 4]);
        for at in 0..11 {
            let mut block = good.clone();
            block[at] = u8::from(!(2..10).contains(&at));
            assert_eq!(unpad_key(&block, &[9; 4]), [9; 4], "octet {at}");
        }
        for length in [3, 5, 8] {
            let fallback = vec![9; length];
            assert_eq!(unpad_key(&good, &fallback), fallback, "key of {length}");
        }
        let short = [&[0, 2][..], &[7; 7], &[0], &[1, 2, 3, 4]].concat();
        assert_eq!(unpad_key(&short, &[9; 4]), [9; 4]);
        assert_eq!(unpad_key(&[0; 256], &[9; 16]), [9; 16]);
    }

    #[test]
    fn the_mask_is_set_for_zero_only() {
        assert_eq!(zero_mask(0), 255);
        assert!((1..=255).all(|byte| zero_mask(byte) == 0));
    }
}
