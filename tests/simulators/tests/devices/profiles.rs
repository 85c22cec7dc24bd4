//! What a device does with profiles: replaced, changed in place, refused.

use mdm_simulators::apple::{
    AccountKind, AppleDevice, Channel, Environment, Event, How, Persona, Platform, PromptAnswer,
    Script,
};
use mdm_simulators::identity::Identity;
use serde_json::json;

use crate::canned::{data, profile};
use crate::programs::certificates;

fn device(platform: Platform) -> AppleDevice {
    AppleDevice::new(
        Persona::from_seed(platform, 1),
        Environment::new(Vec::new()),
    )
}

fn eas(uuid: &str, host: &str) -> serde_json::Value {
    json!({"PayloadType": "com.apple.eas.account", "PayloadIdentifier": "mail.eas", "PayloadUUID": uuid, "Host": host,
        "UserName": "u & <é>", "EmailAddress": "a@x.example", "SSL": true})
}

fn story(device: &AppleDevice) -> Vec<String> {
    let tell = |event: &Event| match event {
        Event::AccountCreated { address, again } => Some(format!(
            "created {address}{}",
            if *again { " again" } else { "" }
        )),
        Event::AccountUpdated { address } => Some(format!("updated {address}")),
        Event::AccountRemoved { address } => Some(format!("removed {address}")),
        Event::Prompted { about, .. } => Some(format!("prompt {about}")),
        Event::PromptAnswered { answer, .. } => Some(format!("{answer:?}")),
        _ => None,
    };
    device
        .journal()
        .iter()
        .filter_map(|entry| tell(&entry.event))
        .collect()
}

async fn install(device: &mut AppleDevice, payloads: serde_json::Value) -> Result<(), String> {
    let bytes = profile("mail", payloads);
    device
        .install(&bytes, Channel::Device, How::Mdm)
        .await
        .map_err(|chain| chain.to_string())
}

#[tokio::test]
async fn the_same_uuid_changes_in_place_another_recreates() {
    let mut phone = device(Platform::Ios);
    install(&mut phone, json!([eas("E1", "one.example")]))
        .await
        .unwrap();
    install(&mut phone, json!([eas("E1", "one.example")]))
        .await
        .unwrap();
    install(&mut phone, json!([eas("E1", "two.example")]))
        .await
        .unwrap();
    install(&mut phone, json!([eas("E2", "two.example")]))
        .await
        .unwrap();
    let expected = [
        "created a@x.example",
        "prompt a@x.example",
        "Approved",
        "updated a@x.example",
        "prompt a@x.example",
        "Approved",
        "removed a@x.example",
        "created a@x.example again",
        "prompt a@x.example",
        "Approved",
    ];
    assert_eq!(story(&phone), expected);
    let [account] = phone.accounts() else {
        panic!("one account")
    };
    assert_eq!(
        (account.generation, account.updates, account.active),
        (2, 0, true)
    );
    assert_eq!(phone.profiles().len(), 1);
}

#[tokio::test]
async fn prompts_are_answered_as_scripted() {
    let mut phone = device(Platform::Ios);
    let json = r#"{"prompts":[{"answer":{"wrong_password":2}},{"kind":"password_reentry","answer":"declined"},
        {"answer":"unanswered"}]}"#;
    phone.set_script(serde_json::from_str::<Script>(json).unwrap());
    install(&mut phone, json!([eas("E1", "one.example")]))
        .await
        .unwrap();
    let answers = |phone: &AppleDevice| {
        let answers = phone
            .journal()
            .iter()
            .filter_map(|entry| match entry.event {
                Event::PromptAnswered { answer, .. } => Some(answer),
                _ => None,
            });
        answers.collect::<Vec<_>>()
    };
    let wrong = PromptAnswer::WrongPassword(1);
    assert_eq!(answers(&phone), [wrong, wrong, PromptAnswer::Approved]);
    assert!(phone.accounts()[0].active);
    install(&mut phone, json!([eas("E1", "two.example")]))
        .await
        .unwrap();
    assert!(!phone.accounts()[0].active);
    install(&mut phone, json!([eas("E1", "three.example")]))
        .await
        .unwrap();
    assert_eq!(phone.open_prompts().len(), 1);
    assert_eq!(answers(&phone).len(), 4);
}

