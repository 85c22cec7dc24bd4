//! `mockmdm demo` and `mockmdm sim`, as somebody runs them from a shell.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::environment::Environment;

/// What a run of `mockmdm` left: exit code, standard output, standard error.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, out, err } = self;
        write!(f, "exit {code:?}\n{out}--- standard error:\n{err}")
    }
}

/// Runs `mockmdm` without the configuration of whoever runs the tests.
fn mockmdm(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_mockmdm"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .env("XDG_DATA_HOME", folder)
        .env("TMPDIR", folder)
        .output()
        .unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn on(server: &Environment, arguments: &[&str]) -> Ran {
    let url = server.admin_url();
    let mut all = vec!["--server", url.as_str(), "--token", server.token()];
    all.extend(arguments);
    mockmdm(server.folder(), &all)
}

/// The one time at which something of this kind happened to this profile, or the first of several.
#[track_caller]
fn seq(document: &Value, kind: &str, profile: &str) -> u64 {
    let events = document["events"].as_array().unwrap();
    let found = events
        .iter()
        .find(|event| event["kind"] == kind && event["profile"] == profile);
    found.unwrap_or_else(|| panic!("no {kind} of {profile}"))["seq"]
        .as_u64()
        .unwrap()
}

#[test]
fn the_demo_as_a_program_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let ran = mockmdm(folder.path(), &["demo", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran}");
    let document = ran.json();
    assert_eq!(document["ok"], true, "{document:#}");
    assert_eq!(document["missing"], Value::Array(Vec::new()));
    assert_eq!(document["simulated"], true);

    let has = |delivery: &Value| {
        ["acknowledged", "read_back", "identity_issued"]
            .map(|truth| !delivery["evidence"][truth].is_null())
    };
    let found: BTreeMap<&str, (&str, [bool; 3])> = document["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|delivery| {
            let text = |key: &str| delivery[key].as_str().unwrap();
            (text("profile"), (text("state"), has(delivery)))
        })
        .collect();
    let (listed, with_identity) = ([true, true, false], [true, true, true]);
    let expected = BTreeMap::from([
        ("lab-root-ios", ("installed", listed)),
        ("lab-root-macos", ("installed", listed)),
        ("exchange-ios-password", ("removed", listed)),
        ("exchange-ios", ("installed", with_identity)),
        ("exchange-macos", ("installed", with_identity)),
        ("imap-ios-smime", ("installed", with_identity)),
        ("lab-root-windows", ("installed", listed)),
        ("client-windows", ("installed", with_identity)),
        ("exchange-windows", ("installed", listed)),
        ("imap-windows", ("installed", listed)),
        ("lab-root-phone81", ("gone", listed)),
        ("client-phone81", ("gone", with_identity)),
        ("exchange-phone81", ("gone", listed)),
    ]);
    assert_eq!(found, expected);

    let order = [
        seq(&document, "delivery.deferred", "exchange-ios-password"),
        seq(&document, "delivery.acknowledged", "exchange-ios-password"),
        seq(&document, "delivery.failed", "exchange-ios"),
        seq(&document, "delivery.removed", "exchange-ios-password"),
        seq(&document, "delivery.acknowledged", "exchange-ios"),
        seq(&document, "delivery.read_back", "exchange-ios"),
    ];
    assert!(order.is_sorted(), "{order:?}");
    let order = [
        seq(&document, "delivery.deferred", "exchange-windows"),
        seq(&document, "delivery.acknowledged", "client-windows"),
        seq(&document, "delivery.acknowledged", "exchange-windows"),
        seq(&document, "delivery.read_back", "exchange-windows"),
        seq(&document, "delivery.gone", "exchange-phone81"),
    ];
    assert!(order.is_sorted(), "{order:?}");
    let events = document["events"].as_array().unwrap();
    let renewed = events
        .iter()
        .filter(|event| event["kind"] == "enrollment.renewed");
    assert_eq!(renewed.count(), 1);
    let failed = document["events"]
        .as_array()
        .unwrap()
        .iter()
        .find(|event| event["kind"] == "delivery.failed")
        .unwrap();
    assert!(
        failed["text"].as_str().unwrap().contains("21005"),
        "{failed}"
    );
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "the demo leaves nothing behind: {left:?}");
}

