//! How Apple devices come in: with a signature, with a client certificate, with a container; and who is kept out.

use mdm_simulators::apple::{Platform, Transport};
use serde_json::json;

use crate::apple_lab::Lab;
use crate::apple_wire::text_between;
use crate::program::openssl;

#[tokio::test]
async fn an_iphone_enrolls_by_signature_and_says_what_it_is() {
    let lab = Lab::start();
    let phone = lab.enroll(Platform::Ios, 1).await;
    let payload = &phone.device.enrollment().unwrap().payload;
    assert!(payload.sign_message && payload.server_url.starts_with(&lab.server.device_url()));
    assert_eq!(payload.access_rights, 8179, "neither lock nor erase");
    let shown = lab.show(&phone.id);
    assert_eq!(shown["state"], "enrolled");
    assert_eq!(shown["platform"], "ios");
    assert_eq!(shown["reality"], "simulated");
    assert_eq!(shown["user"]["user_principal_name"], "ada@example.com");
    assert_eq!(shown["information"]["ProductName"], "iPhone17,1");
    assert_eq!(shown["channels"][0]["push"], true);
    let identity = phone.device.enrollment().unwrap().identity.fingerprint();
    assert_eq!(shown["identity"], identity);
    for kind in [
        "enrollment.profile_fetched",
        "enrollment.identity_issued",
        "enrollment.authenticated",
        "enrollment.completed",
    ] {
        assert_eq!(lab.server.events_of(kind).len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_mac_enrolls_by_client_certificate_and_its_user_gets_a_channel() {
    let lab = Lab::start();
    let mac = lab.device(Platform::Macos, 2);
    let mac = lab
        .enroll_at(mac, &format!("{}&auth=mtls", lab.invitation()))
        .await;
    let payload = &mac.device.enrollment().unwrap().payload;
    assert!(!payload.sign_message && payload.server_url.starts_with(&lab.server.mtls_url()));
    let shown = lab.show(&mac.id);
    assert_eq!(shown["platform"], "macos");
    let owners: Vec<_> = shown["channels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|channel| channel["owner"].clone())
        .collect();
    let user = mac.device.persona().user.clone().unwrap();
    assert_eq!(owners[0], json!({ "kind": "device" }));
    assert_eq!(owners[1]["key"], user.id.as_str());
    assert_eq!(owners[1]["short_name"], user.short_name.as_str());

    // Without its certificate nobody knows it, and it is not told to unenroll.
    let mut mac = mac;
    mac.device.set_transport(Transport {
        present_certificate: false,
        ..Transport::default()
    });
    let refused = mac.device.poll().await.unwrap_err().to_string();
    assert!(
        refused.contains("HTTP status 400")
            && refused.contains("presented no client certificate when asked"),
        "{refused}"
    );
    assert!(mac.device.enrollment().is_some());
}

#[tokio::test]
async fn an_identity_may_come_in_a_container_and_the_profile_unsigned() {
    let lab = Lab::start();
    let phone = lab.device(Platform::Ipados, 3);
    let url = format!("{}&identity=pkcs12&signed=false", lab.invitation());
    let phone = lab.enroll_at(phone, &url).await;
    assert_eq!(lab.show(&phone.id)["state"], "enrolled");
    assert_eq!(lab.show(&phone.id)["platform"], "ipados");

    let signed = lab.client().get(&lab.invitation()).await.unwrap();
    assert_eq!(
        signed.header("content-type"),
        Some("application/x-apple-aspen-config")
    );
    let file = lab.server.folder().join("enroll.mobileconfig");
    std::fs::write(&file, &signed.body).unwrap();
    let ca = lab.server.ca_file();
    let verified = openssl([
        "cms",
        "-verify",
        "-inform",
        "DER",
        "-purpose",
        "any",
        "-in",
        file.to_str().unwrap(),
        "-CAfile",
        ca.to_str().unwrap(),
    ])
    .run()
    .ok();
    assert!(verified.text.contains("<string>com.apple.mdm</string>"));
}

#[tokio::test]
async fn only_a_code_that_counts_lets_a_device_in() {
    let lab = Lab::start();
    let once = lab.invitation_with(&json!({ "uses": 1 }));
    let base = format!("{}/enroll/apple", lab.server.device_url());
    let client = lab.client();
    assert_eq!(client.get(&once).await.unwrap().status, 200);
    for (url, status, text) in [
        (base.clone(), 403, "code"),
        (format!("{base}?code=NO-SUCH"), 403, "code"),
        (format!("{base}?code=%26%3C%C3%A9"), 403, "code"),
        (once.clone(), 410, "used"),
        (format!("{base}?code=X&code=Y"), 400, "code"),
        (format!("{}&identity=paper", lab.invitation()), 400, "paper"),
        (format!("{}&identity=acme", lab.invitation()), 404, "ACME"),
    ] {
        let answer = client.get(&url).await.unwrap();
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status.as_u16(), status, "{url}: {body}");
        assert!(body.contains(text), "{url}: {body}");
    }
}

#[tokio::test]
async fn open_enrollment_needs_no_code_and_nobody_becomes_simulated_by_it() {
    let lab = Lab::with(&["--open-enrollment"]);
    let url = format!("{}/enroll/apple", lab.server.device_url());
    let open = lab.enroll_at(lab.device(Platform::Ios, 4), &url).await;
    assert_eq!(lab.show(&open.id)["reality"], "real");
    let minted = lab.invitation_with(&json!({ "label": "for people" }));
    let minted = lab.enroll_at(lab.device(Platform::Ios, 5), &minted).await;
    assert_eq!(lab.show(&minted.id)["reality"], "real");
    let simulated = lab.enroll(Platform::Ios, 6).await;
    assert_eq!(lab.show(&simulated.id)["reality"], "simulated");
}

#[tokio::test]
async fn an_enrollment_that_stops_half_way_says_where() {
    let lab = Lab::start();
    let identity = lab.identity().await;
    let issued = lab.server.events_of("enrollment.identity_issued");
    let id = issued[0]["device"].as_str().unwrap().to_owned();
    let shown = lab.show(&id);
    assert_eq!(shown["state"], "identity_issued");
    let hint = shown["hint"].as_str().unwrap();
    assert!(hint.contains("never checked in"), "{hint}");

    let wire = lab.wire(identity, "WIRE-1");
    let (status, body) = wire.token_update().await;
    assert_eq!(status, 400, "{body}");
    assert!(
        body.contains("sent TokenUpdate while its enrollment is `identity_issued`"),
        "{body}"
    );
    assert_eq!(wire.authenticate().await.0, 200);
    let shown = lab.show(&id);
    assert_eq!(shown["state"], "authenticated");
    assert_eq!(shown["serial_number"], "WIRE<1>");
    let hint = shown["hint"].as_str().unwrap();
    assert!(hint.contains("sent no push token"), "{hint}");
    let (status, body) = wire.report("<key>Status</key><string>Idle</string>").await;
    assert_eq!(status, 400, "{body}");
    let (status, refused) = lab.server.api(
        "POST",
        "/api/v1/deliveries",
        Some(&json!({ "device": id, "profile": "x" })),
    );
    assert_eq!(status, 404, "{refused}");
    assert_eq!(wire.token_update().await.0, 200);
    assert_eq!(lab.show(&id)["state"], "enrolled");
    assert!(
        text_between(&wire.idle().await, "<key>Command</key>", "</dict>")
            .contains("DeviceInformation")
    );
}
