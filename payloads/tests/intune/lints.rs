//! What is said of profiles that can nevertheless be sent.

use mdm_payloads::{
    DeviceFacts, Finding, Profile, Semantics, Subject, User, lint, lint_edition, lint_rendering,
    lint_set,
};
use serde_json::{Value, json};

use crate::sample::{
    ada, device, gmail, imported, ios, knox, nine, pkcs, profile, root, scep, with,
};

fn rules(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|f| format!("{} {}", f.rule, f.at))
        .collect()
}

fn alone(json: Value) -> Vec<String> {
    let mut rules = rules(&lint(&profile(json), None));
    rules.retain(|rule| !rule.starts_with("profile.no-description"));
    rules
}

fn together(jsons: &[Value]) -> Vec<String> {
    let profiles: Vec<Profile> = jsons.iter().cloned().map(profile).collect();
    rules(&lint_set(&profiles))
}

#[test]
fn r17_a_missing_description_is_noted() {
    for (description, noted) in [(json!(null), true), (json!(" "), true), (json!("d"), false)] {
        let found = lint(
            &profile(with(ios(), json!({ "description": description }))),
            None,
        );
        assert_eq!(
            rules(&found) == ["profile.no-description description"],
            noted,
            "{found:?}"
        );
    }
}

#[test]
fn seen_of_one_profile() {
    let key_map = json!({ "key_map": { "email_address": "E", "user_name": "U" } });
    for (json, expected) in [
        (gmail(), vec![]),
        (
            with(
                gmail(),
                json!({ "username_source": "sam_account_name", "trust_all_certificates": true, "require_ssl": false }),
            ),
            vec![
                "profile.no-ssl require_ssl",
                "profile.username-source username_source",
                "profile.trust-all-certificates trust_all_certificates",
            ],
        ),
        (
            with(gmail(), json!({ "username_source": "username" })),
            vec![],
        ),
        (
            with(ios(), json!({ "username_source": "username" })),
            vec!["profile.username-source username_source"],
        ),
        (
            nine(),
            vec!["profile.nine-no-key key_map", "profile.nine-no-key key_map"],
        ),
        (with(nine(), key_map.clone()), vec![]),
        (
            with(
                with(nine(), key_map),
                json!({ "authentication_method": "certificate", "identity_certificate": "scep" }),
            ),
            vec!["profile.nine-no-key key_map"],
        ),
        (
            with(knox(), json!({ "sync_notes": true })),
            vec!["profile.knox-notes sync_notes"],
        ),
        (
            with(ios(), json!({ "eas_services": ["email", "notes"] })),
            vec!["profile.services-combination eas_services"],
        ),
        (
            with(ios(), json!({ "eas_services": ["contacts", "calendars"] })),
            vec![],
        ),
        (
            with(gmail(), json!({ "default_signature": "{{easDeviceId}}" })),
            vec!["profile.invalid default_signature"],
        ),
        (
            with(
                scep("ios"),
                json!({ "subject_name_format_string": "CN={{OnPremisesSecurityIdentifier}}",
                "custom_subject_alternative_names": [
                    { "san_type": "universal_resource_identifier", "name": "{{OnPremisesSecurityIdentifier}}" }] }),
            ),
            vec!["profile.security-identifier-place subject_name_format_string"],
        ),
        (
            with(
                scep("ios"),
                json!({ "subject_name_format_string": "CN={{FullyQualifiedDomainName}}" }),
            ),
            vec!["profile.variable-of-other-platform subject_name_format_string"],
        ),
        (
            with(
                scep("windows10"),
                json!({ "certificate_store": "machine",
                "subject_name_format_string": "CN={{FullyQualifiedDomainName}}" }),
            ),
            vec![],
        ),
        (
            with(
                scep("android_work"),
                json!({ "subject_name_format_string": "CN={{SERIALNUMBER}}" }),
            ),
            vec!["profile.variable-of-other-platform subject_name_format_string"],
        ),
        (
            with(
                scep("ios"),
                json!({ "certificate_store": "machine", "subject_name_format_string": "CN={{UserName}}" }),
            ),
            vec!["profile.variable-of-other-store subject_name_format_string"],
        ),
        (
            with(
                scep("ios"),
                json!({ "subject_name_format_string": "CN={{DeviceName}}" }),
            ),
            vec!["profile.variable-of-other-store subject_name_format_string"],
        ),
    ] {
        assert_eq!(alone(json.clone()), expected, "{json}");
    }
}

#[test]
fn r43_two_knox_profiles_overwrite_each_other() {
    let other = |more| {
        with(
            with(
                knox(),
                json!({ "id": "other", "host_name": "old.example.com" }),
            ),
            more,
        )
    };
    assert_eq!(
        together(&[knox(), other(json!({}))]),
        ["set.knox-ping-pong other.host_name"]
    );
    assert_eq!(
        together(&[
            knox(),
            other(json!({ "email_address_source": "primary_smtp_address" }))
        ]),
        Vec::<String>::new()
    );
    assert_eq!(
        together(&[knox(), other(json!({ "host_name": "MAIL.example.com" }))]),
        ["set.same-account other.host_name"]
    );
}

