//! Whether a presented certificate is to be trusted, and why not.

use time::{Duration, OffsetDateTime};

use crate::cms::{Digest, PublicKey, PublicKeyError};
use crate::der::DerError;
use crate::oid::{self, Oid, OidBuf};
use crate::x509::{CertificateFacts, MalformedCertificate};

/// An authority as those see it who trust it: its name and its public key.
#[derive(Debug, Clone)]
pub struct Anchor {
    subject_der: Vec<u8>,
    key: PublicKey,
}

impl Anchor {
    /// The anchor that a certificate is, ours or an imported one.
    pub fn new(authority: &CertificateFacts) -> Result<Self, PublicKeyError> {
        Ok(Self {
            subject_der: authority.subject_der.clone(),
            key: PublicKey::from_info(&authority.spki_der)?,
        })
    }
}

/// Why a certificate is not trusted. [`Self::reason`] is the word that events carry.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Untrusted {
    /// It cannot be read.
    #[error("certificate is malformed")]
    Malformed(#[source] MalformedReason),
    /// None of the authorities has the name of its issuer.
    #[error("certificate was issued by `{issuer}`, which is none of ours")]
    UnknownIssuer {
        /// The issuer in words.
        issuer: String,
    },
    /// An authority has the name of its issuer, but did not sign it.
    #[error("certificate names `{issuer}` as its issuer, whose key did not sign it")]
    BadSignature {
        /// The issuer in words.
        issuer: String,
    },
    /// Its signature is of a kind that is not accepted.
    #[error("certificate is signed with {algorithm}, which is not accepted")]
    Algorithm {
        /// The algorithm.
        algorithm: OidBuf,
    },
    /// It has ended, the tolerance included.
    #[error("certificate expired {} s ago", by.whole_seconds())]
    Expired {
        /// How long ago.
        by: Duration,
    },
    /// It has not begun, the tolerance included.
    #[error("certificate is valid in {} s only", by.whole_seconds())]
    NotYetValid {
        /// How long from now.
        by: Duration,
    },
    /// `extKeyUsage` does not allow what it is used for.
    #[error("certificate is not for {required}, only for {}", list(presented))]
    WrongPurpose {
        /// What it is used for.
        required: OidBuf,
        /// What it is for.
        presented: Vec<OidBuf>,
    },
}

/// What of a certificate cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedReason {
    /// The certificate.
    #[error("it does not parse")]
    Certificate(#[source] MalformedCertificate),
    /// What surrounds the signed part.
    #[error("its frame is not DER")]
    Frame(#[source] DerError),
}

impl From<MalformedCertificate> for Untrusted {
    fn from(cause: MalformedCertificate) -> Self {
        Self::Malformed(MalformedReason::Certificate(cause))
    }
}

impl Untrusted {
    /// One stable word: `unknown_issuer`, `expired`, ...
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::UnknownIssuer { .. } => "unknown_issuer",
            Self::BadSignature { .. } => "bad_signature",
            Self::Algorithm { .. } => "bad_algorithm",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::WrongPurpose { .. } => "wrong_purpose",
        }
    }
}

fn list(purposes: &[OidBuf]) -> String {
    let words: Vec<String> = purposes.iter().map(OidBuf::to_string).collect();
    if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join(", ")
    }
}

/// Judges an end-entity certificate: issued by one of `anchors`, whose signature verifies; valid
/// at `now` give or take `tolerance`; for `purpose`. Revocation is for whoever keeps the record.
///
/// Differs from RFC 5280 section 6: paths are of length one, critical extensions that are not
/// known are passed over, since only our own authorities are anchors.
pub fn check_identity(
    facts: &CertificateFacts,
    anchors: &[Anchor],
    now: OffsetDateTime,
    tolerance: Duration,
    purpose: Oid<'_>,
) -> Result<(), Untrusted> {
    check_signature(facts, anchors)?;
    check_period(facts, now, tolerance)?;
    if facts.serves(purpose) {
        return Ok(());
    }
    Err(Untrusted::WrongPurpose {
        required: purpose.into(),
        presented: facts.purposes.clone().unwrap_or_default(),
    })
}

fn check_signature(facts: &CertificateFacts, anchors: &[Anchor]) -> Result<(), Untrusted> {
    let mut issuers = anchors
        .iter()
        .filter(|anchor| anchor.subject_der == facts.issuer_der)
        .peekable();
    if issuers.peek().is_none() {
        return Err(Untrusted::UnknownIssuer {
            issuer: facts.issuer.clone(),
        });
    }
    let digest = digest_of(facts.signed_with.as_oid()).ok_or_else(|| Untrusted::Algorithm {
        algorithm: facts.signed_with.clone(),
    })?;
    let (tbs, signature) = facts
        .signed_parts()
        .map_err(|cause| Untrusted::Malformed(MalformedReason::Frame(cause)))?;
    if issuers.any(|anchor| anchor.key.verifies(digest, tbs, signature)) {
        Ok(())
    } else {
        Err(Untrusted::BadSignature {
            issuer: facts.issuer.clone(),
        })
    }
}

