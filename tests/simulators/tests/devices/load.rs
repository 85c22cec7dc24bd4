//! Load on a server of canned answers.

use mdm_simulators::apple::{AppleDevice, Persona, Platform};
use mdm_simulators::load::{Kind, Limit, Load, LoadError};
use mdm_simulators::progress::Progress;
use serde_json::json;

use crate::canned::{Canned, dictionary, enrollment};

async fn phones(server: &Canned, count: u64) -> Vec<AppleDevice> {
    let mut phones = Vec::new();
    for seed in 0..count {
        let mut phone = AppleDevice::new(
            Persona::from_seed(Platform::Ios, seed),
            server.environment.clone(),
        );
        phone.enroll(&enrollment(server, 8191)).await.unwrap();
        phones.push(phone);
    }
    server.seen();
    phones
}

fn load(kind: Kind, requests: u64) -> Load {
    Load {
        connections: 2,
        kind,
        limit: Limit::Requests(requests),
        progress: Progress::default(),
    }
}

#[tokio::test]
async fn idle_polls_are_counted_and_signed() {
    let server = Canned::start().await;
    let phones = phones(&server, 3).await;
    let report = load(Kind::IdlePolls, 50).run(&phones).await.unwrap();
    assert_eq!(
        (
            report.requests,
            report.statuses[&200],
            report.failures.len()
        ),
        (50, 50, 0)
    );
    assert!(
        report.latency_us.p50 <= report.latency_us.p99
            && report.latency_us.p99 <= report.latency_us.max
    );
    let seen = server.seen();
    assert_eq!(seen.len(), 50);
    assert!(
        seen.iter()
            .all(|seen| seen.text("Status") == "Idle" && seen.signature.is_some())
    );
    let udids: std::collections::BTreeSet<String> =
        seen.iter().map(|seen| seen.text("UDID")).collect();
    assert_eq!(udids.len(), 3);
}

#[tokio::test]
async fn acknowledgements_follow_the_commands() {
    let server = Canned::start().await;
    let phones = phones(&server, 1).await;
    for uuid in ["a", "b", "c"] {
        server.command(uuid, dictionary(json!({"RequestType": "ProfileList"})));
    }
    let report = load(Kind::Acknowledgements, 100)
        .run(&phones)
        .await
        .unwrap();
    assert_eq!((report.requests, report.statuses[&200]), (3, 3));
    let told: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| seen.text("Status") + &seen.text("CommandUUID"))
        .collect();
    assert_eq!(
        told,
        ["Idle", "Acknowledgeda", "Acknowledgedb", "Acknowledgedc"]
    );
}

#[tokio::test]
async fn nothing_to_do_is_an_error() {
    assert!(matches!(
        load(Kind::IdlePolls, 1).run(&[]).await,
        Err(LoadError::Nothing)
    ));
}
