//! Profiles assigned to groups: who gets them, who does not, and what becomes of them.

use mdm_simulators::apple::Platform;
use serde_json::{Value, json};

use crate::apple_lab::{Enrolled, Lab};

const MAIL: &str = r#"
    id = "mail"
    type = "ios_exchange"
    display_name = "Mail"
    host_name = "mail.example.com"
    account_name = "Work"
"#;

/// A server with Ada in the group `sales`, nobody in `board`, and the profile `mail`.
fn lab(semantics: &str) -> Lab {
    let lab = Lab::start();
    put(&lab, "settings", &json!({ "semantics": semantics }));
    put(
        &lab,
        "users/ada@example.com",
        &json!({ "mail": "ada@example.com" }),
    );
    put(&lab, "users/bob@example.com", &json!({}));
    put(
        &lab,
        "groups/sales",
        &json!({ "kind": "user", "members": ["ada@example.com"] }),
    );
    put(&lab, "groups/board", &json!({ "kind": "user" }));
    lab.server.put_profile(MAIL);
    lab
}

fn put(lab: &Lab, path: &str, body: &Value) -> Value {
    lab.server
        .api_ok("PUT", &format!("/api/v1/{path}"), Some(body))
}

fn assign(lab: &Lab, profile: &str, body: &Value) -> Value {
    put(lab, &format!("assignments/{profile}"), body)
}

/// The deliveries of a profile to a device, as states, newest first.
fn states(lab: &Lab, device: &str, profile: &str) -> Vec<String> {
    let path = format!("/api/v1/deliveries?device={device}&profile={profile}");
    let list = lab.server.api_ok("GET", &path, None);
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["state"].as_str().unwrap().to_owned())
        .collect()
}

fn hosts(enrolled: &Enrolled) -> Vec<String> {
    let accounts = enrolled.device.accounts().iter();
    accounts.map(|account| account.host.clone()).collect()
}

#[tokio::test]
async fn r14_r22_a_profile_without_assignment_does_nothing() {
    let lab = lab("2020");
    let mut phone = lab.enroll(Platform::Ios, 1).await;
    let list = lab.server.api_ok("GET", "/api/v1/profiles", None);
    assert_eq!(list["items"][0]["id"], "mail");
    assert_eq!(
        lab.server.api("GET", "/api/v1/assignments/mail", None).0,
        404
    );
    phone.device.poll().await.unwrap();
    assert_eq!(states(&lab, &phone.id, "mail"), [""; 0]);
    assert_eq!(hosts(&phone), [""; 0]);
}

#[tokio::test]
async fn r23_r25_leaving_the_group_removes_the_only_mail_profile() {
    let lab = lab("2020");
    // Assigned before the device is there: enrollment is enough.
    let made = assign(&lab, "mail", &json!({ "include": ["sales"] }));
    assert_eq!(made["warnings"][0]["rule"], "W-DEVICE-GROUP", "{made:#}");
    let mut phone = lab.enroll(Platform::Ios, 1).await;
    phone.device.poll().await.unwrap();
    assert_eq!(states(&lab, &phone.id, "mail"), ["installed"]);
    assert_eq!(hosts(&phone), ["mail.example.com"]);

    put(
        &lab,
        "groups/sales",
        &json!({ "kind": "user", "members": ["bob@example.com"] }),
    );
    assert_eq!(states(&lab, &phone.id, "mail"), ["removal_pending"]);
    phone.device.poll().await.unwrap();
    assert_eq!(states(&lab, &phone.id, "mail"), ["removed"]);
    assert_eq!(hosts(&phone), [""; 0]);

    // Back in the group, it is delivered anew.
    put(
        &lab,
        "groups/sales",
        &json!({ "kind": "user", "members": ["ada@example.com"] }),
    );
    phone.device.poll().await.unwrap();
    assert_eq!(states(&lab, &phone.id, "mail"), ["installed", "removed"]);
    assert_eq!(hosts(&phone), ["mail.example.com"]);
}

#[tokio::test]
async fn r24_removal_blocked_for_the_only_mail_profile_under_2017() {
    let lab = lab("2017");
    assign(&lab, "mail", &json!({ "include": ["sales"] }));
    let mut phone = lab.enroll(Platform::Ios, 1).await;
    phone.device.poll().await.unwrap();
    assign(&lab, "mail", &json!({}));
    assert_eq!(states(&lab, &phone.id, "mail"), ["removal_blocked"]);
    phone.device.poll().await.unwrap();
    assert_eq!(hosts(&phone), ["mail.example.com"]);
    assert_eq!(lab.server.events_of("delivery.removal_blocked").len(), 1);

    // The rules of 2020 let it go.
    put(&lab, "settings", &json!({ "semantics": "2020" }));
    phone.device.poll().await.unwrap();
    assert_eq!(states(&lab, &phone.id, "mail"), ["removed"]);
    assert_eq!(hosts(&phone), [""; 0]);
}

#[tokio::test]
async fn r26_editions_warn_of_the_other_kind_of_group() {
    let lab = lab("current");
    put(
        &lab,
        "groups/rack",
        &json!({ "kind": "device", "members": ["C39X"] }),
    );
    let rules = |made: &Value| -> Vec<String> {
        let all = made["warnings"].as_array().unwrap().iter();
        all.map(|w| w["rule"].as_str().unwrap().to_owned())
            .collect()
    };
    for (semantics, assignment, expected) in [
        ("current", json!({ "include": ["sales"] }), &[][..]),
        ("current", json!({ "include": ["rack"] }), &["W-USER-GROUP"]),
        ("2020", json!({ "include": ["rack"] }), &[]),
        ("2020", json!({ "include": ["sales"] }), &["W-DEVICE-GROUP"]),
        (
            "2017",
            json!({ "include": ["sales"], "exclude": ["rack"] }),
            &["W-MIXED-EXCLUDE"],
        ),
    ] {
        put(&lab, "settings", &json!({ "semantics": semantics }));
        let made = assign(&lab, "mail", &assignment);
        assert_eq!(rules(&made), expected, "{semantics} {assignment}");
    }
    let told = lab.server.events_of("lint.warning");
    let told: Vec<_> = told
        .iter()
        .map(|e| e["facts"]["rule"].as_str().unwrap())
        .collect();
    for rule in ["W-USER-GROUP", "W-DEVICE-GROUP", "W-MIXED-EXCLUDE"] {
        assert!(told.contains(&rule), "{rule} in {told:?}");
    }
}

