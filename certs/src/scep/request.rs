//! Decoding a request.

use super::reply::{self, Reply, ReplyError, ReplySeed};
use super::{FailInfo, MessageType, TransactionId};
use crate::cms::{
    Cipher, CmsError, Digest, EnvelopedData, Identity, OpenError, PublicKey, PublicKeyError,
    SignedData, Signer, SignerInfo, VerifyError,
};
use crate::csr::{Csr, CsrError};
use crate::der::{DerError, Element, Tag};
use crate::oid::{self, Oid};
use crate::x509::{Fingerprint, SerialNumber};

use time::OffsetDateTime;

/// The most octets of a `senderNonce` that are echoed; the RFC has 16.
const MAX_NONCE: usize = 255;

/// Why a message cannot be answered but with HTTP 400: it does not say which transaction it is part of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// Not signed data by one signer.
    #[error("reading the SCEP message")]
    Message(#[from] CmsError),
    /// No transaction identifier that could be echoed.
    #[error("the SCEP message has no usable transactionID")]
    TransactionId,
}

/// Why a message is refused with a `CertRep`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// No number for a type.
    #[error("the SCEP message has no messageType")]
    MessageType,
    /// The signer's certificate is missing.
    #[error("finding the certificate of the SCEP message's signer")]
    Certificate(#[source] CmsError),
    /// The signer's key is none that we can use.
    #[error("reading the key of the SCEP message's signer")]
    SignerKey(#[source] PublicKeyError),
    /// The signature does not hold.
    #[error("verifying the SCEP message")]
    Signature(#[source] VerifyError),
    /// There is no readable envelope.
    #[error("reading the envelope of the SCEP message")]
    Envelope(#[source] CmsError),
    /// The envelope does not open.
    #[error("opening the envelope of the SCEP message")]
    Open(#[source] OpenError),
    /// The envelope holds something else than a certification request that holds.
    #[error("reading the certification request in the SCEP message")]
    Csr(#[source] CsrError),
    /// The envelope holds something else than names and numbers.
    #[error("reading the query in the SCEP message")]
    Query(#[source] DerError),
}

impl Reason {
    /// What the client is told.
    ///
    /// Differs: a content that decrypts but is no valid request gets the `failInfo` and text of one that
    /// does not decrypt, or a sender of altered copies could find out the content (RFC 3218).
    pub const fn fail_info(&self) -> FailInfo {
        match self {
            Self::MessageType | Self::Envelope(_) => FailInfo::BadRequest,
            Self::SignerKey(_)
            | Self::Signature(
                VerifyError::DigestAlgorithm(_) | VerifyError::SignatureAlgorithm(_),
            )
            | Self::Open(OpenError::Cipher(_) | OpenError::KeyTransport(_)) => FailInfo::BadAlg,
            Self::Certificate(_)
            | Self::Signature(_)
            | Self::Open(_)
            | Self::Csr(_)
            | Self::Query(_) => FailInfo::BadMessageCheck,
        }
    }

    /// `failInfoText` to go with it.
    pub fn text(&self) -> String {
        match self {
            Self::Open(OpenError::Undecryptable) | Self::Csr(_) | Self::Query(_) => {
                "the envelope does not decrypt to a valid request".to_owned()
            }
            Self::Signature(cause) => cause.to_string(),
            Self::Open(cause) => cause.to_string(),
            Self::MessageType | Self::Certificate(_) | Self::SignerKey(_) | Self::Envelope(_) => {
                self.to_string()
            }
        }
    }
}

/// A message that is answered with a failure, and what the answer repeats.
#[derive(Debug, Clone)]
pub struct Refusal {
    transaction: Transaction,
    reason: Reason,
}

impl Refusal {
    /// Which transaction.
    pub const fn transaction_id(&self) -> &TransactionId {
        &self.transaction.id
    }

    /// Why: for the log, not for the client.
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The `CertRep` that refuses (RFC 8894 section 3.3.2.2).
    pub fn reply(
        &self,
        signer: &Signer,
        at: OffsetDateTime,
        seed: &ReplySeed,
    ) -> Result<Vec<u8>, ReplyError> {
        let text = self.reason.text();
        let failure = Reply::Failure {
            fail_info: self.reason.fail_info(),
            text: Some(&text),
        };
        reply::encode(&failure, &self.transaction, None, signer, at, seed)
    }
}

/// Why a message is no request.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Answer HTTP 400.
    #[error("the SCEP message cannot be answered")]
    Unreadable(#[from] Unreadable),
    /// Answer with [`Refusal::reply`].
    #[error("the SCEP message is refused")]
    Refused(Box<Refusal>),
}

/// What of a request every reply repeats.
#[derive(Debug, Clone)]
pub(super) struct Transaction {
    pub(super) id: TransactionId,
    pub(super) sender_nonce: Vec<u8>,
    pub(super) digest: Option<Digest>,
}

/// How a certificate is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Enrollment {
    /// `PKCSReq`: with a challenge password, or signed by an earlier certificate (macOS renews so).
    New,
    /// `RenewalReq`: signed by the certificate to be renewed.
    Renewal,
    /// `UpdateReq` of the drafts: as `RenewalReq`.
    Update,
}

/// What a request says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Body {
    /// Asks for a certificate (RFC 8894 section 3.3.1).
    Enroll {
        /// How.
        enrollment: Enrollment,
        /// The certification request, its signature verified.
        csr: Box<Csr>,
    },
    /// `CertPoll`: asks what became of the request with the same transaction (section 3.3.3).
    Poll {
        /// The issuer's `Name`.
        issuer: Vec<u8>,
        /// The subject's `Name`, as in the request.
        subject: Vec<u8>,
    },
    /// `GetCert` (section 3.3.4).
    GetCertificate {
        /// The issuer's `Name`.
        issuer: Vec<u8>,
        /// The serial number.
        serial: SerialNumber,
    },
    /// `GetCRL` (section 3.3.4): the list on which this certificate would be.
    GetCrl {
        /// The issuer's `Name`.
        issuer: Vec<u8>,
        /// The serial number.
        serial: SerialNumber,
    },
    /// Another type, `CertRep` included. Its envelope is not opened.
    Unknown {
        /// The type.
        message_type: MessageType,
        /// What was signed.
        content: Vec<u8>,
    },
}

/// A request whose signature holds (RFC 8894 section 3.2).
#[derive(Debug, Clone)]
pub struct Request {
    transaction: Transaction,
    signer: Vec<u8>,
    signer_key: PublicKey,
    signer_is_self_issued: bool,
    cipher: Option<Cipher>,
    body: Body,
}

impl Request {
    /// Decodes the body of a POST or the `message` of a GET, opening the envelope with `authority`.
    /// `fallback` is random and new for each call: see [`EnvelopedData::open`].
    pub fn decode(
        message: &[u8],
        authority: &Identity,
        fallback: &[u8; Cipher::MAX_KEY],
    ) -> Result<Self, DecodeError> {
        let signed = SignedData::parse(message).map_err(Unreadable::from)?;
        let info = signed.only_signer().map_err(Unreadable::from)?;
        let transaction = Transaction {
            id: printable(info, oid::SCEP_TRANSACTION_ID)
                .and_then(|text| text.parse().ok())
                .ok_or(Unreadable::TransactionId)?,
            sender_nonce: octets(info, oid::SCEP_SENDER_NONCE).unwrap_or_default(),
            digest: Digest::from_oid(info.digest_algorithm()),
        };
        Self::decode_answerable(&signed, info, &transaction, authority, fallback).map_err(
            |reason| {
                DecodeError::Refused(Box::new(Refusal {
                    transaction,
                    reason,
                }))
            },
        )
    }

    fn decode_answerable(
        signed: &SignedData<'_>,
        info: &SignerInfo<'_>,
        transaction: &Transaction,
        authority: &Identity,
        fallback: &[u8; Cipher::MAX_KEY],
    ) -> Result<Self, Reason> {
        let message_type = printable(info, oid::SCEP_MESSAGE_TYPE)
            .and_then(|text| text.parse().ok())
            .map(MessageType::from_code)
            .ok_or(Reason::MessageType)?;
        let certificate = signed.certificate_of(info).map_err(Reason::Certificate)?;
        let signer_key = certificate.public_key().map_err(Reason::SignerKey)?;
        let content = signed.content().unwrap_or_default();
        info.verify(signed.content_type(), content, &signer_key)
            .map_err(Reason::Signature)?;
        let open = || {
            let envelope = EnvelopedData::parse(content).map_err(Reason::Envelope)?;
            let plain = envelope.open(authority, fallback).map_err(Reason::Open)?;
            Ok((envelope.cipher(), plain))
        };
        let enroll = |enrollment| {
            let (cipher, plain) = open()?;
            let csr = Box::new(Csr::parse(&plain).map_err(Reason::Csr)?);
            Ok((cipher, Body::Enroll { enrollment, csr }))
        };
        let (cipher, body) = match message_type {
            MessageType::PkcsReq => enroll(Enrollment::New)?,
            MessageType::RenewalReq => enroll(Enrollment::Renewal)?,
            MessageType::UpdateReq => enroll(Enrollment::Update)?,
            MessageType::CertPoll => {
                let (cipher, plain) = open()?;
                (cipher, poll(&plain).map_err(Reason::Query)?)
            }
            MessageType::GetCert => {
                let (cipher, plain) = open()?;
                let (issuer, serial) = issuer_and_serial(&plain).map_err(Reason::Query)?;
                (cipher, Body::GetCertificate { issuer, serial })
            }
            MessageType::GetCrl => {
                let (cipher, plain) = open()?;
                let (issuer, serial) = issuer_and_serial(&plain).map_err(Reason::Query)?;
                (cipher, Body::GetCrl { issuer, serial })
            }
            MessageType::CertRep | MessageType::Unknown(_) => {
                let content = content.to_vec();
                let body = Body::Unknown {
                    message_type,
                    content,
                };
                (None, body)
            }
        };
        Ok(Self {
            transaction: transaction.clone(),
            signer: certificate.der().to_vec(),
            signer_key,
            signer_is_self_issued: certificate.is_self_issued(),
            cipher,
            body,
        })
    }

    /// Which transaction: the same for a request sent again.
    pub const fn transaction_id(&self) -> &TransactionId {
        &self.transaction.id
    }

    /// The `senderNonce`, empty if the client sent none.
    pub fn sender_nonce(&self) -> &[u8] {
        &self.transaction.sender_nonce
    }

    /// What is asked for.
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// What is asked for, the rest dropped.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// The certificate that signed the request, DER: self-made, or the one to be renewed. Not judged.
    pub fn signer_certificate(&self) -> &[u8] {
        &self.signer
    }

    /// The fingerprint of [`Self::signer_certificate`].
    pub fn signer_fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.signer)
    }

    /// Whether subject and issuer of the signer's certificate are the same: then it proves nothing but a
    /// key, and a challenge password has to entitle the request.
    pub const fn signer_is_self_issued(&self) -> bool {
        self.signer_is_self_issued
    }

    /// The key that signed the request.
    pub const fn signer_key(&self) -> &PublicKey {
        &self.signer_key
    }

    /// The digest algorithm of the request's signature.
    pub const fn digest(&self) -> Option<Digest> {
        self.transaction.digest
    }

    /// The cipher of the request's envelope, if it was opened.
    pub const fn cipher(&self) -> Option<Cipher> {
        self.cipher
    }

    /// The reply, to the signer of this request (RFC 8894 section 3.3.2): signed with the digest of the
    /// request if that is SHA-2, else with SHA-256; encrypted with the cipher of the request.
    pub fn reply(
        &self,
        reply: &Reply<'_>,
        signer: &Signer,
        at: OffsetDateTime,
        seed: &ReplySeed,
    ) -> Result<Vec<u8>, ReplyError> {
        let recipient = Some((self.signer.as_slice(), self.cipher));
        reply::encode(reply, &self.transaction, recipient, signer, at, seed)
    }
}

/// The text of an attribute that should be a `PrintableString`; whatever string type it is.
fn printable(info: &SignerInfo<'_>, oid: Oid<'_>) -> Option<String> {
    let value = info.attribute(oid)?;
    (!value.tag().is_constructed()).then(|| value.text())
}

fn octets(info: &SignerInfo<'_>, oid: Oid<'_>) -> Option<Vec<u8>> {
    let value = info.attribute(oid)?;
    let octets = value.octets("nonce").ok()?;
    (octets.len() <= MAX_NONCE).then(|| octets.into_owned())
}

/// `IssuerAndSubject`.
fn poll(plain: &[u8]) -> Result<Body, DerError> {
    let mut members = Element::parse(plain)?.children();
    let issuer = members.expect(Tag::SEQUENCE, "issuer")?.raw().to_vec();
    let subject = members.expect(Tag::SEQUENCE, "subject")?.raw().to_vec();
    Ok(Body::Poll { issuer, subject })
}

/// `IssuerAndSerialNumber`.
fn issuer_and_serial(plain: &[u8]) -> Result<(Vec<u8>, SerialNumber), DerError> {
    let mut members = Element::parse(plain)?.children();
    let issuer = members.expect(Tag::SEQUENCE, "issuer")?.raw().to_vec();
    let serial = members.expect(Tag::INTEGER, "serial number")?.content();
    Ok((issuer, SerialNumber::from_octets(serial)))
}
