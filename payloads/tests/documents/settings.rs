//! Profiles as users write them: what is refused, and in which words.

use mdm_payloads::{Profile, SettingsType};
use serde_json::{Value, json};

use crate::sample::{
    ios_exchange, ios_mail, macos_exchange, macos_mail, pkcs, profile, scep, with,
};

#[test]
fn mistakes_are_told_by_name_and_all_at_once() {
    for (json, expected) in [
        (
            json!({}),
            "`id`: found nothing, expected a value; `display_name`: found nothing, expected a value; \
             `type`: found nothing, expected a value",
        ),
        (
            with(ios_exchange(), json!({ "port": 443 })),
            "`port`: found a property of macos_exchange, expected a property of ios_exchange",
        ),
        (
            with(ios_exchange(), json!({ "hostname": "x" })),
            "`hostname`: found an unknown property, expected a property of ios_exchange, perhaps `host_name`",
        ),
        (
            with(
                ios_exchange(),
                json!({ "require_ssl": "yes", "authentication_method": "smart", "nonsense": 1 }),
            ),
            "`authentication_method`: found \"smart\", expected one of `username_and_password`, `certificate`, \
             `derived_credential`; `require_ssl`: found \"yes\", expected a boolean; \
             `nonsense`: found an unknown property, expected a property of ios_exchange",
        ),
        (
            with(
                ios_mail(),
                json!({ "incoming_server": { "host_name": "a", "tls": true } }),
            ),
            "`incoming_server`: found {\"host_name\":\"a\",\"tls\":true}, expected one of `host_name`, `port`, \
             `authentication`, `use_ssl`, `username`",
        ),
        (
            with(ios_exchange(), json!({ "id": "A" })),
            "`id`: found \"A\", expected 1 to 64 characters of a-z 0-9 . _ - beginning with a letter or digit",
        ),
        (
            with(ios_exchange(), json!({ "type": "exchange" })),
            "`type`: found `exchange`, expected one of ios_exchange, macos_exchange, ios_mail, macos_mail, \
             windows10_exchange, windowsphone81_exchange, windows_mail, knox_exchange, android_work_gmail, android_work_nine, trusted_certificate, scep_certificate, pkcs_certificate, \
             imported_pkcs, derived_credential",
        ),
    ] {
        let error = serde_json::from_value::<Profile>(json.clone())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{json}\n{error}");
    }
}

#[test]
fn nonsense_is_told_all_at_once() {
    let complaints = |json: Value| {
        let complaints = profile(json).validate();
        complaints
            .iter()
            .map(|c| format!("{} <- {}", c.path, c.found))
            .collect::<Vec<_>>()
    };
    for (json, expected) in [
        (ios_exchange(), vec![]),
        (
            with(
                ios_exchange(),
                json!({ "display_name": " ", "host_name": "", "account_name": "a\u{1}",
                    "authentication_method": "certificate", "smime_signing_enabled": true, "eas_services": [],
                    "oauth_sign_in_url": "http://x" }),
            ),
            vec![
                "display_name <- nothing",
                "host_name <- ``",
                "identity_certificate <- nothing",
                "oauth_sign_in_url <- `http://x`",
                "smime_signing_enabled <- a value",
                "eas_services <- nothing",
                "account_name <- U+0001",
            ],
        ),
        (
            with(
                macos_exchange(),
                json!({ "port": 0, "external_path": "/x" }),
            ),
            vec!["port <- 0", "external_path <- a value"],
        ),
        (
            with(
                ios_mail(),
                json!({ "account_type": "pop", "imap_path_prefix": "x", "sender_name": "{{Nope}}",
                    "incoming_server": { "host_name": "a/b", "port": 0, "username": "{{" } }),
            ),
            vec![
                "incoming_server.host_name <- `a/b`",
                "incoming_server.port <- 0",
                "incoming_server.username <- rendering `{{`: `{{` is not closed",
                "sender_name <- rendering `{{Nope}}`: there is no such variable",
                "imap_path_prefix <- a value",
            ],
        ),
        (
            json!({ "id": "s", "type": "scep_certificate", "display_name": "S", "platform": "ios",
                "subject_name_format_string": "CN={{X}}", "key_usage": [], "extended_key_usages": [],
                "certificate_validity_period_value": 0, "renewal_threshold_percentage": 100,
                "key_is_extractable": true, "scep_server_urls": ["ftp://x"],
                "custom_subject_alternative_names": [
                    { "san_type": "email_address", "name": "{{Y}}" }, { "san_type": "email_address", "name": "a" }] }),
            vec![
                "subject_name_format_string <- rendering `{{X}}`: there is no such variable",
                "custom_subject_alternative_names[0].name <- rendering `{{Y}}`: there is no such variable",
                "key_usage <- nothing",
                "extended_key_usages <- nothing",
                "certificate_validity_period_value <- 0",
                "renewal_threshold_percentage <- 100",
                "key_is_extractable <- a value",
                "scep_server_urls[0] <- `ftp://x`",
                "custom_subject_alternative_names <- 2 names of one type",
            ],
        ),
        (
            json!({ "id": "t", "type": "trusted_certificate", "display_name": "T", "platform": "ios" }),
            vec!["trusted_root_certificate <- nothing"],
        ),
    ] {
        assert_eq!(complaints(json), expected);
    }
}

