//! The command loop, over real TLS against canned answers; OpenSSL verifies what the device signed.

use base64::Engine as _;
use mdm_simulators::apple::{AppleDevice, Channel, Event, Persona, Platform, Script};
use serde_json::json;

use crate::canned::{Canned, Seen, data, dictionary, enrollment, profile};
use crate::programs::openssl;

pub(crate) async fn enrolled(server: &Canned, platform: Platform) -> AppleDevice {
    let mut device = AppleDevice::new(Persona::from_seed(platform, 1), server.environment.clone());
    server.serve_profile(enrollment(server, 8191));
    device
        .enroll_from(&server.url("/enroll/apple?code=X"))
        .await
        .unwrap();
    device
}

pub(crate) fn command(server: &Canned, uuid: &str, command: serde_json::Value) {
    server.command(uuid, dictionary(command));
}

fn statuses(seen: &[Seen]) -> Vec<String> {
    seen.iter()
        .map(|seen| {
            format!("{} {}", seen.text("Status"), seen.text("CommandUUID"))
                .trim()
                .to_owned()
        })
        .collect()
}

#[tokio::test]
async fn a_mac_has_two_channels_and_signs_without_a_time() {
    let server = Canned::start().await;
    let mut mac = enrolled(&server, Platform::Macos).await;
    let seen = server.seen();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[3].text("UserShortName"), "user1");
    assert_ne!(seen[2].plist().get("Token"), seen[3].plist().get("Token"));
    let signature = base64::engine::general_purpose::STANDARD
        .decode(seen[3].signature.as_ref().unwrap())
        .unwrap();
    let signing_time = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
    assert!(!signature.windows(9).any(|window| window == signing_time));

    let mail = json!([{"PayloadType": "com.apple.ews.account", "PayloadIdentifier": "m", "PayloadUUID": "M",
        "Host": "h.example", "UserName": "u", "EmailAddress": "u@h.example"}]);
    let install = json!({"RequestType": "InstallProfile", "Payload": data(&profile("mail", mail))});
    command(&server, "wrong", install.clone());
    command(&server, "list", json!({"RequestType": "ProfileList"}));
    mac.session(Channel::Device).await.unwrap();
    let seen = server.seen();
    assert_eq!(
        statuses(&seen),
        ["Idle", "Error wrong", "Acknowledged list"]
    );
    assert!(String::from_utf8_lossy(&seen[1].body).contains("must be a user profile"));
    command(&server, "right", install);
    mac.poll().await.unwrap();
    let seen = server.seen();
    assert_eq!(
        statuses(&seen),
        ["Idle", "Error right", "Idle"],
        "the canned server gives it to the first who asks"
    );
    assert!(seen[2].plist().contains_key("UserID"));
}

#[tokio::test]
async fn commands_and_what_comes_of_them() {
    let server = Canned::start().await;
    let mut phone = enrolled(&server, Platform::Ios).await;
    server.seen();
    let mail = json!([{"PayloadType": "com.apple.mail.managed", "PayloadIdentifier": "m", "PayloadUUID": "M",
        "EmailAccountType": "EmailTypeIMAP", "EmailAddress": "u@h.example",
        "IncomingMailServerHostName": "h.example", "IncomingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": "h.example", "OutgoingMailServerAuthentication": "EmailAuthPassword"}]);
    command(
        &server,
        "1",
        json!({"RequestType": "InstallProfile", "Payload": data(&profile("mail", mail))}),
    );
    command(&server, "2", json!({"RequestType": "ProfileList"}));
    command(&server, "3", json!({"RequestType": "CertificateList"}));
    command(
        &server,
        "4",
        json!({"RequestType": "DeviceInformation", "Queries": ["UDID", "OSVersion", "Nonsense"]}),
    );
    command(&server, "5", json!({"RequestType": "SecurityInfo"}));
    command(
        &server,
        "6",
        json!({"RequestType": "RemoveProfile", "Identifier": "mail"}),
    );
    command(
        &server,
        "7",
        json!({"RequestType": "RemoveProfile", "Identifier": "mail"}),
    );
    command(&server, "8", json!({"RequestType": "ScheduleOSUpdate"}));
    command(&server, "9", json!({}));
    command(&server, "10", json!({"RequestType": "InstallProfile"}));
    command(
        &server,
        "11",
        json!({"RequestType": "ClearPasscode", "UnlockToken": "data:00"}),
    );
    command(
        &server,
        "12",
        json!({"RequestType": "Settings", "Settings": [{"Item": "DeviceName"}]}),
    );
    phone.poll().await.unwrap();
    let seen = server.seen();
    let expected = [
        "Idle",
        "Acknowledged 1",
        "Acknowledged 2",
        "Acknowledged 3",
        "Acknowledged 4",
        "Acknowledged 5",
        "Acknowledged 6",
        "Error 7",
        "Error 8",
        "CommandFormatError 9",
        "CommandFormatError 10",
        "Error 11",
        "Acknowledged 12",
    ];
    assert_eq!(statuses(&seen), expected);
    assert_eq!(
        seen[0].content_type,
        "application/x-apple-aspen-mdm; charset=UTF-8"
    );
    let text = |at: usize| String::from_utf8_lossy(&seen[at].body).into_owned();
    for (at, part) in [
        (2, "<string>A &amp; &lt;B&gt;</string>"),
        (2, "<key>IsManaged</key>"),
        (3, "<string>Device</string>"),
        (4, "<key>QueryResponses</key>"),
        (5, "<key>HardwareEncryptionCaps</key>"),
        (7, "<integer>12075</integer>"),
        (8, "<integer>12021</integer>"),
        (12, "<string>DeviceName</string>"),
    ] {
        assert!(text(at).contains(part), "{at}: {part}\n{}", text(at));
    }
    assert!(!text(4).contains("Nonsense"));
    assert!(phone.accounts().is_empty());
}

