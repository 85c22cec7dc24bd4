//! What becomes of a delivered profile: changed in place, taken back, lost, refused, sent again.

use mdm_simulators::apple::{AccountKind, Behaviour, ErrorChain, Event, Platform, Rule, Script};
use serde_json::json;

use crate::apple_lab::{Enrolled, Lab, journal};
use crate::apple_profiles::PROFILES;
use crate::apple_wire::uuid_of;
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
async fn what_is_wanted_anew_overtakes_what_is_on_its_way() {
    let lab = Lab::start();
    lab.put_profiles();
    let Enrolled { mut device, id } = lab.enroll(Platform::Ios, 1).await;
    let delivery = lab.deliver(&id, "password");
    let overtaken = lab.delivery(&delivery)["command"].clone();
    let changed = PROFILES[4].replace("mail.example.com", "new.example.com");
    lab.server.put_profile(&changed);
    assert_eq!(lab.deliver(&id, "password"), delivery);
    assert_eq!(
        lab.command(overtaken.as_str().unwrap())["state"],
        "cancelled"
    );
    let session = device.poll().await.unwrap();
    let installs = session
        .commands
        .iter()
        .filter(|(_, kind, _)| kind == "InstallProfile");
    assert_eq!(installs.count(), 1, "once is enough: {session:?}");
    assert_eq!(
        lab.reaches(&delivery, "evidence=read_back")["applied_revision"],
        2
    );

    // Taken back, and wanted again before the device heard of it: nothing is removed.
    lab.server
        .api_ok("DELETE", &format!("/api/v1/deliveries/{delivery}"), None);
    assert_eq!(lab.deliver(&id, "password"), delivery);
    let session = device.poll().await.unwrap();
    assert!(
        session
            .commands
            .iter()
            .all(|(_, kind, _)| kind != "RemoveProfile"),
        "{session:?}"
    );
    assert_eq!(
        lab.reaches(&delivery, "evidence=read_back")["state"],
        "installed"
    );
    assert_eq!(device.accounts().len(), 1);

    // Both went out: the device does them in order, and the last one counts.
    let wire = lab.wire_of(&device);
    lab.server
        .api_ok("DELETE", &format!("/api/v1/deliveries/{delivery}"), None);
    let removal = wire.idle().await;
    assert!(removal.contains("RemoveProfile"), "{removal}");
    assert_eq!(lab.deliver(&id, "password"), delivery);
    let install = wire.answer(&uuid_of(&removal), "Acknowledged", "").await;
    assert!(install.contains("InstallProfile"), "{install}");
    assert_eq!(lab.delivery(&delivery)["state"], "sent", "not removed");
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
        assert!(drifted["evidence"]["acknowledged"].is_string());
        assert!(drifted["evidence"]["read_back"].is_null());
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
            behaviour: Behaviour::Error(ErrorChain::one("X & <é>", 7, "no <way> & \"no\"")),
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