#[tokio::test]
async fn what_a_device_refuses() {
    let with = |key: &str, value: serde_json::Value| {
        let mut payload = eas("E1", "h.example");
        payload[key] = value;
        json!([payload])
    };
    let mail = json!({"PayloadType": "com.apple.mail.managed", "PayloadIdentifier": "m", "PayloadUUID": "M"});
    let scep = json!({"PayloadType": "com.apple.security.scep", "PayloadIdentifier": "s", "PayloadUUID": "S",
        "PayloadContent": {"URL": "http://127.0.0.1:1/scep"}});
    let none: serde_json::Map<_, _> = ["Mail", "Contacts", "Calendars", "Reminders", "Notes"]
        .into_iter()
        .map(|service| (format!("Enable{service}"), json!(false)))
        .collect();
    let mut off = eas("E1", "h.example");
    off.as_object_mut().unwrap().extend(none);
    for (platform, payloads, complaint) in [
        (Platform::Ios, json!([]), "MCProfileErrorDomain 1005"),
        (
            Platform::Ios,
            json!([eas("E1", "h"), eas("e1", "h")]),
            "MCInstallationErrorDomain 4002",
        ),
        (
            Platform::Ios,
            with("UserName", json!("")),
            "MCPayloadErrorDomain 2002: The payload “com.apple.eas.account” lacks “UserName”.",
        ),
        (
            Platform::Ios,
            with("MailNumberOfPastDaysToSync", json!(5)),
            "MCPayloadErrorDomain 2004",
        ),
        (
            Platform::Ios,
            with("PayloadCertificateUUID", json!("X")),
            "MCPayloadErrorDomain 2004: “PayloadCertificateUUID” names “X”",
        ),
        (Platform::Ios, json!([off]), "MCEASErrorDomain 21009"),
        (Platform::Ios, json!([mail]), "lacks “EmailAccountType”"),
        (
            Platform::Ios,
            with("PayloadType", json!("com.example.unknown")),
            "MCProfileErrorDomain 1010",
        ),
        (
            Platform::Ios,
            with("PayloadType", json!("com.apple.ews.account")),
            "MCProfileErrorDomain 1010",
        ),
        (
            Platform::Ios,
            json!([eas("E1", "h"), scep]),
            "MCSCEPErrorDomain 22005",
        ),
        (
            Platform::Macos,
            json!([mail]),
            "NSPOSIXErrorDomain 1: The profile must be a user profile",
        ),
        (
            Platform::Macos,
            json!([eas("E1", "h")]),
            "MCProfileErrorDomain 1010",
        ),
    ] {
        let mut device = device(platform);
        let error = install(&mut device, payloads).await.unwrap_err();
        assert!(error.contains(complaint), "{complaint}\n{error}");
        assert_eq!(
            (
                device.profiles().len(),
                device.accounts().len(),
                device.keychain().items().len()
            ),
            (0, 0, 0)
        );
    }
}

#[tokio::test]
async fn an_account_made_by_hand_is_in_the_way() {
    let mut phone = device(Platform::Ios);
    phone.add_account(AccountKind::Eas, "H.example", "A@x.example", "u");
    let error = install(&mut phone, json!([eas("E1", "h.example")]))
        .await
        .unwrap_err();
    assert!(
        error.starts_with("MCInstallationErrorDomain 4001"),
        "{error}"
    );
    assert!(error.contains(" < MCEASErrorDomain 21005"), "{error}");
    assert_eq!((phone.profiles().len(), phone.accounts().len()), (0, 1));
    install(&mut phone, json!([eas("E1", "other.example")]))
        .await
        .unwrap();
    assert_eq!(phone.accounts().len(), 2);
}

#[tokio::test]
async fn containers_old_and_new_open_and_serve_the_account() {
    for legacy in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path(), legacy);
        let container = std::fs::read(folder.path().join("device.p12")).unwrap();
        let identity = |password: &str| {
            json!({"PayloadType": "com.apple.security.pkcs12", "PayloadIdentifier": "mail.id",
            "PayloadUUID": "ID", "PayloadContent": data(&container), "Password": password})
        };
        let mut account = eas("E1", "h.example");
        account["PayloadCertificateUUID"] = json!("ID");
        let mut phone = device(Platform::Ios);
        let error = install(&mut phone, json!([identity("wrong"), account]))
            .await
            .unwrap_err();
        assert!(
            error.contains("MCCertificateErrorDomain 9000: a PKCS#12 container does not open"),
            "{error}"
        );
        install(&mut phone, json!([identity("p & w"), account]))
            .await
            .unwrap();
        let shown = phone
            .identity_of(&phone.accounts()[0])
            .map(Identity::common_name);
        assert_eq!(shown.as_deref(), Some("Device"), "legacy: {legacy}");
        assert_eq!(
            story(&phone),
            ["created a@x.example"],
            "no password is asked for"
        );
    }
}

#[tokio::test]
async fn a_root_by_hand_needs_the_switch_on_a_phone() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path(), false);
    let pem = std::fs::read(folder.path().join("root.pem")).unwrap();
    let bytes = profile(
        "trust",
        json!([{"PayloadType": "com.apple.security.root", "PayloadIdentifier": "r",
        "PayloadUUID": "R", "PayloadContent": data(&pem)}]),
    );
    for (platform, how, trusted) in [
        (Platform::Ios, How::Interactive, 0),
        (Platform::Ios, How::Mdm, 1),
        (Platform::Macos, How::Interactive, 1),
    ] {
        let mut device = device(platform);
        device.install(&bytes, Channel::Device, how).await.unwrap();
        assert_eq!(
            device.keychain().trusted_roots().len(),
            trusted,
            "{platform:?} {how:?}"
        );
        let fingerprint = device.keychain().items()[0].fingerprint();
        assert!(device.trust_fully(&fingerprint));
        assert_eq!(device.keychain().trusted_roots().len(), 1);
    }
}

#[tokio::test]
async fn nobody_replaces_by_mdm_what_a_phones_owner_installed() {
    let bytes = profile(
        "p",
        json!([{"PayloadType": "com.apple.font", "PayloadIdentifier": "f", "PayloadUUID": "F"}]),
    );
    for (platform, supervised, allowed) in [
        (Platform::Ios, false, false),
        (Platform::Ios, true, true),
        (Platform::Macos, false, true),
    ] {
        let mut device = device(platform);
        device.persona_mut().supervised = supervised;
        device
            .install(&bytes, Channel::Device, How::Interactive)
            .await
            .unwrap();
        assert_eq!(
            device
                .install(&bytes, Channel::Device, How::Mdm)
                .await
                .is_ok(),
            allowed
        );
    }
}
