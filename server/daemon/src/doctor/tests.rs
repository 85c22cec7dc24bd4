//! Each rule on a server that is healthy but for one thing.
#![allow(clippy::unwrap_used, reason = "test")]

use std::sync::LazyLock;

use mdm_certs::authority::{Authority, AuthorityParams};
use mdm_certs::crl::Crl;
use mdm_certs::key::{Key, KeyKind};
use mdm_certs::leaf::{Leaf, LeafParams};
use mdm_certs::x509::{San, SerialNumber};
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-21 10:00 UTC);

/// A healthy server. Made once, because an RSA key takes a third of a second.
static HEALTHY: LazyLock<Facts> = LazyLock::new(healthy);

fn healthy() -> Facts {
    let serial = SerialNumber::from_random([7; 16]);
    let params = AuthorityParams {
        host: "lab.example",
        now: NOW,
        valid_for: Authority::LIFE,
        serial: serial.clone(),
    };
    let authority = Authority::create(&params, Key::generate(KeyKind::Rsa2048).unwrap()).unwrap();
    let names = [San::Dns("lab.example".to_owned())];
    let leaf = LeafParams {
        now: NOW,
        life: Leaf::LIFE,
        serial,
    };
    let leaf = Leaf::for_tls(
        &authority,
        Key::generate(KeyKind::P256).unwrap(),
        &names,
        &leaf,
    )
    .unwrap();
    let crl = Crl {
        entries: &[],
        this_update: NOW,
        next_update: NOW + time::Duration::DAY,
        number: 1,
    };
    let validity = authority.facts().validity;
    Facts {
        now: NOW.into(),
        name: "lab.example".to_owned(),
        tunnelled: false,
        resolved: Ok(vec!["192.0.2.1".parse().unwrap()]),
        addresses: vec!["127.0.0.1".parse().unwrap(), "192.0.2.1".parse().unwrap()],
        leaf: Ok(leaf.certificate_der().to_vec()),
        authority: Some((validity.not_before, validity.not_after)),
        crl: crl.sign(&authority).unwrap(),
        push_off: false,
        push_topic: Some("t.one".to_owned()),
        push_end: Some(Timestamp::from(NOW).plus_seconds(200 * 86_400)),
        ca_key: None,
        devices: Vec::new(),
        open_enrollment: false,
        names: vec!["lab.example".to_owned()],
        ports: vec![8443],
    }
}

fn patient(id: &str, real: bool, state: DeviceState, age: i64, topic: &str) -> Patient {
    let state_since = Timestamp::from(NOW).plus_seconds(-age);
    Patient {
        id: id.to_owned(),
        real,
        state,
        state_since,
        topic: Some(topic.to_owned()),
        windows: false,
    }
}

#[test]
fn nothing_is_found_on_a_healthy_server() {
    assert_eq!(judge(&HEALTHY), []);
}

