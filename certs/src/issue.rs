//! Issuing certificates to devices.

use crate::authority::Authority;
use crate::csr::RequestedExtension;
use crate::der::{DerError, Element, Tag, encode};
use crate::key::KeyError;
use crate::oid::OidBuf;
use crate::x509::{
    Extensions, Fingerprint, KeyUsage, San, SanError, SerialNumber, Template, Validity,
    key_identifier,
};

/// What is to be certified. The authority's policy has been applied: all of it is written.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The subject, a `Name` in DER, copied octet for octet: order, string types and repeated
    /// attributes stay as the device asked.
    pub subject_der: &'a [u8],
    /// The public key, `SubjectPublicKeyInfo` in DER, copied octet for octet.
    pub spki_der: &'a [u8],
    /// Alternative names.
    pub names: &'a [San],
    /// The `GeneralNames` of the device's own request in DER, kinds that [`San`] has not included.
    /// Entries equal to one of `names` are not repeated.
    pub requested_names: Option<&'a [u8]>,
    /// `extKeyUsage`. None at all allows every purpose.
    pub purposes: &'a [OidBuf],
    /// `keyUsage`.
    pub key_usage: KeyUsage,
    /// From when, backdated by the caller, until when. Cut where the authority's own period ends.
    pub validity: Validity,
    /// A serial number never used before.
    pub serial: SerialNumber,
    /// Where revocation is published, plain HTTP.
    pub places: Places<'a>,
    /// Extensions of the device's own request that are copied as they are, none of which is written above.
    pub copied: &'a [RequestedExtension],
}

/// Where an issued certificate says that more is known of it. URLs, ASCII.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Places<'a> {
    /// The CRL.
    pub crl: Option<&'a str>,
    /// The OCSP responder.
    pub ocsp: Option<&'a str>,
    /// The authority's certificate, DER.
    pub ca_issuers: Option<&'a str>,
}

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Its serial number.
    pub serial: SerialNumber,
    /// Its SHA-256.
    pub fingerprint: Fingerprint,
    /// Its period, which may end before the one requested.
    pub validity: Validity,
}

