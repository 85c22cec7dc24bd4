//! The pkiMessage of SCEP (RFC 8894 section 3): a `SignedData` with SCEP's attributes around an encrypted body.

use openssl::x509::X509;

use super::error::{FailInfo, ScepError};
use crate::cms::{Attribute, Digest, Encoding, Signed, SignedError, ToSign, open, sign};
use crate::der::{DerError, Reader, element, tag};
use crate::identity::Identity;

/// Arc of SCEP's attributes, 2.16.840.1.113733.1.9; one byte follows.
const ARC: [u8; 9] = [0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x45, 0x01, 0x09];

pub(super) const MESSAGE_TYPE: u8 = 2;
pub(super) const PKI_STATUS: u8 = 3;
pub(super) const FAIL_INFO: u8 = 4;
pub(super) const SENDER_NONCE: u8 = 5;
pub(super) const RECIPIENT_NONCE: u8 = 6;
pub(super) const TRANSACTION_ID: u8 = 7;

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

pub(super) fn attribute_oid(last: u8) -> Vec<u8> {
    [ARC.as_slice(), &[last]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::testing::{openssl, self_signed};
    use crate::cms::{Cipher, seal};
    use crate::identity::Identity;

    fn transaction() -> Transaction {
        Transaction {
            id: "T".to_owned(),
            nonce: [1; 16],
        }
    }

    /// OpenSSL verifies and opens a request in either encoding.
    #[test]
    fn openssl_reads_requests_in_der_and_in_indefinite_lengths() {
        let folder = tempfile::tempdir().unwrap();
        let (identity, x509) = self_signed(0, "Device & <Söhne>");
        std::fs::write(folder.path().join("key.pem"), identity.key_pem().unwrap()).unwrap();
        std::fs::write(folder.path().join("cert.pem"), x509.to_pem().unwrap()).unwrap();
        let csr = vec![7; 2_500];
        for encoding in [Encoding::Der, Encoding::Ber] {
            let envelope = seal(&csr, &x509, Cipher::Aes256, encoding).unwrap();
            let message = request(
                MessageType::RenewalReq,
                &envelope,
                &identity,
                &transaction(),
                Digest::Sha512,
                encoding,
            )
            .unwrap();
            std::fs::write(folder.path().join("message"), &message).unwrap();
            let verify = "cms -verify -noverify -binary -inform DER -in message -out envelope";
            openssl(folder.path(), verify).unwrap();
            assert_eq!(
                std::fs::read(folder.path().join("envelope")).unwrap(),
                envelope
            );
            let decrypt = "cms -decrypt -binary -inform DER -in envelope -inkey key.pem -recip cert.pem -out csr";
            openssl(folder.path(), decrypt).unwrap();
            assert_eq!(std::fs::read(folder.path().join("csr")).unwrap(), csr);
            assert_eq!(
                message.starts_with(&[0x30, 0x80]),
                encoding == Encoding::Ber
            );
        }
    }

    fn answer(signer: &Identity, attributes: &[(u8, u8, &[u8])]) -> Vec<u8> {
        let attribute = |(last, tag, value): &(u8, u8, &[u8])| Attribute {
            oid: attribute_oid(*last),
            value: element(*tag, value),
        };
        sign(ToSign {
            content: &[],
            attached: true,
            attributes: attributes.iter().map(attribute).collect(),
            certificate: signer.certificate(),
            others: &[],
            key: signer.key(),
            digest: Digest::Sha256,
            encoding: Encoding::Der,
        })
        .unwrap()
    }

    #[test]
    fn replies_are_believed_only_if_everything_fits() {
        let (ca, authority) = self_signed(0, "CA");
        let (device, _) = self_signed(1, "Device");
        let kind = (MESSAGE_TYPE, tag::PRINTABLE_STRING, b"3".as_slice());
        let id = (TRANSACTION_ID, tag::PRINTABLE_STRING, b"T".as_slice());
        let nonce = (RECIPIENT_NONCE, tag::OCTET_STRING, [1; 16].as_slice());
        let status = |digit: &'static [u8]| (PKI_STATUS, tag::PRINTABLE_STRING, digit);
        let other_id = (TRANSACTION_ID, tag::PRINTABLE_STRING, b"U".as_slice());
        let other_nonce = (RECIPIENT_NONCE, tag::OCTET_STRING, [2; 16].as_slice());
        let info = (FAIL_INFO, tag::PRINTABLE_STRING, b"4".as_slice());
        for (signer, attributes, expected) in [
            (&ca, vec![kind, id, nonce, status(b"3")], "pending"),
            (
                &ca,
                vec![kind, id, nonce, status(b"2"), info],
                "failure badCertId (4)",
            ),
            (
                &ca,
                vec![kind, id, nonce, status(b"2")],
                "SCEP reply has no failInfo",
            ),
            (
                &ca,
                vec![kind, id, nonce, status(b"9")],
                "SCEP reply has another pkiStatus than the request",
            ),
            (
                &ca,
                vec![kind, id, nonce, status(b"0")],
                "SCEP reply cannot be opened",
            ),
            (
                &ca,
                vec![kind, other_id, nonce],
                "SCEP reply has another transactionID than the request",
            ),
            (
                &ca,
                vec![kind, id, other_nonce],
                "SCEP reply has another recipientNonce than the request",
            ),
            (&ca, vec![kind, id], "SCEP reply has no recipientNonce"),
            (&ca, vec![], "SCEP reply has no messageType"),
            (
                &device,
                vec![kind, id, nonce, status(b"3")],
                "SCEP reply does not verify",
            ),
        ] {
            let bytes = answer(signer, &attributes);
            let authorities = std::slice::from_ref(&authority);
            let found = match reply(&bytes, authorities, &device, &transaction()) {
                Ok(Reply::Pending) => "pending".to_owned(),
                Ok(Reply::Failure(info)) => format!("failure {info}"),
                Ok(Reply::Success(_)) => "success".to_owned(),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected);
            for end in 0..bytes.len().min(200) {
                assert!(reply(&bytes[..end], authorities, &device, &transaction()).is_err());
            }
        }
    }
}