#[tokio::test]
async fn a_locked_phone_puts_off_what_it_cannot_do() {
    let server = Canned::start().await;
    let mut phone = enrolled(&server, Platform::Ios).await;
    phone.set_locked(true);
    for (request, status) in [
        ("InstallProfile", "NotNow"),
        ("SecurityInfo", "NotNow"),
        ("CertificateList", "NotNow"),
        ("ProfileList", "Acknowledged"),
        ("DeviceInformation", "Acknowledged"),
    ] {
        server.seen();
        command(&server, "x", json!({"RequestType": request}));
        phone.poll().await.unwrap();
        assert_eq!(
            statuses(&server.seen())[1],
            format!("{status} x"),
            "{request}"
        );
        assert_eq!(phone.wants_poll(), status == "NotNow", "{request}");
    }
}

#[tokio::test]
async fn a_mac_naps_and_locks_its_keychain() {
    let server = Canned::start().await;
    let mut mac = enrolled(&server, Platform::Macos).await;
    for (nap, keychain, channel, request, status) in [
        (true, false, Channel::Device, "ProfileList", "NotNow"),
        (true, false, Channel::Device, "DeviceLock", "Acknowledged"),
        (false, true, Channel::User, "RemoveProfile", "NotNow"),
        (
            false,
            true,
            Channel::Device,
            "RemoveProfile",
            "CommandFormatError",
        ),
        (false, true, Channel::User, "ProfileList", "Acknowledged"),
    ] {
        mac.set_power_nap(nap);
        mac.set_keychain_locked(keychain);
        server.seen();
        command(&server, "x", json!({"RequestType": request}));
        mac.session(channel).await.unwrap();
        assert_eq!(
            statuses(&server.seen())[1],
            format!("{status} x"),
            "{request}"
        );
    }
}

