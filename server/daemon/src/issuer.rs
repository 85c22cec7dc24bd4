//! Turns a grant into a certificate: the profile's policy around the request's subject and key.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mdm_certs::csr::RequestedExtension;
use mdm_certs::issue::{IssueError, Places, Request, issue};
use mdm_certs::oid::OidBuf;
use mdm_certs::x509::{CertificateFacts, KeyUsage, San, SerialNumber, Validity};
use mdm_core::certificate::{AltName, Policy};
use mdm_core::service::issuance::Made;
use mdm_core::time::Timestamp;
use time::Duration;

use crate::digest::fingerprint;
use crate::ids::RandomIds;
use crate::pki::Pki;

/// How far the start of a device's certificate lies in the past: device clocks differ.
pub const BACKDATE: Duration = Duration::hours(1);

/// What a certificate is made of.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The subject, DER, as requested.
    pub subject: &'a [u8],
    /// The public key, DER.
    pub spki: &'a [u8],
    /// The alternative names of the request, as its extension has them.
    pub requested_names: Option<&'a [u8]>,
    /// Extensions of the request that are copied as they are.
    pub copied: &'a [RequestedExtension],
    /// What else it carries.
    pub policy: &'a Policy,
    /// Where its revocation list is.
    pub crl_url: &'a str,
}

/// Why a certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// The policy names a usage that is no object identifier.
    #[error("`{0}` is no object identifier of a key usage")]
    Usage(String),
    /// It could not be written.
    #[error("issuing a certificate")]
    Issue(#[from] IssueError),
    /// It was written and cannot be read.
    #[error("reading the certificate that was just issued")]
    Unreadable,
}

/// Makes a certificate.
pub fn make(
    pki: &Pki,
    ids: &RandomIds,
    wanted: Wanted<'_>,
    now: Timestamp,
) -> Result<(Made, Vec<u8>), MakeError> {
    let policy = wanted.policy;
    let purposes = policy
        .extended_key_usages
        .iter()
        .map(|oid| {
            oid.parse::<OidBuf>()
                .map_err(|_| MakeError::Usage(oid.clone()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let names: Vec<San> = policy.alt_names.iter().map(san).collect();
    let mut key_usage = if policy.sign {
        KeyUsage::DIGITAL_SIGNATURE
    } else {
        KeyUsage::KEY_ENCIPHERMENT
    };
    if policy.encipher {
        key_usage = key_usage | KeyUsage::KEY_ENCIPHERMENT;
    }
    let life = Duration::seconds(policy.lifetime_seconds);
    let backdate = BACKDATE.min(life);
    let issued = issue(
        pki.authority(),
        &Request {
            subject_der: wanted.subject,
            spki_der: wanted.spki,
            names: &names,
            requested_names: wanted.requested_names,
            purposes: &purposes,
            key_usage,
            validity: Validity::starting(now.to_datetime(), backdate, life),
            serial: SerialNumber::from_random(ids.bytes()),
            copied: wanted.copied,
            places: Places {
                crl: Some(wanted.crl_url),
                ..Places::default()
            },
        },
    )?;
    let facts = CertificateFacts::parse(&issued.der).map_err(|_| MakeError::Unreadable)?;
    let made = Made {
        fingerprint: fingerprint(&issued.der).ok_or(MakeError::Unreadable)?,
        serial: issued
            .serial
            .to_string()
            .parse()
            .map_err(|_| MakeError::Unreadable)?,
        subject: facts.subject,
        der: STANDARD.encode(&issued.der),
        not_before: facts.validity.not_before.into(),
        not_after: facts.validity.not_after.into(),
    };
    Ok((made, issued.der))
}

fn san(name: &AltName) -> San {
    match name {
        AltName::Email(text) => San::Email(text.clone()),
        AltName::Dns(text) => text
            .parse::<IpAddr>()
            .map_or_else(|_| San::Dns(text.clone()), San::Ip),
        AltName::Uri(text) => San::Uri(text.clone()),
        AltName::Upn(text) => San::Upn(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Directory;

    #[test]
    fn a_certificate_carries_what_the_policy_says() {
        let dir = tempfile::tempdir().unwrap();
        let ids = RandomIds::new().unwrap();
        let now = Timestamp(1_795_000_000_000);
        let directory = Directory::open(dir.path()).unwrap();
        let pki = Pki::open(&directory, &["lab.local".to_owned()], &[], &ids, now).unwrap();
        let key = mdm_certs::key::Key::generate(mdm_certs::key::KeyKind::P256).unwrap();
        let subject = mdm_certs::x509::Name::common("R&D <\u{e9}>").to_der();
        let spki = key.public_der().unwrap();
        let policy = Policy {
            extended_key_usages: vec!["1.3.6.1.5.5.7.3.4".to_owned()],
            lifetime_seconds: 600,
            alt_names: vec![
                AltName::Email("a@lab.test".to_owned()),
                AltName::Upn("a@corp".to_owned()),
                AltName::Dns("127.0.0.1".to_owned()),
            ],
            sign: true,
            encipher: false,
        };
        let wanted = Wanted {
            subject: &subject,
            spki: &spki,
            requested_names: None,
            copied: &[],
            policy: &policy,
            crl_url: "http://lab.local/pki/crl",
        };
        let (made, der) = make(&pki, &ids, wanted, now).unwrap();
        assert_eq!(made.not_after, now.plus_seconds(600));
        assert_eq!(
            made.not_before,
            now.plus_seconds(-600),
            "backdated by its life, when that is short"
        );
        let file = dir.path().join("c.der");
        std::fs::write(&file, der).unwrap();
        let run = std::process::Command::new("openssl")
            .args(["x509", "-inform", "DER", "-noout", "-ext"])
            .arg("extendedKeyUsage,subjectAltName,keyUsage,crlDistributionPoints")
            .arg("-in")
            .arg(&file)
            .output()
            .unwrap();
        let text = String::from_utf8(run.stdout).unwrap();
        for part in [
            "E-mail Protection",
            "email:a@lab.test",
            "a@corp",
            "IP Address:127.0.0.1",
            "Digital Signature\n",
            "http://lab.local/pki/crl",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        let odd = Policy {
            extended_key_usages: vec!["clientAuth".to_owned()],
            ..policy.clone()
        };
        let refused = make(
            &pki,
            &ids,
            Wanted {
                policy: &odd,
                ..wanted
            },
            now,
        )
        .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`clientAuth` is no object identifier of a key usage"
        );
    }
}
