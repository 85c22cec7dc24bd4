//! Enrolling, enrolling again and leaving, over real TLS against canned answers; OpenSSL verifies what was signed.

use base64::Engine as _;
use mdm_simulators::apple::{
    AppleDevice, Channel, DeviceError, Event, Persona, Platform, Sign, Transport,
};
use plist::Value;
use serde_json::json;

use crate::canned::{Canned, data, enrollment, profile};
use crate::commands::{command, enrolled};
use crate::programs::openssl;

#[tokio::test]
async fn a_phone_introduces_itself_and_openssl_verifies_it() {
    let server = Canned::start().await;
    let phone = enrolled(&server, Platform::Ios).await;
    let seen = server.seen();
    let told: Vec<String> = seen
        .iter()
        .map(|seen| {
            format!(
                "{} {}",
                seen.path,
                if seen.body.is_empty() {
                    String::new()
                } else {
                    seen.text("MessageType")
                }
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "/enroll/apple ",
            "/mdm/checkin Authenticate",
            "/mdm/checkin TokenUpdate"
        ]
    );
    insta::assert_snapshot!(String::from_utf8_lossy(&seen[1].body), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
    <plist version="1.0">
    <dict>
    	<key>OSVersion</key>
    	<string>26.1</string>
    	<key>BuildVersion</key>
    	<string>23B85</string>
    	<key>ProductName</key>
    	<string>iPhone17,1</string>
    	<key>SerialNumber</key>
    	<string>SIM7D7GXRTG6</string>
    	<key>IMEI</key>
    	<string>008311719646320</string>
    	<key>MessageType</key>
    	<string>Authenticate</string>
    	<key>Topic</key>
    	<string>com.apple.mgmt.test</string>
    	<key>UDID</key>
    	<string>00008130-073F93035AB3F2FE</string>
    </dict>
    </plist>
    "#);
    let update = seen[2].plist();
    assert_eq!(
        update.get("Token").and_then(Value::as_data),
        Some(phone.push_token(Channel::Device).as_slice())
    );
    assert!(update.get("UnlockToken").is_some());
    let folder = server.folder.path();
    for seen in &seen[1..] {
        assert_eq!(seen.content_type, "application/x-apple-aspen-mdm-checkin");
        let signature = base64::engine::general_purpose::STANDARD
            .decode(seen.signature.as_ref().unwrap())
            .unwrap();
        std::fs::write(folder.join("sig.der"), signature).unwrap();
        std::fs::write(folder.join("body"), &seen.body).unwrap();
        let verify = "cms -verify -inform DER -in sig.der -binary -content body -CAfile root.pem -purpose any -out /dev/null";
        openssl(folder, verify).unwrap();
    }
    assert_eq!(phone.identities().len(), 1);
    assert_eq!(phone.profiles().len(), 1);
}

#[tokio::test]
async fn refusals_that_end_an_enrollment() {
    let code = br#"{"code":"com.apple.unrecognized.device"}"#.as_slice();
    for (status, kind, body) in [
        (401, "text/plain", b"".as_slice()),
        (403, "application/json", code),
    ] {
        let server = Canned::start().await;
        let mut phone = enrolled(&server, Platform::Ios).await;
        server.answer(status, kind, body);
        assert!(matches!(
            phone.poll().await.unwrap_err(),
            DeviceError::Unenrolled(_)
        ));
        assert!(
            phone.enrollment().is_none()
                && phone.profiles().is_empty()
                && phone.identities().is_empty()
        );
        assert!(matches!(
            phone.poll().await.unwrap_err(),
            DeviceError::NotEnrolled
        ));
    }
}

#[tokio::test]
async fn leaving_checks_out_and_takes_everything_managed_along() {
    let server = Canned::start().await;
    let mut phone = enrolled(&server, Platform::Ios).await;
    let font =
        json!([{"PayloadType": "com.apple.font", "PayloadIdentifier": "f", "PayloadUUID": "F"}]);
    command(
        &server,
        "1",
        json!({"RequestType": "InstallProfile", "Payload": data(&profile("font", font))}),
    );
    phone.poll().await.unwrap();
    assert_eq!(phone.profiles().len(), 2);
    server.seen();
    phone.remove_mdm_profile().await.unwrap();
    assert_eq!(server.seen()[0].text("MessageType"), "CheckOut");
    assert!(phone.profiles().is_empty());
}

#[tokio::test]
async fn the_enrollment_profile_is_replaced_within_its_rules() {
    let server = Canned::start().await;
    let mut phone = enrolled(&server, Platform::Ios).await;
    let (first, magic) = (
        phone.push_token(Channel::Device),
        phone.push_magic(Channel::Device),
    );
    server.seen();
    command(
        &server,
        "less",
        json!({"RequestType": "InstallProfile", "Payload": data(&enrollment(&server, 19))}),
    );
    command(
        &server,
        "more",
        json!({"RequestType": "InstallProfile", "Payload": data(&enrollment(&server, 8191))}),
    );
    phone.poll().await.unwrap();
    let seen = server.seen();
    let types: Vec<String> = seen
        .iter()
        .map(|seen| seen.text("MessageType") + &seen.text("Status"))
        .collect();
    assert_eq!(
        types,
        [
            "Idle",
            "Authenticate",
            "TokenUpdate",
            "Acknowledged",
            "Error"
        ]
    );
    assert!(String::from_utf8_lossy(&seen[4].body).contains("<integer>12012</integer>"));
    assert_ne!(
        (first, magic),
        (
            phone.push_token(Channel::Device),
            phone.push_magic(Channel::Device)
        )
    );
    let enrolled = phone
        .journal()
        .iter()
        .filter(|entry| entry.event == Event::Enrolled)
        .count();
    assert_eq!(
        (enrolled, phone.enrollment().unwrap().payload.access_rights),
        (2, 19)
    );
}

#[tokio::test]
async fn a_failed_enrollment_leaves_nothing_behind() {
    let server = Canned::start().await;
    let mut phone = AppleDevice::new(
        Persona::from_seed(Platform::Ios, 1),
        server.environment.clone(),
    );
    server.answer(400, "text/plain", b"no");
    let error = phone.enroll(&enrollment(&server, 19)).await.unwrap_err();
    let chain = std::error::Error::source(&error).unwrap().to_string();
    assert!(chain.contains("MCMDMErrorDomain 12002: The server did not accept the check-in (Authenticate was answered with HTTP status 400: no)"), "{chain}");
    assert!(
        phone.enrollment().is_none()
            && phone.profiles().is_empty()
            && phone.keychain().items().is_empty()
    );
}

#[tokio::test]
async fn a_profile_by_link_is_verified_and_not_managed() {
    let server = Canned::start().await;
    let folder = server.folder.path();
    let font =
        json!([{"PayloadType": "com.apple.font", "PayloadIdentifier": "f", "PayloadUUID": "F"}]);
    std::fs::write(folder.join("p"), profile("font", font)).unwrap();
    openssl(folder, "cms -sign -in p -binary -nodetach -outform DER -signer leaf.pem -inkey leaf.key -out p.der").unwrap();
    server.serve_profile(std::fs::read(folder.join("p.der")).unwrap());
    let mut phone = AppleDevice::new(
        Persona::from_seed(Platform::Ios, 1),
        server.environment.clone(),
    );
    phone
        .install_from_link(&server.url("/p/once"))
        .await
        .unwrap();
    let [installed] = phone.profiles() else {
        panic!("one profile")
    };
    assert_eq!(
        (
            installed.profile.signature.to_string().as_str(),
            installed.managed
        ),
        ("Verified", false)
    );
    server.answer(404, "text/plain", b"used");
    let error = phone
        .install_from_link(&server.url("/p/once"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "profile was answered with HTTP status 404: used"
    );
}

#[tokio::test]
async fn an_untrusted_server_is_not_talked_to() {
    let server = Canned::start().await;
    let mut environment = server.environment.clone();
    environment.roots.clear();
    let mut phone = AppleDevice::new(Persona::from_seed(Platform::Ios, 1), environment);
    let error = phone
        .enroll_from(&server.url("/enroll/apple"))
        .await
        .unwrap_err();
    let DeviceError::Http { source, .. } = error else {
        panic!("{error}")
    };
    assert!(
        source
            .to_string()
            .starts_with("TLS handshake with localhost:"),
        "{source}"
    );
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_certificate_serves_instead_of_a_signature() {
    let server = Canned::start().await;
    let mut environment = server.environment.clone();
    environment.transport = Transport {
        sign: Sign::Never,
        origin: Some(server.url("")),
        ..Transport::default()
    };
    let mut phone = AppleDevice::new(Persona::from_seed(Platform::Ios, 1), environment);
    phone.enroll(&enrollment(&server, 19)).await.unwrap();
    // A device has to be a task of its own.
    let (phone, polled) = tokio::spawn(async move {
        let polled = phone.poll().await;
        (phone, polled)
    })
    .await
    .unwrap();
    polled.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    for seen in seen {
        assert_eq!(seen.signature, None);
        assert_eq!(
            seen.certificate.as_deref(),
            Some(phone.identities()[0].certificate())
        );
    }
}
