//! An MDM server of canned answers: it records every request, hands out queued commands in order, and checks nothing.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use mdm_simulators::apple::Environment;
use openssl::pkey::PKey;
use openssl::x509::X509;
use plist::{Dictionary, Value};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::programs::certificates;

#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) content_type: String,
    pub(crate) signature: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) certificate: Option<Vec<u8>>,
}

impl Seen {
    pub(crate) fn plist(&self) -> Dictionary {
        plist::from_bytes::<Value>(&self.body)
            .unwrap()
            .into_dictionary()
            .unwrap()
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.plist()
            .get(key)
            .and_then(Value::as_string)
            .unwrap_or_default()
            .to_owned()
    }
}

/// Answers requests in place of the canned answers.
type Responder = Box<dyn FnMut(&Seen) -> (u16, &'static str, Vec<u8>) + Send>;

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    commands: VecDeque<Vec<u8>>,
    answers: VecDeque<(u16, &'static str, Vec<u8>)>,
    responder: Option<Responder>,
    profile: Vec<u8>,
}

#[derive(Clone)]
pub(crate) struct Canned {
    pub(crate) address: SocketAddr,
    pub(crate) environment: Environment,
    pub(crate) folder: Arc<tempfile::TempDir>,
    state: Arc<Mutex<State>>,
}

impl Canned {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path(), true);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = TlsAcceptor::from(tls(folder.path()));
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let (acceptor, state) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    let Ok(tls) = acceptor.accept(tcp).await else {
                        return;
                    };
                    let chain = tls.get_ref().1.peer_certificates();
                    let certificate = chain
                        .and_then(|chain| chain.first())
                        .map(|der| der.to_vec());
                    let service = hyper::service::service_fn(move |request| {
                        let (state, certificate) = (Arc::clone(&state), certificate.clone());
                        async move { Ok::<_, Infallible>(answer(request, certificate, &state).await) }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(tls), service)
                        .await;
                });
            }
        });
        let root = X509::from_pem(&std::fs::read(folder.path().join("root.pem")).unwrap()).unwrap();
        let environment = Environment::new(vec![root.to_der().unwrap()]).at([127, 0, 0, 1].into());
        Self {
            address,
            environment,
            folder: Arc::new(folder),
            state,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    /// Queues a command; its UUID is its place in the order of all commands ever queued.
    pub(crate) fn command(&self, uuid: &str, command: Dictionary) {
        let mut top = Dictionary::new();
        top.insert("CommandUUID".into(), uuid.into());
        top.insert("Command".into(), Value::Dictionary(command));
        self.state.lock().unwrap().commands.push_back(xml(top));
    }

    /// Answers the next request with this instead.
    pub(crate) fn answer(&self, status: u16, kind: &'static str, body: &[u8]) {
        self.state
            .lock()
            .unwrap()
            .answers
            .push_back((status, kind, body.to_vec()));
    }

    /// Answers every request so, unless another answer is queued.
    pub(crate) fn respond(
        &self,
        responder: impl FnMut(&Seen) -> (u16, &'static str, Vec<u8>) + Send + 'static,
    ) {
        self.state.lock().unwrap().responder = Some(Box::new(responder));
    }

    /// What GET gives.
    pub(crate) fn serve_profile(&self, profile: Vec<u8>) {
        self.state.lock().unwrap().profile = profile;
    }

    /// Requests seen since the last call.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state.lock().unwrap().seen)
    }
}

