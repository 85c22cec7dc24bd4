use super::*;
use crate::report::Listed;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(
            "../../../../tests/fixtures/apple/report/",
            $name,
            ".plist"
        ))
    };
}

fn decode(body: &[u8]) -> CommandReport {
    let Decoded { value, findings } = CommandReport::decode(body, Budget::default()).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    value
}

fn plist(inner: &str) -> String {
    format!("<plist version=\"1.0\"><dict><key>UDID</key><string>u</string>{inner}</dict></plist>")
}

#[test]
fn statuses() {
    for (body, status, command) in [
        (&fixture!("idle")[..], Status::Idle, None),
        (
            fixture!("acknowledged"),
            Status::Acknowledged,
            Some("3F2504E0-4F89-41D3-9A0C-0305E82C3301"),
        ),
        (
            fixture!("notnow"),
            Status::NotNow,
            Some("3F2504E0-4F89-41D3-9A0C-0305E82C3301"),
        ),
        (
            fixture!("commandformaterror"),
            Status::CommandFormatError,
            Some("3F2504E0-4F89-41D3-9A0C-0305E82C3302"),
        ),
        (
            fixture!("error-duplicate-account"),
            Status::Error,
            Some("3F2504E0-4F89-41D3-9A0C-0305E82C3303"),
        ),
    ] {
        let report = decode(body);
        assert_eq!(report.status, status);
        assert_eq!(
            report.command_uuid.as_ref().map(CommandUuid::as_str),
            command
        );
        assert_eq!(report.sender.to_string(), "00008030-001A2C3E0E89802E");
    }
    let user = decode(fixture!("idle-mac-user")).sender.user.unwrap();
    assert_eq!(user.short_name.as_deref(), Some("alice"));
}

#[test]
fn an_error_chain_is_kept_whole_and_put_in_words() {
    let report = decode(fixture!("error-duplicate-account"));
    let shown: Vec<String> = report.error_chain.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "MCInstallationErrorDomain 4001: Profile Installation Failed",
            "MCEASErrorDomain 21005: Der Account „Exchange“ ist schon vorhanden",
        ]
    );
    assert_eq!(
        report.error_chain[1].words().unwrap().text,
        "account not unique"
    );
}

#[test]
fn profiles() {
    let Listed { items, unreadable } = decode(fixture!("profilelist")).profiles().unwrap();
    assert!(unreadable.is_empty());
    let [ours, theirs] = &items[..] else {
        panic!("{items:?}")
    };
    assert_eq!(ours.identifier, "test.mockmdm.mail");
    assert_eq!(ours.display_name.as_deref(), Some("Mail & “Friends”"));
    assert_eq!(
        (ours.is_managed, ours.is_encrypted, ours.signer_certificates),
        (Some(true), Some(false), 1)
    );
    let types: Vec<&str> = ours
        .payloads
        .iter()
        .map(|p| p.payload_type.as_str())
        .collect();
    assert_eq!(types, ["com.apple.eas.account", "com.apple.security.scep"]);
    assert_eq!((theirs.is_managed, theirs.payloads.len()), (Some(false), 0));
}

#[test]
fn certificates() {
    let Listed { items, unreadable } = decode(fixture!("certificatelist")).certificates().unwrap();
    assert!(unreadable.is_empty());
    let shown: Vec<_> = items
        .iter()
        .map(|c| (c.common_name.as_deref(), c.is_identity, c.der[0]))
        .collect();
    assert_eq!(
        shown,
        [
            (Some("alice@example.test"), true, 0x30),
            (Some("mockmdm test CA"), false, 0x30)
        ]
    );
}

#[test]
fn device_information_and_security_info() {
    let report = decode(fixture!("deviceinformation"));
    let answers = report.device_information().unwrap();
    assert_eq!(
        answers.get("DeviceName").and_then(Value::as_str),
        Some("Testgerät <3> & \"QA\"")
    );
    assert_eq!(
        answers.get("IsSupervised").and_then(Value::as_bool),
        Some(false)
    );
    let report = decode(fixture!("securityinfo"));
    assert_eq!(
        report
            .security_info()
            .unwrap()
            .get("HardwareEncryptionCaps")
            .and_then(Value::as_integer),
        Some(3)
    );
}

#[test]
fn a_malformed_result_costs_only_itself() {
    let body = plist(
        "<key>CertificateList</key><array>\
           <dict><key>CommonName</key><string>a</string><key>Data</key><data>***</data></dict>\
           <dict><key>CommonName</key><string>b</string><key>Data</key><data>AA==</data></dict>\
           <string>c</string>\
         </array>\
         <key>CommandUUID</key><string>1</string><key>Status</key><string>Acknowledged</string>",
    );
    let Decoded {
        value: report,
        findings,
    } = CommandReport::decode(body.as_bytes(), Budget::default()).unwrap();
    assert_eq!(
        report.command_uuid.as_ref().map(CommandUuid::as_str),
        Some("1")
    );
    assert!(findings.has(Rule::BadScalar));
    let Listed { items, unreadable } = report.certificates().unwrap();
    assert_eq!(items.len(), 1);
    let complaints: Vec<String> = unreadable.iter().map(ToString::to_string).collect();
    assert_eq!(
        complaints,
        [
            "CertificateList[0]: `Data` is missing or not data",
            "CertificateList[2]: is not a dictionary"
        ]
    );
    for (outcome, complaint) in [
        (
            report.profiles().map(drop),
            "result: `ProfileList` is missing or not an array",
        ),
        (
            report.device_information().map(drop),
            "result: `QueryResponses` is missing or not a dictionary",
        ),
        (
            report.security_info().map(drop),
            "result: `SecurityInfo` is missing or not a dictionary",
        ),
    ] {
        assert_eq!(outcome.unwrap_err().to_string(), complaint);
    }
}

#[test]
fn deviations_are_findings() {
    for (inner, expected) in [
        (
            "<key>Status</key><string>Later</string><key>CommandUUID</key><string>1</string>",
            "report.unknown-status: `Later`",
        ),
        (
            "<key>Status</key><string>Acknowledged</string>",
            "report.missing-command: Acknowledged",
        ),
        (
            "<key>Status</key><string>Idle</string><key>CommandUUID</key><integer>1</integer>",
            "report.wrong-type: report: `CommandUUID` is a `integer`",
        ),
        (
            "<key>Status</key><string>Error</string><key>CommandUUID</key><string>1</string>\
             <key>ErrorChain</key><array><string>x</string></array>",
            "report.wrong-type: ErrorChain[0]: is not a dictionary",
        ),
    ] {
        let Decoded { findings, .. } =
            CommandReport::decode(plist(inner).as_bytes(), Budget::default()).unwrap();
        assert_eq!(
            findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [expected],
            "{inner}"
        );
    }
}

#[test]
fn what_is_no_report_is_refused() {
    for (body, complaint) in [
        (plist(""), "report: `Status` is missing or not a string"),
        (
            "<plist version=\"1.0\"><true/></plist>".into(),
            "report: is not a dictionary",
        ),
        (
            "<plist version=\"1.0\"><dict><key>Status</key><string>Idle</string></dict></plist>"
                .into(),
            "report: `UDID` is missing or not a string (nor is `EnrollmentID`)",
        ),
        ("bplist00".into(), "report: the body cannot be read"),
    ] {
        let error = CommandReport::decode(body.as_bytes(), Budget::default()).unwrap_err();
        assert_eq!(error.to_string(), complaint, "{body}");
    }
}
