use super::*;
use crate::checkin::{DeclarationKind, Device, UserKey};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(
            "../../../../tests/fixtures/apple/checkin/",
            $name,
            ".plist"
        ))
    };
}

fn decode(body: &[u8]) -> CheckIn {
    let Decoded { value, findings } = CheckIn::decode(body, Budget::default()).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    value
}

fn plist(inner: &str) -> String {
    format!("<plist version=\"1.0\"><dict>{inner}</dict></plist>")
}

const IPHONE: &str = "00008030-001A2C3E0E89802E";
const MAC_USER: &str = "564D3C1A-0F5B-4C5E-9D3B-1A2B3C4D5E6F/A1B2C3D4-0001-4002-8003-00000000A11C";

#[test]
fn every_message_is_known_with_its_sender() {
    for (body, message_type, sender) in [
        (&fixture!("authenticate-iphone")[..], "Authenticate", IPHONE),
        (
            fixture!("authenticate-mac"),
            "Authenticate",
            "564D3C1A-0F5B-4C5E-9D3B-1A2B3C4D5E6F",
        ),
        (
            fixture!("authenticate-user-enrollment"),
            "Authenticate",
            "7d9f3b52-1c0e-4f6e-a1d1-0c2b3a4d5e6f",
        ),
        (fixture!("tokenupdate-iphone"), "TokenUpdate", IPHONE),
        (fixture!("tokenupdate-mac-user"), "TokenUpdate", MAC_USER),
        (
            fixture!("tokenupdate-shared-ipad"),
            "TokenUpdate",
            "00008030-001A2C3E0E89802E/bob@example.test",
        ),
        (
            fixture!("tokenupdate-enrollment-user"),
            "TokenUpdate",
            "7d9f3b52-1c0e-4f6e-a1d1-0c2b3a4d5e6f/9b1c8d1e-2222-4f6e-a1d1-0c2b3a4d5e6f",
        ),
        (fixture!("checkout"), "CheckOut", IPHONE),
        (fixture!("userauthenticate"), "UserAuthenticate", MAC_USER),
        (
            fixture!("userauthenticate-digest"),
            "UserAuthenticate",
            MAC_USER,
        ),
        (
            fixture!("setbootstraptoken"),
            "SetBootstrapToken",
            "564D3C1A-0F5B-4C5E-9D3B-1A2B3C4D5E6F",
        ),
        (
            fixture!("getbootstraptoken"),
            "GetBootstrapToken",
            "564D3C1A-0F5B-4C5E-9D3B-1A2B3C4D5E6F",
        ),
        (fixture!("gettoken-maid"), "GetToken", IPHONE),
        (fixture!("gettoken-watch"), "GetToken", IPHONE),
        (
            fixture!("declarativemanagement-tokens"),
            "DeclarativeManagement",
            IPHONE,
        ),
        (
            fixture!("declarativemanagement-declaration"),
            "DeclarativeManagement",
            MAC_USER,
        ),
        (
            fixture!("declarativemanagement-status"),
            "DeclarativeManagement",
            IPHONE,
        ),
        (fixture!("returntoservice"), "ReturnToService", IPHONE),
    ] {
        let message = decode(body);
        assert_eq!(message.message_type(), message_type);
        assert_eq!(message.sender().unwrap().to_string(), sender, "{message:?}");
    }
}

#[test]
fn authenticate_carries_the_inventory() {
    let CheckIn::Authenticate(mac) = decode(fixture!("authenticate-mac")) else {
        panic!()
    };
    assert_eq!(
        mac.topic.as_str(),
        "com.apple.mgmt.External.1d0c6f5e-3f7a-4a56-9b9e-5d2f4c7a8b90"
    );
    assert_eq!(
        mac.inventory.device_name.as_deref(),
        Some("Alice’s “lab” Mac <1> & co")
    );
    assert_eq!(mac.inventory.model_name.as_deref(), Some("MacBook Air"));
    assert_eq!(mac.inventory.imei, None);
    let CheckIn::Authenticate(phone) = decode(fixture!("authenticate-iphone")) else {
        panic!()
    };
    assert_eq!(phone.inventory.os_version.as_deref(), Some("17.4.1"));
    assert_eq!(
        phone.inventory.serial_number.as_deref(),
        Some("F2LXK0TESTQ1")
    );
    let CheckIn::Authenticate(own) = decode(fixture!("authenticate-user-enrollment")) else {
        panic!()
    };
    assert!(matches!(own.sender.device, Device::Enrollment(_)));
    assert_eq!(own.inventory, Inventory::default());
}