fn check_period(
    facts: &CertificateFacts,
    now: OffsetDateTime,
    tolerance: Duration,
) -> Result<(), Untrusted> {
    let late = now - facts.validity.not_after;
    let early = facts.validity.not_before - now;
    if late > tolerance {
        Err(Untrusted::Expired { by: late })
    } else if early > tolerance {
        Err(Untrusted::NotYetValid { by: early })
    } else {
        Ok(())
    }
}

/// The digest of a signature algorithm; SHA-1 is not accepted on certificates.
fn digest_of(algorithm: Oid<'_>) -> Option<Digest> {
    match algorithm {
        oid::SHA256_WITH_RSA | oid::ECDSA_WITH_SHA256 => Some(Digest::Sha256),
        oid::SHA384_WITH_RSA | oid::ECDSA_WITH_SHA384 => Some(Digest::Sha384),
        oid::SHA512_WITH_RSA | oid::ECDSA_WITH_SHA512 => Some(Digest::Sha512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab;

    #[test]
    fn each_defect_has_its_reason() {
        let (ours, impostor) = (lab::authority(), lab::impostor());
        let anchors = [Anchor::new(ours.facts()).unwrap()];
        let facts = |der: &[u8]| CertificateFacts::parse(der).unwrap();
        let client = facts(&lab::device(&ours, &[oid::CLIENT_AUTH]).der);
        let server = facts(&lab::device(&ours, &[oid::SERVER_AUTH]).der);
        let any = facts(&lab::device(&ours, &[]).der);
        let forged = facts(&lab::device(&impostor, &[oid::CLIENT_AUTH]).der);
        let (leaf, _) = lab::leaves(&ours);
        let stranger = CertificateFacts {
            issuer: "CN=other".to_owned(),
            issuer_der: leaf.facts().subject_der.clone(),
            ..client.clone()
        };
        let sha1 = CertificateFacts {
            signed_with: oid::SHA1_WITH_RSA.into(),
            ..client.clone()
        };
        let (begins, ends) = (client.validity.not_before, client.validity.not_after);
        let (second, minute) = (Duration::SECOND, Duration::MINUTE);
        for (facts, now, verdict) in [
            (&client, lab::NOW, Ok(())),
            (&any, lab::NOW, Ok(())),
            (&client, ends + minute, Ok(())),
            (&client, begins - minute, Ok(())),
            (
                &client,
                ends + minute + second,
                Err(("expired", "certificate expired 61 s ago")),
            ),
            (
                &client,
                begins - minute - second,
                Err(("not_yet_valid", "certificate is valid in 61 s only")),
            ),
            (
                &server,
                lab::NOW,
                Err((
                    "wrong_purpose",
                    "certificate is not for 1.3.6.1.5.5.7.3.2, only for 1.3.6.1.5.5.7.3.1",
                )),
            ),
            (
                &forged,
                lab::NOW,
                Err((
                    "bad_signature",
                    "certificate names `CN=mockmdm TEST CA lab.test 2026-11` as its issuer, whose key did not sign it",
                )),
            ),
            (
                &stranger,
                lab::NOW,
                Err((
                    "unknown_issuer",
                    "certificate was issued by `CN=other`, which is none of ours",
                )),
            ),
            (
                &sha1,
                lab::NOW,
                Err((
                    "bad_algorithm",
                    "certificate is signed with 1.2.840.113549.1.1.5, which is not accepted",
                )),
            ),
        ] {
            let found = check_identity(facts, &anchors, now, minute, oid::CLIENT_AUTH);
            let found = found.map_err(|why| (why.reason(), why.to_string()));
            assert_eq!(
                found,
                verdict.map_err(|(reason, text)| (reason, text.to_owned())),
                "{now}"
            );
        }
    }

    #[test]
    fn no_altered_bit_passes() {
        let ours = lab::authority();
        let anchors = [Anchor::new(ours.facts()).unwrap()];
        let good = lab::device(&ours, &[oid::CLIENT_AUTH]).der;
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let verdict = CertificateFacts::parse(&bad)
                .map_err(Untrusted::from)
                .and_then(|facts| {
                    check_identity(
                        &facts,
                        &anchors,
                        lab::NOW,
                        Duration::MINUTE,
                        oid::CLIENT_AUTH,
                    )
                });
            assert!(verdict.is_err(), "bit {bit}");
        }
    }
}
