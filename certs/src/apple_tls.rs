//! What Apple's systems demand of a TLS server certificate.

use time::Duration;

use crate::oid::{self, OidBuf};
use crate::x509::{CertificateFacts, MalformedCertificate, San};

/// The longest period of a server certificate, whoever issued it.
pub const MAX_LIFE: Duration = Duration::days(825);

/// One rule that a certificate breaks (Apple Support, "Requirements for trusted certificates in
/// iOS 13 and macOS 10.15"). The text is for people, [`Self::rule`] for programs.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// It cannot be read.
    #[error("the certificate cannot be read")]
    Malformed(#[source] MalformedCertificate),
    /// RSA below 2048 bits, or a curve below 256.
    #[error("the key has {bits} bits; RSA needs 2048, an elliptic curve 256")]
    SmallKey {
        /// Its size.
        bits: usize,
    },
    /// Not SHA-2.
    #[error("the certificate is signed with {algorithm}, which is not of the SHA-2 family")]
    WeakDigest {
        /// The algorithm, dotted.
        algorithm: String,
    },
    /// Neither host name nor address: the `CN` is not looked at.
    #[error("no alternative name is a host name or an address")]
    NoName,
    /// No `extKeyUsage`, or one without `serverAuth`.
    #[error("the extended key usage does not include server authentication")]
    NotForServers,
    /// Longer than [`MAX_LIFE`].
    #[error("the certificate is valid for {days} days; more than 825 are refused")]
    TooLong {
        /// Its period in days, rounded up.
        days: i64,
    },
}

impl Finding {
    /// The dotted name of the rule.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "tls.malformed",
            Self::SmallKey { .. } => "tls.key_size",
            Self::WeakDigest { .. } => "tls.digest",
            Self::NoName => "tls.alternative_name",
            Self::NotForServers => "tls.server_auth",
            Self::TooLong { .. } => "tls.life",
        }
    }
}

/// The rules that this server certificate breaks, none for one that Apple's systems accept once
/// they trust its root.
pub fn apple_tls_findings(certificate_der: &[u8]) -> Vec<Finding> {
    match CertificateFacts::parse(certificate_der) {
        Ok(facts) => judge(&facts),
        Err(cause) => vec![Finding::Malformed(cause)],
    }
}

fn judge(facts: &CertificateFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let least = if facts.key_is_rsa { 2048 } else { 256 };
    if facts.key_bits < least {
        findings.push(Finding::SmallKey {
            bits: facts.key_bits,
        });
    }
    if ![
        oid::SHA256_WITH_RSA,
        oid::SHA384_WITH_RSA,
        oid::SHA512_WITH_RSA,
        oid::ECDSA_WITH_SHA256,
        oid::ECDSA_WITH_SHA384,
        oid::ECDSA_WITH_SHA512,
    ]
    .contains(&facts.signed_with.as_oid())
    {
        findings.push(Finding::WeakDigest {
            algorithm: facts.signed_with.to_string(),
        });
    }
    if !facts
        .names
        .iter()
        .any(|name| matches!(name, San::Dns(_) | San::Ip(_)))
    {
        findings.push(Finding::NoName);
    }
    let named = |purposes: &Vec<OidBuf>| purposes.iter().any(|p| p.as_oid() == oid::SERVER_AUTH);
    if !facts.purposes.as_ref().is_some_and(named) {
        findings.push(Finding::NotForServers);
    }
    let life = facts.validity.length();
    if life > MAX_LIFE {
        let day = Duration::DAY.whole_seconds();
        findings.push(Finding::TooLong {
            days: (life.whole_seconds() + day - 1) / day,
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab;
    use openssl::asn1::Asn1Time;
    use openssl::hash::MessageDigest;
    use openssl::pkey::PKey;
    use openssl::rsa::Rsa;
    use openssl::x509::X509;

    fn rules(certificate_der: &[u8]) -> Vec<&'static str> {
        let findings = apple_tls_findings(certificate_der);
        findings.iter().map(Finding::rule).collect()
    }

    #[test]
    fn our_leaves_break_no_rule() {
        let (ecdsa, rsa) = lab::leaves(&lab::authority());
        for leaf in [ecdsa, rsa] {
            assert_eq!(rules(leaf.certificate_der()), Vec::<&str>::new());
        }
    }

    #[test]
    fn each_rule_is_found_broken() {
        let key = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
        let mut old = X509::builder().unwrap();
        old.set_version(2).unwrap();
        old.set_pubkey(&key).unwrap();
        old.set_not_before(&Asn1Time::from_unix(1_600_000_000).unwrap())
            .unwrap();
        old.set_not_after(&Asn1Time::from_unix(1_600_000_000 + 825 * 86_400 + 1).unwrap())
            .unwrap();
        old.sign(&key, MessageDigest::sha1()).unwrap();
        let findings = apple_tls_findings(&old.build().to_der().unwrap());
        let texts: Vec<String> = findings.iter().map(Finding::to_string).collect();
        assert_eq!(
            texts,
            [
                "the key has 1024 bits; RSA needs 2048, an elliptic curve 256",
                "the certificate is signed with 1.2.840.113549.1.1.5, which is not of the SHA-2 family",
                "no alternative name is a host name or an address",
                "the extended key usage does not include server authentication",
                "the certificate is valid for 826 days; more than 825 are refused",
            ]
        );
        assert_eq!(rules(b"x"), ["tls.malformed"]);
        let client = lab::device(&lab::authority(), &[oid::CLIENT_AUTH]);
        assert_eq!(
            rules(&client.der),
            ["tls.alternative_name", "tls.server_auth"]
        );
    }
}
