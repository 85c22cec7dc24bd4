//! Waking devices, by a mock of Apple's push service that checks each request.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use mdm_simulators::apns::{MockApns, PushRequest, Scripted};
use mdm_simulators::apple::{Behaviour, Channel, Platform, Rule, Script};
use mdm_simulators::entropy::Clock;
use serde_json::json;
use tempfile::TempDir;

use crate::apple_lab::{Enrolled, Lab};
use crate::environment::{Environment, Options};
use crate::program::openssl;

const TOPIC: &str = "com.apple.mgmt.External.11111111-2222-3333-4444-555555555555";

/// A mock and the files that make a server use it.
struct Service {
    mock: MockApns,
    files: TempDir,
}

impl Service {
    async fn start() -> Self {
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mock = MockApns::start(here, Clock::system().now()).await.unwrap();
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("apns.pem"), mock.root_pem()).unwrap();
        certificate(files.path(), TOPIC, "push.pem");
        Self { mock, files }
    }

    fn options(&self, certificate: &str) -> Options {
        let file = |name: &str| self.files.path().join(name).display().to_string();
        Options {
            arguments: [
                "--push-certificate",
                &file(certificate),
                "--push-endpoint",
                &self.mock.url(),
                "--push-ca-file",
                &file("apns.pem"),
            ]
            .map(str::to_owned)
            .to_vec(),
            ..Options::default()
        }
    }

    fn lab(&self) -> Lab {
        Lab {
            server: Environment::start(self.options("push.pem")),
        }
    }

    /// Waits until so many pushes to a device's channel came.
    async fn reached(&self, phone: &Enrolled, count: usize) {
        let device = &phone.device;
        let (token, magic) = (
            device.push_token(Channel::Device),
            device.push_magic(Channel::Device),
        );
        let line = self.mock.subscribe(&token, &magic);
        while self.pushes(phone).len() < count {
            line.pushed().await;
        }
    }

    /// Pushes to a device's channel so far.
    fn pushes(&self, phone: &Enrolled) -> Vec<PushRequest> {
        let token = phone.device.push_token(Channel::Device);
        let token = token.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        let all = self.mock.requests().into_iter();
        all.filter(|push| push.token().as_deref() == Some(&token))
            .collect()
    }
}

