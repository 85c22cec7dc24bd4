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
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier as _;
    use rustls::crypto::ring::default_provider;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
    use std::io::{Read as _, Write as _};
    use time::Duration;

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

    #[test]
    fn webpki_accepts_the_leaves_for_each_of_their_names() {
        let authority = lab::authority();
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(authority.certificate_der()))
            .unwrap();
        let verifier = WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::new(default_provider()),
        )
        .build()
        .unwrap();
        let (ecdsa, rsa) = lab::leaves(&authority);
        for leaf in [&ecdsa, &rsa] {
            for (name, at, ok) in [
                ("lab.test", lab::NOW, true),
                ("192.0.2.1", lab::NOW, true),
                ("2001:db8::1", lab::NOW, true),
                ("other.test", lab::NOW, false),
                ("192.0.2.2", lab::NOW, false),
                ("lab.test", lab::NOW - Duration::hours(47), true),
                ("lab.test", lab::NOW - Duration::hours(49), false),
                ("lab.test", lab::NOW + Duration::days(91), false),
            ] {
                let seconds = u64::try_from(at.unix_timestamp()).unwrap();
                let verdict = verifier.verify_server_cert(
                    &CertificateDer::from(leaf.certificate_der()),
                    &[],
                    &ServerName::try_from(name).unwrap(),
                    &[],
                    UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)),
                );
                assert_eq!(verdict.is_ok(), ok, "{name} {at}: {verdict:?}");
            }
        }
    }

    /// A fixed clock for the verifying client.
    #[derive(Debug)]
    struct At(OffsetDateTime);

    impl rustls::time_provider::TimeProvider for At {
        fn current_time(&self) -> Option<UnixTime> {
            let seconds = u64::try_from(self.0.unix_timestamp()).ok()?;
            let since = std::time::Duration::from_secs(seconds);
            Some(UnixTime::since_unix_epoch(since))
        }
    }

    #[test]
    fn handshakes_succeed_with_ecdsa_and_without() {
        let authority = lab::authority();
        let (ecdsa, rsa) = lab::leaves(&authority);
        let provider = default_provider();
        let server = ServerConfig::builder_with_provider(Arc::new(provider.clone()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(LeafPair::new(&ecdsa, &rsa).unwrap()));
        let server = Arc::new(server);
        let mut without = provider.clone();
        let rsa_only =
            |(scheme, _): &&(SignatureScheme, _)| !format!("{scheme:?}").starts_with("ECDSA");
        let kept: Vec<_> = provider
            .signature_verification_algorithms
            .mapping
            .iter()
            .filter(rsa_only)
            .copied()
            .collect();
        without.signature_verification_algorithms.mapping = Vec::leak(kept);
        for (provider, expected) in [(provider, &ecdsa), (without, &rsa)] {
            for version in rustls::ALL_VERSIONS {
                let mut roots = RootCertStore::empty();
                roots
                    .add(CertificateDer::from(authority.certificate_der()))
                    .unwrap();
                let client = ClientConfig::builder_with_details(
                    Arc::new(provider.clone()),
                    Arc::new(At(lab::NOW)),
                )
                .with_protocol_versions(&[*version])
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
                let name = ServerName::try_from("lab.test").unwrap();
                let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
                let mut server = ServerConnection::new(Arc::clone(&server)).unwrap();
                for _ in 0..8 {
                    let mut wire = Vec::new();
                    while client.wants_write() {
                        client.write_tls(&mut wire).unwrap();
                    }
                    feed(&wire, |bytes| server.read_tls(bytes));
                    server.process_new_packets().unwrap();
                    wire.clear();
                    while server.wants_write() {
                        server.write_tls(&mut wire).unwrap();
                    }
                    feed(&wire, |bytes| client.read_tls(bytes));
                    client.process_new_packets().unwrap();
                }
                assert!(
                    !client.is_handshaking() && !server.is_handshaking(),
                    "{version:?}"
                );
                let sent = &client.peer_certificates().unwrap()[0];
                assert_eq!(sent.as_ref(), expected.certificate_der(), "{version:?}");
                client.writer().write_all(b"hello").unwrap();
                let mut wire = Vec::new();
                client.write_tls(&mut wire).unwrap();
                feed(&wire, |bytes| server.read_tls(bytes));
                server.process_new_packets().unwrap();
                let mut heard = [0; 5];
                server.reader().read_exact(&mut heard).unwrap();
                assert_eq!(&heard, b"hello");
            }
        }
    }

    fn feed(mut wire: &[u8], mut read: impl FnMut(&mut &[u8]) -> std::io::Result<usize>) {
        while !wire.is_empty() {
            read(&mut wire).unwrap();
        }
    }
}