#[test]
fn each_rule_finds_its_trouble() {
    type Change = fn(&mut Facts);
    let cases: [(Change, &str, Level); 16] = [
        (|f| f.now = Timestamp(0), "clock.wrong", Level::Error),
        (
            |f| f.now = f.now.plus_seconds(-5 * 86_400),
            "clock.wrong",
            Level::Error,
        ),
        (
            |f| f.now = f.now.plus_seconds(40 * 366 * 86_400),
            "ca.expired",
            Level::Error,
        ),
        (
            |f| f.resolved = Err("no such host".to_owned()),
            "name.unresolved",
            Level::Error,
        ),
        (
            |f| f.resolved = Ok(vec!["192.0.2.9".parse().unwrap()]),
            "name.elsewhere",
            Level::Warning,
        ),
        (
            |f| f.name = "lab.local".to_owned(),
            "name.mdns",
            Level::Note,
        ),
        (
            |f| f.name = "localhost".to_owned(),
            "name.loopback",
            Level::Note,
        ),
        (
            |f| f.leaf = Err("gone".to_owned()),
            "tls.missing",
            Level::Error,
        ),
        (
            |f| f.leaf = Ok(vec![0x30, 0]),
            "tls.malformed",
            Level::Error,
        ),
        (
            |f| f.now = f.now.plus_seconds(900 * 86_400),
            "tls.expired",
            Level::Error,
        ),
        (
            |f| f.now = f.now.plus_seconds(86_400),
            "crl.stale",
            Level::Error,
        ),
        (|f| f.crl = Vec::new(), "crl.unreadable", Level::Error),
        (|f| f.push_topic = None, "push.missing", Level::Warning),
        (|f| f.push_end = Some(f.now), "push.expired", Level::Error),
        (
            |f| f.push_end = Some(f.now.plus_seconds(3 * 86_400)),
            "push.ends",
            Level::Warning,
        ),
        (
            |f| f.ca_key = Some(PathBuf::from("/d/ca/ca.pem")),
            "ca.backup",
            Level::Note,
        ),
    ];
    for (change, rule, level) in cases {
        let mut facts = HEALTHY.clone();
        change(&mut facts);
        let found = judge(&facts);
        let hit = found.iter().find(|f| f.rule == rule);
        assert_eq!(hit.map(|f| f.level), Some(level), "{rule}: {found:?}");
        assert!(
            hit.is_some_and(|f| f.hint.is_some()),
            "{rule} says what to do"
        );
    }
}

#[test]
fn devices_that_need_a_person_are_named() {
    let mut facts = HEALTHY.clone();
    facts.devices = vec![
        patient("d-ok", true, DeviceState::Enrolled, 999, "t.one"),
        patient("d-real", true, DeviceState::Enrolled, 999, "t.two"),
        patient("d-sim", false, DeviceState::Enrolled, 999, "t.two"),
        patient("d-new", true, DeviceState::IdentityIssued, 60, "t.one"),
        patient("d-stuck", true, DeviceState::IdentityIssued, 61, "t.one"),
        patient("d-wait", false, DeviceState::Authenticated, 3600, "t.one"),
    ];
    let told: Vec<String> = judge(&facts)
        .into_iter()
        .map(|f| format!("{} {}", f.rule, f.text))
        .collect();
    assert_eq!(
        told,
        [
            "push.topic 1 real devices enrolled with another push topic (t.two) than `t.one` and cannot be woken: d-real",
            "push.topic-simulated 1 simulated devices enrolled with another push topic (t.two) than `t.one` and cannot be woken: d-sim",
            "device.identity-issued 1 devices stay in the state `identity_issued`: d-stuck",
            "device.authenticated 1 devices stay in the state `authenticated`: d-wait",
        ]
    );
    facts.devices = (0..25)
        .map(|n| patient(&format!("d-{n}"), true, DeviceState::Authenticated, 99, "t"))
        .collect();
    let text = judge(&facts).pop().unwrap().text;
    assert!(text.ends_with("d-19 and 5 more"), "{text}");
}

#[test]
fn the_end_of_a_list_is_read() {
    assert_eq!(next_update(&HEALTHY.crl), Some(NOW + time::Duration::DAY));
    for bad in [&b""[..], b"\x30\x00", b"\x30\x02\x30\x00", &[0x30; 70]] {
        assert_eq!(next_update(bad), None, "{bad:?}");
    }
}

#[test]
fn windows_looks_for_a_name_and_a_port() {
    let rules = |facts: &Facts| -> Vec<&'static str> {
        judge(facts).iter().map(|finding| finding.rule).collect()
    };
    let mut facts = HEALTHY.clone();
    let mut pc = patient("d-1", true, DeviceState::Enrolled, 0, "t.one");
    pc.windows = true;
    facts.devices.push(pc);
    assert_eq!(rules(&facts), ["windows.discovery-name"]);
    facts
        .names
        .push("EnterpriseEnrollment.lab.example".to_owned());
    assert_eq!(
        rules(&facts),
        ["windows.discovery-port", "windows.discovery-certificate"]
    );
    facts.ports.push(443);
    assert_eq!(rules(&facts), ["windows.discovery-certificate"]);
}
