//! What a certificate says of itself.

use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, ParsedExtension, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::{Fingerprint, San, SerialNumber, Validity};
use crate::csr::distinguished_name;
use crate::der::{DerError, Element, Tag, encode};
use crate::oid::{self, Oid, OidBuf};

/// The largest certificate that is read, in octets.
pub const MAX_CERTIFICATE: usize = 64 * 1024;

/// Octets that are no certificate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedCertificate {
    /// More than [`MAX_CERTIFICATE`] octets.
    #[error("certificate of {0} octets: at most {MAX_CERTIFICATE} are read")]
    TooLarge(usize),
    /// Not ASN.1, or not of the three parts of a certificate.
    #[error("reading the frame of a certificate")]
    Frame(#[source] DerError),
    /// The frame is right, the contents are not.
    #[error("reading the contents of a certificate")]
    Contents(#[source] x509_parser::error::X509Error),
}

/// What one certificate says, without any judgement (RFC 5280 section 4).
///
/// Differs: odd serial numbers, unknown and unreadable extensions and version 1 are read, because
/// real devices and imported authorities have them; [`crate::trust`] judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// SHA-256 of the certificate.
    pub fingerprint: Fingerprint,
    /// The subject in words (RFC 4514).
    pub subject: String,
    /// The first `CN` of the subject.
    pub common_name: Option<String>,
    /// The subject, DER.
    pub subject_der: Vec<u8>,
    /// The issuer in words (RFC 4514).
    pub issuer: String,
    /// The issuer, DER.
    pub issuer_der: Vec<u8>,
    /// The serial number.
    pub serial: SerialNumber,
    /// From when until when.
    pub validity: Validity,
    /// The purposes of `extKeyUsage`; `None` where the extension is missing.
    pub purposes: Option<Vec<OidBuf>>,
    /// The alternative names of the kinds that [`San`] has.
    pub names: Vec<San>,
    /// The public key, `SubjectPublicKeyInfo`, DER.
    pub spki_der: Vec<u8>,
    /// The size of the public key: bits of an RSA modulus or of a curve's field; 0 if unknown.
    pub key_bits: usize,
    /// Whether the public key is RSA.
    pub key_is_rsa: bool,
    /// The algorithm of the signature on the certificate.
    pub signed_with: OidBuf,
    /// Whether `basicConstraints` names it an authority.
    pub is_authority: bool,
    /// The certificate.
    pub der: Vec<u8>,
}

impl CertificateFacts {
    /// Reads a certificate, DER. No more than [`MAX_CERTIFICATE`] octets and the depth and number
    /// of elements that [`crate::der`] allows.
    pub fn parse(der: &[u8]) -> Result<Self, MalformedCertificate> {
        if der.len() > MAX_CERTIFICATE {
            return Err(MalformedCertificate::TooLarge(der.len()));
        }
        Element::parse(der).map_err(MalformedCertificate::Frame)?;
        let (_, read) = X509Certificate::from_der(der).map_err(|error| {
            MalformedCertificate::Contents(match error {
                x509_parser::nom::Err::Error(cause) | x509_parser::nom::Err::Failure(cause) => {
                    cause
                }
                x509_parser::nom::Err::Incomplete(_) => {
                    x509_parser::error::X509Error::InvalidCertificate
                }
            })
        })?;
        let mut purposes = None;
        let mut names = Vec::new();
        let mut is_authority = false;
        for extension in read.extensions() {
            match Oid::new(extension.oid.as_bytes()) {
                oid::EXTENDED_KEY_USAGE => purposes = Some(identifiers(extension.value)),
                oid::SUBJECT_ALT_NAME => {
                    names.extend(San::read_all(extension.value).unwrap_or_default());
                }
                oid::BASIC_CONSTRAINTS => {
                    is_authority = matches!(
                        extension.parsed_extension(),
                        ParsedExtension::BasicConstraints(found) if found.ca
                    );
                }
                _ => {}
            }
        }
        Ok(Self {
            fingerprint: Fingerprint::of(der),
            subject: distinguished_name(read.subject().as_raw()),
            common_name: common_name(read.subject().as_raw()),
            subject_der: read.subject().as_raw().to_vec(),
            issuer: distinguished_name(read.issuer().as_raw()),
            issuer_der: read.issuer().as_raw().to_vec(),
            serial: SerialNumber::from_octets(read.raw_serial()),
            validity: Validity {
                not_before: instant(read.validity().not_before.timestamp()),
                not_after: instant(read.validity().not_after.timestamp()),
            },
            purposes,
            names,
            spki_der: read.public_key().raw.to_vec(),
            key_bits: read.public_key().parsed().map_or(0, |key| key.key_size()),
            key_is_rsa: matches!(read.public_key().parsed(), Ok(PublicKey::RSA(_))),
            signed_with: Oid::new(read.signature_algorithm.algorithm.as_bytes()).into(),
            is_authority,
            der: der.to_vec(),
        })
    }

