//! The server's own certificates: for TLS and for signing profiles.

use std::fmt;
use std::sync::Arc;

use openssl::pkey::PKey;
use rcgen::{ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use time::{Duration, OffsetDateTime};

use crate::apple_tls::MAX_LIFE;
use crate::authority::Authority;
use crate::cms::{Identity, IdentityError};
use crate::der::Writer;
use crate::issue::{IssueError, Places, Request, issue};
use crate::key::{Key, KeyError};
use crate::oid;
use crate::pem;
use crate::x509::{
    CertificateFacts, KeyUsage, MalformedCertificate, Name, San, SerialNumber, Validity, parameters,
};

/// When and how long a leaf is valid, and its number.
#[derive(Debug, Clone)]
pub struct LeafParams {
    /// The time; the leaf begins [`Validity::BACKDATE`] before it.
    pub now: OffsetDateTime,
    /// For how long from `now`: [`Leaf::LIFE`] unless there is a reason.
    pub life: Duration,
    /// Its serial number.
    pub serial: SerialNumber,
}

/// A certificate of the server's own with its key, and the authority's above it.
pub struct Leaf {
    facts: CertificateFacts,
    issuer_der: Vec<u8>,
    key: Key,
}

/// Why there is no leaf.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeafError {
    /// A TLS leaf without names matches no address.
    #[error("server certificate: no names to certify")]
    NoNames,
    /// Apple's systems refuse more than 825 days.
    #[error("server certificate: valid for {days} days; more than 825 are refused by devices")]
    TooLong {
        /// The whole period asked for, in days.
        days: i64,
    },
    /// The authority did not issue it.
    #[error("server certificate: issuing it")]
    Issue(#[from] IssueError),
    /// rcgen does not take the key or a name: its RSA keys have 2048 to 4096 bits.
    #[error("server certificate: writing it")]
    Write(#[from] rcgen::Error),
    /// The key failed.
    #[error("server certificate: using its key")]
    Key(#[from] KeyError),
    /// The TLS library does not take the key.
    #[error("server certificate: giving its key to the TLS library")]
    Tls(#[from] rustls::Error),
    /// The text is not a key and two certificates.
    #[error("server certificate: the PEM text is not a key, its certificate and the issuer's")]
    Pem,
    /// The key is not that of the certificate.
    #[error("server certificate: the key is not that of `{subject}`")]
    OtherKey {
        /// Whose certificate it is.
        subject: String,
    },
    /// The certificate cannot be read.
    #[error("server certificate: reading it")]
    Certificate(#[from] MalformedCertificate),
}

impl Leaf {
    /// How long a leaf lasts: 90 days.
    pub const LIFE: Duration = Duration::days(90);

    /// A TLS server certificate for these names, as Apple's systems want it: names in
    /// `subjectAltName`, `serverAuth`, at most 825 days. It names no CRL: a client that cannot
    /// reach us could not fetch one either.
    pub fn for_tls(
        authority: &Authority,
        key: Key,
        names: &[San],
        params: &LeafParams,
    ) -> Result<Self, LeafError> {
        let first = names.iter().find_map(|name| match name {
            San::Dns(host) => Some(host.clone()),
            San::Ip(address) => Some(address.to_string()),
            San::Email(_) | San::Uri(_) | San::Upn(_) => None,
        });
        let subject = common_name(&first.ok_or(LeafError::NoNames)?, "");
        Self::issued(authority, key, &subject, names, Purpose::Tls, params)
    }

    /// The certificate that profiles are signed with, `CN=<host> profile signing`. Its purpose is
    /// `emailProtection`, by which S/MIME readers judge any CMS signature (RFC 8551 section 4.4.4).
    pub fn for_profile_signing(
        authority: &Authority,
        key: Key,
        host: &str,
        params: &LeafParams,
    ) -> Result<Self, LeafError> {
        let subject = common_name(host, " profile signing");
        Self::issued(
            authority,
            key,
            &subject,
            &[],
            Purpose::ProfileSigning,
            params,
        )
    }

    fn issued(
        authority: &Authority,
        key: Key,
        subject: &str,
        names: &[San],
        purpose: Purpose,
        params: &LeafParams,
    ) -> Result<Self, LeafError> {
        let validity = Validity::starting(params.now, Validity::BACKDATE, params.life);
        if validity.length() > MAX_LIFE {
            return Err(LeafError::TooLong {
                days: validity.length().whole_days(),
            });
        }
        for name in names {
            let written = name.write(&mut Writer::default());
            written.map_err(IssueError::Name)?;
        }
        let validity = validity.ending_by(authority.facts().validity.not_after);
        if validity.not_after < validity.not_before {
            return Err(IssueError::Period.into());
        }
        let draft = Draft {
            subject,
            names,
            purpose,
            validity,
            serial: &params.serial,
        };
        let der = match authority.rcgen_issuer() {
            Some(issuer) => draft.sign(&key, &issuer)?,
            None => draft.issue(&key, authority)?,
        };
        Self::from_parts(&der, authority.certificate_der().to_vec(), key)
    }

    fn from_parts(der: &[u8], issuer_der: Vec<u8>, key: Key) -> Result<Self, LeafError> {
        let facts = CertificateFacts::parse(der)?;
        let public = PKey::public_key_from_der(&facts.spki_der);
        if !public.is_ok_and(|public| public.public_eq(key.pkey())) {
            return Err(LeafError::OtherKey {
                subject: facts.subject,
            });
        }
        Ok(Self {
            facts,
            issuer_der,
            key,
        })
    }

    /// Reads what [`Self::to_pem`] wrote.
    pub fn from_pem(text: &str) -> Result<Self, LeafError> {
        let certificates = pem::decode_all(pem::CERTIFICATE, text);
        let [leaf, issuer] = certificates.as_slice() else {
            return Err(LeafError::Pem);
        };
        Self::from_parts(leaf, issuer.clone(), Key::from_pem(text)?)
    }

    /// Key, certificate and the authority's certificate, PEM. Secret: for the owner alone.
    pub fn to_pem(&self) -> Result<String, LeafError> {
        Ok(format!(
            "{}{}{}",
            self.key.to_pem()?,
            pem::encode(pem::CERTIFICATE, &self.facts.der),
            pem::encode(pem::CERTIFICATE, &self.issuer_der)
        ))
    }

    /// The certificate, DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.facts.der
    }

    /// The certificate of the authority that issued it, DER.
    pub fn issuer_der(&self) -> &[u8] {
        &self.issuer_der
    }

    /// What the certificate says.
    pub fn facts(&self) -> &CertificateFacts {
        &self.facts
    }

    /// When to issue the next one: two thirds of its life are over.
    pub fn renew_at(&self) -> OffsetDateTime {
        self.facts.validity.two_thirds()
    }

    /// Whether it can still serve: issued by this authority, for exactly these names in any order,
    /// and not yet due for renewal.
    pub fn serves(&self, authority: &Authority, names: &[San], now: OffsetDateTime) -> bool {
        self.issuer_der == authority.certificate_der()
            && names.iter().all(|name| self.facts.names.contains(name))
            && self.facts.names.iter().all(|name| names.contains(name))
            && now < self.renew_at()
            && self.facts.validity.not_before <= now
    }

    /// Certificate and key, to sign CMS with.
    pub fn identity(&self) -> Result<Identity, IdentityError> {
        Identity::new(self.facts.der.clone(), self.key.pkey().clone())
    }

    /// Certificate and key for rustls, by its `ring` provider. The authority's certificate is sent
    /// only where it is an intermediate one: a root has to be there already.
    pub fn certified_key(&self) -> Result<Arc<CertifiedKey>, LeafError> {
        let mut chain = vec![CertificateDer::from(self.facts.der.clone())];
        let issuer = CertificateFacts::parse(&self.issuer_der)?;
        if issuer.subject_der != issuer.issuer_der {
            chain.push(CertificateDer::from(issuer.der));
        }
        let key = any_supported_type(&self.key.to_pkcs8()?)?;
        Ok(Arc::new(CertifiedKey::new(chain, key)))
    }
}

/// What a leaf is for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Tls,
    ProfileSigning,
}

/// What a leaf is to say.
struct Draft<'a> {
    subject: &'a str,
    names: &'a [San],
    purpose: Purpose,
    validity: Validity,
    serial: &'a SerialNumber,
}

impl Draft<'_> {
    /// RSA keys of TLS transport keys in TLS 1.2, besides signing.
    fn enciphers(&self, key: &Key) -> bool {
        matches!(self.purpose, Purpose::Tls) && key.is_strong_rsa()
    }

    /// The certificate, DER, by rcgen.
    fn sign(&self, key: &Key, issuer: &Issuer<'_, KeyPair>) -> Result<Vec<u8>, LeafError> {
        let pair = KeyPair::try_from(&key.to_pkcs8()?)?;
        let mut leaf = parameters(self.subject, self.validity, self.serial, &pair);
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if self.enciphers(key) {
            leaf.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        leaf.extended_key_usages = vec![match self.purpose {
            Purpose::Tls => ExtendedKeyUsagePurpose::ServerAuth,
            Purpose::ProfileSigning => ExtendedKeyUsagePurpose::EmailProtection,
        }];
        for name in self.names {
            let name = name.to_rcgen()?;
            if !leaf.subject_alt_names.contains(&name) {
                leaf.subject_alt_names.push(name);
            }
        }
        Ok(leaf.signed_by(&pair, issuer)?.der().to_vec())
    }

    /// The certificate, DER, as devices get theirs: the octets of the authority's name are kept.
    fn issue(&self, key: &Key, authority: &Authority) -> Result<Vec<u8>, LeafError> {
        let purpose = match self.purpose {
            Purpose::Tls => oid::SERVER_AUTH,
            Purpose::ProfileSigning => oid::EMAIL_PROTECTION,
        };
        let mut key_usage = KeyUsage::DIGITAL_SIGNATURE;
        if self.enciphers(key) {
            key_usage = key_usage | KeyUsage::KEY_ENCIPHERMENT;
        }
        let request = Request {
            subject_der: &Name::common(self.subject).to_der(),
            spki_der: &key.public_der()?,
            names: self.names,
            requested_names: None,
            purposes: &[purpose.into()],
            key_usage,
            validity: self.validity,
            serial: self.serial.clone(),
            places: Places::default(),
            copied: &[],
        };
        Ok(issue(authority, &request)?.der)
    }
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaf")
            .field("subject", &self.facts.subject)
            .field("fingerprint", &self.facts.fingerprint)
            .field("key", &"***")
            .finish_non_exhaustive()
    }
}

/// Host and suffix within [`Name::MAX_COMMON_NAME`]: a long host loses its end.
fn common_name(host: &str, suffix: &str) -> String {
    let room = Name::MAX_COMMON_NAME - suffix.len();
    let host: String = host.chars().take(room).collect();
    format!("{host}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab;

    #[test]
    fn a_leaf_survives_pem() {
        let authority = lab::authority();
        let (ecdsa, rsa) = lab::leaves(&authority);
        for leaf in [&ecdsa, &rsa] {
            let read = Leaf::from_pem(&leaf.to_pem().unwrap()).unwrap();
            assert_eq!(read.facts(), leaf.facts());
            assert!(read.serves(&authority, &lab::names(), lab::NOW));
        }
        let swapped = ecdsa
            .to_pem()
            .unwrap()
            .replace(&ecdsa.key.to_pem().unwrap(), &rsa.key.to_pem().unwrap());
        for (text, complaint) in [
            (
                swapped.as_str(),
                "server certificate: the key is not that of `CN=lab.test`",
            ),
            (
                "",
                "server certificate: the PEM text is not a key, its certificate and the issuer's",
            ),
        ] {
            assert_eq!(Leaf::from_pem(text).unwrap_err().to_string(), complaint);
        }
    }

    #[test]
    fn a_leaf_is_replaced_when_due_or_out_of_place() {
        let authority = lab::authority();
        let (leaf, _) = lab::leaves(&authority);
        // 92 days from two before, of which two thirds are 61 days and 8 hours.
        let due = lab::NOW + Duration::days(59) + Duration::hours(8);
        assert_eq!(leaf.renew_at(), due);
        let names = lab::names();
        let (fewer, mut more) = (&names[1..], names.clone());
        more.push(San::Dns("other.test".into()));
        let reversed: Vec<San> = names.iter().rev().cloned().collect();
        for (authority, names, now, serves) in [
            (&authority, &names[..], lab::NOW, true),
            (&authority, &reversed, due - Duration::SECOND, true),
            (&authority, &names, due, false),
            (&authority, &names, lab::NOW - Duration::days(3), false),
            (&authority, fewer, lab::NOW, false),
            (&authority, &more, lab::NOW, false),
            (&lab::impostor(), &names, lab::NOW, false),
        ] {
            assert_eq!(
                leaf.serves(authority, names, now),
                serves,
                "{names:?} {now}"
            );
        }
    }

    #[test]
    fn leaves_that_devices_would_refuse_are_not_made() {
        let authority = lab::authority();
        let params = LeafParams {
            now: lab::NOW,
            life: Duration::days(824),
            serial: lab::serial(9),
        };
        let names = lab::names();
        for (names, complaint) in [
            (
                &names[..],
                "server certificate: valid for 826 days; more than 825 are refused by devices",
            ),
            (&[], "server certificate: no names to certify"),
            (
                &[San::Uri("x:".into())],
                "server certificate: no names to certify",
            ),
        ] {
            let refused = Leaf::for_tls(&authority, lab::p256(), names, &params).unwrap_err();
            assert_eq!(refused.to_string(), complaint);
        }
    }
}