/// A push certificate as Apple makes them, but for its issuer.
fn certificate(folder: &Path, topic: &str, name: &str) {
    let subject = format!("/UID={topic}/CN=APSP:test/C=US");
    let make = "req -x509 -newkey rsa:2048 -nodes -days 365 -keyout key.pem -out cert.pem -subj";
    openssl(make.split(' ').chain([subject.as_str()]))
        .at(folder)
        .run()
        .ok();
    let read = |name| std::fs::read(folder.join(name)).unwrap();
    std::fs::write(
        folder.join(name),
        [read("cert.pem"), read("key.pem")].concat(),
    )
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_wakes_the_device() {
    let service = Service::start().await;
    let lab = service.lab();
    lab.put_profiles();
    let mut phone = lab.enroll(Platform::Ios, 1).await;
    assert_eq!(phone.device.enrollment().unwrap().payload.topic, TOPIC);
    // Whatever its enrollment caused is over.
    lab.server
        .wait(&format!("device={}&kind=push.sent", phone.id));
    let before = service.pushes(&phone).len();
    let delivery = lab.deliver(&phone.id, "exchange");
    service.reached(&phone, before + 1).await;
    phone.device.poll().await.unwrap();
    lab.reaches(&delivery, "evidence=read_back");
    for push in service.pushes(&phone) {
        assert_eq!(push.status, 200, "{push:?}");
        assert!(push.http2);
        assert_eq!(push.topic.as_deref(), Some(TOPIC));
        assert_eq!(push.push_type.as_deref(), Some("mdm"));
        let magic = phone.device.push_magic(Channel::Device);
        assert_eq!(push.body, format!("{{\"mdm\":\"{magic}\"}}").into_bytes());
    }
    let told = lab.server.api_ok("GET", "/api/v1/server", None);
    assert_eq!(told["push"]["topic"], TOPIC);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_token_is_retired_until_the_device_sends_another() {
    let service = Service::start().await;
    let lab = service.lab();
    let phone = lab.enroll(Platform::Ios, 1).await;
    lab.server
        .wait(&format!("device={}&kind=push.sent", phone.id));
    let wake = || {
        let path = format!("/api/v1/devices/{}/push", phone.id);
        lab.server.api("POST", &path, None)
    };
    let dead = |since: Option<u64>| {
        service.mock.script(Scripted {
            token: None,
            times: 1,
            status: 410,
            reason: "Unregistered".to_owned(),
            retry_after: None,
            since,
        });
    };
    // Dead for decades: the device sent its token later, so that one is another.
    dead(None);
    assert_eq!(wake().0, 202);
    let failed = format!("device={}&kind=push.failed", phone.id);
    let kept = lab.server.wait(&failed);
    let text = kept["event"]["text"].as_str().unwrap();
    assert!(text.contains("the device renewed it since"), "{text}");
    assert_eq!(lab.show(&phone.id)["channels"][0]["push"], true);

    dead(Some(u64::MAX >> 16));
    assert_eq!(wake().0, 202);
    let path = format!("device={}&kind=push.token_retired", phone.id);
    let told = lab.server.wait(&path);
    let text = told["event"]["text"].as_str().unwrap();
    assert!(text.contains("Unregistered"), "{text}");
    assert_eq!(lab.show(&phone.id)["channels"][0]["push"], false);
    let (status, problem) = wake();
    assert_eq!(status, 409, "{problem}");

    assert_eq!(lab.wire_of(&phone.device).token_update().await.0, 200);
    assert_eq!(lab.show(&phone.id)["channels"][0]["push"], true);

    // That message named another topic than the push certificate's: nobody is woken for nothing.
    assert_eq!(wake().0, 202);
    let failed = format!("{failed}&since={}", told["event"]["seq"]);
    let topic = lab.server.wait(&failed);
    let text = topic["event"]["text"].as_str().unwrap();
    assert!(
        text.contains("com.apple.mgmt.test") && text.contains(TOPIC),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_refusals_cause_no_storm_of_pushes() {
    let service = Service::start().await;
    let lab = service.lab();
    lab.put_profiles();
    let mut phone = lab.enroll(Platform::Ios, 1).await;
    lab.server
        .wait(&format!("device={}&kind=push.sent", phone.id));
    phone.device.set_script(Script {
        rules: vec![Rule {
            request_type: None,
            times: None,
            behaviour: Behaviour::NotNow,
        }],
        ..Script::default()
    });
    let delivery = lab.deliver(&phone.id, "password");
    let wire = lab.wire_of(&phone.device);
    let install = wire.idle().await;
    let uuid = crate::apple_wire::uuid_of(&install);
    for _ in 0..1000 {
        assert_eq!(wire.answer(&uuid, "NotNow", "").await, "");
        assert_eq!(wire.idle().await, install);
    }
    let held = lab.delivery(&delivery);
    assert_eq!(held["not_now"], 1000);
    assert!(held["history"].as_array().unwrap().len() <= 50);
    let pushes = service.pushes(&phone).len();
    assert!(
        pushes <= 4,
        "{pushes} pushes for a device that polls by itself"
    );
    phone.device.set_script(Script::default());
    phone.device.poll().await.unwrap();
    lab.reaches(&delivery, "evidence=read_back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_with_another_topic_are_named_by_the_doctor() {
    let service = Service::start().await;
    certificate(
        service.files.path(),
        "com.apple.mgmt.External.other",
        "other.pem",
    );
    let first = Options {
        kept: true,
        ..service.options("push.pem")
    };
    let mut lab = Lab {
        server: Environment::start(first),
    };
    let phone = lab.enroll(Platform::Ios, 1).await;
    let findings = |lab: &Lab| {
        let told = lab.server.api_ok("GET", "/api/v1/doctor", None);
        told["findings"].as_array().unwrap().clone()
    };
    let topic = |finding: &&serde_json::Value| finding["rule"] == "push.topic-simulated";
    assert_eq!(findings(&lab).iter().find(topic), None);
    // Somebody replaced the certificate instead of renewing it.
    let file = |name: &str| service.files.path().join(name);
    std::fs::copy(file("other.pem"), file("push.pem")).unwrap();
    lab.server.restart();
    let found = findings(&lab);
    let found = found
        .iter()
        .find(topic)
        .unwrap_or_else(|| panic!("{found:#?}"));
    let text = found["text"].as_str().unwrap();
    assert!(text.contains(&phone.id) && text.contains(TOPIC), "{text}");
    assert_eq!(found["hint"], json!("let them enroll again"));
}
