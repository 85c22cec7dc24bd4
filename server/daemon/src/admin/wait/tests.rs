//! What a query means, and what a wait in vain says.
use mdm_core::delivery::{Reason, Target};
use mdm_core::report::ErrorEntry;
use mdm_core::time::Timestamp;

use super::*;
use crate::admin::deliveries::tests::delivery;

fn query(text: &str) -> Result<Query, String> {
    let uri: http::Uri = format!("/wait?{text}").parse().unwrap();
    axum::extract::Query::try_from_uri(&uri)
        .map(|axum::extract::Query(q)| q)
        .map_err(|e| e.body_text())
}

fn to_device() -> Delivery {
    delivery(Target::Channel {
        device: "d-1".parse().unwrap(),
        channel: "d-1".parse().unwrap(),
    })
}

#[test]
fn a_query_has_one_meaning() {
    for (text, complaint) in [
        (
            "kind=command.sent&state=installed&delivery=y-1",
            "the query: `kind` is of events, `state` and `evidence` of deliveries; wait for one of them at a time",
        ),
        (
            "state=installed",
            "the query: `state` and `evidence` need a `delivery` or a `device`",
        ),
        (
            "timeout=1",
            "the query: nothing to wait for: give `kind`, `device` or `delivery`",
        ),
    ] {
        assert_eq!(
            goal(query(text).unwrap()).unwrap_err().to_string(),
            complaint,
            "{text}"
        );
    }
    for text in [
        "kind=command.sent",
        "device=d-1",
        "delivery=y-1&kind=delivery.&since=4",
    ] {
        assert!(
            matches!(goal(query(text).unwrap()), Ok(Goal::Event(_))),
            "{text}"
        );
    }
    for text in [
        "state=installed&delivery=y-1",
        "evidence=read_back&device=d-1",
        "state=error&evidence=proven&device=d",
    ] {
        assert!(
            matches!(goal(query(text).unwrap()), Ok(Goal::Delivery(_))),
            "{text}"
        );
    }
    for text in [
        "kind=no.such",
        "state=done&delivery=y-1",
        "evidence=success&delivery=y-1",
        "sinse=1",
    ] {
        assert!(query(text).is_err(), "{text}");
    }
}

#[test]
fn a_delivery_that_is_not_there_yet_says_why() {
    let wanted = Wanted {
        scope: None,
        device: None,
        delivery: Some("y-1".parse().unwrap()),
        state: Some(DeliveryState::Installed),
        evidence: Some(Truth::ReadBack),
    };
    let mut delivery = to_device();
    delivery.state = DeliveryState::Error;
    delivery.reason = Some(Reason::NotDeliverable {
        text: "é & <b>".to_owned(),
    });
    delivery.errors = vec![ErrorEntry {
        domain: "MCInstallationErrorDomain".to_owned(),
        code: 4001,
        description: "no".to_owned(),
        meaning: None,
    }];
    let misses = wanted.misses(std::slice::from_ref(&delivery));
    let told: Vec<_> = misses.iter().map(|m| m.text.as_str()).collect();
    assert_eq!(
        told,
        [
            "delivery y-1 of `mail` is error (not_deliverable: é & <b>); the device said: no; \
          state `installed` does not hold; evidence `read_back` does not hold"
        ]
    );
    delivery.state = DeliveryState::Installed;
    assert_eq!(wanted.failed(&delivery).len(), 1);
    delivery.evidence.read_back = Some(Timestamp(1));
    assert!(wanted.failed(&delivery).is_empty());
}

#[test]
fn the_nearest_delivery_comes_first() {
    let wanted = Wanted {
        scope: None,
        device: Some("d-1".parse().unwrap()),
        delivery: None,
        state: Some(DeliveryState::Installed),
        evidence: Some(Truth::Acknowledged),
    };
    let (old, mut new, mut nearer) = (to_device(), to_device(), to_device());
    new.id = "y-2".parse().unwrap();
    new.state_since = Timestamp(5);
    nearer.id = "y-3".parse().unwrap();
    nearer.evidence.acknowledged = Some(Timestamp(1));
    let misses = wanted.misses(&[old, new, nearer]);
    let ids: Vec<_> = misses.iter().map(|m| m.delivery.as_str()).collect();
    assert_eq!(ids, ["y-3", "y-2", "y-1"]);
}