#[tokio::test]
async fn r20_a_single_user_is_refused_and_a_mixed_exclusion_ignored() {
    let lab = lab("2020");
    let phone = lab.enroll(Platform::Ios, 1).await;
    let serial = lab.show(&phone.id)["serial_number"]
        .as_str()
        .unwrap()
        .to_owned();
    put(
        &lab,
        "groups/rack",
        &json!({ "kind": "device", "members": [serial] }),
    );
    let path = "/api/v1/assignments/mail";
    for (include, found) in [
        ("ada@example.com", "`ada@example.com`, a user"),
        ("nobody", "`nobody`, which does not exist"),
    ] {
        let body = json!({ "include": ["sales", include] });
        let (status, problem) = lab.server.api("PUT", path, Some(&body));
        assert_eq!(status, 400, "{problem:#}");
        assert_eq!(problem["errors"][0]["path"], "include[1]", "{problem:#}");
        assert_eq!(problem["errors"][0]["found"], found);
    }
    assert_eq!(
        lab.server.api("GET", path, None).0,
        404,
        "nothing was written"
    );
    let made = assign(
        &lab,
        "mail",
        &json!({ "include": ["sales"], "exclude": ["rack"] }),
    );
    assert_eq!(states(&lab, &phone.id, "mail"), ["queued"], "{made:#}");
    let made = assign(
        &lab,
        "mail",
        &json!({ "include": ["rack"], "exclude": ["rack"] }),
    );
    assert_eq!(states(&lab, &phone.id, "mail"), ["removed"], "{made:#}");
}

#[tokio::test]
async fn r27_an_assignment_replaces_the_one_before() {
    let lab = lab("2020");
    let mut phone = lab.enroll(Platform::Ios, 1).await;
    assign(&lab, "mail", &json!({ "include": ["sales"] }));
    phone.device.poll().await.unwrap();
    assert_eq!(states(&lab, &phone.id, "mail"), ["installed"]);
    // Written as it is, nothing happens; an invalid one changes nothing.
    let same = assign(&lab, "mail", &json!({ "include": ["sales"] }));
    assert_eq!(same["devices"], 0);
    let (status, _) = lab.server.api(
        "PUT",
        "/api/v1/assignments/mail",
        Some(&json!({ "includes": ["board"] })),
    );
    assert_eq!(status, 400);
    assert_eq!(states(&lab, &phone.id, "mail"), ["installed"]);
    assign(&lab, "mail", &json!({ "include": ["board"] }));
    assert_eq!(states(&lab, &phone.id, "mail"), ["removal_pending"]);
    // Taken back before the device heard of it.
    assign(&lab, "mail", &json!({ "include": ["board", "sales"] }));
    phone.device.poll().await.unwrap();
    assert_eq!(states(&lab, &phone.id, "mail"), ["installed"]);
    assert_eq!(hosts(&phone), ["mail.example.com"]);
}

#[tokio::test]
async fn direct_deliveries_outlive_every_evaluation() {
    let lab = lab("2020");
    let mut phone = lab.enroll(Platform::Ios, 1).await;
    let delivery = lab.deliver(&phone.id, "mail");
    phone.device.poll().await.unwrap();
    assign(&lab, "mail", &json!({ "include": ["sales"] }));
    assign(&lab, "mail", &json!({}));
    let ended = lab.server.api("DELETE", "/api/v1/assignments/mail", None);
    assert_eq!(ended.0, 204);
    phone.device.poll().await.unwrap();
    assert_eq!(lab.delivery(&delivery)["state"], "installed");
    assert_eq!(
        states(&lab, &phone.id, "mail"),
        ["installed"],
        "one delivery"
    );
    let (status, problem) = lab.server.api("DELETE", "/api/v1/profiles/mail", None);
    assert_eq!(
        (status, problem["detail"].as_str()),
        (409, Some("profile `mail` is in 1 deliveries"))
    );
}

#[tokio::test]
async fn a_mac_is_told_why_an_iphones_profile_is_not_for_it() {
    let lab = lab("2020");
    assign(&lab, "mail", &json!({ "all_devices": true }));
    let mac = lab.enroll(Platform::Macos, 2).await;
    let path = format!("/api/v1/deliveries?device={}", mac.id);
    let list = lab.server.api_ok("GET", &path, None);
    let [delivery] = &list["items"].as_array().unwrap()[..] else {
        panic!("{list:#}")
    };
    assert_eq!(delivery["state"], "not_applicable");
    assert_eq!(delivery["reason"]["code"], "platform");
    assert_eq!(delivery["wanted"], "assigned");
    // Deleting the profile takes the assignment with it, and the device forgets.
    assert_eq!(
        lab.server.api("DELETE", "/api/v1/profiles/mail", None).0,
        204
    );
    assert_eq!(
        lab.server.api("GET", "/api/v1/assignments/mail", None).0,
        404
    );
    assert_eq!(states(&lab, &mac.id, "mail"), ["not_targeted"]);
}
