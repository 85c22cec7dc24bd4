//! A store with devices, and a push service that answers as it was told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mdm_core::channel::{Channel, Owner, PushAddress};
use mdm_core::device::{Device, DeviceState, Hardware, Platform, Reality};
use mdm_core::event::{Event, Kind};
use mdm_core::id::{ChannelId, Scope, Version};
use mdm_core::ports::{
    Clock, Commit, Committed, Encoded, Encoder, EventFilter, Job, Key, NotEncodable, Record, Store,
};
use mdm_core::service::Services;
use mdm_core::time::Timestamp;
use mdm_store::SqliteStore;
use mdm_store::sqlite::Options;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::ids::RandomIds;

use super::Pusher;

pub(super) const TOPIC: &str = "com.apple.mgmt.External.11111111-2222-3333-4444-555555555555";

/// The time of the lab.
pub(super) const NOW: Timestamp = Timestamp(1_795_228_934_567);

/// Long enough for a loaded machine; only a failing test waits for it.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn store(folder: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(folder, Options::default()).unwrap())
}

/// A device with its channel; it enrolled with this topic.
pub(crate) async fn enroll(store: &Arc<dyn Store>, name: &str, topic: Option<&str>) -> Channel {
    let device = Device {
        id: name.parse().unwrap(),
        version: Version(0),
        scope: Scope::default(),
        platform: Platform::Ios,
        reality: Reality::Simulated,
        state: DeviceState::Enrolled,
        state_since: Timestamp(1),
        created_at: Timestamp(1),
        hardware: Hardware::default(),
        code: None,
        user: None,
        topic: topic.map(str::to_owned),
        identity: None,
        replacement: None,
        awaiting_configuration: false,
        unlock_token: None,
        bootstrap_token: None,
        information: BTreeMap::new(),
        windows: None,
    };
    let channel = Channel {
        id: ChannelId::device(&device.id),
        version: Version(0),
        scope: Scope::default(),
        device: device.id.clone(),
        owner: Owner::Device,
        active: true,
        push: topic.map(|topic| PushAddress {
            topic: topic.to_owned(),
            token: "00ffa1".into(),
            magic: "M&<\"é".into(),
        }),
        outstanding: None,
        session: 0,
        owes_push: false,
        refusals: 0,
        read_back_queued: false,
        token_updated_at: Some(Timestamp(1000)),
    };
    let records = vec![Record::Device(device), Record::Channel(channel.clone())];
    let commit = Commit {
        records,
        ..Commit::default()
    };
    store.commit(commit).await.unwrap();
    store.channel(&channel.id).await.unwrap().unwrap()
}

