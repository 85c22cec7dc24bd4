//! Reading signed messages.

use std::borrow::Cow;

use super::{CertificateView, SignerInfo};
use crate::der::{DerError, Element, Reader, Tag};
use crate::oid::{self, Oid};

/// Why bytes are no message of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CmsError {
    /// Not an encoding of such a message.
    #[error("reading a cryptographic message")]
    Encoding(#[from] DerError),
    /// A message, but of another type.
    #[error("a cryptographic message of type {found} where {wanted} was wanted")]
    Type {
        /// The type wanted.
        wanted: &'static str,
        /// The type found.
        found: String,
    },
    /// Not exactly one signer.
    #[error("the message has {0} signers where one was wanted")]
    Signers(usize),
    /// The signer's certificate is not in the message.
    #[error("the signer's certificate is not in the message")]
    NoCertificate,
}

/// The content of a `ContentInfo` (RFC 5652 section 3) of the wanted type.
pub(super) fn content_info<'a>(
    bytes: &'a [u8],
    content_type: Oid<'_>,
    wanted: &'static str,
) -> Result<Reader<'a>, CmsError> {
    let outer = Element::parse(bytes)?;
    if outer.tag() != Tag::SEQUENCE {
        return Err(DerError::Unexpected {
            wanted: "content info",
            found: Some(outer.tag()),
        }
        .into());
    }
    let mut members = outer.children();
    let found = members.oid("content type")?;
    if found != content_type {
        return Err(CmsError::Type {
            wanted,
            found: found.to_string(),
        });
    }
    let explicit = members.expect(Tag::context(0), "content")?;
    Ok(explicit.children().sequence("content")?)
}

/// A `SignedData` (RFC 5652 section 5.1) as received.
#[derive(Debug, Clone)]
pub struct SignedData<'a> {
    content_type: Oid<'a>,
    content: Option<Cow<'a, [u8]>>,
    certificates: Vec<&'a [u8]>,
    revocation_lists: Vec<&'a [u8]>,
    signers: Vec<SignerInfo<'a>>,
}

impl<'a> SignedData<'a> {
    /// Reads a `ContentInfo` that holds one. Nothing is verified.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, CmsError> {
        let mut members = content_info(bytes, oid::SIGNED_DATA, "signed data")?;
        members.expect(Tag::INTEGER, "version")?;
        members.expect(Tag::SET, "digest algorithms")?;
        let mut encapsulated = members.sequence("encapsulated content")?;
        let content_type = encapsulated.oid("content type")?;
        let content = match encapsulated.optional(Tag::context(0))? {
            None => None,
            Some(explicit) => {
                let string = explicit.children().next("content")?;
                if string.tag().primitive() != Tag::OCTET_STRING {
                    return Err(DerError::Value("content").into());
                }
                Some(string.octets("content")?)
            }
        };
        let certificates = plain_members(members.optional(Tag::context(0))?)?;
        let revocation_lists = plain_members(members.optional(Tag::context(1))?)?;
        let mut infos = members.expect(Tag::SET, "signers")?.children();
        let mut signers = Vec::new();
        while !infos.is_empty() {
            let info = infos.expect(Tag::SEQUENCE, "signer")?;
            signers.push(SignerInfo::read(&info)?);
        }
        Ok(Self {
            content_type,
            content,
            certificates,
            revocation_lists,
            signers,
        })
    }

    /// What the content is said to be.
    pub const fn content_type(&self) -> Oid<'a> {
        self.content_type
    }

    /// The content, unless it is detached.
    pub fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }

    /// The X.509 certificates, in the order received.
    pub fn certificates(&self) -> &[&'a [u8]] {
        &self.certificates
    }

    /// The CRLs, in the order received.
    pub fn revocation_lists(&self) -> &[&'a [u8]] {
        &self.revocation_lists
    }

    /// The signers.
    pub fn signers(&self) -> &[SignerInfo<'a>] {
        &self.signers
    }

    /// The signer, of whom there must be exactly one.
    pub fn only_signer(&self) -> Result<&SignerInfo<'a>, CmsError> {
        match self.signers.as_slice() {
            [signer] => Ok(signer),
            signers => Err(CmsError::Signers(signers.len())),
        }
    }

    /// The certificate of `signer`, by issuer and serial number or by key identifier; certificates that
    /// cannot be read are passed over.
    pub fn certificate_of(&self, signer: &SignerInfo<'a>) -> Result<CertificateView<'a>, CmsError> {
        self.certificates
            .iter()
            .filter_map(|der| CertificateView::parse(der).ok())
            .find(|certificate| signer.is_by(certificate))
            .ok_or(CmsError::NoCertificate)
    }
}

/// The members of a set that are `SEQUENCE`s: not the tagged alternatives nobody uses.
fn plain_members(set: Option<Element<'_>>) -> Result<Vec<&[u8]>, DerError> {
    let mut plain = Vec::new();
    if let Some(set) = set {
        let mut members = set.children();
        while !members.is_empty() {
            let member = members.next("certificate")?;
            if member.tag() == Tag::SEQUENCE {
                plain.push(member.raw());
            }
        }
    }
    Ok(plain)
}
