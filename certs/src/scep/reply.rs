//! Writing a `CertRep`.

use std::fmt;

use time::OffsetDateTime;

use super::FailInfo;
use super::request::Transaction;
use crate::cms::{
    CertificateView, Cipher, Content, ContentSeed, Digest, SealError, SignError, SignedAttribute,
    Signer, certificates_only, seal,
};
use crate::der::{DerError, encode as der};
use crate::oid::{self, Oid};

/// What a request is answered with (RFC 8894 section 3.3.2).
#[derive(Debug, Clone, Copy)]
pub enum Reply<'a> {
    /// Certificates, DER: the one issued or asked for first, its chain after it or left out. Their order
    /// is kept: scepclient installs the first.
    Success {
        /// The certificates.
        certificates: &'a [Vec<u8>],
    },
    /// A CRL, DER.
    Crl {
        /// The list.
        list: &'a [u8],
    },
    /// Somebody has to decide; the client asks again.
    Pending,
    /// No.
    Failure {
        /// Why, as a number.
        fail_info: FailInfo,
        /// Why, for people.
        text: Option<&'a str>,
    },
}

impl Reply<'_> {
    /// `pkiStatus` (RFC 8894 section 3.2.1.3).
    const fn status(&self) -> &'static str {
        match self {
            Self::Success { .. } | Self::Crl { .. } => "0",
            Self::Failure { .. } => "2",
            Self::Pending => "3",
        }
    }
}

/// The randomness of one reply: its nonce and what its envelope needs. Never used twice.
#[derive(Clone)]
pub struct ReplySeed {
    sender_nonce: [u8; 16],
    content: ContentSeed,
}

impl ReplySeed {
    /// A seed from random octets: 16 for the nonce, 48 for the envelope.
    pub const fn new(sender_nonce: [u8; 16], content: ContentSeed) -> Self {
        Self {
            sender_nonce,
            content,
        }
    }
}

impl fmt::Debug for ReplySeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplySeed(***)")
    }
}

/// Why no reply can be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The requester's certificate cannot be read again.
    #[error("reading the requester's certificate")]
    Requester(#[from] DerError),
    /// The content cannot be encrypted to the requester.
    #[error("sealing the SCEP reply")]
    Seal(#[from] SealError),
    /// The reply cannot be signed.
    #[error("signing the SCEP reply")]
    Sign(#[from] SignError),
    /// A refused message has nobody to encrypt a success to.
    #[error("the SCEP reply has content but no recipient")]
    NoRecipient,
}

/// The signed `CertRep`. `recipient` is the requester's certificate and the cipher of its request.
///
/// Differs: where there is no content, RFC 8894 section 3.2 leaves `eContent` out; here it is empty, as
/// other servers write it, because OpenSSL's PKCS#7 functions refuse to verify a message without.
pub(super) fn encode(
    reply: &Reply<'_>,
    transaction: &Transaction,
    recipient: Option<(&[u8], Option<Cipher>)>,
    signer: &Signer,
    at: OffsetDateTime,
    seed: &ReplySeed,
) -> Result<Vec<u8>, ReplyError> {
    let none: [&[u8]; 0] = [];
    let inner = match reply {
        Reply::Success { certificates } => Some(certificates_only(certificates, &none)),
        Reply::Crl { list } => Some(certificates_only(&none, &[list])),
        Reply::Pending | Reply::Failure { .. } => None,
    };
    let content = match inner {
        None => Vec::new(),
        Some(inner) => {
            let (certificate, cipher) = recipient.ok_or(ReplyError::NoRecipient)?;
            let requester = CertificateView::parse(certificate)?;
            let cipher = cipher.unwrap_or(Cipher::Aes128);
            seal(&inner, cipher, &requester, &seed.content)?
        }
    };
    let digest = match transaction.digest {
        Some(digest @ (Digest::Sha256 | Digest::Sha384 | Digest::Sha512)) => digest,
        Some(Digest::Sha1) | None => Digest::Sha256,
    };
    let attributes = attributes(reply, transaction, &seed.sender_nonce);
    Ok(signer.sign(Content::Attached(&content), digest, Some(at), &attributes)?)
}

fn attributes(
    reply: &Reply<'_>,
    transaction: &Transaction,
    sender_nonce: &[u8],
) -> Vec<SignedAttribute> {
    let text = |oid: Oid<'static>, text: &str| SignedAttribute {
        oid,
        value: der(|w| w.printable_string(text)),
    };
    let octets = |oid: Oid<'static>, octets: &[u8]| SignedAttribute {
        oid,
        value: der(|w| w.octet_string(octets)),
    };
    let mut attributes = vec![
        text(oid::SCEP_MESSAGE_TYPE, "3"),
        text(oid::SCEP_PKI_STATUS, reply.status()),
        text(oid::SCEP_TRANSACTION_ID, transaction.id.as_str()),
        octets(oid::SCEP_SENDER_NONCE, sender_nonce),
    ];
    if !transaction.sender_nonce.is_empty() {
        let nonce = octets(oid::SCEP_RECIPIENT_NONCE, &transaction.sender_nonce);
        attributes.push(nonce);
    }
    if let Reply::Failure {
        fail_info,
        text: words,
    } = reply
    {
        let code = fail_info.code().to_string();
        attributes.push(text(oid::SCEP_FAIL_INFO, &code));
        if let Some(words) = words {
            attributes.push(SignedAttribute {
                oid: oid::SCEP_FAIL_INFO_TEXT,
                value: der(|w| w.utf8_string(words)),
            });
        }
    }
    attributes
}