#[test]
fn the_demo_as_a_person_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let ran = mockmdm(folder.path(), &["demo"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran}");
    for part in [
        "s  iPhone  delivery.deferred",
        "s  Mac     delivery.read_back",
        "\ndevice  profile                state      acknowledged  read_back  identity_issued\n",
        "\niPhone  exchange-ios           installed  yes           yes        yes\n",
        "\nPC      exchange-windows       installed  yes           yes        -\n",
        "\nWP 8.1  client-phone81         gone       yes           yes        yes\n",
        "s  PC      delivery.deferred",
        "\n13 of 13 deliveries reached the evidence their kind can reach\n\
         simulated: nothing here was verified on a real device\n",
    ] {
        assert!(ran.out.contains(part), "{part:?} is missing: {ran}");
    }
    let widest = ran.out.lines().map(|line| line.chars().count()).max();
    assert!(
        widest.is_some_and(|widest| widest <= 118),
        "{widest:?}: {ran}"
    );
    assert!(!ran.out.contains('\u{1b}'), "no terminal, no colours");
}

#[test]
fn simulated_devices_enroll_and_are_never_real() {
    let server = Environment::ephemeral();
    let ran = on(
        &server,
        &[
            "sim",
            "enroll",
            "ios",
            "--count",
            "3",
            "--user",
            "ada@lab.test",
            "--json",
        ],
    );
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran}");
    let mac = on(
        &server,
        &["sim", "enroll", "macos", "--mtls", "--seed", "9", "--json"],
    );
    assert_eq!(mac.code, Some(0), "{mac}");
    let (phones, mac) = (ran.json(), mac.json());
    let told: Vec<&Value> = [&phones, &mac]
        .into_iter()
        .flat_map(|told| told["items"].as_array().unwrap())
        .collect();
    assert_eq!(told.len(), 4);
    for device in told {
        let id = device["id"].as_str().unwrap();
        let known = server.api_ok("GET", &format!("/api/v1/devices/{id}"), None);
        assert_eq!(known["udid"], device["udid"]);
        assert_eq!(known["state"], "enrolled", "{known:#}");
        assert_eq!(known["reality"], "simulated", "{known:#}");
        assert_eq!(known["information"]["DeviceName"], device["device_name"]);
        assert_eq!(known["user"]["user_principal_name"], device["user"]);
    }

    let again = on(&server, &["sim", "enroll", "ios", "--json"]);
    assert_eq!(again.json()["items"][0]["id"], phones["items"][0]["id"]);
    assert_eq!(server.events_of("enrollment.restarted").len(), 1);
}

#[test]
fn a_small_load_is_counted() {
    let server = Environment::ephemeral();
    for (kind, latest) in [("polls", "60"), ("acks", "40")] {
        let ran = on(
            &server,
            &[
                "sim",
                "load",
                "--devices",
                "4",
                "--connections",
                "2",
                "--kind",
                kind,
                "--requests",
                latest,
                "--json",
            ],
        );
        assert_eq!(ran.code, Some(0), "{kind}: {ran}");
        let report = ran.json();
        assert_eq!(report["requests"].to_string(), latest, "{report:#}");
        assert_eq!(report["statuses"]["200"], report["requests"], "{report:#}");
        let latency = |name: &str| report["latency_us"][name].as_u64().unwrap();
        assert!(
            latency("p50") > 0
                && latency("p50") <= latency("p99")
                && latency("p99") <= latency("max")
        );
    }
    let security = server
        .events_of("command.acknowledged")
        .into_iter()
        .filter(|event| event["facts"]["request_type"] == "SecurityInfo");
    assert_eq!(security.count(), 40);
}

#[test]
fn load_on_other_machines_needs_leave() {
    let folder = tempfile::tempdir().unwrap();
    let ran = mockmdm(
        folder.path(),
        &[
            "--server",
            "http://192.0.2.1:8481",
            "sim",
            "load",
            "--requests",
            "1",
        ],
    );
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(
        ran.err
            .starts_with("error: the server is on another machine\n"),
        "{ran}"
    );
}
