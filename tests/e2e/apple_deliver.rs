//! Profiles on their way to devices: acknowledged, read back, updated in place, removed, lost.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mdm_simulators::apple::{AccountKind, Behaviour, Channel, Event, Platform, Rule, Script};
use serde_json::{Value, json};

use crate::apple_lab::{Enrolled, Lab, PROFILES, journal, uuid_of};
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

#[tokio::test]
async fn a_new_revision_changes_the_account_in_place() {
    let lab = Lab::start();
    lab.put_profiles();
    let Enrolled { mut device, id } = lab.enroll(Platform::Ios, 1).await;
    let delivery = lab.deliver(&id, "exchange");
    device.poll().await.unwrap();
    let first = lab.reaches(&delivery, "evidence=read_back");
    assert_eq!(first["applied_revision"], 1);
    let again = lab.deliver(&id, "exchange");
    assert_eq!(again, delivery, "there is nothing to do");
    assert_eq!(lab.delivery(&delivery)["state"], "installed");

    let changed = PROFILES[3].replace("mail.example.com", "new.example.com");
    assert_eq!(lab.server.put_profile(&changed)["revision"], 2);
    assert_eq!(
        lab.deliver(&id, "exchange"),
        delivery,
        "the same delivery, taken up"
    );
    device.poll().await.unwrap();
    let second = lab.reaches(&delivery, "evidence=read_back");
    assert_eq!(second["applied_revision"], 2);
    assert_eq!(second["state"], "installed");
    assert_ne!(
        second["expected"]["uuid"], first["expected"]["uuid"],
        "each revision is told apart by the device's list"
    );
    let told = journal(&device, |event| match event {
        Event::AccountCreated { again, .. } => Some(format!("created {again}")),
        Event::AccountUpdated { .. } => Some("updated".to_owned()),
        Event::AccountRemoved { .. } => Some("removed".to_owned()),
        _ => None,
    });
    assert_eq!(told, ["created false", "updated"], "never made anew");
    assert_eq!(device.accounts()[0].host, "new.example.com");
    assert_eq!(device.accounts()[0].generation, 1);
}

#[tokio::test]
async fn what_is_taken_back_is_removed() {
    let lab = Lab::start();
    lab.put_profiles();
    let Enrolled { mut device, id } = lab.enroll(Platform::Ios, 1).await;
    let delivery = lab.deliver(&id, "exchange");
    device.poll().await.unwrap();
    lab.reaches(&delivery, "state=installed");
    let path = format!("/api/v1/deliveries/{delivery}");
    let pending = lab.server.api_ok("DELETE", &path, None);
    assert_eq!(pending["state"], "removal_pending");
    device.poll().await.unwrap();
    assert_eq!(lab.reaches(&delivery, "state=removed")["state"], "removed");
    assert!(device.accounts().is_empty());
    assert_eq!(device.identities().len(), 1, "its own towards the server");

    // What only waits is taken back without a word to the device.
    let waiting = lab.deliver(&id, "password");
    let path = format!("/api/v1/deliveries/{waiting}");
    assert_eq!(lab.server.api_ok("DELETE", &path, None)["state"], "removed");
    assert!(device.poll().await.unwrap().commands.is_empty());
}

#[tokio::test]
async fn what_is_acknowledged_and_not_there_has_drifted() {
    let lab = Lab::start();
    lab.put_profiles();
    let wire = lab.wire(lab.identity().await, "WIRE-1");
    wire.enroll().await;
    wire.drain().await;
    let list = lab.server.api_ok("GET", "/api/v1/devices", None);
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    for (listed, told) in [
        ("", "lists no profile"),
        (
            "<dict><key>PayloadIdentifier</key><string>IDENTIFIER</string>\
             <key>PayloadUUID</key><string>&lt;another&gt;</string>\
             <key>IsManaged</key><true/></dict>",
            "another revision on the device (PayloadUUID <another>)",
        ),
    ] {
        let delivery = lab.deliver(&id, "password");
        let install = wire.idle().await;
        assert!(install.contains("InstallProfile"), "{install}");
        let identifier = lab.delivery(&delivery)["expected"]["identifier"].clone();
        let next = wire.answer(&uuid_of(&install), "Acknowledged", "").await;
        assert!(next.contains("ProfileList"), "{next}");
        let listed = listed.replace("IDENTIFIER", identifier.as_str().unwrap());
        let answer = format!("<key>ProfileList</key><array>{listed}</array>");
        let next = wire.answer(&uuid_of(&next), "Acknowledged", &answer).await;
        assert!(next.contains("CertificateList"), "{next}");
        let answer = "<key>CertificateList</key><array/>";
        wire.answer(&uuid_of(&next), "Acknowledged", answer).await;
        let drifted = lab.reaches(&delivery, "state=drifted");
        assert_eq!(drifted["reason"]["code"], "not_on_device");
        let text = drifted["reason"]["what"].as_str().unwrap();
        assert!(text.contains(told), "{text}");
        assert_eq!(evidence(&drifted), names(&["acknowledged"]));
    }
    assert_eq!(lab.server.events_of("delivery.drifted").len(), 2);
}

