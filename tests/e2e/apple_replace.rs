//! Devices that come back: with a new enrollment, or with a new identity that was announced.

use mdm_simulators::apple::{Behaviour, Channel, ErrorChain, Platform, Rule, Script};
use serde_json::json;

use crate::apple_lab::{Enrolled, Lab};

const IDLE: &str = "<key>Status</key><string>Idle</string>";

#[tokio::test]
async fn a_device_that_enrolls_again_starts_with_nothing() {
    let lab = Lab::start();
    lab.put_profiles();
    let Enrolled { mut device, id } = lab.enroll(Platform::Macos, 1).await;
    let old = lab.wire_of(&device);
    let delivered = lab.deliver(&id, "mac-exchange");
    device.poll().await.unwrap();
    lab.reaches(&delivered, "evidence=read_back");
    let waiting = lab.deliver(&id, "mac-root");
    let command = lab.queue(&id, &json!({ "type": "security_info" }));

    // Wiped, and enrolled by hand: the same machine, a new story.
    let fresh = lab.device(Platform::Macos, 1);
    let Enrolled { device, id: again } = lab.enroll_at(fresh, &lab.invitation()).await;
    assert_eq!(again, id, "the same machine");
    for delivery in [&delivered, &waiting] {
        let gone = lab.delivery(delivery);
        assert_eq!(gone["state"], "gone");
        assert_eq!(gone["reason"], json!({ "code": "device_left" }));
    }
    assert_eq!(lab.command(&command)["state"], "cancelled");
    assert_eq!(lab.server.events_of("enrollment.restarted").len(), 1);
    let shown = lab.show(&id);
    let new = device.enrollment().unwrap().identity.fingerprint();
    assert_eq!(shown["identity"], new);
    let active = shown["channels"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["active"] == true);
    assert_eq!(active.count(), 2, "its own and its user's");
    let (status, text) = old.report(IDLE).await;
    assert_eq!(status, 400, "the old identity is of the past: {text}");
    let list = lab.server.api_ok("GET", "/api/v1/devices", None);
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list:#}");
}

#[tokio::test]
async fn a_user_of_the_old_enrollment_is_gone_with_it() {
    let lab = Lab::start();
    lab.put_profiles();
    let Enrolled { id, .. } = lab.enroll(Platform::Macos, 1).await;
    let mut fresh = lab.device(Platform::Macos, 1);
    fresh.set_logged_in(false);
    let Enrolled { mut device, .. } = lab.enroll_at(fresh, &lab.invitation()).await;
    let shown = lab.show(&id);
    let active = shown["channels"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["active"] == true);
    assert_eq!(active.count(), 1, "{shown:#}");
    let delivery = lab.deliver(&id, "mac-mail");
    assert_eq!(
        lab.delivery(&delivery)["reason"],
        json!({ "code": "no_user_session" })
    );
    device.log_in().await.unwrap();
    device.poll().await.unwrap();
    lab.reaches(&delivery, "evidence=read_back");
}