#[test]
fn what_is_written_reads_back() {
    for json in [ios_exchange(), macos_exchange(), ios_mail(), macos_mail()] {
        let profile = profile(json.clone());
        let written = serde_json::to_value(&profile).unwrap();
        assert_eq!(
            serde_json::from_value::<Profile>(written.clone()).unwrap(),
            profile
        );
        for (name, value) in json.as_object().unwrap() {
            if !value.is_object() {
                assert_eq!(&written[name], value, "{name}");
            }
        }
    }
    insta::assert_snapshot!(serde_json::to_string(&scep("ios")).unwrap(), @r#"{"certificate_store":"user","certificate_validity_period_scale":"days","certificate_validity_period_value":30,"custom_subject_alternative_names":[{"name":"{{EmailAddress}}","san_type":"email_address"},{"name":"{{UserPrincipalName}}","san_type":"user_principal_name"}],"display_name":"Identity","extended_key_usages":["client_authentication"],"hash_algorithm":"sha2","id":"scep","key_size":2048,"key_usage":["digital_signature","key_encipherment"],"platform":"ios","renewal_threshold_percentage":20,"retries":3,"retry_delay":10,"scep_server_urls":[],"subject_name_format_string":"CN={{UserPrincipalName}},E={{EmailAddress}}","type":"scep_certificate"}"#);
    insta::assert_snapshot!(serde_json::to_string(&pkcs("macos")).unwrap(), @r#"{"certificate_store":"user","certificate_validity_period_scale":"days","certificate_validity_period_value":30,"custom_subject_alternative_names":[],"display_name":"S/MIME","encryption":"legacy","extended_key_usages":["email_protection"],"hash_algorithm":"sha2","id":"pkcs","key_size":2048,"key_usage":["digital_signature","key_encipherment"],"platform":"macos","renewal_threshold_percentage":20,"subject_name_format_string":"CN={{UserPrincipalName}},E={{EmailAddress}}","type":"pkcs_certificate"}"#);
}

#[test]
fn references_and_types() {
    let json = with(
        ios_exchange(),
        json!({ "authentication_method": "certificate", "identity_certificate": "scep", "require_smime": true,
            "smime_signing_certificate": "pkcs", "root_certificates": ["ca"] }),
    );
    let profile = profile(json);
    let named: Vec<_> = profile
        .settings
        .references()
        .iter()
        .map(|r| format!("{}={} {:?}", r.property, r.id, r.kind))
        .collect();
    assert_eq!(
        named,
        [
            "identity_certificate=scep Identity",
            "smime_signing_certificate=pkcs Smime",
            "root_certificates=ca Root"
        ]
    );
    for kind in SettingsType::ALL {
        assert_eq!(kind.as_str().parse(), Ok(*kind));
        let mut names = kind.properties();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), kind.properties().len(), "{kind}");
    }
}
