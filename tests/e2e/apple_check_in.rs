//! Check-in messages one by one, and what happens to those that prove nothing.

use mdm_simulators::apple::Platform;
use mdm_simulators::cms::{Digest, SigningTime, mdm_signature};
use serde_json::json;

use crate::apple_lab::Lab;
use crate::apple_wire::text_between;

/// `Data` of a declarative message does not matter to the server yet.
const STATUS: &str = "<key>Endpoint</key><string>status</string><key>Data</key><data>e30=</data>";

#[tokio::test]
async fn every_check_in_message_has_its_answer() {
    let lab = Lab::start();
    let wire = lab.wire(lab.identity().await, "WIRE-1");
    wire.enroll().await;

    let tokens = "<key>Endpoint</key><string>tokens</string>";
    let (status, body) = wire.check_in("DeclarativeManagement", tokens).await;
    assert_eq!(status, 200, "{body}");
    let tokens: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert!(
        tokens["SyncTokens"]["DeclarationsToken"].is_string(),
        "{body}"
    );
    assert!(tokens["SyncTokens"]["Timestamp"].is_string(), "{body}");

    let items = "<key>Endpoint</key><string>declaration-items</string>";
    let (status, body) = wire.check_in("DeclarativeManagement", items).await;
    assert_eq!(status, 200, "{body}");
    let items: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        items["Declarations"],
        json!({ "Activations": [], "Assets": [], "Configurations": [], "Management": [] })
    );
    assert_eq!(
        items["DeclarationsToken"],
        tokens["SyncTokens"]["DeclarationsToken"]
    );
    assert_eq!(
        wire.check_in("DeclarativeManagement", STATUS).await,
        (200, String::new())
    );
    let unknown = "<key>Endpoint</key><string>declaration/configuration/x</string>";
    let (status, _) = wire.check_in("DeclarativeManagement", unknown).await;
    assert_eq!(status, 404);

    let (status, body) = wire.check_in("ReturnToService", "").await;
    assert_eq!(status, 200, "{body}");
    let enabled = text_between(&body, "<key>Enabled</key>", "/>");
    assert_eq!(enabled.trim(), "<false", "true would erase the device");

    let (status, body) = wire
        .check_in("UserAuthenticate", "<key>UserID</key><string>U-1</string>")
        .await;
    assert_eq!(status, 200, "{body}");
    let challenge = body.split_once("<key>DigestChallenge</key>").unwrap().1;
    let challenge = challenge.trim_start();
    assert!(
        challenge.starts_with("<string></string>") || challenge.starts_with("<string/>"),
        "{body}"
    );

    let (status, body) = wire
        .check_in(
            "GetToken",
            "<key>TokenServiceType</key><string>com.apple.maid</string>",
        )
        .await;
    assert_eq!(status, 400, "{body}");
    assert!(body.contains("no token service is configured"), "{body}");
}

#[tokio::test]
async fn a_bootstrap_token_is_kept_given_back_and_deleted() {
    let lab = Lab::start();
    let wire = lab.wire(lab.identity().await, "WIRE-1");
    wire.enroll().await;
    let none = wire.check_in("GetBootstrapToken", "").await;
    assert_eq!(none.0, 200, "{}", none.1);
    assert!(!none.1.contains("BootstrapToken"), "{}", none.1);
    let token = "<key>BootstrapToken</key><data>Ym9vdHN0cmFw</data>";
    assert_eq!(
        wire.check_in("SetBootstrapToken", token).await,
        (200, String::new())
    );
    let (_, body) = wire.check_in("GetBootstrapToken", "").await;
    let given = text_between(&body, "<key>BootstrapToken</key>", "</data>");
    assert_eq!(
        given.split_whitespace().collect::<String>(),
        "<data>Ym9vdHN0cmFw"
    );
    let id = &lab.server.events_of("enrollment.completed")[0]["device"];
    let shown = lab.show(id.as_str().unwrap());
    assert_eq!(
        shown["bootstrap_token"], true,
        "whether there is one, never which"
    );
    assert_eq!(
        wire.check_in("SetBootstrapToken", "").await,
        (200, String::new())
    );
    let (_, body) = wire.check_in("GetBootstrapToken", "").await;
    assert!(!body.contains("BootstrapToken"), "{body}");
}

#[tokio::test]
async fn what_nobody_knows_is_refused_and_recorded() {
    let lab = Lab::start();
    let wire = lab.wire(lab.identity().await, "WIRE-1");
    wire.enroll().await;
    let (status, body) = wire.check_in("Telepathy&amp;&lt;é", "").await;
    assert_eq!(status, 400, "{body}");
    assert!(
        body.contains("its MessageType `Telepathy&<é` is not known"),
        "{body}"
    );
    let refused = lab.server.events_of("request.refused");
    assert_eq!(refused.len(), 1, "{refused:#?}");
    assert!(
        refused[0]["text"]
            .as_str()
            .unwrap()
            .contains("Telepathy&<é")
    );
    assert!(refused[0]["device"].is_string());
    // The message is there byte for byte, beside its answer.
    let list = lab
        .server
        .api_ok("GET", "/api/v1/exchanges?limit=1000", None);
    let found = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["status"] == 400)
        .unwrap_or_else(|| panic!("{list:#}"))
        .clone();
    let whole = lab
        .server
        .api_ok("GET", &format!("/api/v1/exchanges/{}", found["id"]), None);
    let keys = "<key>MessageType</key><string>Telepathy&amp;&lt;é</string>";
    assert_eq!(whole["request"]["body"]["text"], wire.body(keys));
}