#[tokio::test]
async fn an_announced_replacement_loses_nothing_and_both_identities_count_until_it_is_done() {
    let lab = Lab::start();
    lab.put_profiles();
    let Enrolled { mut device, id } = lab.enroll(Platform::Ios, 1).await;
    let delivered = lab.deliver(&id, "exchange");
    device.poll().await.unwrap();
    lab.reaches(&delivered, "evidence=read_back");
    let old = lab.wire_of(&device);
    lab.server
        .api_ok("POST", &format!("/api/v1/devices/{id}/renew"), None);
    let waiting = lab.deliver(&id, "root");
    assert_eq!(lab.show(&id)["replacing_identity"], true);

    // The device installs the profile but its acknowledgement is lost: it has sent Authenticate and TokenUpdate.
    device.set_script(Script {
        rules: vec![Rule {
            request_type: Some("InstallProfile".to_owned()),
            times: Some(1),
            behaviour: Behaviour::TamperedBody,
        }],
        ..Script::default()
    });
    device.session(Channel::Device).await.unwrap_err();
    let new = lab.wire_of(&device);
    assert_ne!(new.identity.fingerprint(), old.identity.fingerprint());
    let install = old.idle().await;
    assert_eq!(
        new.idle().await,
        install,
        "both speak for the device, and get the same"
    );
    assert_eq!(lab.show(&id)["replacing_identity"], true);
    assert_eq!(lab.delivery(&delivered)["state"], "installed");
    assert_eq!(lab.delivery(&waiting)["state"], "queued");

    device.poll().await.unwrap();
    let shown = lab.show(&id);
    assert_eq!(shown["replacing_identity"], false);
    assert_eq!(shown["identity"], new.identity.fingerprint());
    assert_eq!(shown["state"], "enrolled");
    assert_eq!(lab.server.events_of("enrollment.replaced").len(), 1);
    assert!(lab.server.events_of("enrollment.restarted").is_empty());
    assert_eq!(lab.delivery(&delivered)["state"], "installed");
    lab.reaches(&waiting, "evidence=read_back");
    let (status, text) = old.report(IDLE).await;
    assert_eq!(status, 400, "only the new one counts now: {text}");
    assert!(text.contains("is bound to another"), "{text}");
    assert_eq!(new.idle().await, "");
}

#[tokio::test]
async fn a_replacement_that_fails_leaves_the_old_identity() {
    let lab = Lab::start();
    let Enrolled { mut device, id } = lab.enroll(Platform::Ios, 1).await;
    let before = lab.show(&id)["identity"].clone();
    lab.server
        .api_ok("POST", &format!("/api/v1/devices/{id}/renew"), None);
    device.set_script(Script {
        rules: vec![Rule {
            request_type: None,
            times: Some(1),
            behaviour: Behaviour::Error(ErrorChain::one("MCMDMErrorDomain", 12_012, "immutable")),
        }],
        ..Script::default()
    });
    device.poll().await.unwrap();
    let failed = lab.server.wait(&format!("device={id}&kind=command.failed"));
    assert!(
        failed["event"]["text"].as_str().unwrap().contains("12012"),
        "{failed}"
    );
    assert_eq!(lab.show(&id)["identity"], before);
    assert_eq!(device.poll().await.unwrap().commands, []);
    let wire = lab.wire_of(&device);
    assert_eq!(wire.idle().await, "");
}

#[tokio::test]
async fn a_device_that_leaves_is_told_apart_from_one_that_is_silent() {
    let lab = Lab::start();
    lab.put_profiles();
    let Enrolled { mut device, id } = lab.enroll(Platform::Ios, 1).await;
    let wire = lab.wire_of(&device);
    let delivery = lab.deliver(&id, "password");
    device.remove_mdm_profile().await.unwrap();
    assert_eq!(lab.show(&id)["state"], "removed");
    assert_eq!(lab.delivery(&delivery)["state"], "gone");
    let (status, text) = wire.report(IDLE).await;
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("`removed`"), "{text}");
    let again = lab.enroll_at(device, &lab.invitation()).await;
    assert_eq!(again.id, id);
    assert_eq!(lab.show(&id)["state"], "enrolled");

    // Forgotten, it is known nowhere any more.
    let path = format!("/api/v1/devices/{id}");
    assert_eq!(lab.server.api("DELETE", &path, None).0, 204);
    assert_eq!(lab.server.api("GET", &path, None).0, 404);
    let told = serde_json::to_string(&lab.server.events()).unwrap();
    let persona = again.device.persona();
    for secret in [&persona.udid, &persona.serial_number, &persona.device_name] {
        assert!(!told.contains(secret.as_str()), "{secret} in {told}");
    }
    let path = format!("/api/v1/exchanges?device={id}");
    assert_eq!(lab.server.api_ok("GET", &path, None)["items"], json!([]));
    let (status, text) = lab.wire_of(&again.device).report(IDLE).await;
    assert_eq!(status, 400, "{text}");
}
