//! Which devices a profile is for.

use mdm_payloads::{
    Semantics,
    applicability::{Candidate, System, applicability},
    windows_rule::WindowsEdition,
};
use serde_json::{Value, json};

use crate::sample::{gmail, ios, knox, nine, profile, root, scep, windows_phone, windows10, with};

/// The reason a device with `system` and `version` does not get the profile, in 2017, 2020 and now; empty where it does.
fn reasons(json: &Value, system: System, version: Option<&str>) -> [&'static str; 3] {
    Semantics::ALL.map(|semantics| {
        let device = Candidate {
            system,
            os_version: version.map(|text| text.parse().unwrap()),
            edition: None,
            has_user: true,
        };
        applicability(&profile(json.clone()).settings, &device, semantics)
            .err()
            .map_or("", |reason| reason.as_str())
    })
}

const KNOX: System = System::AndroidAdministrator { knox: true };
const PLAIN: System = System::AndroidAdministrator { knox: false };

#[test]
fn r07_knox_4_in_2017_and_5_in_2020() {
    for (version, expected) in [
        ("3.9", ["os_min", "os_min", "os_min"]),
        ("4.0", ["", "os_min", "os_min"]),
        ("4.4", ["", "os_min", "os_min"]),
        ("5.0", ["", "", ""]),
        ("13", ["", "", ""]),
    ] {
        assert_eq!(reasons(&knox(), KNOX, Some(version)), expected, "{version}");
    }
    assert_eq!(reasons(&knox(), PLAIN, Some("9")), ["knox_missing"; 3]);
}

/// Without Knox an administrator still installs certificates, but no roots since Android 11.
#[test]
fn r07_certificates_without_knox() {
    assert_eq!(reasons(&scep("android_knox"), PLAIN, Some("12")), [""; 3]);
    assert_eq!(reasons(&root("android_knox"), PLAIN, Some("10")), [""; 3]);
    assert_eq!(
        reasons(&root("android_knox"), PLAIN, Some("11")),
        ["knox_missing"; 3]
    );
    assert_eq!(reasons(&root("android_knox"), KNOX, Some("11")), [""; 3]);
}

#[test]
fn r09_ios_8_in_2017_and_11_in_2020() {
    for (version, expected) in [
        (Some("7.1.2"), ["os_min", "os_min", "os_min"]),
        (Some("8.0"), ["", "os_min", "os_min"]),
        (Some("10.3"), ["", "os_min", "os_min"]),
        (Some("11.0"), ["", "", ""]),
        (None, ["", "", ""]),
    ] {
        assert_eq!(
            reasons(&ios(), System::Ios, version),
            expected,
            "{version:?}"
        );
    }
}

#[test]
fn r10_ipados_13_since_2020_and_ios_before() {
    for (version, expected) in [("12.4", ["", "os_min", "os_min"]), ("13.0", ["", "", ""])] {
        assert_eq!(
            reasons(&ios(), System::Ipados, Some(version)),
            expected,
            "{version}"
        );
    }
}

/// R48: one profile for both ways of management in 2020; later a device owner takes an app configuration.
#[test]
fn r48_work_profile_and_device_owner() {
    for json in [gmail(), nine(), scep("android_work")] {
        assert_eq!(reasons(&json, System::AndroidWorkProfile, None), [""; 3]);
        assert_eq!(
            reasons(&json, System::AndroidOwner, None),
            ["management_mode", "", "management_mode"]
        );
        assert_eq!(reasons(&json, KNOX, None), ["management_mode"; 3]);
        assert_eq!(reasons(&json, System::Ios, None), ["platform"; 3]);
    }
}

#[test]
fn other_platforms_are_not_for_it() {
    for (json, system) in [
        (ios(), System::Macos),
        (ios(), System::Windows),
        (ios(), System::Other),
        (knox(), System::Ios),
        (scep("windowsphone81"), System::Windows),
        (scep("windows10"), System::WindowsPhone),
    ] {
        assert_eq!(reasons(&json, system, None), ["platform"; 3], "{json}");
    }
    assert_eq!(reasons(&ios(), System::Visionos, Some("1.0")), [""; 3]);
}