async fn answer(
    request: Request<Incoming>,
    certificate: Option<Vec<u8>>,
    state: &Mutex<State>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let mut state = state.lock().unwrap();
    let seen = Seen {
        path: parts.uri.path().to_owned(),
        content_type: header("content-type").unwrap_or_default(),
        signature: header("mdm-signature"),
        body,
        certificate,
    };
    let (status, kind, answer) = if let Some(canned) = state.answers.pop_front() {
        canned
    } else if let Some(responder) = &mut state.responder {
        responder(&seen)
    } else if parts.method == "GET" {
        (
            200,
            "application/x-apple-aspen-config",
            state.profile.clone(),
        )
    } else if seen.path == "/mdm/connect" {
        if seen.text("Status") != "Idle" {
            state.commands.pop_front();
        }
        (
            200,
            "application/xml",
            state.commands.front().cloned().unwrap_or_default(),
        )
    } else {
        (200, "", Vec::new())
    };
    state.seen.push(seen);
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(Full::new(Bytes::from(answer)))
        .unwrap()
}

fn tls(folder: &Path) -> Arc<ServerConfig> {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let certificate = X509::from_pem(&read("leaf.pem")).unwrap().to_der().unwrap();
    let key = PKey::private_key_from_pem(&read("leaf.key"))
        .unwrap()
        .private_key_to_pkcs8()
        .unwrap();
    let root = X509::from_pem(&read("root.pem")).unwrap().to_der().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier = verifier.allow_unauthenticated().build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let chain = vec![CertificateDer::from(certificate)];
    Arc::new(
        config
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .unwrap(),
    )
}

pub(crate) fn xml(dictionary: Dictionary) -> Vec<u8> {
    let mut out = Vec::new();
    Value::Dictionary(dictionary)
        .to_writer_xml(&mut out)
        .unwrap();
    out
}

/// A dictionary from JSON; data is written as a text that begins with `data:`.
pub(crate) fn dictionary(json: serde_json::Value) -> Dictionary {
    fn convert(value: serde_json::Value) -> Value {
        match value {
            serde_json::Value::String(text) => match text.strip_prefix("data:") {
                Some(hex) => {
                    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
                    Value::Data((0..hex.len()).step_by(2).map(byte).collect())
                }
                None => Value::String(text),
            },
            serde_json::Value::Bool(truth) => Value::Boolean(truth),
            serde_json::Value::Number(number) => Value::Integer(number.as_i64().unwrap().into()),
            serde_json::Value::Array(array) => {
                Value::Array(array.into_iter().map(convert).collect())
            }
            serde_json::Value::Object(object) => Value::Dictionary(
                object
                    .into_iter()
                    .map(|(key, value)| (key, convert(value)))
                    .collect(),
            ),
            serde_json::Value::Null => panic!("null has no place in a property list"),
        }
    }
    convert(json).into_dictionary().unwrap()
}

/// Bytes in the form [`dictionary`] understands.
pub(crate) fn data(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold("data:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// A profile with these payloads.
pub(crate) fn profile(identifier: &str, payloads: serde_json::Value) -> Vec<u8> {
    xml(dictionary(serde_json::json!({
        "PayloadType": "Configuration", "PayloadVersion": 1, "PayloadIdentifier": identifier,
        "PayloadUUID": format!("{identifier}-uuid"), "PayloadDisplayName": "A & <B>", "PayloadContent": payloads,
    })))
}

/// An enrollment profile whose identity is a PKCS#12 container.
pub(crate) fn enrollment(server: &Canned, rights: i64) -> Vec<u8> {
    let container = std::fs::read(server.folder.path().join("device.p12")).unwrap();
    profile(
        "enroll",
        serde_json::json!([
            {"PayloadType": "com.apple.security.pkcs12", "PayloadIdentifier": "enroll.id", "PayloadUUID": "ID",
             "PayloadContent": data(&container), "Password": "p & w"},
            {"PayloadType": "com.apple.mdm", "PayloadIdentifier": "enroll.mdm", "PayloadUUID": "MDM",
             "IdentityCertificateUUID": "ID", "Topic": "com.apple.mgmt.test", "ServerURL": server.url("/mdm/connect"),
             "CheckInURL": server.url("/mdm/checkin"), "SignMessage": true, "AccessRights": rights,
             "CheckOutWhenRemoved": true, "ServerCapabilities": ["com.apple.mdm.per-user-connections"]},
        ]),
    )
}