    /// What is signed, and the signature: the exact octets of both.
    ///
    /// What surrounds them is not under the signature, so it has to be the one encoding there is:
    /// DER, with the algorithm that the signed part repeats (RFC 5280 section 4.1.1.2). Otherwise
    /// one certificate could be shown under several fingerprints.
    pub(crate) fn signed_parts(&self) -> Result<(&[u8], &[u8]), DerError> {
        let mut parts = Element::parse(&self.der)?.children();
        let tbs = parts.expect(Tag::SEQUENCE, "the signed part")?;
        let algorithm = parts.expect(Tag::SEQUENCE, "the algorithm of the signature")?;
        let signature = parts
            .expect(Tag::BIT_STRING, "the signature")?
            .bits("the signature")?;
        let mut fields = tbs.children();
        fields.optional(Tag::context(0))?;
        fields.expect(Tag::INTEGER, "the serial number")?;
        let repeated = fields.expect(Tag::SEQUENCE, "the algorithm of the signed part")?;
        let only = encode(|w| {
            w.sequence(|w| {
                w.raw(tbs.raw());
                w.raw(repeated.raw());
                w.bit_string(signature);
            });
        });
        if repeated.raw() != algorithm.raw() || only != self.der {
            return Err(DerError::Value("the frame of the certificate"));
        }
        Ok((tbs.raw(), signature))
    }

    /// Whether `extKeyUsage` allows `purpose`: it names it or `anyExtendedKeyUsage`, or is missing
    /// (RFC 5280 section 4.2.1.12).
    pub fn serves(&self, purpose: Oid<'_>) -> bool {
        const ANY: Oid<'static> = Oid::new(&[0x55, 0x1d, 0x25, 0]);
        self.purposes.as_ref().is_none_or(|purposes| {
            purposes
                .iter()
                .any(|found| found.as_oid() == purpose || found.as_oid() == ANY)
        })
    }
}

/// The first `CN` of a `Name`.
fn common_name(name_der: &[u8]) -> Option<String> {
    const COMMON_NAME: Oid<'static> = Oid::new(&[0x55, 4, 3]);
    let mut relative_names = Element::parse(name_der).ok()?.children();
    while !relative_names.is_empty() {
        let mut attributes = relative_names.next("a relative name").ok()?.children();
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence("an attribute").ok()?;
            if attribute.oid("its type").ok()? == COMMON_NAME {
                return Some(attribute.next("its value").ok()?.text());
            }
        }
    }
    None
}

/// The identifiers of a `SEQUENCE OF OBJECT IDENTIFIER`, as far as it can be read.
fn identifiers(value: &[u8]) -> Vec<OidBuf> {
    let Ok(sequence) = Element::parse(value) else {
        return Vec::new();
    };
    let mut members = sequence.children();
    std::iter::from_fn(|| members.oid("a purpose").ok().map(OidBuf::from)).collect()
}

/// The instant so many seconds after 1970; outside the calendar's range, its nearer end.
fn instant(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or_else(|_| {
        let epoch = OffsetDateTime::UNIX_EPOCH;
        epoch.saturating_add(time::Duration::seconds(seconds))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab;

    #[test]
    fn octets_that_are_no_certificate_say_why() {
        for (der, complaint) in [
            (vec![], "reading the frame of a certificate"),
            (vec![0x30, 5, 1], "reading the frame of a certificate"),
            (vec![0x30, 0], "reading the contents of a certificate"),
            (
                vec![0; MAX_CERTIFICATE + 1],
                "certificate of 65537 octets: at most 65536 are read",
            ),
            (
                [&[0x30, 0x80][..]; 200].concat(),
                "reading the frame of a certificate",
            ),
        ] {
            let refused = CertificateFacts::parse(&der).unwrap_err();
            assert_eq!(refused.to_string(), complaint, "{} octets", der.len());
        }
        let whole = lab::authority().certificate_der().to_vec();
        for length in 0..whole.len() {
            assert!(
                CertificateFacts::parse(&whole[..length]).is_err(),
                "{length}"
            );
        }
        let longer = [&whole[..], &[0]].concat();
        assert!(CertificateFacts::parse(&longer).is_err());
    }

    #[test]
    fn the_common_name_is_read_in_any_string_type() {
        for (name, text) in [
            (
                &[
                    0x30, 13, 0x31, 11, 0x30, 9, 6, 3, 0x55, 4, 3, 0x0c, 2, 0xc3, 0xa9,
                ][..],
                Some("é"),
            ),
            (
                &[
                    0x30, 13, 0x31, 11, 0x30, 9, 6, 3, 0x55, 4, 3, 0x1e, 2, 0, 0xe9,
                ],
                Some("é"),
            ),
            (
                &[0x30, 12, 0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 3, 0x14, 1, 0xe9],
                Some("é"),
            ),
            (
                &[
                    0x30, 12, 0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 10, 0x0c, 1, b'o',
                ],
                None,
            ),
            (&[0x30, 0], None),
        ] {
            assert_eq!(common_name(name).as_deref(), text);
        }
    }
}