#[test]
fn token_updates_tell_channels_apart_and_keep_their_secrets() {
    let CheckIn::TokenUpdate(phone) = decode(fixture!("tokenupdate-iphone")) else {
        panic!()
    };
    assert_eq!(phone.token.expose().len(), 32);
    assert_eq!(
        phone.push_magic.expose(),
        "0D2C1B7E-5F43-4A6B-8C9D-112233445566"
    );
    assert_eq!(
        phone.unlock_token.as_ref().map(|t| t.expose().len()),
        Some(200)
    );
    let shown = format!("{phone:?}");
    assert!(
        shown.contains("PushMagic(***)") && !shown.contains("0D2C1B7E"),
        "{shown}"
    );
    let CheckIn::TokenUpdate(mac) = decode(fixture!("tokenupdate-mac-user")) else {
        panic!()
    };
    assert_eq!(mac.not_on_console, Some(false));
    let user = mac.sender.user.unwrap();
    assert!(matches!(user.key, UserKey::User(_)));
    assert_eq!(user.long_name.as_deref(), Some("Alice Müller & Söhne"));
    let CheckIn::TokenUpdate(ipad) = decode(fixture!("tokenupdate-shared-ipad")) else {
        panic!()
    };
    assert!(
        matches!(ipad.sender.user_key(), Some(UserKey::SharedIpad(name)) if name.as_str() == "bob@example.test")
    );
}

#[test]
fn the_rest_of_the_messages() {
    let CheckIn::UserAuthenticate(first) = decode(fixture!("userauthenticate")) else {
        panic!()
    };
    assert_eq!(first.digest_response, None);
    let CheckIn::UserAuthenticate(second) = decode(fixture!("userauthenticate-digest")) else {
        panic!()
    };
    assert!(
        second
            .digest_response
            .unwrap()
            .expose()
            .starts_with("Digest username")
    );
    let CheckIn::SetBootstrapToken(set) = decode(fixture!("setbootstraptoken")) else {
        panic!()
    };
    assert!(set.awaiting_configuration && set.token.unwrap().expose().len() == 64);
    let CheckIn::SetBootstrapToken(deleted) = decode(fixture!("setbootstraptoken-delete")) else {
        panic!()
    };
    assert_eq!(deleted.token, None);
    let CheckIn::GetToken(maid) = decode(fixture!("gettoken-maid")) else {
        panic!()
    };
    assert_eq!(maid.service, TokenService::ManagedAppleAccount);
    let CheckIn::GetToken(watch) = decode(fixture!("gettoken-watch")) else {
        panic!()
    };
    assert!(
        matches!(watch.service, TokenService::WatchPairing { watch_udid: Some(udid), .. } if udid == "00008301-000123456789ABCD")
    );
    let CheckIn::DeclarativeManagement(one) = decode(fixture!("declarativemanagement-declaration"))
    else {
        panic!()
    };
    assert_eq!(
        one.endpoint,
        Endpoint::Declaration {
            kind: DeclarationKind::Configuration,
            identifier: "com.example.mail".into()
        }
    );
    let CheckIn::DeclarativeManagement(status) = decode(fixture!("declarativemanagement-status"))
    else {
        panic!()
    };
    assert_eq!(status.endpoint, Endpoint::Status);
    assert!(status.data.unwrap().starts_with(b"{\"StatusItems\""));
}

