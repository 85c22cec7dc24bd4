//! The lab's certificate authority.

use std::fmt;

use openssl::pkey::PKey;
use rcgen::{BasicConstraints, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use time::{Duration, OffsetDateTime};

use crate::cms::{Identity, IdentityError};
use crate::der::DerError;
use crate::key::{Key, KeyError};
use crate::pem;
use crate::x509::{
    CertificateFacts, Fingerprint, MalformedCertificate, Name, SerialNumber, Validity,
    key_identifier, parameters,
};

/// What a new authority is made of.
#[derive(Debug, Clone)]
pub struct AuthorityParams<'a> {
    /// The advertised host name. It is part of the name that phones show.
    pub host: &'a str,
    /// The time: the name carries its month, the certificate begins 48 hours before it.
    pub now: OffsetDateTime,
    /// For how long from `now` it can issue; [`Authority::LIFE`] unless there is a reason.
    pub valid_for: Duration,
    /// The serial number of its certificate.
    pub serial: SerialNumber,
}

/// An RSA authority: its certificate and its key.
///
/// It answers SCEP itself, so that the key signs messages and decrypts as well as it signs
/// certificates and CRLs (RFC 8894 section 2.1.2).
pub struct Authority {
    facts: CertificateFacts,
    key_id: Vec<u8>,
    key: Key,
}

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// SCEP transports keys under RSA, so that the authority's must be RSA of 2048 bits or more.
    #[error("certificate authority: the key is not RSA of at least 2048 bits")]
    WeakKey,
    /// The key failed.
    #[error("certificate authority: using its key")]
    Key(#[from] KeyError),
    /// rcgen does not write its certificate: its RSA keys have at most 4096 bits.
    #[error("certificate authority: writing its certificate")]
    Write(#[from] rcgen::Error),
    /// The PEM text has no certificate.
    #[error("certificate authority: no certificate in the PEM text")]
    NoCertificate,
    /// The certificate cannot be read.
    #[error("certificate authority: reading its certificate")]
    Certificate(#[from] MalformedCertificate),
    /// The public key cannot be read.
    #[error("certificate authority: reading its public key")]
    PublicKey(#[from] DerError),
    /// `basicConstraints` does not make it one.
    #[error("certificate authority: `{subject}` is no authority")]
    NotAnAuthority {
        /// Whose certificate it is.
        subject: String,
    },
    /// Key and certificate are of different pairs.
    #[error("certificate authority: the key is not that of `{subject}`")]
    OtherKey {
        /// Whose certificate it is.
        subject: String,
    },
}

impl Authority {
    /// How long a new authority lasts: two years.
    pub const LIFE: Duration = Duration::days(730);

    /// Makes a root that signs itself with `key`, RSA of 2048 to 4096 bits.
    pub fn create(params: &AuthorityParams<'_>, key: Key) -> Result<Self, AuthorityError> {
        if !key.is_strong_rsa() {
            return Err(AuthorityError::WeakKey);
        }
        let pair = KeyPair::try_from(&key.to_pkcs8()?)?;
        let mut root = parameters(
            &common_name(params.host, params.now),
            Validity::starting(params.now, Validity::BACKDATE, params.valid_for),
            &params.serial,
            &pair,
        );
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
        ];
        Self::from_parts(root.self_signed(&pair)?.der(), key)
    }

    /// Reads what [`Self::to_pem`] wrote, or an imported authority: a private key and its
    /// certificate, in either order. Further certificates are left alone.
    pub fn from_pem(text: &str) -> Result<Self, AuthorityError> {
        let certificate_der = pem::decode_all(pem::CERTIFICATE, text)
            .into_iter()
            .next()
            .ok_or(AuthorityError::NoCertificate)?;
        Self::from_parts(&certificate_der, Key::from_pem(text)?)
    }

    fn from_parts(certificate_der: &[u8], key: Key) -> Result<Self, AuthorityError> {
        let facts = CertificateFacts::parse(certificate_der)?;
        if !key.is_strong_rsa() {
            return Err(AuthorityError::WeakKey);
        }
        let subject = || facts.subject.clone();
        if !facts.is_authority {
            return Err(AuthorityError::NotAnAuthority { subject: subject() });
        }
        let public = PKey::public_key_from_der(&facts.spki_der);
        if !public.is_ok_and(|public| public.public_eq(key.pkey())) {
            return Err(AuthorityError::OtherKey { subject: subject() });
        }
        Ok(Self {
            key_id: key_identifier(&facts.spki_der)?,
            facts,
            key,
        })
    }

    /// Private key and certificate, PEM. Secret: the file is for the owner alone.
    pub fn to_pem(&self) -> Result<String, AuthorityError> {
        Ok(format!("{}{}", self.key.to_pem()?, self.certificate_pem()))
    }

    /// The certificate, PEM.
    pub fn certificate_pem(&self) -> String {
        pem::encode(pem::CERTIFICATE, &self.facts.der)
    }

    /// The certificate, DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.facts.der
    }

    /// What the certificate says.
    pub fn facts(&self) -> &CertificateFacts {
        &self.facts
    }

    /// SHA-256 of the certificate: what people compare.
    pub fn fingerprint(&self) -> Fingerprint {
        self.facts.fingerprint
    }

    /// SHA-1 of the certificate: `CAFingerprint` and `CAThumbprint` of SCEP payloads, and the name
    /// that Windows gives to a certificate.
    pub fn fingerprint_sha1(&self) -> [u8; 20] {
        let mut octets = [0; 20];
        octets.copy_from_slice(digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.facts.der).as_ref());
        octets
    }

    /// Whether it signed itself, by its names.
    pub fn is_root(&self) -> bool {
        self.facts.subject_der == self.facts.issuer_der
    }

    /// Certificate and key, to sign and decrypt SCEP messages with.
    pub fn identity(&self) -> Result<Identity, IdentityError> {
        Identity::new(self.facts.der.clone(), self.key.pkey().clone())
    }

    /// The key.
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// The authority for rcgen to sign as. None for an imported one of which rcgen would change the
    /// name (it writes one attribute of a type, and we give it a `CN`) or does not take the key.
    pub(crate) fn rcgen_issuer(&self) -> Option<Issuer<'static, KeyPair>> {
        let facts = &self.facts;
        let common_name = facts.common_name.as_deref()?;
        if Name::common(common_name).to_der() != facts.subject_der {
            return None;
        }
        let pair = KeyPair::try_from(&self.key.to_pkcs8().ok()?).ok()?;
        let root = parameters(common_name, facts.validity, &facts.serial, &pair);
        Some(Issuer::new(root, pair))
    }

    /// The identifier of the key, which every certificate issued repeats.
    pub(crate) fn key_id(&self) -> &[u8] {
        &self.key_id
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("subject", &self.facts.subject)
            .field("fingerprint", &self.facts.fingerprint)
            .field("key", &"***")
            .finish_non_exhaustive()
    }
}

