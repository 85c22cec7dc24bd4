//! Settings as people write them.

use mdm_payloads::{Profile, SettingsType};
use serde_json::{Value, json};

use crate::sample::{derived, gmail, imported, ios, knox, nine, pkcs, profile, root, scep, with};

fn refusal(json: Value) -> String {
    serde_json::from_value::<Profile>(json)
        .unwrap_err()
        .to_string()
}

fn complaints(json: Value) -> Vec<String> {
    let complaints = profile(json).validate();
    complaints.iter().map(ToString::to_string).collect()
}

/// Every property of every type, given to every type that does not have it, is refused by name and told whose it is.
#[test]
fn r18_property_of_another_platform_is_refused_by_name() {
    for (json, property, owners) in [
        (
            knox(),
            "use_oauth",
            "a property of ios_exchange, macos_exchange",
        ),
        (ios(), "sync_notes", "a property of knox_exchange"),
        (
            gmail(),
            "account_name",
            "a property of ios_exchange, macos_exchange, ios_mail, macos_mail",
        ),
        (
            nine(),
            "default_signature",
            "a property of android_work_gmail",
        ),
        (root("ios"), "issuer", "a property of derived_credential"),
        (
            imported("ios"),
            "key_size",
            "a property of scep_certificate, pkcs_certificate",
        ),
    ] {
        let text = refusal(with(json, json!({ property: true })));
        assert!(
            text.starts_with(&format!("`{property}`: found {owners}")),
            "{text}"
        );
    }
    for json in [
        ios(),
        knox(),
        gmail(),
        nine(),
        scep("ios"),
        root("ios"),
        imported("ios"),
        derived("ios"),
    ] {
        let own = profile(json.clone()).settings.kind();
        for kind in SettingsType::ALL {
            for property in kind.properties() {
                if own.properties().contains(&property) {
                    continue;
                }
                let text = refusal(with(json.clone(), json!({ property: 1 })));
                assert!(
                    text.starts_with(&format!("`{property}`: found a property of ")),
                    "{own}: {text}"
                );
            }
        }
    }
}

#[test]
fn r17_a_name_is_needed_and_a_description_is_not() {
    assert_eq!(
        complaints(with(gmail(), json!({ "display_name": "" }))),
        ["`display_name`: found nothing, expected a name"]
    );
    assert_eq!(complaints(gmail()), Vec::<String>::new());
}

