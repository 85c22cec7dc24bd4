//! What the stories about bad input share: a server under siege.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mdm_simulators::apple::{AppleDevice, Platform};
use mdm_simulators::cms::{Digest, SigningTime, mdm_signature};
use mdm_simulators::entropy::Clock;
use mdm_simulators::identity::Identity;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

use crate::apple_lab::Lab;
use crate::hostile_line::Line;
use crate::http::Answer;

/// After so long without the event the server counts as silent.
const PATIENCE: Duration = Duration::from_mins(1);
/// Memory may grow by so much while bad input comes, KiB.
const GROWTH: u64 = 32 * 1024;

/// A server, an enrolled device whose key the attacker holds, and a place nobody has a reason to connect to.
#[derive(Debug)]
pub(crate) struct Siege {
    pub(crate) lab: Lab,
    pub(crate) device: AppleDevice,
    pub(crate) identity: Identity,
    canary: TcpListener,
    tls: Arc<ClientConfig>,
    pid: u32,
    rss: u64,
}

impl Siege {
    /// A server that has done everything once already, so that what it uses from here on is the input's doing.
    pub(crate) async fn start() -> Self {
        let lab = Lab::start();
        let device = lab.enroll(Platform::Ios, 1).await.device;
        let identity = device.enrollment().unwrap().identity.clone();
        let canary = TcpListener::bind("127.0.0.1:0").unwrap();
        canary.set_nonblocking(true).unwrap();
        let mut roots = RootCertStore::empty();
        for root in lab.roots() {
            roots.add(CertificateDer::from(root)).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (pid, rss) = (lab.server.pid(), 0);
        let mut siege = Self {
            lab,
            device,
            identity,
            canary,
            tls: Arc::new(tls),
            pid,
            rss,
        };
        siege.warm_up();
        siege.rss = siege.lab.server.rss_kib();
        siege
    }

    /// The largest honest messages, on more connections than any story uses at once.
    fn warm_up(&self) {
        let filler = "x".repeat(3 << 20);
        let body = self.report(&format!("<key>Filler</key><string>{filler}</string>"));
        let mut lines: Vec<Line> = (0..4).map(|_| self.device_line()).collect();
        for line in &mut lines {
            let answer = self.connect_on(line, body.as_bytes());
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
    }

    /// Where nobody has a reason to connect to.
    pub(crate) fn canary(&self) -> String {
        self.canary.local_addr().unwrap().to_string()
    }

    /// A line to the device listener.
    pub(crate) fn device_line(&self) -> Line {
        Line::tls(&self.lab.server.device_url(), &self.tls)
    }

    /// A line to the bootstrap listener.
    pub(crate) fn bootstrap_line(&self) -> Line {
        Line::plain(&self.lab.server.bootstrap_url())
    }

    /// A line to the admin listener.
    pub(crate) fn admin_line(&self) -> Line {
        Line::plain(&self.lab.server.admin_url())
    }

    /// An Idle report of the device with more keys.
    pub(crate) fn report(&self, keys: &str) -> String {
        let udid = &self.device.persona().udid;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict><key>UDID</key>\
             <string>{udid}</string><key>Status</key><string>Idle</string>{keys}</dict></plist>\n"
        )
    }

    /// The header that proves who sends this.
    pub(crate) fn signature(&self, body: &[u8]) -> String {
        let when = SigningTime::At(Clock::system().now());
        mdm_signature(body, &self.identity, Digest::Sha256, when).unwrap()
    }

    /// Sends a body to the command channel, signed as the device signs.
    pub(crate) fn connect_on(&self, line: &mut Line, body: &[u8]) -> Answer {
        let signature = self.signature(body);
        line.put("/mdm/connect", &[("Mdm-Signature", &signature)], body)
    }

    /// The same on a line of its own.
    pub(crate) fn connect(&self, body: &[u8]) -> Answer {
        self.connect_on(&mut self.device_line(), body)
    }

    /// Events of a kind whose text has this.
    pub(crate) fn told(&self, kind: &str, words: &str) -> Vec<Value> {
        let mut events = self.lab.server.events_of(kind);
        events.retain(|event| {
            event["text"]
                .as_str()
                .is_some_and(|text| text.contains(words))
        });
        events
    }

    /// Offends until it is told. Refusals are written twenty a second and counted beyond that, so that one offence among
    /// thousands may be one of those counted.
    pub(crate) fn offend_until_told(&self, kind: &str, words: &str, mut offence: impl FnMut()) {
        let deadline = Instant::now() + PATIENCE;
        while self.told(kind, words).is_empty() {
            assert!(Instant::now() < deadline, "no {kind} with `{words}`");
            offence();
        }
    }

    /// After all that, the server is the same process, is no bigger, phoned nobody, and serves a good device.
    pub(crate) async fn survived(&self) {
        let server = &self.lab.server;
        assert_eq!(server.pid(), self.pid);
        let grown = server.rss_kib().saturating_sub(self.rss);
        println!("resident memory: {} KiB, then {grown} KiB more", self.rss);
        assert!(grown < GROWTH, "grew by {grown} KiB");
        match self.canary.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => panic!("somebody connected to the canary: {other:?}"),
        }
        let good = self.lab.enroll(Platform::Ios, 2).await;
        assert_eq!(self.lab.show(&good.id)["state"], "enrolled");
        let log = server.log();
        assert!(!log.contains("defect of the server"), "{log}");
        assert!(!log.contains("panicked"), "{log}");
    }
}

/// It must have been refused, with these words, as something that a client got wrong.
#[track_caller]
pub(crate) fn refused(what: &str, answer: &Answer, words: &str) {
    let text = answer.text();
    assert!(
        (400..500).contains(&answer.status) && answer.status != 401,
        "{what}: {} {text}",
        answer.status
    );
    assert!(text.contains(words), "{what}: `{words}` is not in: {text}");
}
