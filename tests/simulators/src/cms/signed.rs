//! `SignedData` (RFC 5652 section 5): written with exactly the attributes wanted, read without losing the order of
//! the certificates.

use openssl::error::ErrorStack;
use openssl::hash::hash;
use openssl::pkey::{PKeyRef, Private, Public};
use openssl::sign::{Signer, Verifier};

use super::Digest;
use crate::der::{
    self, DerError, Element, Reader, element, indefinite, object, oid, pieces, sequence, set_of,
    tag,
};

/// Most certificates and attributes that are read from one message.
const MAX_MEMBERS: usize = 64;

/// How the outer layers of a message are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Definite lengths throughout.
    #[default]
    Der,
    /// Indefinite lengths and octet strings in pieces, as Apple's encoder streams them.
    Ber,
}

/// Why a `SignedData` is not one, or does not verify.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignedError {
    /// The structure is broken.
    #[error("SignedData is malformed")]
    Malformed(#[from] DerError),
    /// Another content type.
    #[error("CMS content is not SignedData")]
    NotSigned,
    /// Too many members.
    #[error("SignedData has more than {MAX_MEMBERS} members of one kind")]
    TooMany,
    /// Nobody signed it.
    #[error("SignedData has no signer")]
    NoSigner,
    /// An algorithm that is not known here.
    #[error("SignedData uses an unknown digest algorithm")]
    UnknownDigest,
    /// The signed digest is not the content's.
    #[error("digest of the content differs from the one that was signed")]
    DigestDiffers,
    /// The signature is not the signer's.
    #[error("signature does not verify")]
    BadSignature,
    /// OpenSSL failed.
    #[error("signature could not be computed")]
    OpenSsl(#[from] ErrorStack),
}

/// A signed attribute: content bytes of its identifier, and its one value in DER.
#[derive(Debug, Clone)]
pub(crate) struct Attribute {
    pub(crate) oid: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// What is signed, by whom and how.
pub(crate) struct ToSign<'a> {
    pub(crate) content: &'a [u8],
    pub(crate) attached: bool,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) certificate: &'a [u8],
    pub(crate) others: &'a [Vec<u8>],
    pub(crate) key: &'a PKeyRef<Private>,
    pub(crate) digest: Digest,
    pub(crate) encoding: Encoding,
}

/// Writes a `SignedData` with one signer in a `ContentInfo`. contentType and messageDigest are added here.
pub(crate) fn sign(what: ToSign<'_>) -> Result<Vec<u8>, SignedError> {
    let digest = hash(what.digest.openssl(), what.content)?;
    let mut attributes = what.attributes;
    attributes.push(Attribute {
        oid: oid::CONTENT_TYPE.to_vec(),
        value: object(oid::DATA),
    });
    attributes.push(Attribute {
        oid: oid::MESSAGE_DIGEST.to_vec(),
        value: element(tag::OCTET_STRING, &digest),
    });
    let attributes: Vec<Vec<u8>> = attributes
        .iter()
        .map(|attribute| {
            sequence(&[
                &object(&attribute.oid),
                &element(tag::SET, &attribute.value),
            ])
        })
        .collect();

    // The signature covers the attributes as a SET OF; on the wire they stand under [0] (RFC 5652 section 5.4).
    let mut signer = Signer::new(what.digest.openssl(), what.key)?;
    let signature = signer.sign_oneshot_to_vec(&set_of(attributes.clone(), tag::SET))?;
    let (issuer, serial) = issuer_and_serial(what.certificate)?;
    let signer_info = sequence(&[
        &element(tag::INTEGER, &[1]),
        &sequence(&[issuer, serial]),
        &der::algorithm(what.digest.oid()),
        &set_of(attributes, tag::CONTEXT_0),
        &der::algorithm(oid::RSA_ENCRYPTION),
        &element(tag::OCTET_STRING, &signature),
    ]);

    let wrap = |tag: u8, parts: &[&[u8]]| match what.encoding {
        Encoding::Der => der::joined(tag, parts),
        Encoding::Ber => indefinite(tag, &parts.concat()),
    };
    let content = match (what.attached, what.encoding) {
        (false, _) => Vec::new(),
        (true, Encoding::Der) => element(tag::CONTEXT_0, &element(tag::OCTET_STRING, what.content)),
        (true, Encoding::Ber) => indefinite(tag::CONTEXT_0, &pieces(0x24, what.content)),
    };
    let certificates = [what.certificate, &what.others.concat()].concat();
    let signed = wrap(
        tag::SEQUENCE,
        &[
            &element(tag::INTEGER, &[1]),
            &element(tag::SET, &der::algorithm(what.digest.oid())),
            &wrap(tag::SEQUENCE, &[&object(oid::DATA), &content]),
            &element(tag::CONTEXT_0, &certificates),
            &element(tag::SET, &signer_info),
        ],
    );
    Ok(wrap(
        tag::SEQUENCE,
        &[&object(oid::SIGNED_DATA), &wrap(tag::CONTEXT_0, &[&signed])],
    ))
}