#[test]
fn defaults_and_enumerations() {
    insta::assert_snapshot!(serde_json::to_string(&profile(knox())).unwrap(), @r#"{"account_name":"Lab","authentication_method":"username_and_password","display_name":"Mail","duration_of_email_to_sync":"user_defined","email_address_source":"user_principal_name","email_sync_schedule":"user_defined","host_name":"mail.example.com","id":"knox","require_smime":false,"require_ssl":true,"root_certificates":[],"sync_calendar":false,"sync_contacts":false,"sync_notes":false,"sync_tasks":false,"type":"knox_exchange","username_source":"user_principal_name"}"#);
    insta::assert_snapshot!(serde_json::to_string(&profile(gmail())).unwrap(), @r#"{"authentication_method":"username_and_password","display_name":"Gmail","duration_of_email_to_sync":"user_defined","email_address_source":"user_principal_name","host_name":"mail.example.com","id":"gmail","require_ssl":true,"root_certificates":[],"trust_all_certificates":false,"type":"android_work_gmail","username_source":"user_principal_name"}"#);
    insta::assert_snapshot!(serde_json::to_string(&profile(nine())).unwrap(), @r#"{"authentication_method":"username_and_password","display_name":"Gmail","duration_of_email_to_sync":"user_defined","email_address_source":"user_principal_name","host_name":"mail.example.com","id":"nine","key_map":{},"require_ssl":true,"root_certificates":[],"sync_calendar":false,"sync_contacts":false,"sync_tasks":false,"type":"android_work_nine","username_source":"user_principal_name"}"#);
    insta::assert_snapshot!(serde_json::to_string(&profile(imported("ios"))).unwrap(), @r#"{"display_name":"S/MIME","id":"imported","intended_purpose":"smime_encryption","platform":"ios","type":"imported_pkcs"}"#);
    insta::assert_snapshot!(serde_json::to_string(&profile(derived("ios"))).unwrap(), @r#"{"display_name":"Card","id":"derived","issuer":"purebred","notification_type":"company_portal","platform":"ios","renewal_threshold_percentage":20,"type":"derived_credential"}"#);
    for (json, property, allowed) in [
        (
            knox(),
            "email_sync_schedule",
            "one of `user_defined`, `as_messages_arrive`, `manual`, `fifteen_minutes`, `thirty_minutes`, `sixty_minutes`, `based_on_my_usage`",
        ),
        (
            knox(),
            "username_source",
            "one of `user_principal_name`, `primary_smtp_address`, `sam_account_name`, `username`",
        ),
        (
            imported("ios"),
            "intended_purpose",
            "one of `unassigned`, `smime_encryption`, `smime_signing`, `vpn`, `wifi`",
        ),
        (
            derived("ios"),
            "issuer",
            "one of `intercede`, `entrust_datacard`, `purebred`, `x_tec`",
        ),
        (
            ios(),
            "signing_certificate_type",
            "one of `none`, `certificate`, `derived_credential`",
        ),
    ] {
        assert_eq!(
            refusal(with(json, json!({ property: "x" }))),
            format!("`{property}`: found \"x\", expected {allowed}")
        );
    }
}

#[test]
fn nonsense_is_told() {
    for (json, expected) in [
        (
            with(
                knox(),
                json!({ "authentication_method": "derived_credential", "smime_signing_certificate": "x" }),
            ),
            vec![
                "`authentication_method`: found `derived_credential`, expected username_and_password or certificate; derived credentials are for ios",
                "`identity_certificate`: found nothing, expected the identity this `authentication_method` needs",
                "`smime_signing_certificate`: found a value, expected nothing while `require_smime` is false",
            ],
        ),
        (
            with(
                nine(),
                json!({ "key_map": { "email_address": "AppServiceHost", "user_name": " " } }),
            ),
            vec![
                "`key_map`: found `AppServiceHost` for both host and email_address, expected one key for each value",
                "`key_map`: found an empty key, expected the name of a key",
            ],
        ),
        (
            imported("macos"),
            vec![
                "`platform`: found `macos`, expected ios, windows10, windowsphone81, android_knox or android_owner, which take imported certificates",
            ],
        ),
        (
            derived("android_work"),
            vec![
                "`platform`: found `android_work`, expected ios or android_owner, which take derived credentials",
            ],
        ),
        (
            with(
                scep("android_work"),
                json!({ "scep_server_urls": ["http://a"], "key_is_extractable": true }),
            ),
            vec![
                "`key_is_extractable`: found a value, expected nothing on android_work; it is a property of macos",
                "`scep_server_urls[0]`: found `http://a`, expected a URL beginning with https://",
            ],
        ),
        (
            with(
                ios(),
                json!({ "require_smime": true, "signing_certificate_type": "none", "smime_signing_certificate": "x",
                "encryption_certificate_type": "derived_credential" }),
            ),
            vec![
                "`smime_signing_certificate`: found a value, expected nothing while its certificate type is none",
                "`smime_encryption_certificate`: found nothing, expected the profile its certificate type asks for",
            ],
        ),
        (
            with(ios(), json!({ "encryption_certificate_type": "none" })),
            vec![
                "`encryption_certificate_type`: found a value, expected nothing while `require_smime` is false",
            ],
        ),
    ] {
        assert_eq!(complaints(json.clone()), expected, "{json}");
    }
}

#[test]
fn certificates_of_every_platform() {
    for platform in [
        "ios",
        "macos",
        "windows10",
        "android_knox",
        "android_work",
        "android_owner",
    ] {
        for json in [scep(platform), pkcs(platform), root(platform)] {
            assert_eq!(complaints(json), Vec::<String>::new(), "{platform}");
        }
    }
}

/// R05: servers people know are taken as they are written.
#[test]
fn r05_hosts_are_taken_verbatim() {
    for host in ["outlook.office365.com", "m.google.com"] {
        for json in [ios(), knox(), gmail(), nine()] {
            let json = with(json, json!({ "host_name": host }));
            assert_eq!(complaints(json.clone()), Vec::<String>::new());
            let written = serde_json::to_value(profile(json)).unwrap();
            assert_eq!(written["host_name"], host);
        }
    }
}