/// `mockmdm TEST CA <host> <year>-<month>`. A long host name loses its end, so that the whole
/// stays within [`Name::MAX_COMMON_NAME`]; a root without a name is missing from the list of iOS.
fn common_name(host: &str, now: OffsetDateTime) -> String {
    let (before, after) = (
        "mockmdm TEST CA ",
        format!(" {:04}-{:02}", now.year(), u8::from(now.month())),
    );
    let room = Name::MAX_COMMON_NAME - before.len() - after.len();
    let host: String = host.chars().take(room).collect();
    format!("{before}{host}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab;
    use crate::x509::San;
    use time::macros::datetime;

    #[test]
    fn the_name_carries_host_and_month_within_64_characters() {
        let now = datetime!(2027-03-01 0:00 UTC);
        for (host, name) in [
            ("lab.test", "mockmdm TEST CA lab.test 2027-03"),
            ("<&\"é", "mockmdm TEST CA <&\"é 2027-03"),
            (
                "a-very-long-name-of-a-laboratory-machine.example.test",
                "mockmdm TEST CA a-very-long-name-of-a-laboratory-machine 2027-03",
            ),
        ] {
            assert_eq!(common_name(host, now), name);
        }
    }

    #[test]
    fn an_authority_survives_pem_and_does_not_show_its_key() {
        let made = lab::authority();
        let read = Authority::from_pem(&made.to_pem().unwrap()).unwrap();
        assert_eq!(read.facts(), made.facts());
        assert!(read.is_root());
        assert!(!made.certificate_pem().contains("PRIVATE"));
        assert!(format!("{made:?}").contains("key: \"***\""), "{made:?}");
    }

    #[test]
    fn what_is_no_authority_is_refused() {
        let (authority, device) = (lab::authority(), lab::device(&lab::authority(), &[]));
        let device = pem::encode(pem::CERTIFICATE, &device.der);
        let (rsa, p256) = (lab::rsa().to_pem().unwrap(), lab::p256().to_pem().unwrap());
        let certificate = authority.certificate_pem();
        for (text, complaint) in [
            (
                String::new(),
                "certificate authority: no certificate in the PEM text",
            ),
            (certificate.clone(), "certificate authority: using its key"),
            (
                format!("{p256}{certificate}"),
                "certificate authority: the key is not RSA of at least 2048 bits",
            ),
            (
                format!("{rsa}{device}"),
                "certificate authority: `CN=iPhone \\<&\\\"é` is no authority",
            ),
            (
                format!("{certificate}{rsa}"),
                "certificate authority: the key is not that of `CN=mockmdm TEST CA lab.test 2026-11`",
            ),
            (
                format!("{rsa}{}", pem::encode(pem::CERTIFICATE, b"x")),
                "certificate authority: reading its certificate",
            ),
        ] {
            let refused = Authority::from_pem(&text).unwrap_err();
            assert_eq!(refused.to_string(), complaint);
        }
        let params = AuthorityParams {
            host: "x",
            now: lab::NOW,
            valid_for: Authority::LIFE,
            serial: lab::serial(1),
        };
        let refused = Authority::create(&params, lab::p256()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "certificate authority: the key is not RSA of at least 2048 bits"
        );
    }

    #[test]
    fn facts_are_read_back() {
        let authority = lab::authority();
        let facts = CertificateFacts::parse(&lab::device(&authority, &[]).der).unwrap();
        assert_eq!(facts.common_name.as_deref(), Some("iPhone <&\"é"));
        assert_eq!(facts.issuer_der, authority.facts().subject_der);
        assert_eq!(facts.serial, lab::serial(2));
        assert_eq!(facts.names, [San::Upn("é@lab.test".into())]);
        assert_eq!((facts.key_is_rsa, facts.key_bits), (false, 256));
        assert_eq!(facts.spki_der, lab::p256().public_der().unwrap());
        assert!(!facts.is_authority);
        assert!(authority.facts().is_authority);
        assert_eq!(authority.facts().key_bits, 2048);
        assert_eq!(facts.validity.not_before, datetime!(2026-11-20 10:00 UTC));
        assert_eq!(facts.validity.not_after, datetime!(2026-12-01 10:00 UTC));
    }
}
