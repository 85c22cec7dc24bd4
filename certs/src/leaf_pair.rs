//! Which of two server certificates a TLS client gets.

use std::fmt;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;

use crate::leaf::{Leaf, LeafError};

/// The two TLS leaves: P-256 for clients that can verify ECDSA, RSA for the others.
pub struct LeafPair {
    ecdsa: Arc<CertifiedKey>,
    rsa: Arc<CertifiedKey>,
    renew_at: OffsetDateTime,
}

impl LeafPair {
    /// The pair of a leaf with a P-256 key and one with an RSA key.
    pub fn new(ecdsa: &Leaf, rsa: &Leaf) -> Result<Self, LeafError> {
        Ok(Self {
            ecdsa: ecdsa.certified_key()?,
            rsa: rsa.certified_key()?,
            renew_at: ecdsa.renew_at().min(rsa.renew_at()),
        })
    }

    /// When the first of the two is due for renewal.
    pub fn renew_at(&self) -> OffsetDateTime {
        self.renew_at
    }

    /// The certificate for a client that can verify these: ECDSA if it can, else RSA.
    pub fn choose(&self, offered: &[SignatureScheme]) -> Arc<CertifiedKey> {
        if self.ecdsa.key.choose_scheme(offered).is_some() {
            Arc::clone(&self.ecdsa)
        } else {
            Arc::clone(&self.rsa)
        }
    }
}

impl ResolvesServerCert for LeafPair {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.choose(hello.signature_schemes()))
    }
}

impl fmt::Debug for LeafPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeafPair")
            .field("renew_at", &self.renew_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab;

    #[test]
    fn clients_get_the_certificate_they_can_verify() {
        let (ecdsa, rsa) = lab::leaves(&lab::authority());
        let pair = LeafPair::new(&ecdsa, &rsa).unwrap();
        assert_eq!(pair.renew_at(), ecdsa.renew_at());
        let (ec, pss, pkcs1) = (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PKCS1_SHA256,
        );
        for (offered, leaf) in [
            (&[ec][..], &ecdsa),
            (&[pss, ec], &ecdsa),
            (&[pss, pkcs1], &rsa),
            (&[SignatureScheme::ECDSA_NISTP384_SHA384, pkcs1], &rsa),
            (&[], &rsa),
        ] {
            let chosen = pair.choose(offered);
            assert_eq!(
                chosen.cert[0].as_ref(),
                leaf.certificate_der(),
                "{offered:?}"
            );
            // A root is not sent.
            assert_eq!(chosen.cert.len(), 1);
        }
    }
}
