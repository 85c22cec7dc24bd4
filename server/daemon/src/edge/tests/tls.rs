//! TLS: versions, certificates asked for, names that choose the role.

use super::*;
use crate::edge::{SniMap, TlsPort};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// `CN=server` in DER.
const SUBJECT: &[u8] = b"\x30\x11\x31\x0f\x30\x0d\x06\x03\x55\x04\x03\x0c\x06server";

/// A self-signed certificate for `*.lab.test` and its key, made by OpenSSL.
pub(super) struct Identity {
    pub(super) cert: CertificateDer<'static>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// With `-1` days it expired before it began.
    fn new(name: &str, days: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |arguments: &[&str]| {
            let output = std::process::Command::new("openssl")
                .args(arguments)
                .current_dir(folder.path())
                .output()
                .unwrap();
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{arguments:?}: {complaint}");
        };
        std::fs::write(folder.path().join("ext"), "subjectAltName=DNS:*.lab.test").unwrap();
        let subject = format!("/CN={name}");
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        let request = ["req", "-new", "-nodes", "-utf8", "-subj", &subject];
        openssl(&[&request[..], &curve, &["-keyout", "key", "-out", "csr"]].concat());
        let sign = [
            "x509", "-req", "-in", "csr", "-signkey", "key", "-days", days,
        ];
        openssl(&[&sign[..], &["-extfile", "ext", "-out", "cert"]].concat());
        Self {
            cert: CertificateDer::from_pem_file(folder.path().join("cert")).unwrap(),
            key: PrivateKeyDer::from_pem_file(folder.path().join("key")).unwrap(),
        }
    }

    pub(super) fn server() -> Self {
        Self::new("server", "30")
    }

    pub(super) fn port(&self, names: SniMap) -> TlsPort {
        let provider = ring::default_provider();
        let chain = vec![self.cert.clone()];
        let key = CertifiedKey::from_der(chain, self.key.clone_key(), &provider).unwrap();
        let hints = vec![SUBJECT.to_vec()];
        TlsPort::new(names, Arc::new(SingleCertAndKey::from(key)), hints).unwrap()
    }
}

pub(super) async fn connect(
    lab: &Lab,
    server: &Identity,
    name: &str,
    version: &'static SupportedProtocolVersion,
    alpn: &[&[u8]],
    client: Option<&Identity>,
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(server.cert.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match client {
        Some(client) => config
            .with_client_auth_cert(vec![client.cert.clone()], client.key.clone_key())
            .unwrap(),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
        .connect(
            ServerName::try_from(name.to_owned()).unwrap(),
            lab.connect().await,
        )
        .await
        .unwrap()
}

pub(super) async fn lab(server: &Identity) -> Lab {
    let names = SniMap::new(Role::Device).with("mtls.lab.test", Role::Mtls);
    let port = server.port(names);
    Lab::start(
        Role::Device,
        Some(port),
        axum::Router::new(),
        Limits::default(),
    )
    .await
}

#[tokio::test]
async fn the_name_chooses_the_role_and_only_mtls_asks() {
    let server = Identity::server();
    let lab = lab(&server).await;
    // Expired, and signed by nobody we know.
    let device = Identity::new("device & <é>", "-1");
    let presented = format!("Presented([{:?}])", device.cert.to_vec());
    for (version, name) in [
        (&rustls::version::TLS13, "TLSv1_3"),
        (&rustls::version::TLS12, "TLSv1_2"),
    ] {
        for (host, client, role, certificate) in [
            ("mdm.lab.test", None, "device", "Absent(NotRequested)"),
            (
                "mdm.lab.test",
                Some(&device),
                "device",
                "Absent(NotRequested)",
            ),
            ("mtls.lab.test", None, "mtls", "Absent(NotOffered)"),
            ("mtls.lab.test", Some(&device), "mtls", presented.as_str()),
        ] {
            let mut stream = connect(&lab, &server, host, version, &[b"http/1.1"], client).await;
            stream
                .write_all(b"GET /conn HTTP/1.1\r\nHost: lab\r\n\r\n")
                .await
                .unwrap();
            let answer = one_response(&mut stream).await;
            let facts = body(&answer);
            assert!(facts.starts_with(role), "{facts}");
            assert!(facts.ends_with(certificate), "{facts}");
            for part in [name, host, "alpn: Some(\"http/1.1\")"] {
                assert!(facts.contains(part), "{part} in {facts}");
            }
        }
    }
}

fn openssl(lab: &Lab, arguments: &[&str]) -> std::process::Output {
    let address = lab.address.to_string();
    std::process::Command::new("openssl")
        .args(["s_client", "-connect", &address])
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
}

/// OpenSSL's word for it: TLS 1.1 is refused by us (not by OpenSSL itself), 1.2 is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_versions_are_refused() {
    let server = Identity::server();
    let lab = lab(&server).await;
    let weak = ["-cipher", "ALL:@SECLEVEL=0"];
    let output = openssl(&lab, &["-tls1_1", weak[0], weak[1]]);
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    // OpenSSL did offer it, and the answer was a fatal alert of ours.
    assert!(complaint.contains("SSL alert number"), "{complaint}");
    lab.notes.hear("handshake device: ").await;
    let output = openssl(&lab, &["-tls1_2"]);
    let summary = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(summary.contains("Protocol  : TLSv1.2"), "{summary}");
}

/// The CA names that a client is shown, and that a client is asked only where it should be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hints_name_the_ca() {
    let server = Identity::server();
    let lab = lab(&server).await;
    for (host, asked) in [("mtls.lab.test", true), ("mdm.lab.test", false)] {
        let output = openssl(&lab, &["-servername", host]);
        let summary = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            summary.contains("Acceptable client certificate CA names\nCN = server"),
            asked,
            "{summary}"
        );
    }
}

#[tokio::test]
async fn a_handshake_that_is_not_finished_is_ended_and_counted() {
    let server = Identity::server();
    let lab = Lab::start(
        Role::Device,
        Some(server.port(SniMap::new(Role::Device))),
        axum::Router::new(),
        Limits {
            handshake_time: Duration::from_millis(300),
            handshakes_per_address: 2,
            exempt_networks: Vec::new(),
            ..Limits::default()
        },
    )
    .await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(lab.connect().await);
    }
    lab.notes.hear("limit.handshakes_per_address").await;
    lab.notes.hear("limit.handshake_time").await;
    for mut stream in silent {
        assert_eq!(until_closed(&mut stream).await, "");
    }
    connect(
        &lab,
        &server,
        "a.lab.test",
        &rustls::version::TLS13,
        &[],
        None,
    )
    .await;
}