#[test]
fn r11_windows_phone_8_1() {
    for (version, expected) in [("8.0.10327", "os_min"), ("8.10.14219", ""), ("8.1", "")] {
        assert_eq!(
            reasons(&scep("windowsphone81"), System::WindowsPhone, Some(version)),
            [expected; 3],
            "{version}"
        );
    }
}

/// One profile of Windows Phone reaches both unless it is kept to 8.1; that of Windows 10 never reaches a phone with 8.1.
#[test]
fn r12_windows_10_on_desktops_and_phones() {
    for system in [System::Windows, System::Windows10Mobile] {
        assert_eq!(reasons(&windows10(), system, Some("10.0.19045.1")), [""; 3]);
    }
    assert_eq!(
        reasons(&windows10(), System::WindowsPhone, None),
        ["platform"; 3]
    );
    assert_eq!(
        reasons(&windows_phone(), System::Windows10Mobile, None),
        [""; 3]
    );
    let only = with(
        windows_phone(),
        json!({ "apply_only_to_windows_phone81": true }),
    );
    assert_eq!(
        reasons(&only, System::Windows10Mobile, None),
        ["platform"; 3]
    );
    assert_eq!(reasons(&only, System::WindowsPhone, Some("8.1")), [""; 3]);
}

/// Rules on the edition and the version of Windows come before anything else of the device.
#[test]
fn applicability_rules_of_windows() {
    let rule = |edition: Value, version: Value| {
        let json = with(
            windows10(),
            json!({ "device_management_applicability_rule_os_edition": edition,
                "device_management_applicability_rule_os_version": version }),
        );
        let device = Candidate {
            system: System::Windows,
            os_version: "10.0.19045.4170".parse().ok(),
            edition: WindowsEdition::from_sku(48),
            has_user: true,
        };
        applicability(&profile(json).settings, &device, Semantics::Y2020)
            .err()
            .map_or("", |reason| reason.as_str())
    };
    let professional = |rule_type: &str| json!({ "os_edition_types": ["windows10_professional"], "rule_type": rule_type });
    let newest = |most: &str| json!({ "min_os_version": "10.0.17763", "max_os_version": most });
    for (edition, version, expected) in [
        (json!(null), json!(null), ""),
        (professional("include"), json!(null), ""),
        (professional("exclude"), json!(null), "applicability_rule"),
        (professional("include"), newest("10.0.22631"), ""),
        (json!(null), newest("10.0.18363"), "applicability_rule"),
    ] {
        assert_eq!(
            rule(edition.clone(), version.clone()),
            expected,
            "{edition} {version}"
        );
    }
    for (json, path) in [
        (
            json!({ "device_management_applicability_rule_os_edition": { "os_edition_types": [] } }),
            "device_management_applicability_rule_os_edition.os_edition_types",
        ),
        (
            json!({ "device_management_applicability_rule_os_version": {} }),
            "device_management_applicability_rule_os_version",
        ),
        (
            json!({ "device_management_applicability_rule_os_version": { "min_os_version": "11.0", "max_os_version": "10.0" } }),
            "device_management_applicability_rule_os_version.max_os_version",
        ),
    ] {
        let complaints = profile(with(windows10(), json)).validate();
        let paths: Vec<_> = complaints.iter().map(|c| c.path.as_str()).collect();
        assert_eq!(paths, [path]);
    }
}

/// Mail belongs to a user; what that means for a device without one differs.
#[test]
fn a_device_without_user() {
    let device = Candidate {
        system: System::Ios,
        os_version: None,
        edition: None,
        has_user: false,
    };
    let reason = |json: Value, semantics| {
        applicability(&profile(json).settings, &device, semantics)
            .err()
            .map(|reason| reason.to_string())
    };
    assert_eq!(reason(ios(), Semantics::Y2020), None);
    assert_eq!(
        reason(ios(), Semantics::Current).as_deref(),
        Some("the profile is for users, and the device has none")
    );
    assert_eq!(reason(scep("ios"), Semantics::Current), None);
}
