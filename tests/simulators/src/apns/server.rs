//! The listener of the mock.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use openssl::error::ErrorStack;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::certificate;
use super::request::{PushRequest, Scripted};
use crate::entropy::hex;
use crate::http::{HttpError, tls_identity};

/// Most requests kept for assertions; older ones go.
const MAX_KEPT: usize = 10_000;
/// Most tokens remembered.
const MAX_TOKENS: usize = 100_000;
/// Largest body read.
const MAX_BODY: usize = 64 << 10;

/// Why the mock does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApnsError {
    /// Its port is taken.
    #[error("mock of APNs could not listen on {address}")]
    Listen {
        /// Address wanted.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Its certificate could not be made.
    #[error("certificate of the mock of APNs could not be made")]
    Certificate(#[source] ErrorStack),
    /// Its certificate could not be used.
    #[error("certificate of the mock of APNs could not be used")]
    Identity(#[source] HttpError),
    /// TLS could not be set up.
    #[error("TLS of the mock of APNs could not be set up")]
    Tls(#[source] rustls::Error),
}

#[derive(Default)]
struct State {
    requests: Vec<PushRequest>,
    script: Vec<Scripted>,
    devices: HashMap<String, Device>,
}

#[derive(Default)]
struct Device {
    wake: Arc<Notify>,
    magic: Option<String>,
}

/// A running mock; it ends when it is dropped.
#[derive(Debug)]
pub struct MockApns {
    address: SocketAddr,
    root: Vec<u8>,
    root_pem: Vec<u8>,
    state: Shared,
    task: JoinHandle<()>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<State>>);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A device's line to the mock. Pushes that come while nobody waits are kept, as one.
#[derive(Debug, Clone)]
pub struct Subscription(Arc<Notify>);

impl Subscription {
    /// Waits for the next push. May be dropped and waited for again.
    pub async fn pushed(&self) {
        self.0.notified().await;
    }
}

impl MockApns {
    /// Starts the mock; port 0 takes a free one. `now` dates its certificate.
    pub async fn start(address: SocketAddr, now: SystemTime) -> Result<Self, ApnsError> {
        let certificates = certificate::make(now).map_err(ApnsError::Certificate)?;
        let (chain, key) = tls_identity(&certificates.leaf).map_err(ApnsError::Identity)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(ApnsError::Tls)?
            .with_client_cert_verifier(Arc::new(AnyCertificate(provider)))
            .with_single_cert(chain, key)
            .map_err(ApnsError::Tls)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let failed = |source| ApnsError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let state = Shared::default();
        let task = tokio::spawn(accept(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            state.clone(),
        ));
        let root = certificates.root.to_der().map_err(ApnsError::Certificate)?;
        let root_pem = certificates.root.to_pem().map_err(ApnsError::Certificate)?;
        Ok(Self {
            address,
            root,
            root_pem,
            state,
            task,
        })
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Root of its certificate, in DER.
    pub fn root(&self) -> &[u8] {
        &self.root
    }

    /// Root of its certificate, in PEM.
    pub fn root_pem(&self) -> &[u8] {
        &self.root_pem
    }

    /// Subscribes a device: it is woken by pushes for its token that carry its magic; others it ignores, as devices do.
    pub fn subscribe(&self, token: &[u8], magic: &str) -> Subscription {
        let mut state = self.state.lock();
        let device = state.devices.entry(hex(token)).or_default();
        device.magic = Some(magic.to_owned());
        Subscription(Arc::clone(&device.wake))
    }

    /// Adds an answer to the script; the first that applies is used, as often as it says.
    pub fn script(&self, scripted: Scripted) {
        self.state.lock().script.push(scripted);
    }

    /// Requests received so far.
    pub fn requests(&self) -> Vec<PushRequest> {
        self.state.lock().requests.clone()
    }
}

impl Drop for MockApns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, state: Shared) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
            continue;
        };
        while connections.try_join_next().is_some() {}
        connections.spawn(serve(tcp, acceptor.clone(), state.clone()));
    }
}

async fn serve(tcp: TcpStream, acceptor: TlsAcceptor, state: Shared) {
    // A peer that fails the handshake or hangs up is its own problem.
    let Ok(tls) = acceptor.accept(tcp).await else {
        return;
    };
    let certificate = tls
        .get_ref()
        .1
        .peer_certificates()
        .and_then(|chain| chain.first())
        .map(|der| der.to_vec());
    let service = hyper::service::service_fn(move |request| {
        let (state, certificate) = (state.clone(), certificate.clone());
        async move { Ok::<_, Infallible>(answer(request, certificate, &state).await) }
    });
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(tls), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    certificate: Option<Vec<u8>>,
    state: &Shared,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY)
        .collect()
        .await
        .map(|body| body.to_bytes().to_vec())
        .unwrap_or_default();
    let mut push = PushRequest::new(
        &parts.method,
        parts.uri.path(),
        parts.version,
        &parts.headers,
        body,
        certificate,
    );
    let mut state = state.lock();
    let scripted = scripted(&mut state.script, push.token().as_deref());
    let fault = push
        .fault()
        .map(|(status, reason)| (status, reason.to_owned()));
    let refused = fault.or_else(|| {
        scripted
            .as_ref()
            .map(|scripted| (scripted.status, scripted.reason.clone()))
    });
    let mut response = Response::builder();
    let body = match &refused {
        None => {
            wake(&mut state.devices, &push);
            Bytes::new()
        }
        Some((status, reason)) => {
            push.status = *status;
            push.reason = Some(reason.clone());
            let mut json = serde_json::json!({ "reason": reason });
            if *status == 410 {
                let since = scripted.as_ref().and_then(|scripted| scripted.since);
                json["timestamp"] = since.unwrap_or(1_000).into();
            }
            json.to_string().into()
        }
    };
    if let Some(seconds) = scripted.and_then(|scripted| scripted.retry_after) {
        response = response.header("retry-after", seconds);
    }
    let number = state.requests.len() as u128 + 1;
    let id = parts.headers.get("apns-id").cloned();
    response = match id {
        Some(id) => response.header("apns-id", id),
        None => response.header("apns-id", crate::entropy::uuid(&number.to_be_bytes())),
    };
    response = response.status(push.status);
    if state.requests.len() == MAX_KEPT {
        state.requests.remove(0);
    }
    state.requests.push(push);
    response.body(Full::new(body)).unwrap_or_default()
}

fn scripted(script: &mut [Scripted], token: Option<&str>) -> Option<Scripted> {
    let applies = |scripted: &&mut Scripted| {
        let wanted = scripted.token.as_deref();
        scripted.times > 0
            && wanted
                .is_none_or(|wanted| token.is_some_and(|token| token.eq_ignore_ascii_case(wanted)))
    };
    let scripted = script.iter_mut().find(applies)?;
    scripted.times -= 1;
    Some(scripted.clone())
}

/// Wakes the device of a token; one that has not subscribed yet finds the push when it does.
fn wake(devices: &mut HashMap<String, Device>, push: &PushRequest) {
    let Some(token) = push.token() else { return };
    if devices.len() >= MAX_TOKENS && !devices.contains_key(&token) {
        return;
    }
    let device = devices.entry(token).or_default();
    if device.magic.is_none() || device.magic == push.magic() {
        device.wake.notify_one();
    }
}

/// Takes any client certificate whose key the peer holds; the request is judged later, so that a refusal can say why.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
