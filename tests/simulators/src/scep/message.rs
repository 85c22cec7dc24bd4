//! The pkiMessage of SCEP (RFC 8894 section 3): a `SignedData` with SCEP's attributes around an encrypted body.

use openssl::x509::X509;

use super::error::{FailInfo, ScepError};
use crate::cms::{Attribute, Digest, Encoding, Signed, SignedError, ToSign, open, sign};
use crate::der::{DerError, Reader, element, tag};
use crate::identity::Identity;

/// Arc of SCEP's attributes, 2.16.840.1.113733.1.9; one byte follows.
const ARC: [u8; 9] = [0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x45, 0x01, 0x09];

const MESSAGE_TYPE: u8 = 2;
const PKI_STATUS: u8 = 3;
const FAIL_INFO: u8 = 4;
const SENDER_NONCE: u8 = 5;
const RECIPIENT_NONCE: u8 = 6;
const TRANSACTION_ID: u8 = 7;

/// What a message asks for (RFC 8894 section 3.2.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageType {
    PkcsReq,
    RenewalReq,
    CertPoll,
}

impl MessageType {
    fn digits(self) -> &'static str {
        match self {
            Self::PkcsReq => "19",
            Self::RenewalReq => "17",
            Self::CertPoll => "20",
        }
    }
}

/// One transaction: what the reply has to repeat.
pub(super) struct Transaction {
    pub(super) id: String,
    pub(super) nonce: [u8; 16],
}

/// Signs a request.
pub(super) fn request(
    kind: MessageType,
    envelope: &[u8],
    signer: &Identity,
    transaction: &Transaction,
    digest: Digest,
    encoding: Encoding,
) -> Result<Vec<u8>, SignedError> {
    let attribute = |last: u8, tag: u8, value: &[u8]| Attribute {
        oid: attribute_oid(last),
        value: element(tag, value),
    };
    sign(ToSign {
        content: envelope,
        attached: true,
        attributes: vec![
            attribute(
                MESSAGE_TYPE,
                tag::PRINTABLE_STRING,
                kind.digits().as_bytes(),
            ),
            attribute(
                TRANSACTION_ID,
                tag::PRINTABLE_STRING,
                transaction.id.as_bytes(),
            ),
            attribute(SENDER_NONCE, tag::OCTET_STRING, &transaction.nonce),
        ],
        certificate: signer.certificate(),
        others: &[],
        key: signer.key(),
        digest,
        encoding,
    })
}

/// What a `CertRep` says, once verified.
#[derive(Debug)]
pub(super) enum Reply {
    /// Certificates in the order they were sent.
    Success(Vec<Vec<u8>>),
    Failure(FailInfo),
    Pending,
}

/// Reads a `CertRep` (RFC 8894 section 3.3.2): signed by one of `authorities`, for this transaction, encrypted to `signer`.
pub(super) fn reply(
    bytes: &[u8],
    authorities: &[X509],
    signer: &Identity,
    transaction: &Transaction,
) -> Result<Reply, ScepError> {
    let signed = Signed::parse(bytes).map_err(ScepError::Unverified)?;
    let mut verdict = Err(SignedError::NoSigner);
    for authority in authorities {
        verdict = authority
            .public_key()
            .map_err(SignedError::from)
            .and_then(|key| signed.verify(&key));
        if verdict.is_ok() {
            break;
        }
    }
    verdict.map_err(ScepError::Unverified)?;

    let text = |last: u8, name: &'static str| -> Result<String, ScepError> {
        let value = signed
            .attribute(&attribute_oid(last))
            .ok_or(ScepError::Missing(name))?;
        Ok(String::from_utf8_lossy(Reader(value).any()?.content).into_owned())
    };
    if text(MESSAGE_TYPE, "messageType")? != "3" {
        return Err(ScepError::Differs("messageType"));
    }
    if text(TRANSACTION_ID, "transactionID")? != transaction.id {
        return Err(ScepError::Differs("transactionID"));
    }
    let nonce = signed
        .attribute(&attribute_oid(RECIPIENT_NONCE))
        .ok_or(ScepError::Missing("recipientNonce"))?;
    if Reader(nonce).expect(tag::OCTET_STRING)?.content != transaction.nonce {
        return Err(ScepError::Differs("recipientNonce"));
    }
    match text(PKI_STATUS, "pkiStatus")?.as_str() {
        "0" => success(&signed, signer).map(Reply::Success),
        "2" => Ok(Reply::Failure(FailInfo::from_text(&text(
            FAIL_INFO, "failInfo",
        )?))),
        "3" => Ok(Reply::Pending),
        _ => Err(ScepError::Differs("pkiStatus")),
    }
}

fn success(signed: &Signed<'_>, signer: &Identity) -> Result<Vec<Vec<u8>>, ScepError> {
    let opened =
        open(signed.content, signer.certificate(), signer.key()).map_err(ScepError::Open)?;
    let inner = Signed::parse(&opened).map_err(ScepError::Certificates)?;
    Ok(inner
        .certificates
        .iter()
        .map(|certificate| certificate.to_vec())
        .collect())
}

/// Certificates of a `GetCACert` answer: one certificate, or a `SignedData` that only carries some.
pub(super) fn certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, SignedError> {
    let mut inside = Reader(bytes).expect(tag::SEQUENCE)?.reader();
    match inside.peek() {
        Some(tag::OID) => Ok(Signed::parse(bytes)?
            .certificates
            .iter()
            .map(|der| der.to_vec())
            .collect()),
        Some(_) => Ok(vec![bytes.to_vec()]),
        None => Err(inside.any().err().unwrap_or(DerError::Truncated).into()),
    }
}

fn attribute_oid(last: u8) -> Vec<u8> {
    [ARC.as_slice(), &[last]].concat()
}
