//! The TLS side of a port: one server configuration per role it may play.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::{NoClientAuth, ResolvesServerCert};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, server::danger::ClientCertVerifier};

use super::{AnyClientCertificate, Role, SniMap};

/// Why a TLS configuration could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsSetupError {
    /// The provider does not support the protocol versions; cannot happen with `ring`.
    #[error("choosing the TLS versions")]
    Versions(#[source] rustls::Error),
    /// No randomness for the ticket key.
    #[error("making the session ticket key")]
    Tickets(#[source] rustls::Error),
}

/// What a TLS port needs: who it is for each name. Immutable; replace the whole value when certificates hints change.
///
/// TLS 1.2 and 1.3, ALPN `h2` and `http/1.1`, session tickets on: a full handshake costs as much processor time as some
/// twenty requests. Server certificates come from the resolver at each handshake, so renewing one needs no new port.
#[derive(Debug)]
pub struct TlsPort {
    names: SniMap,
    quiet: Arc<ServerConfig>,
    asking: Arc<ServerConfig>,
}

impl TlsPort {
    /// `hints` are the DER subjects of the CAs named to clients that are asked for a certificate; none if empty.
    pub fn new(
        names: SniMap,
        certificates: Arc<dyn ResolvesServerCert>,
        hints: Vec<Vec<u8>>,
    ) -> Result<Self, TlsSetupError> {
        Ok(Self {
            names,
            quiet: config(Arc::new(NoClientAuth), Arc::clone(&certificates))?,
            asking: config(Arc::new(AnyClientCertificate::new(hints)), certificates)?,
        })
    }

    /// The role and configuration for a client that asked for `name`.
    pub(super) fn choose(&self, name: Option<&str>) -> (Role, Arc<ServerConfig>) {
        let role = self.names.role(name);
        let config = if role.asks_for_certificate() {
            &self.asking
        } else {
            &self.quiet
        };
        (role, Arc::clone(config))
    }
}

fn config(
    clients: Arc<dyn ClientCertVerifier>,
    certificates: Arc<dyn ResolvesServerCert>,
) -> Result<Arc<ServerConfig>, TlsSetupError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(TlsSetupError::Versions)?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = ring::Ticketer::new().map_err(TlsSetupError::Tickets)?;
    Ok(Arc::new(config))
}