#[tokio::test]
async fn a_script_bends_reports() {
    let server = Canned::start().await;
    let mut phone = enrolled(&server, Platform::Ios).await;
    for (behaviour, expected) in [
        ("\"not_now\"", vec!["Idle", "NotNow x"]),
        (
            r#"{"error":[{"domain":"D","code":7,"description":"x"}]}"#,
            vec!["Idle", "Error x"],
        ),
        ("\"format_error\"", vec!["Idle", "CommandFormatError x"]),
        (r#"{"delay_ms":1}"#, vec!["Idle", "Acknowledged x"]),
        (
            "\"duplicate_report\"",
            vec!["Idle", "Acknowledged x", "Acknowledged x"],
        ),
        (
            "\"lost_answer\"",
            vec!["Idle", "Acknowledged x", "Acknowledged x"],
        ),
        ("\"wrong_udid\"", vec!["Idle", "Acknowledged x"]),
        ("\"binary_plist\"", vec!["Idle", "Acknowledged x"]),
        ("\"bad_signature\"", vec!["Idle", "Acknowledged x"]),
        ("\"tampered_body\"", vec!["Idle", "Acknowledged x"]),
    ] {
        let script = format!(r#"{{"rules":[{{"behaviour":{behaviour},"times":1}}]}}"#);
        phone.set_script(serde_json::from_str::<Script>(&script).unwrap());
        server.seen();
        command(&server, "x", json!({"RequestType": "ProfileList"}));
        phone.poll().await.unwrap();
        while phone.wants_poll() && behaviour == "\"lost_answer\"" {
            phone.poll().await.unwrap();
        }
        let seen = server.seen();
        assert_eq!(statuses(&seen), expected, "{behaviour}");
        let report = &seen[1];
        assert_eq!(
            report.body.starts_with(b"bplist"),
            behaviour == "\"binary_plist\""
        );
        assert_eq!(
            report.text("UDID").ends_with("-WRONG"),
            behaviour == "\"wrong_udid\""
        );
        let folder = server.folder.path();
        let signature = base64::engine::general_purpose::STANDARD
            .decode(report.signature.as_ref().unwrap())
            .unwrap();
        std::fs::write(folder.join("sig.der"), signature).unwrap();
        std::fs::write(folder.join("body"), &report.body).unwrap();
        let verify = "cms -verify -inform DER -in sig.der -binary -content body -CAfile root.pem -purpose any -out /dev/null";
        let wrong = ["\"bad_signature\"", "\"tampered_body\""].contains(&behaviour);
        assert_eq!(openssl(folder, verify).is_err(), wrong, "{behaviour}");
    }
}

#[tokio::test]
async fn a_result_the_server_did_not_take_is_sent_again() {
    let server = Canned::start().await;
    let mut phone = enrolled(&server, Platform::Ios).await;
    server.seen();
    command(&server, "x", json!({"RequestType": "ProfileList"}));
    let idle = dictionary(json!({"CommandUUID": "x", "Command": {"RequestType": "ProfileList"}}));
    server.answer(200, "application/xml", &crate::canned::xml(idle));
    server.answer(500, "text/plain", b"try later");
    let error = phone.poll().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Acknowledged was answered with HTTP status 500: try later"
    );
    assert!(phone.wants_poll());
    phone.poll().await.unwrap();
    assert_eq!(
        statuses(&server.seen()),
        ["Idle", "Acknowledged x", "Acknowledged x"]
    );
}

#[tokio::test]
async fn erased_restarted_and_declared() {
    let server = Canned::start().await;
    let mut phone = enrolled(&server, Platform::Ios).await;
    command(&server, "1", json!({"RequestType": "RestartDevice"}));
    phone.poll().await.unwrap();
    assert!(phone.is_locked());
    phone.set_locked(false);

    server.seen();
    let command_body = dictionary(
        json!({"CommandUUID": "2", "Command": {"RequestType": "DeclarativeManagement"}}),
    );
    let tokens = br#"{"SyncTokens":{"DeclarationsToken":"T1","Timestamp":"2026-01-01T00:00:00Z"}}"#;
    let items = br#"{"DeclarationsToken":"T1","Declarations":{"Activations":[],"Assets":[],"Management":[],
        "Configurations":[{"Identifier":"known","ServerToken":"S1"},{"Identifier":"gone","ServerToken":"S2"}]}}"#;
    for (status, body) in [
        (200, crate::canned::xml(command_body)),
        (200, Vec::new()),
        (200, tokens.to_vec()),
        (200, items.to_vec()),
        (200, br#"{"Identifier":"known"}"#.to_vec()),
        (404, Vec::new()),
        (200, tokens.to_vec()),
        (200, Vec::new()),
    ] {
        server.answer(status, "application/json", &body);
    }
    phone.poll().await.unwrap();
    let endpoints: Vec<String> = server
        .seen()
        .iter()
        .map(|seen| seen.text("Endpoint"))
        .filter(|text| !text.is_empty())
        .collect();
    let asked = [
        "tokens",
        "declaration-items",
        "declaration/configuration/known",
        "declaration/configuration/gone",
        "tokens",
        "status",
    ];
    assert_eq!(endpoints, asked);
    assert_eq!(phone.declarations(Channel::Device).count(), 1);

    command(&server, "3", json!({"RequestType": "EraseDevice"}));
    phone.poll().await.unwrap();
    assert!(phone.enrollment().is_none() && phone.profiles().is_empty());
    assert_eq!(phone.journal().last().unwrap().event, Event::Erased);
}