#[test]
fn seen_of_several_profiles() {
    let by_certificate =
        json!({ "authentication_method": "certificate", "identity_certificate": "scep" });
    let smime = json!({ "require_smime": true, "smime_encryption_certificate": "pkcs", "smime_signing_certificate": "imported" });
    for (profiles, expected) in [
        (vec![], vec![]),
        (
            vec![ios(), ios()],
            vec![
                "set.duplicate-id mail.id",
                "set.same-account mail.host_name",
            ],
        ),
        (
            vec![
                ios(),
                with(ios(), json!({ "id": "b", "host_name": "MAIL.example.com" })),
            ],
            vec!["set.same-account b.host_name"],
        ),
        (
            vec![
                ios(),
                with(
                    ios(),
                    json!({ "id": "b", "host_name": "other.example.com" }),
                ),
            ],
            vec![],
        ),
        (
            vec![
                ios(),
                with(ios(), json!({ "id": "b", "type": "macos_exchange" })),
            ],
            vec![],
        ),
        (
            vec![with(ios(), by_certificate.clone())],
            vec!["set.reference mail.identity_certificate"],
        ),
        (
            vec![with(ios(), by_certificate.clone()), scep("ios")],
            vec![],
        ),
        (
            vec![
                with(ios(), by_certificate),
                with(
                    scep("ios"),
                    json!({ "extended_key_usages": ["email_protection"] }),
                ),
            ],
            vec!["set.no-client-authentication mail.identity_certificate"],
        ),
        (
            vec![
                with(ios(), smime),
                pkcs("ios"),
                imported("ios"),
                root("ios"),
            ],
            vec![
                "set.imported-purpose mail.smime_signing_certificate",
                "set.encryption-per-device mail.smime_encryption_certificate",
            ],
        ),
    ] {
        assert_eq!(together(&profiles), expected, "{profiles:?}");
    }
}

#[test]
fn editions_and_systems_that_lack_a_property() {
    let told = |json: Value, semantics| rules(&lint_edition(&profile(json), semantics));
    let everything = json!({ "use_oauth": true, "per_app_vpn_uuid": "x", "username_source": "sam_account_name",
        "custom_domain_name": "X", "require_smime": true, "smime_signing_enabled": true });
    assert_eq!(told(ios(), Semantics::Y2017), Vec::<String>::new());
    assert_eq!(
        told(with(ios(), everything.clone()), Semantics::Y2017),
        [
            "profile.newer-than-edition use_oauth",
            "profile.minimum-os use_oauth",
            "profile.newer-than-edition custom_domain_name",
            "profile.newer-than-edition smime_signing_enabled",
            "profile.minimum-os smime_signing_enabled",
            "profile.newer-than-edition per_app_vpn_uuid",
            "profile.minimum-os per_app_vpn_uuid",
        ]
    );
    assert_eq!(
        told(with(ios(), everything), Semantics::Y2020),
        [
            "profile.minimum-os use_oauth",
            "profile.minimum-os smime_signing_enabled",
            "profile.newer-than-edition per_app_vpn_uuid",
            "profile.minimum-os per_app_vpn_uuid",
        ]
    );
    for (json, semantics, expected) in [
        (
            gmail(),
            Semantics::Y2017,
            vec!["profile.newer-than-edition type"],
        ),
        (gmail(), Semantics::Y2020, vec![]),
        (
            pkcs("android_owner"),
            Semantics::Y2020,
            vec!["profile.newer-than-edition type"],
        ),
        (pkcs("android_owner"), Semantics::Current, vec![]),
        (scep("windowsphone81"), Semantics::Y2020, vec![]),
        (
            scep("windowsphone81"),
            Semantics::Current,
            vec!["profile.dropped-since-edition type"],
        ),
    ] {
        assert_eq!(told(json.clone(), semantics), expected, "{json}");
    }
    let found = lint_edition(
        &profile(with(ios(), json!({ "use_oauth": true }))),
        Semantics::Y2017,
    );
    let texts: Vec<_> = found.iter().map(|f| f.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "Intune did not offer it in 2017",
            "works from iOS 12.0 on; older systems ignore it"
        ]
    );
}

/// Every value that cannot be had is named, not the first alone.
#[test]
fn unresolved_variables_name_themselves() {
    let bare = User {
        user_principal_name: "ada@example.com".into(),
        ..User::default()
    };
    let device = device();
    let told = |json: Value, user: Option<&User>, device: &DeviceFacts| {
        lint_rendering(&profile(json), &Subject { user, device })
            .iter()
            .map(|f| format!("{}: {}", f.at, f.text))
            .collect::<Vec<_>>()
    };
    let mail = json!({ "email_address_source": "primary_smtp_address", "username_source": "sam_account_name" });
    let names = json!({ "subject_name_format_string": "CN={{IMEI}}", "custom_subject_alternative_names": [
        { "san_type": "user_principal_name", "name": "{{UserPrincipalName}}" },
        { "san_type": "domain_name_service", "name": "{{FullyQualifiedDomainName}}" }] });
    for (json, expected) in [
        (ios(), vec![]),
        (
            with(ios(), mail.clone()),
            vec![
                "email_address_source: rendering `email_address_source`: the user's mail address is not known",
                "username_source: rendering `username_source`: the user's on-premises SAM account name is not known",
            ],
        ),
        (
            with(knox(), mail),
            vec![
                "email_address_source: rendering `email_address_source`: the user's mail address is not known",
                "username_source: rendering `username_source`: the user's on-premises SAM account name is not known",
            ],
        ),
        (
            with(scep("windows10"), names),
            vec![
                "subject_name_format_string: rendering `{{IMEI}}`: the device's IMEI is not known",
                "custom_subject_alternative_names[1].name: rendering `{{FullyQualifiedDomainName}}`: the device's domain name is not known",
            ],
        ),
        (
            with(gmail(), json!({ "default_signature": "{{FullName}}" })),
            vec!["default_signature: rendering `{{FullName}}`: the user's full name is not known"],
        ),
    ] {
        assert_eq!(told(json.clone(), Some(&bare), &device), expected, "{json}");
    }
    let ada = ada();
    assert_eq!(
        told(
            with(ios(), json!({ "username_source": "sam_account_name" })),
            Some(&ada),
            &device
        ),
        Vec::<String>::new()
    );
    assert_eq!(told(gmail(), None, &device).len(), 2);
}