/// A `SignedData` taken apart. Nothing in it is trusted until [`Signed::verify`] says so.
#[derive(Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) content: &'a [u8],
    /// Certificates in the order they were sent.
    pub(crate) certificates: Vec<&'a [u8]>,
    pub(crate) attributes: Vec<Attribute>,
    signer: Option<SignerInfo<'a>>,
}

#[derive(Debug)]
struct SignerInfo<'a> {
    /// The attributes' content, under whatever tag they came.
    attributes: Option<&'a [u8]>,
    digest: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Takes a `ContentInfo` with `SignedData` apart.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, SignedError> {
        let mut info = Reader(bytes).expect(tag::SEQUENCE)?.reader();
        if info.expect(tag::OID)?.content != oid::SIGNED_DATA {
            return Err(SignedError::NotSigned);
        }
        let mut signed = info
            .expect(tag::CONTEXT_0)?
            .reader()
            .expect(tag::SEQUENCE)?
            .reader();
        signed.expect(tag::INTEGER)?;
        signed.expect(tag::SET)?;
        let mut encapsulated = signed.expect(tag::SEQUENCE)?.reader();
        encapsulated.expect(tag::OID)?;
        let content = match encapsulated.optional(tag::CONTEXT_0)? {
            Some(explicit) => explicit.reader().expect(tag::OCTET_STRING)?.content,
            None => &[],
        };
        let certificates = match signed.optional(tag::CONTEXT_0)? {
            Some(set) => members(set)?
                .into_iter()
                .filter(|member| member.tag == tag::SEQUENCE)
                .map(|m| m.whole)
                .collect(),
            None => Vec::new(),
        };
        signed.optional(tag::CONTEXT_1)?;
        let mut signers = signed.expect(tag::SET)?.reader();
        let (signer, attributes) = match signers.optional(tag::SEQUENCE)? {
            Some(signer) => {
                let (signer, attributes) = signer_info(signer)?;
                (Some(signer), attributes)
            }
            None => (None, Vec::new()),
        };
        Ok(Self {
            content,
            certificates,
            attributes,
            signer,
        })
    }

    /// The value of a signed attribute, in DER.
    pub(crate) fn attribute(&self, oid: &[u8]) -> Option<&[u8]> {
        self.attributes
            .iter()
            .find(|attribute| attribute.oid == oid)
            .map(|attribute| attribute.value.as_slice())
    }

    /// Checks digest and signature against the given key.
    pub(crate) fn verify(&self, key: &PKeyRef<Public>) -> Result<(), SignedError> {
        let signer = self.signer.as_ref().ok_or(SignedError::NoSigner)?;
        let digest = Digest::from_oid(signer.digest).ok_or(SignedError::UnknownDigest)?;
        let covered = match signer.attributes {
            Some(attributes) => {
                let expected = element(tag::OCTET_STRING, &hash(digest.openssl(), self.content)?);
                if self.attribute(oid::MESSAGE_DIGEST) != Some(&expected) {
                    return Err(SignedError::DigestDiffers);
                }
                element(tag::SET, attributes)
            }
            None => self.content.to_vec(),
        };
        let verified =
            Verifier::new(digest.openssl(), key)?.verify_oneshot(signer.signature, &covered);
        if matches!(verified, Ok(true)) {
            Ok(())
        } else {
            Err(SignedError::BadSignature)
        }
    }
}

fn signer_info(element: Element<'_>) -> Result<(SignerInfo<'_>, Vec<Attribute>), SignedError> {
    let mut info = element.reader();
    info.expect(tag::INTEGER)?;
    info.any()?;
    let digest = info
        .expect(tag::SEQUENCE)?
        .reader()
        .expect(tag::OID)?
        .content;
    let set = info.optional(tag::CONTEXT_0)?;
    let mut attributes = Vec::new();
    for member in set.map(members).transpose()?.unwrap_or_default() {
        let mut attribute = member.reader();
        let oid = attribute.expect(tag::OID)?.content.to_vec();
        attributes.push(Attribute {
            oid,
            value: attribute.expect(tag::SET)?.content.to_vec(),
        });
    }
    info.expect(tag::SEQUENCE)?;
    let signature = info.expect(tag::OCTET_STRING)?.content;
    Ok((
        SignerInfo {
            attributes: set.map(|set| set.content),
            digest,
            signature,
        },
        attributes,
    ))
}

fn members(set: Element<'_>) -> Result<Vec<Element<'_>>, SignedError> {
    let mut reader = set.reader();
    let mut out = Vec::new();
    while !reader.is_empty() {
        if out.len() == MAX_MEMBERS {
            return Err(SignedError::TooMany);
        }
        out.push(reader.any()?);
    }
    Ok(out)
}

/// Issuer and serial number of a certificate, each as its exact DER.
pub(crate) fn issuer_and_serial(certificate: &[u8]) -> Result<(&[u8], &[u8]), DerError> {
    let mut tbs = Reader(certificate)
        .expect(tag::SEQUENCE)?
        .reader()
        .expect(tag::SEQUENCE)?
        .reader();
    tbs.optional(tag::CONTEXT_0)?;
    let serial = tbs.expect(tag::INTEGER)?.whole;
    tbs.expect(tag::SEQUENCE)?;
    Ok((tbs.expect(tag::SEQUENCE)?.whole, serial))
}