/// Why a certificate was not issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The subject is no `Name`.
    #[error("issuing a certificate: the subject is not a name")]
    Subject(#[source] DerError),
    /// The public key is no `SubjectPublicKeyInfo`.
    #[error("issuing a certificate: the public key is not one")]
    PublicKey(#[source] DerError),
    /// The requested names are no `GeneralNames`.
    #[error("issuing a certificate: the requested alternative names are not a sequence")]
    RequestedNames(#[source] DerError),
    /// An alternative name cannot be written.
    #[error("issuing a certificate: an alternative name cannot be written")]
    Name(#[source] SanError),
    /// A URL is not ASCII.
    #[error("issuing a certificate: the URL `{0}` is not ASCII")]
    Url(String),
    /// It would end before it begins: the authority has ended, or the request is reversed.
    #[error("issuing a certificate: the period is empty")]
    Period,
    /// The authority's key failed.
    #[error("issuing a certificate: signing it")]
    Sign(#[source] KeyError),
}

/// Issues one certificate: one RSA operation, and little besides (RFC 5280 section 4).
pub fn issue(authority: &Authority, request: &Request<'_>) -> Result<Issued, IssueError> {
    let subject_is_empty = is_empty_sequence(request.subject_der).map_err(IssueError::Subject)?;
    let key_id = key_identifier(request.spki_der).map_err(IssueError::PublicKey)?;
    let names = alternative_names(request)?;
    let Places {
        crl,
        ocsp,
        ca_issuers,
    } = request.places;
    if let Some(url) = [crl, ocsp, ca_issuers]
        .into_iter()
        .flatten()
        .find(|url| !url.is_ascii())
    {
        return Err(IssueError::Url(url.to_owned()));
    }
    let validity = request
        .validity
        .ending_by(authority.facts().validity.not_after);
    if validity.not_after < validity.not_before {
        return Err(IssueError::Period);
    }

    let mut extensions = Extensions::default();
    extensions.end_entity();
    extensions.key_usage(request.key_usage);
    extensions.purposes(request.purposes.iter().map(OidBuf::as_oid));
    extensions.subject_key(&key_id);
    extensions.authority_key(authority.key_id());
    extensions.alternative_names(&names, subject_is_empty);
    if let Some(url) = crl {
        extensions.crl_at(url);
    }
    extensions.authority_information(ocsp, ca_issuers);
    for RequestedExtension {
        oid,
        critical,
        value,
    } in request.copied
    {
        extensions.add(oid.as_oid(), *critical, |w| w.raw(value));
    }
    let der = Template {
        serial: &request.serial,
        issuer_der: &authority.facts().subject_der,
        subject_der: request.subject_der,
        validity,
        spki_der: request.spki_der,
        extensions,
    }
    .sign(authority.key())
    .map_err(IssueError::Sign)?;
    Ok(Issued {
        fingerprint: Fingerprint::of(&der),
        der,
        serial: request.serial.clone(),
        validity,
    })
}

fn is_empty_sequence(der: &[u8]) -> Result<bool, DerError> {
    let element = Element::parse(der)?;
    expect_sequence(element, "the name")?;
    Ok(element.content().is_empty())
}

fn expect_sequence(element: Element<'_>, wanted: &'static str) -> Result<(), DerError> {
    let found = element.tag();
    if found == Tag::SEQUENCE {
        return Ok(());
    }
    Err(DerError::Unexpected {
        wanted,
        found: Some(found),
    })
}

/// The encoded `GeneralNames`: ours, then those of the device's request that are not among them.
fn alternative_names(request: &Request<'_>) -> Result<Vec<u8>, IssueError> {
    let mut entries: Vec<Vec<u8>> = Vec::new();
    for name in request.names {
        let mut written = Ok(());
        let entry = encode(|w| written = name.write(w));
        written.map_err(IssueError::Name)?;
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    if let Some(requested) = request.requested_names {
        let element = Element::parse(requested).map_err(IssueError::RequestedNames)?;
        expect_sequence(element, "a sequence of names").map_err(IssueError::RequestedNames)?;
        let ours = entries.len();
        let mut members = element.children();
        while !members.is_empty() {
            let entry = members
                .next("a name")
                .map_err(IssueError::RequestedNames)?
                .raw();
            if !entries.iter().take(ours).any(|known| known == entry) {
                entries.push(entry.to_vec());
            }
        }
    }
    Ok(entries.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab;
    use crate::x509::{CertificateFacts, Name};
    use time::Duration;

    fn request<'a>(subject_der: &'a [u8], spki_der: &'a [u8]) -> Request<'a> {
        Request {
            subject_der,
            spki_der,
            names: &[],
            requested_names: None,
            purposes: &[],
            key_usage: KeyUsage::DIGITAL_SIGNATURE,
            validity: Validity::starting(lab::NOW, Duration::DAY, Duration::days(10)),
            serial: lab::serial(7),
            places: Places::default(),
            copied: &[],
        }
    }

    #[test]
    fn what_cannot_be_certified_is_refused() {
        let authority = lab::authority();
        let (name, key) = (
            Name::common("x").to_der(),
            lab::p256().public_der().unwrap(),
        );
        let good = request(&name, &key);
        let reversed = Validity::starting(lab::NOW, Duration::ZERO, Duration::days(-1));
        let later = lab::NOW + Authority::LIFE + Duration::DAY;
        for (request, complaint) in [
            (
                Request {
                    subject_der: b"",
                    ..good.clone()
                },
                "issuing a certificate: the subject is not a name",
            ),
            (
                Request {
                    subject_der: &[4, 1, 0],
                    ..good.clone()
                },
                "issuing a certificate: the subject is not a name",
            ),
            (
                Request {
                    subject_der: &[0x30, 9, 0],
                    ..good.clone()
                },
                "issuing a certificate: the subject is not a name",
            ),
            (
                Request {
                    spki_der: &[0x30, 0],
                    ..good.clone()
                },
                "issuing a certificate: the public key is not one",
            ),
            (
                Request {
                    requested_names: Some(&[4, 0]),
                    ..good.clone()
                },
                "issuing a certificate: the requested alternative names are not a sequence",
            ),
            (
                Request {
                    names: &[San::Dns(String::new())],
                    ..good.clone()
                },
                "issuing a certificate: an alternative name cannot be written",
            ),
            (
                Request {
                    places: Places {
                        crl: Some("http://é/"),
                        ..Places::default()
                    },
                    ..good.clone()
                },
                "issuing a certificate: the URL `http://é/` is not ASCII",
            ),
            (
                Request {
                    validity: reversed,
                    ..good.clone()
                },
                "issuing a certificate: the period is empty",
            ),
            (
                Request {
                    validity: Validity::starting(later, Duration::ZERO, Duration::DAY),
                    ..good.clone()
                },
                "issuing a certificate: the period is empty",
            ),
        ] {
            assert_eq!(
                issue(&authority, &request).unwrap_err().to_string(),
                complaint
            );
        }
    }

    #[test]
    fn octets_of_subject_key_and_requested_names_are_kept() {
        let authority = lab::authority();
        // Two CNs in one relative name, in a T61String and a BMPString, in the wrong order for DER.
        let subject = [
            0x30, 0x1a, 0x31, 0x18, 0x30, 0x0b, 6, 3, 0x55, 4, 3, 0x1e, 4, 0, 0x62, 0, 0x63, 0x30,
            9, 6, 3, 0x55, 4, 3, 0x14, 2, 0x61, 0xe9,
        ];
        let key = lab::p256().public_der().unwrap();
        // rfc822Name a@b, which is ours too, and registeredID 1.2.3.
        let requested = [0x30, 9, 0x81, 3, b'a', b'@', b'b', 0x88, 2, 0x2a, 3];
        let issued = issue(
            &authority,
            &Request {
                names: &[San::Email("a@b".into()), San::Email("a@b".into())],
                requested_names: Some(&requested),
                ..request(&subject, &key)
            },
        )
        .unwrap();
        let facts = CertificateFacts::parse(&issued.der).unwrap();
        assert_eq!(facts.subject_der, subject);
        assert_eq!(facts.spki_der, key);
        assert_eq!(facts.serial, issued.serial);
        assert_eq!(facts.fingerprint, issued.fingerprint);
        let written = issued
            .der
            .windows(requested.len())
            .filter(|w| *w == requested);
        assert_eq!(written.count(), 1);
    }

    #[test]
    fn a_certificate_does_not_outlive_its_authority() {
        let authority = lab::authority();
        let (name, key) = (
            Name::common("x").to_der(),
            lab::p256().public_der().unwrap(),
        );
        let issued = issue(
            &authority,
            &Request {
                validity: Validity::starting(lab::NOW, Duration::DAY, Duration::days(9_000)),
                ..request(&name, &key)
            },
        )
        .unwrap();
        assert_eq!(
            issued.validity.not_after,
            authority.facts().validity.not_after
        );
    }
}