#[test]
fn an_unknown_message_is_kept_with_its_bytes() {
    let body = &fixture!("unknown")[..];
    let Decoded { value, findings } = CheckIn::decode(body, Budget::default()).unwrap();
    assert!(findings.has(Rule::CheckInUnknown));
    let CheckIn::Unknown {
        message_type,
        sender,
        raw,
    } = value
    else {
        panic!()
    };
    assert_eq!((message_type.as_str(), &raw[..]), ("FutureMessage", body));
    assert_eq!(sender.unwrap().to_string(), IPHONE);
}

#[test]
fn complaints_name_message_and_key() {
    let udid = "<key>UDID</key><string>u</string>";
    let of = |kind: &str, keys: &str| {
        plist(&format!(
            "<key>MessageType</key><string>{kind}</string>{keys}"
        ))
    };
    for (body, complaint) in [
        (
            plist(""),
            "check-in: `MessageType` is missing or not a string",
        ),
        (
            plist("<key>MessageType</key><integer>1</integer>"),
            "check-in: `MessageType` is missing or not a string",
        ),
        (
            "<plist version=\"1.0\"><array/></plist>".into(),
            "check-in: is not a dictionary",
        ),
        (String::new(), "check-in: the body cannot be read"),
        (
            of("Authenticate", ""),
            "Authenticate: `UDID` is missing or not a string (nor is `EnrollmentID`)",
        ),
        (
            of("Authenticate", udid),
            "Authenticate: `Topic` is missing or not a string",
        ),
        (
            of("Authenticate", &format!("{udid}<key>Topic</key><string/>")),
            "Authenticate: `Topic` is not usable",
        ),
        (
            of(
                "Authenticate",
                &format!("<key>UDID</key><string>{}</string>", "x".repeat(65)),
            ),
            "Authenticate: `UDID` is not usable",
        ),
        (
            of(
                "TokenUpdate",
                &format!("{udid}<key>Topic</key><string>t</string>"),
            ),
            "TokenUpdate: `Token` is missing or not data",
        ),
        (
            of(
                "TokenUpdate",
                &format!("{udid}<key>Topic</key><string>t</string><key>Token</key><data/>"),
            ),
            "TokenUpdate: `PushMagic` is missing or not a string",
        ),
        (
            of(
                "TokenUpdate",
                &format!(
                    "{udid}<key>Topic</key><string>t</string><key>Token</key><data/><key>PushMagic</key><string>m</string>"
                ),
            ),
            "TokenUpdate: `Token` is missing or not data of 1 to 1024 bytes",
        ),
        (
            of(
                "CheckOut",
                "<key>UDID</key><string>u</string><key>UserID</key><string>FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF</string>",
            ),
            "CheckOut: `UserShortName` is missing or not a usable string",
        ),
        (
            of("UserAuthenticate", udid),
            "UserAuthenticate: `UserID` is missing or not a string",
        ),
        (
            of("GetToken", udid),
            "GetToken: `TokenServiceType` is missing or not a string",
        ),
        (
            of("DeclarativeManagement", udid),
            "DeclarativeManagement: `Endpoint` is missing or not a string",
        ),
    ] {
        let error = CheckIn::decode(body.as_bytes(), Budget::default()).unwrap_err();
        assert_eq!(error.to_string(), complaint, "{body}");
    }
}

#[test]
fn deviations_are_findings() {
    let body = plist(
        "<key>MessageType</key><string>Authenticate</string><key>UDID</key><string>u</string>\
         <key>EnrollmentID</key><string>e</string><key>Topic</key><string>t</string><key>OSVersion</key><real>17.4</real>",
    );
    let farewell =
        plist("<key>MessageType</key><string>CheckOut</string><key>UDID</key><string>u</string>");
    for (body, expected) in [
        (
            body,
            &[
                "apple.both-identifiers: `u`",
                "checkin.wrong-type: Authenticate: `OSVersion` is a `real`",
            ][..],
        ),
        (farewell, &["checkin.missing-key: CheckOut: `Topic`"]),
    ] {
        let Decoded { findings, .. } = CheckIn::decode(body.as_bytes(), Budget::default()).unwrap();
        assert_eq!(
            findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            expected,
            "{body}"
        );
    }
}