#[tokio::test]
async fn an_account_made_by_hand_is_in_the_way_and_the_reason_is_told() {
    let lab = Lab::start();
    lab.put_profiles();
    let Enrolled { mut device, id } = lab.enroll(Platform::Ios, 1).await;
    device.add_account(
        AccountKind::Eas,
        "MAIL.example.com",
        "ada@example.com",
        "ada",
    );
    let delivery = lab.deliver(&id, "password");
    device.poll().await.unwrap();
    let failed = lab.reaches(&delivery, "state=error");
    assert_eq!(failed["reason"], json!({ "code": "duplicate" }));
    let chain = failed["errors"].as_array().unwrap();
    let codes: Vec<_> = chain
        .iter()
        .map(|entry| entry["code"].as_i64().unwrap())
        .collect();
    assert!(
        codes.len() >= 2 && codes.contains(&21_005),
        "the whole chain: {chain:#?}"
    );
    assert!(
        chain
            .iter()
            .any(|entry| entry["domain"] == "MCEASErrorDomain")
    );
    assert!(
        chain.iter().all(|entry| entry["meaning"].is_string()),
        "in words: {chain:#?}"
    );
    let event = lab
        .server
        .wait(&format!("delivery={delivery}&kind=delivery.failed"));
    let text = event["event"]["text"].as_str().unwrap();
    assert!(text.contains("MCEASErrorDomain 21005"), "{text}");

    // An error that no rule knows is a rejection, with the device's own words.
    device.set_script(Script {
        rules: vec![Rule {
            request_type: Some("InstallProfile".to_owned()),
            times: Some(1),
            behaviour: Behaviour::Error(mdm_simulators::apple::ErrorChain::one(
                "X & <é>",
                7,
                "no <way> & \"no\"",
            )),
        }],
        ..Script::default()
    });
    let delivery = lab.deliver(&id, "root");
    device.poll().await.unwrap();
    let failed = lab.reaches(&delivery, "state=error");
    assert_eq!(failed["reason"], json!({ "code": "device_rejected" }));
    assert_eq!(failed["errors"][0]["domain"], "X & <é>");
    assert_eq!(failed["errors"][0]["description"], "no <way> & \"no\"");
    let again = lab.server.api_ok(
        "POST",
        &format!("/api/v1/deliveries/{delivery}/redeliver"),
        None,
    );
    assert_eq!(again["state"], "queued");
    device.poll().await.unwrap();
    assert_eq!(
        lab.reaches(&delivery, "evidence=read_back")["state"],
        "installed"
    );
}

#[tokio::test]
async fn what_a_device_or_its_user_lacks_is_said_before_anything_is_sent() {
    let lab = Lab::start();
    lab.put_profiles();
    let phone = lab.enroll(Platform::Ios, 1).await;
    let wrong = lab.delivery(&lab.deliver(&phone.id, "mac-root"));
    assert_eq!(wrong["state"], "not_applicable", "{wrong:#}");
    let nobody = lab.invitation_with(&json!({ "simulated": true }));
    let mut nobody = lab.enroll_at(lab.device(Platform::Ios, 2), &nobody).await;
    let delivery = lab.deliver(&nobody.id, "password");
    nobody.device.poll().await.unwrap();
    let failed = lab.reaches(&delivery, "state=error");
    assert_eq!(failed["reason"]["code"], "missing_attribute", "{failed:#}");
}