#[tokio::test]
async fn a_message_that_proves_nothing_is_refused_with_the_reason_and_never_with_401() {
    let lab = Lab::start();
    let mut wire = lab.wire(lab.identity().await, "WIRE-1");
    wire.enroll().await;
    let kind = ("content-type", "application/x-apple-aspen-mdm");
    let idle = wire.body("<key>Status</key><string>Idle</string>");
    let signature = wire.sign(&idle);
    let altered = idle.replace("Idle", "idle");
    let late = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_hours(1);
    let odd = mdm_signature(
        idle.as_bytes(),
        &wire.identity,
        Digest::Sha1,
        SigningTime::At(late),
    )
    .unwrap();
    let signed = ("mdm-signature", signature.as_str());
    for (headers, body, expected) in [
        (vec![kind], &idle, Some("carries no Mdm-Signature header")),
        (
            vec![kind, signed, signed],
            &idle,
            Some("more than one Mdm-Signature"),
        ),
        (
            vec![kind, ("mdm-signature", "bm8=")],
            &idle,
            Some("the Mdm-Signature does not hold"),
        ),
        (
            vec![kind, ("mdm-signature", "&<é")],
            &idle,
            Some("the Mdm-Signature does not hold"),
        ),
        (vec![kind, signed], &altered, Some("digest")),
        // A wrong clock in the device's signature says nothing about who it is, nor does an old digest.
        (vec![kind, ("mdm-signature", &odd)], &idle, None),
    ] {
        let (status, text) = wire.put("/mdm/connect", &headers, body.clone()).await;
        match expected {
            None => assert_eq!(status, 200, "{text}"),
            Some(part) => {
                assert_eq!(status, 400, "{text}");
                assert!(text.contains(part), "{part}: {text}");
            }
        }
    }
    // A body altered on the way: both digests are told, so that a person can compare.
    let (_, text) = wire
        .put("/mdm/connect", &[kind, signed], altered.clone())
        .await;
    let digest = |body: &str| {
        let ran = crate::program::openssl(["dgst", "-sha256", "-r"])
            .input(body.to_owned())
            .run()
            .ok();
        ran.text.split(' ').next().unwrap().to_owned()
    };
    for body in [&idle, &altered] {
        assert!(text.contains(&digest(body)), "{text}");
    }

    // An identity of another server.
    let other = Lab::start();
    wire.identity = other.identity().await;
    let (status, text) = wire.report("<key>Status</key><string>Idle</string>").await;
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("enrolled with another server"), "{text}");
    assert!(lab.server.events_of("request.refused").len() >= 7);
}

#[tokio::test]
async fn an_identity_is_of_one_device() {
    let lab = Lab::start();
    let phone = lab.enroll(Platform::Ios, 1).await;
    let mut wire = lab.wire_of(&phone.device);
    wire.udid = "SOMEBODY-ELSE".to_owned();
    let (status, text) = wire.report("<key>Status</key><string>Idle</string>").await;
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("a clone, or a restored backup"), "{text}");
    assert_eq!(wire.authenticate().await.0, 400);
    let told = lab.server.events_of("enrollment.refused");
    assert_eq!(told.len(), 2, "{told:#?}");
    assert_eq!(told[0]["device"], phone.id.as_str());

    // An identity that was never announced for a known device has to say Authenticate first.
    let mut wire = lab.wire(lab.identity().await, &phone.device.persona().udid);
    let (status, text) = wire.report("<key>Status</key><string>Idle</string>").await;
    assert_eq!(status, 400, "{text}");
    wire.udid.clone_from(&phone.device.persona().udid);
    assert_eq!(wire.token_update().await.0, 400);
    assert_eq!(lab.show(&phone.id)["state"], "enrolled");
}

#[tokio::test]
async fn a_revoked_identity_is_reported_or_refused_as_configured() {
    for (arguments, refused) in [
        (vec![], false),
        (vec!["--revoked-identity", "refuse"], true),
    ] {
        let lab = Lab::with(&arguments);
        let mut phone = lab.enroll(Platform::Ios, 1).await;
        let serial = phone.device.enrollment().unwrap().identity.serial();
        let path = format!("/api/v1/certificates/{serial}/revoke");
        lab.server
            .api_ok("POST", &path, Some(&json!({ "reason": "key_compromise" })));
        let polled = phone.device.poll().await;
        if refused {
            let text = polled.unwrap_err().to_string();
            assert!(
                text.contains("HTTP status 403") && text.contains("was revoked"),
                "{text}"
            );
            assert!(
                phone.device.enrollment().is_some(),
                "it is not told to unenroll"
            );
        } else {
            polled.unwrap();
            let found = lab
                .server
                .wait(&format!("device={}&kind=finding.reported", phone.id));
            assert!(
                found["event"]["text"]
                    .as_str()
                    .unwrap()
                    .contains("was revoked and is still used")
            );
        }
    }
}
