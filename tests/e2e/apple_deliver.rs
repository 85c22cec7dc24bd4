//! Profiles of every kind on their way to devices: acknowledged, their identities issued, read back.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mdm_simulators::apple::{AccountKind, Channel, Event, Platform};
use serde_json::{Value, json};

use crate::apple_lab::{Enrolled, Lab, journal};
use crate::program::{Program, openssl};

/// What is known of a delivery, as the names of its evidence.
fn evidence(delivery: &Value) -> BTreeSet<String> {
    let all = delivery["evidence"].as_object().unwrap().iter();
    all.filter(|(_, value)| !value.is_null())
        .map(|(name, _)| name.clone())
        .collect()
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|&name| name.to_owned()).collect()
}

/// What OpenSSL reads in a certificate.
fn described(der: &[u8]) -> String {
    openssl([
        "x509", "-inform", "DER", "-noout", "-text", "-nameopt", "RFC2253",
    ])
    .input(der)
    .run()
    .ok()
    .text
}

/// How long a certificate of the log is valid, in days.
fn days(text: &str) -> i64 {
    let line = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with(name));
        line.unwrap_or_else(|| panic!("{text}"))
            .split_once(':')
            .unwrap()
            .1
            .trim()
            .trim_start_matches("Before: ")
            .trim_start_matches("After : ")
            .to_owned()
    };
    let seconds = |date: &str| -> i64 {
        let ran = Program::find("date").unwrap();
        let ran = ran.with(["-u", "-d", date, "+%s"]).run().ok();
        ran.text.trim().parse().unwrap()
    };
    (seconds(&line("Not After")) - seconds(&line("Not Before"))) / 86_400
}

#[tokio::test]
async fn exchange_with_its_identity_and_root_reaches_an_iphone() {
    let lab = Lab::start();
    lab.put_profiles();
    let Enrolled { mut device, id } = lab.enroll(Platform::Ios, 1).await;
    let delivery = lab.deliver(&id, "exchange");
    assert_eq!(lab.delivery(&delivery)["state"], "queued");
    device.poll().await.unwrap();
    let known = lab.reaches(&delivery, "evidence=read_back");
    assert_eq!(known["state"], "installed");
    assert_eq!(
        evidence(&known),
        names(&["acknowledged", "identity_issued", "read_back"])
    );

    let [account] = device.accounts() else {
        panic!("{:#?}", device.accounts())
    };
    assert_eq!(account.kind, AccountKind::Eas);
    assert_eq!(account.address, "ada@example.com");
    assert_eq!(account.host, "mail.example.com");
    let identity = device.identity_of(account).unwrap();
    assert_eq!(
        known["evidence"]["identity_issued"]["fingerprint"],
        identity.fingerprint()
    );

    // The certificate carries what the profile says, as a reader that is not ours sees it.
    let text = described(identity.certificate());
    for part in [
        "Subject: O=Lab,CN=ada@example.com",
        "TLS Web Client Authentication",
        "email:ada@example.com",
        "Digital Signature, Key Encipherment",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("E-mail Protection"), "{text}");
    assert_eq!(days(&text), 10, "{text}");

    // The profile was signed by somebody whom a device that trusts the lab believes.
    let signatures = journal(&device, |event| match event {
        Event::ProfileInstalled { signature, .. } => Some(signature.clone()),
        _ => None,
    });
    assert_eq!(signatures.last().map(String::as_str), Some("Verified"));
}

#[tokio::test]
async fn mail_with_smime_and_every_kind_alone_reach_an_ipad() {
    let lab = Lab::start();
    lab.put_profiles();
    let Enrolled { mut device, id } = lab.enroll(Platform::Ipados, 1).await;
    let deliveries: Vec<String> = ["mail", "root", "client", "smime", "password"]
        .iter()
        .map(|profile| lab.deliver(&id, profile))
        .collect();
    device.poll().await.unwrap();
    let with_identity = names(&["acknowledged", "identity_issued", "read_back"]);
    let without = names(&["acknowledged", "read_back"]);
    for (delivery, expected) in deliveries.iter().zip([
        &with_identity,
        &without,
        &with_identity,
        &with_identity,
        &without,
    ]) {
        let known = lab.reaches(delivery, "evidence=read_back");
        assert_eq!(&evidence(&known), expected, "{known:#}");
        assert_eq!(known["state"], "installed");
    }
    let account = device
        .accounts()
        .iter()
        .find(|account| account.kind == AccountKind::Imap)
        .unwrap();
    assert_eq!(account.host, "imap.example.com");
    let signing = account.signing_identity.clone().unwrap();
    assert_eq!(account.encryption_identity.as_ref(), Some(&signing));
    let all = device.identities();
    let signing = all.iter().find(|one| one.fingerprint() == signing).unwrap();
    let text = described(signing.certificate());
    assert!(text.contains("E-mail Protection"), "{text}");
    assert!(text.contains("email:ada@example.com"), "{text}");

    // The log of certificates has each of them, byte for byte.
    let log = lab
        .server
        .api_ok("GET", &format!("/api/v1/certificates?device={id}"), None);
    let logged: BTreeSet<Vec<u8>> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| STANDARD.decode(one["der"].as_str().unwrap()).unwrap())
        .collect();
    for identity in all {
        assert!(logged.contains(identity.certificate()), "{log:#}");
    }
}

#[tokio::test]
async fn a_macs_mail_waits_for_its_user_and_goes_to_the_users_channel() {
    let lab = Lab::start();
    lab.put_profiles();
    let mut mac = lab.device(Platform::Macos, 1);
    mac.set_logged_in(false);
    let Enrolled { mut device, id } = lab.enroll_at(mac, &lab.invitation()).await;
    assert_eq!(lab.show(&id)["channels"].as_array().unwrap().len(), 1);
    let deliveries = [
        lab.deliver(&id, "mac-exchange"),
        lab.deliver(&id, "mac-mail"),
    ];
    let root = lab.deliver(&id, "mac-root");
    for delivery in &deliveries {
        let held = lab.delivery(delivery);
        assert_eq!(held["state"], "deferred");
        assert_eq!(held["reason"], json!({ "code": "no_user_session" }));
    }
    device.poll().await.unwrap();
    assert_eq!(
        lab.reaches(&root, "evidence=read_back")["state"],
        "installed"
    );
    assert!(device.accounts().is_empty());

    device.log_in().await.unwrap();
    device.poll().await.unwrap();
    for delivery in &deliveries {
        let known = lab.reaches(delivery, "evidence=read_back");
        assert_eq!(
            evidence(&known),
            names(&["acknowledged", "identity_issued", "read_back"])
        );
        assert_ne!(
            known["target"]["channel"],
            id.as_str(),
            "not the device's own"
        );
    }
    let kinds: BTreeSet<AccountKind> = device.accounts().iter().map(|a| a.kind).collect();
    assert_eq!(kinds, BTreeSet::from([AccountKind::Ews, AccountKind::Imap]));
    // The EWS account shows its identity; Apple's IMAP payload names none, so that one is for the keychain.
    let ews = device
        .accounts()
        .iter()
        .find(|account| account.kind == AccountKind::Ews)
        .unwrap();
    assert!(device.identity_of(ews).is_some());
    assert_eq!(
        device.identities().len(),
        3,
        "with its own towards the server"
    );
    let channels: Vec<Channel> = device
        .profiles()
        .iter()
        .filter(|one| {
            one.profile.identifier.contains("mail") || one.profile.identifier.contains("exchange")
        })
        .map(|one| one.channel)
        .collect();
    assert_eq!(channels, [Channel::User, Channel::User]);
}
