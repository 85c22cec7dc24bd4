//! What was answered is on disk: after the process is killed, and before the answer leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use mdm_simulators::apple::Platform;
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::apple_lab::Lab;
use crate::apple_wire::{Wire, uuid_of};
use crate::environment::{Environment, Options};

const DEVICES: u64 = 4;
const KILLS: usize = 20;
/// Commands for each device, each time.
const COMMANDS: usize = 8;
/// How long a start may take, kill included.
const START: Duration = Duration::from_secs(2);

/// Counts acknowledgements that were answered, and tells when there are enough to kill the server.
#[derive(Debug)]
struct Trigger {
    left: AtomicUsize,
    now: Notify,
}

impl Trigger {
    fn pull(&self) {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.now.notify_one();
        }
    }
}

/// Carries out commands until there are none, or no server. Gives those whose acknowledgement was answered.
async fn work(wire: Arc<Wire>, trigger: Arc<Trigger>) -> Vec<String> {
    let mut answered = Vec::new();
    let mut doing: Option<String> = None;
    loop {
        let keys = match &doing {
            None => "<key>Status</key><string>Idle</string>".to_owned(),
            Some(uuid) => format!(
                "<key>Status</key><string>Acknowledged</string><key>CommandUUID</key><string>{uuid}</string>"
            ),
        };
        let body = wire.body(&keys);
        let signature = wire.sign(&body);
        let url = format!("{}/mdm/connect", wire.base);
        let headers = [("mdm-signature", signature.as_str())];
        let sent = wire
            .client
            .send(::http::Method::PUT, &url, &headers, Bytes::from(body));
        let Ok(answer) = sent.await else {
            return answered;
        };
        let text = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 200, "{text}");
        if let Some(uuid) = doing.take() {
            answered.push(uuid);
            trigger.pull();
        }
        if text.is_empty() {
            return answered;
        }
        doing = Some(uuid_of(&text));
    }
}

/// Every event in order without a gap, and every answered acknowledgement among them, once.
fn nothing_is_lost(lab: &Lab, ids: &[String], answered: &BTreeSet<String>) {
    let events = lab.server.events();
    for (event, wanted) in events.iter().zip(1_u64..) {
        assert_eq!(event["seq"], wanted, "{event:#}");
    }
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events
        .iter()
        .filter(|event| event["kind"] == "command.acknowledged")
    {
        *told.entry(event["command"].as_str().unwrap()).or_default() += 1;
    }
    let mut states = BTreeMap::new();
    for id in ids {
        let list = lab
            .server
            .api_ok("GET", &format!("/api/v1/devices/{id}/commands"), None);
        for command in list["items"].as_array().unwrap() {
            states.insert(
                command["uuid"].as_str().unwrap().to_owned(),
                command["state"].as_str().unwrap().to_owned(),
            );
        }
    }
    for uuid in answered {
        assert_eq!(
            states.get(uuid).map(String::as_str),
            Some("acknowledged"),
            "{uuid}"
        );
        assert_eq!(told.get(uuid.as_str()), Some(&1), "{uuid}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_kills_lose_nothing_that_was_answered() {
    let mut lab = Lab {
        server: Environment::start(Options::kept()),
    };
    let mut wires = Vec::new();
    let mut ids = Vec::new();
    for seed in 0..DEVICES {
        let enrolled = lab.enroll(Platform::Ios, seed).await;
        wires.push(Arc::new(lab.wire_of(&enrolled.device)));
        ids.push(enrolled.id);
    }
    let mut answered = BTreeSet::new();
    let mut starts = Vec::new();
    for kill in 0..KILLS {
        for id in ids.iter().cycle().take(ids.len() * COMMANDS) {
            lab.queue(id, &json!({ "type": "security_info" }));
        }
        let trigger = Arc::new(Trigger {
            left: AtomicUsize::new(kill + 1),
            now: Notify::new(),
        });
        let mut devices = JoinSet::new();
        for wire in &wires {
            devices.spawn(work(Arc::clone(wire), Arc::clone(&trigger)));
        }
        trigger.now.notified().await;
        let begun = Instant::now();
        lab.server.kill9();
        starts.push(begun.elapsed());
        while let Some(done) = devices.join_next().await {
            answered.extend(done.unwrap());
        }
        nothing_is_lost(&lab, &ids, &answered);
    }
    assert!(
        answered.len() >= KILLS * (KILLS + 1) / 2,
        "{}",
        answered.len()
    );
    starts.sort();
    println!(
        "{} acknowledgements; starts took {starts:?}",
        answered.len()
    );
    assert!(starts[KILLS / 2] < START, "{starts:?}");
    for wire in &wires {
        wire.drain().await;
    }
    lab.server.restart();
    nothing_is_lost(&lab, &ids, &answered);
}
