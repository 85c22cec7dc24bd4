//! One certification request.

use crate::cms::{Digest, PublicKey, PublicKeyError};
use crate::der::{DerError, Element, Reader, Tag};
use crate::oid::{self, Oid, OidBuf};
use crate::x509::{KeyUsage, San};

use super::{ChallengePassword, distinguished_name};

/// Why bytes are no certification request that can be granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrError {
    /// Not an encoding of one.
    #[error("reading a certification request")]
    Encoding(#[from] DerError),
    /// Its public key is none that we can use.
    #[error("reading the public key of a certification request")]
    Key(#[from] PublicKeyError),
    /// It is signed by an algorithm that we do not know.
    #[error("certification requests signed with {0} are not supported")]
    SignatureAlgorithm(String),
    /// It is not signed by the key it names.
    #[error("the certification request is not signed by the key it names")]
    Signature,
}

/// An extension that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedExtension {
    /// Which extension.
    pub oid: OidBuf,
    /// Whether it is to be critical.
    pub critical: bool,
    /// The value, encoded.
    pub value: Vec<u8>,
}

/// A certification request (RFC 2986 section 4) whose signature holds.
///
/// Differs: missing attributes, attributes of any type and every string type for the password are read,
/// and any version: clients vary, and only the key has to be proven.
#[derive(Debug, Clone)]
pub struct Csr {
    der: Vec<u8>,
    subject: Vec<u8>,
    public_key: PublicKey,
    challenge_password: Option<ChallengePassword>,
    extensions: Vec<RequestedExtension>,
}

impl Csr {
    /// Reads a request and verifies its signature with the key it names.
    pub fn parse(der: &[u8]) -> Result<Self, CsrError> {
        let mut members = Element::parse(der)?.children();
        let info = members.expect(Tag::SEQUENCE, "request info")?;
        let mut signature_algorithm = members.sequence("signature algorithm")?;
        let signature_algorithm = signature_algorithm.oid("signature algorithm")?;
        let signature = members
            .expect(Tag::BIT_STRING, "signature")?
            .bits("signature")?;

        let mut parts = info.children();
        parts.expect(Tag::INTEGER, "version")?;
        let subject = parts.expect(Tag::SEQUENCE, "subject")?;
        let key = parts.expect(Tag::SEQUENCE, "public key")?;
        let public_key = PublicKey::from_info(key.raw())?;
        // Names of algorithms without a digest say nothing here.
        let digest = Digest::of_signature(signature_algorithm, Digest::Sha256)
            .ok_or_else(|| CsrError::SignatureAlgorithm(signature_algorithm.to_string()))?;
        if !public_key.verifies(digest, info.raw(), signature) {
            return Err(CsrError::Signature);
        }

        let mut csr = Self {
            der: der.to_vec(),
            subject: subject.raw().to_vec(),
            public_key,
            challenge_password: None,
            extensions: Vec::new(),
        };
        if let Some(attributes) = parts.optional(Tag::context(0))? {
            csr.read_attributes(attributes.children())?;
        }
        Ok(csr)
    }

    fn read_attributes(&mut self, mut attributes: Reader<'_>) -> Result<(), DerError> {
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence("attribute")?;
            let oid = attribute.oid("attribute")?;
            let mut values = attribute.expect(Tag::SET, "attribute values")?.children();
            match oid {
                oid::CHALLENGE_PASSWORD if self.challenge_password.is_none() => {
                    let text = values.next("challenge password")?.text();
                    self.challenge_password = Some(ChallengePassword::new(text));
                }
                oid::EXTENSION_REQUEST | oid::MICROSOFT_EXTENSION_REQUEST => {
                    let extensions = values.sequence("extensions")?;
                    self.read_extensions(extensions)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_extensions(&mut self, mut extensions: Reader<'_>) -> Result<(), DerError> {
        while !extensions.is_empty() {
            let mut extension = extensions.sequence("extension")?;
            let oid = extension.oid("extension")?.into();
            let critical = extension.optional(Tag::BOOLEAN)?;
            let value = extension.expect(Tag::OCTET_STRING, "extension value")?;
            self.extensions.push(RequestedExtension {
                oid,
                critical: critical.is_some_and(|flag| flag.content() != [0]),
                value: value.content().to_vec(),
            });
        }
        Ok(())
    }

    /// The whole request as received.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The `Name` it asks for, as received: devices compare it octet by octet.
    pub fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// The subject in words (RFC 4514).
    pub fn subject_text(&self) -> String {
        distinguished_name(&self.subject)
    }

    /// The public key; its [`PublicKey::info`] is the `SubjectPublicKeyInfo` as received.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// SHA-256 of the `SubjectPublicKeyInfo`.
    pub fn public_key_sha256(&self) -> [u8; 32] {
        let mut octets = [0; 32];
        octets.copy_from_slice(Digest::Sha256.hash(self.public_key.info()).as_ref());
        octets
    }

    /// The password that entitles the requester, if there is one.
    pub const fn challenge_password(&self) -> Option<&ChallengePassword> {
        self.challenge_password.as_ref()
    }

    /// The extensions asked for, in order.
    pub fn extensions(&self) -> &[RequestedExtension] {
        &self.extensions
    }

    /// The first extension `oid` asked for.
    pub fn extension(&self, oid: Oid<'_>) -> Option<&RequestedExtension> {
        self.extensions
            .iter()
            .find(|extension| extension.oid.as_oid() == oid)
    }

    /// The alternative names asked for, of the kinds that [`San`] has; none if they cannot be read.
    pub fn alternative_names(&self) -> Vec<San> {
        self.extension(oid::SUBJECT_ALT_NAME)
            .and_then(|extension| San::read_all(&extension.value).ok())
            .unwrap_or_default()
    }

    /// The purposes asked for (RFC 5280 section 4.2.1.12); none if they cannot be read.
    pub fn purposes(&self) -> Vec<OidBuf> {
        let read = |value: &[u8]| {
            let mut purposes = Element::parse(value)?.children();
            let mut read = Vec::new();
            while !purposes.is_empty() {
                read.push(purposes.oid("purpose")?.into());
            }
            Ok::<_, DerError>(read)
        };
        self.extension(oid::EXTENDED_KEY_USAGE)
            .and_then(|extension| read(&extension.value).ok())
            .unwrap_or_default()
    }

    /// The key usage asked for, as far as [`KeyUsage`] has names for it.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        let extension = self.extension(oid::KEY_USAGE)?;
        let bits = Element::parse(&extension.value).ok()?;
        let bits = match bits.content() {
            [_, high] => u16::from_be_bytes([*high, 0]),
            [_, high, low] => u16::from_be_bytes([*high, *low]),
            _ => return None,
        };
        [
            KeyUsage::DIGITAL_SIGNATURE,
            KeyUsage::NON_REPUDIATION,
            KeyUsage::KEY_ENCIPHERMENT,
            KeyUsage::KEY_CERT_SIGN,
            KeyUsage::CRL_SIGN,
        ]
        .into_iter()
        .filter(|usage| bits & usage.bits() != 0)
        .reduce(|all, usage| all | usage)
    }
}
