//! TLS on ring, named explicitly so that no other provider in a program can change what is spoken.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::HttpError;
use crate::identity::Identity;

/// A client that trusts these roots and shows this identity when asked for one.
pub(crate) fn client_config(
    roots: &[Vec<u8>],
    identity: Option<&Identity>,
    alpn: &[&[u8]],
    tls13: bool,
) -> Result<Arc<ClientConfig>, HttpError> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store
            .add(CertificateDer::from(root.clone()))
            .map_err(HttpError::Root)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let older = [&rustls::version::TLS12];
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(if tls13 {
            rustls::DEFAULT_VERSIONS
        } else {
            &older
        })
        .map_err(HttpError::TlsSetup)?
        .with_root_certificates(store);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = tls_identity(identity)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(HttpError::ClientCertificate)?
        }
    };
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

/// An identity in the shape rustls wants it.
pub(crate) fn tls_identity(
    identity: &Identity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), HttpError> {
    let leaf = CertificateDer::from(identity.certificate().to_vec());
    let chain = identity
        .chain()
        .iter()
        .map(|der| CertificateDer::from(der.clone()));
    let key = PrivatePkcs8KeyDer::from(identity.key_der().map_err(HttpError::ClientKey)?);
    Ok((
        std::iter::once(leaf).chain(chain).collect(),
        PrivateKeyDer::Pkcs8(key),
    ))
}