/// Waits for this many events of one kind and gives them.
pub(super) async fn events(store: &Arc<dyn Store>, kind: Kind, count: usize) -> Vec<Event> {
    let wait = async {
        let follow = store.newest_event();
        let filter = EventFilter {
            kinds: vec![kind],
            ..EventFilter::default()
        };
        loop {
            let newest = follow.newest();
            let found = store.events(0, &filter, 100).await.unwrap();
            if found.len() >= count {
                return found;
            }
            follow.beyond(newest).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, wait).await;
    found.unwrap_or_else(|_| panic!("no {count} events {kind}"))
}

/// A clock that stands still.
pub(super) struct StandingClock(pub(super) Timestamp);

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

struct Silent;

#[async_trait::async_trait]
impl Encoder for Silent {
    async fn encode(&self, job: Job<'_>) -> Result<Encoded, NotEncodable> {
        panic!("nothing is encoded here: {}", job.command.uuid)
    }
}

impl Committed for Silent {
    fn concerns(&self, _: &Record) -> bool {
        false
    }

    fn committed(&self, _records: &[Record], _deleted: &[Key]) {}
}

pub(super) fn services(store: &Arc<dyn Store>, pusher: &Arc<Pusher>) -> Services {
    Services {
        store: Arc::clone(store),
        clock: Arc::new(StandingClock(NOW)),
        ids: Arc::new(RandomIds::new().unwrap()),
        encoder: Arc::new(Silent),
        waker: Arc::clone(pusher) as _,
        committed: Arc::new(Silent),
        targetings: mdm_core::service::Targetings::default(),
    }
}

/// Files made by OpenSSL: a root, a server certificate for 127.0.0.1 and a push certificate.
pub(super) struct Files(tempfile::TempDir);

impl Files {
    pub(super) fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        let ec = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ];
        files.openssl(
            &[
                &[
                    "req", "-x509", "-subj", "/CN=root", "-keyout", "ca.key", "-out", "ca.pem",
                ],
                &ec[..],
            ]
            .concat(),
        );
        std::fs::write(files.file("ext"), "subjectAltName=IP:127.0.0.1").unwrap();
        for (name, subject) in [
            ("server", "/CN=api.push.example".to_owned()),
            ("push", format!("/UID={TOPIC}/CN=APSP")),
        ] {
            let (key, cert) = (format!("{name}.key"), format!("{name}.crt"));
            files.openssl(
                &[
                    &[
                        "req", "-new", "-subj", &subject, "-keyout", &key, "-out", "csr",
                    ],
                    &ec[..],
                ]
                .concat(),
            );
            files.openssl(&[
                "x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                "-extfile", "ext", "-out", &cert,
            ]);
        }
        let both =
            ["push.key", "push.crt"].map(|name| std::fs::read_to_string(files.file(name)).unwrap());
        std::fs::write(files.file("push.pem"), both.concat()).unwrap();
        files
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) {
        let run = Command::new("openssl")
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "openssl {arguments:?}: {said}");
    }

    fn acceptor(&self) -> TlsAcceptor {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(self.file("ca.pem")).unwrap())
            .unwrap();
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .unwrap();
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![CertificateDer::from_pem_file(self.file("server.crt")).unwrap()],
                PrivateKeyDer::from_pem_file(self.file("server.key")).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

/// One answer: status, `retry-after`, body.
pub(super) type Answer = (u16, Option<&'static str>, &'static str);

/// A push service. It answers as scripted, then with 200.
pub(super) struct Service {
    pub(super) address: SocketAddr,
    /// What it was asked, in words.
    pub(super) asked: Arc<Mutex<Vec<String>>>,
    /// Connections that it accepted.
    pub(super) connections: Arc<Mutex<u32>>,
}

impl Service {
    pub(super) async fn start(files: &Files, script: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            connections: Arc::default(),
        };
        let script = Arc::new(Mutex::new(VecDeque::from(script.to_vec())));
        let (asked, connections) = (Arc::clone(&service.asked), Arc::clone(&service.connections));
        let acceptor = files.acceptor();
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                *connections.lock().unwrap() += 1;
                let Ok(tls) = acceptor.accept(socket).await else {
                    continue;
                };
                let (asked, script) = (Arc::clone(&asked), Arc::clone(&script));
                let answer = service_fn(move |request| {
                    answer(request, Arc::clone(&asked), Arc::clone(&script))
                });
                tokio::spawn(
                    http2::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(tls), answer),
                );
            }
        });
        service
    }
}

/// Status 0 ends the connection without an answer.
async fn answer(
    request: Request<Incoming>,
    asked: Arc<Mutex<Vec<String>>>,
    script: Arc<Mutex<VecDeque<Answer>>>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut text = format!("{:?} {} {}\n", head.version, head.method, head.uri.path());
    let headers: BTreeMap<_, _> = head
        .headers
        .iter()
        .map(|(n, v)| (n.as_str(), v.to_str().unwrap()))
        .collect();
    for (name, value) in headers {
        writeln!(text, "{name}: {value}").unwrap();
    }
    text.push_str(&String::from_utf8_lossy(&body));
    let number = {
        let mut asked = asked.lock().unwrap();
        asked.push(text);
        asked.len()
    };
    let next = script.lock().unwrap().pop_front();
    let (status, retry_after, body) = next.unwrap_or((200, None, ""));
    if status == 0 {
        return Err(std::io::ErrorKind::ConnectionReset.into());
    }
    let mut response = Response::builder()
        .status(status)
        .header("apns-id", format!("id-{number}"));
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    Ok(response.body(Full::from(body)).unwrap())
}
