//! What CMS needs to know of a certificate, read leniently.

use std::borrow::Cow;

use super::{Digest, PublicKey, PublicKeyError};
use crate::der::{DerError, Element, Tag};
use crate::oid;

/// The parts of a certificate (RFC 5280 section 4.1) that name it and its key, borrowed as received.
///
/// Nothing is judged: clients make themselves certificates with odd serial numbers, no extensions and
/// version 1, and such a certificate only has to say which key to encrypt to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateView<'a> {
    der: &'a [u8],
    serial: Element<'a>,
    issuer: &'a [u8],
    subject: &'a [u8],
    key_info: &'a [u8],
    key_identifier: Cow<'a, [u8]>,
}

impl<'a> CertificateView<'a> {
    /// Reads a certificate.
    pub fn parse(der: &'a [u8]) -> Result<Self, DerError> {
        let mut certificate = Element::parse(der)?.children();
        let mut members = certificate.sequence("tbsCertificate")?;
        members.optional(Tag::context(0))?;
        let serial = members.expect(Tag::INTEGER, "serial number")?;
        members.expect(Tag::SEQUENCE, "signature algorithm")?;
        let issuer = members.expect(Tag::SEQUENCE, "issuer")?.raw();
        members.expect(Tag::SEQUENCE, "validity")?;
        let subject = members.expect(Tag::SEQUENCE, "subject")?.raw();
        let key = members.expect(Tag::SEQUENCE, "public key")?;
        let mut extension = None;
        while !members.is_empty() {
            let member = members.next("extensions")?;
            if member.tag() == Tag::context(3) {
                extension = key_identifier(&member)?;
            }
        }
        let key_identifier = match extension {
            Some(identifier) => Cow::Borrowed(identifier),
            None => Cow::Owned(made_key_identifier(&key)?),
        };
        Ok(Self {
            der,
            serial,
            issuer,
            subject,
            key_info: key.raw(),
            key_identifier,
        })
    }

    /// The whole certificate.
    pub const fn der(&self) -> &'a [u8] {
        self.der
    }

    /// The `INTEGER` that is the serial number, header included.
    pub const fn serial_element(&self) -> &'a [u8] {
        self.serial.raw()
    }

    /// The content octets of the serial number as received.
    pub const fn serial(&self) -> &'a [u8] {
        self.serial.content()
    }

    /// The `Name` of the issuer.
    pub const fn issuer(&self) -> &'a [u8] {
        self.issuer
    }

    /// The `Name` of the subject.
    pub const fn subject(&self) -> &'a [u8] {
        self.subject
    }

    /// The `SubjectPublicKeyInfo`.
    pub const fn key_info(&self) -> &'a [u8] {
        self.key_info
    }

    /// The `subjectKeyIdentifier`, or without one what RFC 5280 section 4.2.1.2 (1) would have made.
    pub fn key_identifier(&self) -> &[u8] {
        &self.key_identifier
    }

    /// Whether subject and issuer are the same name; that the certificate signed itself is not checked.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// The public key.
    pub fn public_key(&self) -> Result<PublicKey, PublicKeyError> {
        PublicKey::from_info(self.key_info)
    }
}

fn key_identifier<'a>(explicit: &Element<'a>) -> Result<Option<&'a [u8]>, DerError> {
    let mut extensions = explicit.children().sequence("extensions")?;
    while !extensions.is_empty() {
        let mut extension = extensions.sequence("extension")?;
        if extension.oid("extension")? == oid::SUBJECT_KEY_IDENTIFIER {
            extension.optional(Tag::BOOLEAN)?;
            let value = extension.expect(Tag::OCTET_STRING, "extension value")?;
            let identifier = Element::parse(value.content())?;
            return Ok(Some(identifier.content()));
        }
    }
    Ok(None)
}

fn made_key_identifier(key: &Element<'_>) -> Result<Vec<u8>, DerError> {
    let mut members = key.children();
    members.expect(Tag::SEQUENCE, "key algorithm")?;
    let bits = members.expect(Tag::BIT_STRING, "public key")?;
    let octets = bits.content().get(1..).unwrap_or_default();
    Ok(Digest::Sha1.hash(octets).as_ref().to_vec())
}
