//! One signer of a message: who, over what, with which signature.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{CertificateView, Digest, PublicKey};
use crate::der::{DerError, Element, Reader, Tag, encode};
use crate::oid::{self, Oid};

/// How a message names a certificate: the signer's (RFC 5652 section 5.3) or a recipient's (6.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignerId<'a> {
    /// By issuer and serial number.
    IssuerAndSerial {
        /// The `Name` of the issuer as received.
        issuer: &'a [u8],
        /// The content octets of the serial number as received.
        serial: &'a [u8],
    },
    /// By `subjectKeyIdentifier`.
    KeyIdentifier(&'a [u8]),
}

impl<'a> SignerId<'a> {
    pub(super) fn read(members: &mut Reader<'a>) -> Result<Self, DerError> {
        let id = members.next("certificate identifier")?;
        match id.tag() {
            Tag::SEQUENCE => {
                let mut parts = id.children();
                Ok(Self::IssuerAndSerial {
                    issuer: parts.expect(Tag::SEQUENCE, "issuer")?.raw(),
                    serial: parts.expect(Tag::INTEGER, "serial number")?.content(),
                })
            }
            tag if tag == Tag::context_primitive(0) => Ok(Self::KeyIdentifier(id.content())),
            found => Err(DerError::Unexpected {
                wanted: "certificate identifier",
                found: Some(found),
            }),
        }
    }

    /// Whether this names the certificate with that issuer, serial number and key identifier.
    pub(super) fn names(&self, issuer: &[u8], serial: &[u8], key_identifier: &[u8]) -> bool {
        match self {
            Self::IssuerAndSerial {
                issuer: wanted,
                serial: number,
            } => *wanted == issuer && without_zeros(number) == without_zeros(serial),
            Self::KeyIdentifier(wanted) => *wanted == key_identifier,
        }
    }
}

/// Writers differ in how many leading zeros a serial number gets.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Why a signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A digest algorithm that we do not know.
    #[error("digest algorithm {0} is not supported")]
    DigestAlgorithm(String),
    /// A signature algorithm that we do not know.
    #[error("signature algorithm {0} is not supported")]
    SignatureAlgorithm(String),
    /// Signed attributes without `messageDigest` (RFC 5652 section 11.2), or not well formed ones.
    #[error("the signed attributes have no messageDigest")]
    NoMessageDigest,
    /// Signed attributes for another type of content (RFC 5652 section 11.1).
    #[error("the signed attributes are for another type of content")]
    ContentType,
    /// The content is not what was signed.
    #[error("the content's digest is {computed}, the signer's was {signed}")]
    Content {
        /// Digest of the content at hand, hexadecimal.
        computed: String,
        /// Digest in the signed attributes, hexadecimal.
        signed: String,
    },
    /// The signature is not by this key.
    #[error("the signature does not verify with the signer's key")]
    Signature,
}

/// A `SignerInfo` (RFC 5652 section 5.3).
#[derive(Debug, Clone)]
pub struct SignerInfo<'a> {
    id: SignerId<'a>,
    digest: Oid<'a>,
    attributes: Option<Element<'a>>,
    signature_algorithm: Oid<'a>,
    signature: Cow<'a, [u8]>,
}

impl<'a> SignerInfo<'a> {
    pub(super) fn read(element: &Element<'a>) -> Result<Self, DerError> {
        let mut members = element.children();
        members.expect(Tag::INTEGER, "signer version")?;
        let id = SignerId::read(&mut members)?;
        let digest = members
            .sequence("digest algorithm")?
            .oid("digest algorithm")?;
        let attributes = members.optional(Tag::context(0))?;
        let signature_algorithm = members
            .sequence("signature algorithm")?
            .oid("signature algorithm")?;
        let signature = match members.next("signature")? {
            string if string.tag().primitive() == Tag::OCTET_STRING => {
                string.octets("signature")?
            }
            other => {
                return Err(DerError::Unexpected {
                    wanted: "signature",
                    found: Some(other.tag()),
                });
            }
        };
        Ok(Self {
            id,
            digest,
            attributes,
            signature_algorithm,
            signature,
        })
    }

    /// Who signed.
    pub const fn id(&self) -> SignerId<'a> {
        self.id
    }

    /// The digest algorithm as named.
    pub const fn digest_algorithm(&self) -> Oid<'a> {
        self.digest
    }

    /// Whether `certificate` is the signer's.
    pub fn is_by(&self, certificate: &CertificateView<'a>) -> bool {
        self.id.names(
            certificate.issuer(),
            certificate.serial(),
            certificate.key_identifier(),
        )
    }

    /// The first value of the first signed attribute `oid`.
    pub fn attribute(&self, oid: Oid<'_>) -> Option<Element<'a>> {
        let mut attributes = self.attributes?.children();
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence("attribute").ok()?;
            if attribute.oid("attribute").ok()? == oid {
                let values = attribute.expect(Tag::SET, "attribute values").ok()?;
                return values.children().next("attribute value").ok();
            }
        }
        None
    }

    /// Verifies `content`, of type `content_type`, and the signature with `key` (RFC 5652 sections 5.4
    /// and 5.6). The attributes are taken as received, not sorted anew: clients sign unsorted sets.
    pub fn verify(
        &self,
        content_type: Oid<'_>,
        content: &[u8],
        key: &PublicKey,
    ) -> Result<(), VerifyError> {
        let digest = Digest::from_oid(self.digest)
            .ok_or_else(|| VerifyError::DigestAlgorithm(self.digest.to_string()))?;
        let signature_digest = Digest::of_signature(self.signature_algorithm, digest)
            .ok_or_else(|| VerifyError::SignatureAlgorithm(self.signature_algorithm.to_string()))?;
        let signed = match &self.attributes {
            None => Cow::Borrowed(content),
            Some(attributes) => {
                self.check_content(content_type, digest, content)?;
                let set = |w: &mut crate::der::Writer| {
                    w.set(|w| w.raw(attributes.content()));
                };
                Cow::Owned(encode(set))
            }
        };
        if key.verifies(signature_digest, &signed, &self.signature) {
            Ok(())
        } else {
            Err(VerifyError::Signature)
        }
    }

    fn check_content(
        &self,
        content_type: Oid<'_>,
        digest: Digest,
        content: &[u8],
    ) -> Result<(), VerifyError> {
        let signed = self
            .attribute(oid::MESSAGE_DIGEST)
            .filter(|value| value.tag() == Tag::OCTET_STRING)
            .ok_or(VerifyError::NoMessageDigest)?;
        if let Some(named) = self.attribute(oid::CONTENT_TYPE)
            && named.oid() != content_type
        {
            return Err(VerifyError::ContentType);
        }
        let computed = digest.hash(content);
        if computed.as_ref() == signed.content() {
            return Ok(());
        }
        Err(VerifyError::Content {
            computed: hex(computed.as_ref()),
            signed: hex(signed.content()),
        })
    }
}

/// Hexadecimal of a digest; what is longer than any digest is cut.
fn hex(octets: &[u8]) -> String {
    let mut text = String::new();
    for byte in octets.iter().take(64) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
