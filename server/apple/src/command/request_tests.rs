use super::*;
use crate::finding::Decoded;
use crate::plist::{Budget, read};

fn all() -> Vec<Request> {
    vec![
        Request::InstallProfile {
            payload: b"<plist/>".to_vec(),
        },
        Request::RemoveProfile {
            identifier: "a&b<\"é\">".into(),
        },
        Request::ProfileList { managed_only: true },
        Request::CertificateList {
            managed_only: false,
        },
        Request::DeviceInformation {
            queries: DEFAULT_QUERIES.iter().map(ToString::to_string).collect(),
        },
        Request::SecurityInfo,
        Request::DeclarativeManagement {
            tokens: Some(SyncTokens {
                declarations_token: "t".into(),
                timestamp: time::macros::datetime!(2026-01-31 12:00 UTC),
            }),
        },
        Request::DeclarativeManagement { tokens: None },
        Request::DeviceConfigured,
        Request::DeviceLock {
            message: Some("Lost & <found>".into()),
            phone_number: Some("+49".into()),
            pin: Some(Pin::new("123456".into())),
        },
        Request::EraseDevice {
            pin: Some(Pin::new("123456".into())),
            preserve_data_plan: Some(true),
            disallow_proximity_setup: Some(false),
            obliteration_behavior: Some("Default".into()),
        },
        Request::ClearPasscode {
            unlock_token: UnlockToken::new(vec![1, 2]),
        },
        Request::RestartDevice {
            notify_user: Some(true),
        },
    ]
}

fn encoded(request: Request) -> String {
    let command = Command {
        uuid: "0001".parse().unwrap(),
        request,
    };
    String::from_utf8(command.encode()).unwrap()
}

fn inner(request: Request) -> String {
    let text = encoded(request).replace(['\n', '\t'], "");
    let body = text
        .split_once("<plist version=\"1.0\"><dict><key>Command</key>")
        .unwrap()
        .1;
    body.strip_suffix("<key>CommandUUID</key><string>0001</string></dict></plist>")
        .unwrap()
        .to_owned()
}

#[test]
fn a_whole_command() {
    insta::assert_snapshot!(encoded(Request::InstallProfile { payload: b"<plist/>".to_vec() }), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
    <plist version="1.0">
    <dict>
    	<key>Command</key>
    	<dict>
    		<key>RequestType</key>
    		<string>InstallProfile</string>
    		<key>Payload</key>
    		<data>PHBsaXN0Lz4=</data>
    	</dict>
    	<key>CommandUUID</key>
    	<string>0001</string>
    </dict>
    </plist>
    "#);
}

#[test]
fn the_inside_of_every_command() {
    let shown: Vec<String> = all().into_iter().skip(1).map(inner).collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    <dict><key>RequestType</key><string>RemoveProfile</string><key>Identifier</key><string>a&amp;b&lt;"é"&gt;</string></dict>
    <dict><key>RequestType</key><string>ProfileList</string><key>ManagedOnly</key><true/></dict>
    <dict><key>RequestType</key><string>CertificateList</string></dict>
    <dict><key>RequestType</key><string>DeviceInformation</string><key>Queries</key><array><string>UDID</string><string>DeviceName</string><string>OSVersion</string><string>BuildVersion</string><string>SupplementalOSVersionExtra</string><string>ModelName</string><string>Model</string><string>ProductName</string><string>SerialNumber</string><string>IsSupervised</string><string>EASDeviceIdentifier</string><string>TimeZone</string></array></dict>
    <dict><key>RequestType</key><string>SecurityInfo</string></dict>
    <dict><key>RequestType</key><string>DeclarativeManagement</string><key>Data</key><data>eyJTeW5jVG9rZW5zIjp7IkRlY2xhcmF0aW9uc1Rva2VuIjoidCIsIlRpbWVzdGFtcCI6IjIwMjYtMDEtMzFUMTI6MDA6MDBaIn19</data></dict>
    <dict><key>RequestType</key><string>DeclarativeManagement</string></dict>
    <dict><key>RequestType</key><string>DeviceConfigured</string></dict>
    <dict><key>RequestType</key><string>DeviceLock</string><key>Message</key><string>Lost &amp; &lt;found&gt;</string><key>PhoneNumber</key><string>+49</string><key>PIN</key><string>123456</string></dict>
    <dict><key>RequestType</key><string>EraseDevice</string><key>PIN</key><string>123456</string><key>PreserveDataPlan</key><true/><key>DisallowProximitySetup</key><false/><key>ObliterationBehavior</key><string>Default</string></dict>
    <dict><key>RequestType</key><string>ClearPasscode</string><key>UnlockToken</key><data>AQI=</data></dict>
    <dict><key>RequestType</key><string>RestartDevice</string><key>NotifyUser</key><true/></dict>
    "#);
}

/// The keys of each command are Apple's, with Apple's types, and none that is required is missing.
#[test]
fn every_command_fits_apples_schema() {
    let facts: serde_json::Value = serde_json::from_str(include_str!(
        "../../../../tests/fixtures/apple-keys/apple-keys.json"
    ))
    .unwrap();
    let files = facts["files"].as_object().unwrap().iter();
    let files: Vec<&serde_json::Value> = files
        .filter(|(name, _)| name.starts_with("mdm/commands/"))
        .map(|(_, file)| file)
        .collect();
    for request in all() {
        let name = request.request_type().to_owned();
        let schema = files
            .iter()
            .find(|f| f["request_type"] == *name && f.get("keys").is_some());
        let no_keys = vec![];
        let known = schema
            .and_then(|s| s["keys"].as_array())
            .unwrap_or(&no_keys);
        assert!(files.iter().any(|f| f["request_type"] == *name), "{name}");
        let body = request.body();
        for (key, value) in body.iter().filter(|(key, _)| *key != "RequestType") {
            let fact = known.iter().find(|k| k["key"] == key);
            let fact = fact.unwrap_or_else(|| panic!("{name} has no `{key}`"));
            let element = match value {
                Value::Bool(_) => "boolean",
                other => other.element(),
            };
            assert_eq!(fact["type"], element, "{name} `{key}`");
            if let (Some(text), Some(range)) = (value.as_str(), fact["rangelist"].as_array()) {
                assert!(range.iter().any(|r| r == text), "{name} `{key}` = {text}");
            }
        }
        for fact in known.iter().filter(|k| k["presence"] == "required") {
            assert!(
                body.get(fact["key"].as_str().unwrap()).is_some(),
                "{name} lacks {}",
                fact["key"]
            );
        }
    }
    let information = files
        .iter()
        .find(|f| f["request_type"] == "DeviceInformation")
        .unwrap();
    let queries = information["keys"][0]["subkeys"][0]["subkeys"]
        .as_array()
        .unwrap();
    for query in DEFAULT_QUERIES {
        assert!(queries.iter().any(|q| q["key"] == query), "{query}");
    }
}

#[test]
fn only_what_harms_needs_permission_and_nothing_is_shown() {
    let destructive: Vec<String> = all()
        .iter()
        .filter(|r| r.is_destructive())
        .map(|r| format!("{r:?}"))
        .collect();
    assert_eq!(
        destructive,
        [
            "DeviceLock",
            "EraseDevice",
            "ClearPasscode",
            "RestartDevice"
        ]
    );
}

#[test]
fn what_is_encoded_breaks_no_rule() {
    for request in all() {
        let Decoded { findings, .. } =
            read(encoded(request).as_bytes(), Budget::default()).unwrap();
        assert!(findings.is_empty());
    }
}
