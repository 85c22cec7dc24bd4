//! Pushing as a push service sees it: HTTP/2 over TLS with a client certificate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::net::SocketAddr;
use std::path::PathBuf;

use mdm_core::event::Event;
use mdm_core::ports::{Commit, Record, Store};
use tokio::task::JoinHandle;

use super::lab::{
    Answer, Files, NOW, PATIENCE, Service, StandingClock, TOPIC, enroll, events, services, store,
};
use super::*;

/// Waits short enough for a test.
const QUICK: Pace = Pace {
    retries: [Duration::from_millis(10); 3],
    longest: Duration::from_millis(50),
    reconnect: Duration::from_millis(1),
    ..Pace::DEFAULT
};

fn standing(at: Timestamp) -> Arc<dyn Clock> {
    Arc::new(StandingClock(at))
}

struct Lab {
    service: Service,
    store: Arc<dyn Store>,
    pusher: Arc<Pusher>,
    stop: watch::Sender<bool>,
    run: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Lab {
    async fn new(script: &[Answer]) -> Self {
        let files = Files::new();
        let service = Service::start(&files, script).await;
        let pusher =
            Pusher::with_pace(&config(&files, service.address), standing(NOW), QUICK).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let (stop, stopped) = watch::channel(false);
        let run = tokio::spawn(Arc::clone(&pusher).run(services(&store, &pusher), stopped));
        Self {
            service,
            store,
            pusher,
            stop,
            run,
            _folder: folder,
        }
    }

    async fn stop(self) -> Vec<String> {
        self.stop.send_replace(true);
        tokio::time::timeout(PATIENCE, self.run)
            .await
            .unwrap()
            .unwrap();
        let asked = self.service.asked.lock().unwrap();
        asked.clone()
    }
}

fn config(files: &Files, address: SocketAddr) -> config::Push {
    config::Push::Apns(config::Apns {
        certificate: files.file("push.pem"),
        password: None,
        endpoint: Some(format!("https://{address}").parse().unwrap()),
        ca_file: Some(files.file("ca.pem")),
    })
}

fn told(event: &Event) -> String {
    let facts = serde_json::to_string(&event.event.facts).unwrap();
    format!("{} {} {facts}", event.event.kind, event.event.text)
}

#[tokio::test]
async fn a_push_is_the_request_apple_asks_for() {
    let lab = Lab::new(&[]).await;
    let channel = enroll(&lab.store, "d-1", Some(TOPIC)).await;
    lab.pusher.wake(&channel);
    let sent = events(&lab.store, Kind::PushSent, 1).await;
    insta::assert_snapshot!(told(&sent[0]), @r#"push.sent Apple's push service took a push: the device is asked to come {"apns_id":"id-1","channel":"d-1"}"#);
    assert_eq!(sent[0].event.about.device.as_ref(), Some(&channel.device));
    let asked = lab.stop().await;
    insta::assert_snapshot!(asked.join("\n"), @r#"
    HTTP/2.0 POST /3/device/00ffa1
    apns-priority: 10
    apns-push-type: mdm
    apns-topic: com.apple.mgmt.External.11111111-2222-3333-4444-555555555555
    content-length: 17
    {"mdm":"M&<\"é"}
    "#);
}

#[tokio::test]
async fn one_connection_serves_many_devices() {
    let lab = Lab::new(&[]).await;
    for number in 0..100 {
        let channel = enroll(&lab.store, &format!("d-{number}"), Some(TOPIC)).await;
        lab.pusher.wake(&channel);
    }
    events(&lab.store, Kind::PushSent, 100).await;
    assert_eq!(*lab.service.connections.lock().unwrap(), 1);
    assert_eq!(lab.stop().await.len(), 100);
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let lab = Lab::new(&[
        (503, None, r#"{"reason":"ServiceUnavailable"}"#),
        (429, Some("1"), r#"{"reason":"TooManyRequests"}"#),
        (0, None, ""),
    ])
    .await;
    let channel = enroll(&lab.store, "d-1", Some(TOPIC)).await;
    lab.pusher.wake(&channel);
    let sent = events(&lab.store, Kind::PushSent, 1).await;
    assert!(told(&sent[0]).contains("id-4"), "{}", told(&sent[0]));
    assert_eq!(lab.stop().await.len(), 4);
}

#[tokio::test]
async fn it_is_given_up_after_four_tries_and_a_later_wish_begins_anew() {
    let lab = Lab::new(&[(503, Some("1"), r#"{"reason":"Shutdown"}"#); 4]).await;
    let channel = enroll(&lab.store, "d-1", Some(TOPIC)).await;
    lab.pusher.wake(&channel);
    let failed = events(&lab.store, Kind::PushFailed, 1).await;
    insta::assert_snapshot!(told(&failed[0]), @r#"push.failed not woken: the push service is in trouble (Shutdown); given up after 4 tries {"cause":"busy","channel":"d-1"}"#);
    lab.pusher.wake(&channel);
    events(&lab.store, Kind::PushSent, 1).await;
    assert_eq!(lab.stop().await.len(), 5);
}

#[tokio::test]
async fn refusals_are_told_and_the_token_stays() {
    for (answer, cause) in [
        ((400, None, r#"{"reason":"BadDeviceToken"}"#), "refused"),
        ((403, None, r#"{"reason":"BadCertificate"}"#), "certificate"),
        ((413, None, r#"{"reason":"PayloadTooLarge"}"#), "address"),
    ] {
        let lab = Lab::new(&[answer]).await;
        let channel = enroll(&lab.store, "d-1", Some(TOPIC)).await;
        lab.pusher.wake(&channel);
        let failed = events(&lab.store, Kind::PushFailed, 1).await;
        assert_eq!(failed[0].event.facts["cause"], cause);
        let after = lab.store.channel(&channel.id).await.unwrap().unwrap();
        assert_eq!(after, channel, "{cause}");
        assert_eq!(lab.stop().await.len(), 1, "{cause}");
    }
}

#[tokio::test]
async fn a_dead_token_is_removed_unless_the_device_renewed_it() {
    // The device's last TokenUpdate was at 1000.
    let dead = (410, None, r#"{"reason":"Unregistered","timestamp":2000}"#);
    let lab = Lab::new(&[dead]).await;
    let channel = enroll(&lab.store, "d-1", Some(TOPIC)).await;
    lab.pusher.wake(&channel);
    let retired = events(&lab.store, Kind::PushTokenRetired, 1).await;
    assert!(!told(&retired[0]).contains("00ffa1"));
    let after = lab.store.channel(&channel.id).await.unwrap().unwrap();
    assert_eq!(after.push, None);
    lab.stop().await;

    let before = (410, None, r#"{"reason":"Unregistered","timestamp":500}"#);
    let lab = Lab::new(&[before]).await;
    let channel = enroll(&lab.store, "d-1", Some(TOPIC)).await;
    lab.pusher.wake(&channel);
    let failed = events(&lab.store, Kind::PushFailed, 1).await;
    insta::assert_snapshot!(told(&failed[0]), @r#"push.failed not woken: the push service calls the token dead (Unregistered), but the device renewed it since: it is kept {"cause":"token","channel":"d-1"}"#);
    let after = lab.store.channel(&channel.id).await.unwrap().unwrap();
    assert_eq!(after.push, channel.push);
    lab.stop().await;
}

#[tokio::test]
async fn a_device_of_another_topic_is_not_pushed_to_and_told_once() {
    let lab = Lab::new(&[]).await;
    let other = enroll(&lab.store, "d-1", Some("com.apple.mgmt.External.0")).await;
    let ours = enroll(&lab.store, "d-2", Some(TOPIC)).await;
    let without = enroll(&lab.store, "d-3", None).await;
    lab.pusher.wake(&without);
    lab.pusher.wake(&other);
    let failed = events(&lab.store, Kind::PushFailed, 1).await;
    insta::assert_snapshot!(told(&failed[0]), @r#"push.failed not woken: the device enrolled with the topic `com.apple.mgmt.External.0` and the push certificate is for `com.apple.mgmt.External.11111111-2222-3333-4444-555555555555`: the device must enroll again {"cause":"other_topic","channel":"d-1"}"#);
    lab.pusher.wake(&other);
    lab.pusher.wake(&ours);
    events(&lab.store, Kind::PushSent, 1).await;
    let store = Arc::clone(&lab.store);
    assert_eq!(lab.stop().await.len(), 1);
    assert_eq!(events(&store, Kind::PushFailed, 1).await.len(), 1);
}

#[tokio::test]
async fn a_reminder_goes_to_a_device_that_still_owes_a_visit() {
    let lab = Lab::new(&[]).await;
    let came = enroll(&lab.store, "d-1", Some(TOPIC)).await;
    let mut owes = enroll(&lab.store, "d-2", Some(TOPIC)).await;
    owes.owes_push = true;
    let commit = Commit {
        records: vec![Record::Channel(owes.clone())],
        ..Commit::default()
    };
    lab.store.commit(commit).await.unwrap();
    lab.pusher.wake_after(&came, 0);
    lab.pusher.wake_after(&owes, 3600);
    lab.pusher.wake_after(&owes, 0);
    let sent = events(&lab.store, Kind::PushSent, 1).await;
    assert_eq!(sent[0].event.about.device.as_ref(), Some(&owes.device));
    assert_eq!(lab.stop().await.len(), 1);
}

#[tokio::test]
async fn a_service_nobody_vouches_for_gets_no_push() {
    // Both roots have the same name and different keys.
    let (files, strange) = (Files::new(), Files::new());
    let service = Service::start(&strange, &[]).await;
    let pusher = Pusher::with_pace(&config(&files, service.address), standing(NOW), QUICK).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let channel = enroll(&store, "d-1", Some(TOPIC)).await;
    let (stop, stopped) = watch::channel(false);
    let run = tokio::spawn(Arc::clone(&pusher).run(services(&store, &pusher), stopped));
    pusher.wake(&channel);
    let failed = events(&store, Kind::PushFailed, 1).await;
    let text = told(&failed[0]).replace(&service.address.to_string(), "HOST");
    insta::assert_snapshot!(text, @r#"push.failed not woken: connecting to the push service at `HOST`: invalid peer certificate: BadSignature; given up after 4 tries {"cause":"unreachable","channel":"d-1"}"#);
    stop.send_replace(true);
    run.await.unwrap();
    assert!(service.asked.lock().unwrap().is_empty());
}

#[test]
fn setups() {
    let files = Files::new();
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let of = |push: &config::Push| Pusher::with_pace(push, standing(NOW), QUICK);
    for push in [config::Push::Unconfigured, config::Push::None] {
        let pusher = of(&push).unwrap();
        assert_eq!((pusher.topic(), pusher.not_after()), (None, None));
        assert!(!pusher.is_configured() && pusher.notices().is_empty());
    }
    let good = config(&files, address);
    let pusher = of(&good).unwrap();
    assert_eq!(pusher.topic(), Some(TOPIC));
    let ends = pusher.not_after().unwrap();
    let notices = |now| {
        Pusher::with_pace(&good, standing(now), QUICK)
            .unwrap()
            .notices()
    };
    assert_eq!(notices(ends.plus_seconds(-ENDS_SOON - 1)), []);
    let words = |left: i64| {
        notices(ends.plus_seconds(-left))[0]
            .0
            .replace(&ends.to_string(), "THEN")
    };
    assert_eq!(
        words(ENDS_SOON),
        format!("the push certificate `CN=APSP,UID={TOPIC}` ends at THEN")
    );
    assert_eq!(
        words(0),
        format!("the push certificate `CN=APSP,UID={TOPIC}` ended at THEN")
    );

    let with = |change: &dyn Fn(&mut config::Apns)| {
        let config::Push::Apns(mut apns) = config(&files, address) else {
            panic!()
        };
        change(&mut apns);
        of(&config::Push::Apns(apns)).unwrap_err().to_string()
    };
    let missing = PathBuf::from("/nowhere/<é>.pem");
    for (found, complaint) in [
        (
            with(&|apns| apns.certificate.clone_from(&missing)),
            "push: reading `/nowhere/<é>.pem`".to_owned(),
        ),
        (
            with(&|apns| apns.ca_file = Some(missing.clone())),
            "push: reading `/nowhere/<é>.pem`".to_owned(),
        ),
        (
            with(&|apns| apns.certificate = files.file("push.key")),
            format!("push: using `{}`", files.file("push.key").display()),
        ),
        (
            with(&|apns| apns.endpoint = Some(Uri::from_static("http://127.0.0.1:1"))),
            "push: `http://127.0.0.1:1/` is no https address with a host".to_owned(),
        ),
    ] {
        assert_eq!(found, complaint);
    }
}
