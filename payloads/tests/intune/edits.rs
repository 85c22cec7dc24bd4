//! What edits do on devices.

use mdm_payloads::{
    field_class::{Class, PromptKind, change, class_of, diff},
    lint_edit,
};
use serde_json::{Value, json};

use crate::sample::{
    gmail, ios, knox, nine, pkcs, profile, root, scep, windows_phone, windows10, with,
};

/// `class prompt [path ...]` of an edit.
fn told(old: Value, edit: Value) -> String {
    let new = with(old.clone(), edit);
    let change = change(&profile(old), &profile(new));
    let paths: Vec<_> = change.fields.iter().map(|f| f.path.as_str()).collect();
    let prompt = change.prompt.map_or("-", PromptKind::as_str);
    format!("{} {prompt} {}", change.class.as_str(), paths.join(" "))
        .trim_end()
        .to_owned()
}

#[test]
fn r52_not_every_edit_prompts() {
    let by_certificate = || {
        with(
            ios(),
            json!({ "authentication_method": "certificate", "identity_certificate": "scep" }),
        )
    };
    let imap = json!({ "id": "imap", "type": "ios_mail", "display_name": "IMAP", "account_name": "Lab", "account_type": "imap",
        "incoming_server": { "host_name": "imap.example.com" }, "outgoing_server": { "host_name": "smtp.example.com" } });
    for (old, edit, expected) in [
        (ios(), json!({}), "none -"),
        (
            ios(),
            json!({ "display_name": "New", "description": "d" }),
            "cosmetic - description display_name",
        ),
        (
            ios(),
            json!({ "require_ssl": false, "duration_of_email_to_sync": "one_day",
                "block_moving_messages_to_other_email_accounts": true }),
            "silent - block_moving_messages_to_other_email_accounts duration_of_email_to_sync require_ssl",
        ),
        (
            ios(),
            json!({ "require_smime": true, "smime_signing_enabled": true }),
            "silent - require_smime smime_signing_enabled",
        ),
        (
            ios(),
            json!({ "use_oauth": true }),
            "prompt password_reentry use_oauth",
        ),
        (
            ios(),
            json!({ "eas_services": ["email"] }),
            "prompt password_reentry eas_services",
        ),
        (
            ios(),
            json!({ "eas_services_user_override_enabled": false, "display_name": "New" }),
            "prompt password_reentry display_name eas_services_user_override_enabled",
        ),
        (
            ios(),
            json!({ "authentication_method": "certificate", "identity_certificate": "scep" }),
            "prompt reconfigure_approval authentication_method identity_certificate",
        ),
        (
            ios(),
            json!({ "host_name": "new.example.com", "use_oauth": true }),
            "recreate password_reentry host_name use_oauth",
        ),
        (
            ios(),
            json!({ "email_address_source": "primary_smtp_address" }),
            "recreate password_reentry email_address_source",
        ),
        (
            by_certificate(),
            json!({ "host_name": "new.example.com" }),
            "recreate - host_name",
        ),
        (
            by_certificate(),
            json!({ "identity_certificate": "other" }),
            "silent - identity_certificate",
        ),
        (
            by_certificate(),
            json!({ "eas_services": ["email"] }),
            "prompt reconfigure_approval eas_services",
        ),
        (
            ios(),
            json!({ "identity_certificate": "unused", "custom_domain_name": "X" }),
            "cosmetic - custom_domain_name identity_certificate",
        ),
        (
            knox(),
            json!({ "sync_notes": true, "email_sync_schedule": "manual", "require_ssl": false }),
            "silent - email_sync_schedule require_ssl sync_notes",
        ),
        (
            knox(),
            json!({ "host_name": "new.example.com" }),
            "prompt knox_pending_account host_name",
        ),
        (
            knox(),
            json!({ "email_address_source": "primary_smtp_address" }),
            "recreate knox_pending_account email_address_source",
        ),
        (
            gmail(),
            json!({ "default_signature": "x", "duration_of_email_to_sync": "one_day", "trust_all_certificates": true }),
            "silent - default_signature duration_of_email_to_sync trust_all_certificates",
        ),
        (
            gmail(),
            json!({ "require_ssl": false }),
            "prompt gmail_activation require_ssl",
        ),
        (
            gmail(),
            json!({ "exchange_device_id": "x" }),
            "prompt gmail_activation exchange_device_id",
        ),
        (
            nine(),
            json!({ "key_map": { "user_name": "U" }, "sync_tasks": true }),
            "prompt reconfigure_approval key_map.user_name sync_tasks",
        ),
        (
            imap.clone(),
            json!({ "incoming_server": { "host_name": "imap.example.com", "port": 993 } }),
            "silent - incoming_server.port",
        ),
        (
            imap.clone(),
            json!({ "incoming_server": { "host_name": "new.example.com" } }),
            "recreate password_reentry incoming_server.host_name",
        ),
        (
            imap,
            json!({ "outgoing_server": { "host_name": "smtp.example.com", "authentication": "none" } }),
            "prompt password_reentry outgoing_server.authentication",
        ),
        (
            windows10(),
            json!({ "email_sync_schedule": "manual", "sync_tasks": false, "require_ssl": false, "account_name": "x",
                "duration_of_email_to_sync": "one_day" }),
            "silent - account_name duration_of_email_to_sync email_sync_schedule require_ssl sync_tasks",
        ),
        (
            windows10(),
            json!({ "host_name": "new.example.com" }),
            "recreate password_reentry host_name",
        ),
        (
            windows_phone(),
            json!({ "username_source": "primary_smtp_address" }),
            "recreate password_reentry username_source",
        ),
        (
            scep("ios"),
            json!({ "renewal_threshold_percentage": 30 }),
            "cosmetic - renewal_threshold_percentage",
        ),
        (
            scep("ios"),
            json!({ "key_size": 4096 }),
            "recreate - key_size",
        ),
        (
            root("ios"),
            json!({ "cert_file_name": "root.cer" }),
            "silent - cert_file_name",
        ),
    ] {
        assert_eq!(told(old.clone(), edit.clone()), expected, "{old} {edit}");
    }
}

/// The most is what counts: from nothing by way of cosmetic and silent to prompt and recreate.
#[test]
fn classes_are_ordered() {
    let prompt = Class::Prompt(PromptKind::PasswordReentry);
    let order = [
        Class::None,
        Class::Cosmetic,
        Class::Silent,
        prompt,
        Class::Recreate,
    ];
    assert!(order.is_sorted());
    assert_eq!(
        class_of(mdm_payloads::SettingsType::IosExchange, "use_oauth"),
        Some(prompt)
    );
}

#[test]
fn a_diff_shows_before_and_after_and_no_secret() {
    let long = "x".repeat(500);
    let old = profile(with(
        ios(),
        json!({ "header_magic": "s3cret", "description": long }),
    ));
    let new = profile(with(
        ios(),
        json!({ "header_magic": "0ther", "host_name": "b & <é>", "oauth_sign_in_url": "https://a" }),
    ));
    let text = serde_json::to_string_pretty(&diff(&old, &new)).unwrap();
    assert!(!text.contains("s3cret") && !text.contains("0ther"));
    insta::assert_snapshot!(text, @r#"
    [
      {
        "path": "description",
        "before": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... (500 bytes)",
        "after": null,
        "class": "cosmetic"
      },
      {
        "path": "header_magic",
        "before": "***",
        "after": "***",
        "class": "silent"
      },
      {
        "path": "host_name",
        "before": "mail.example.com",
        "after": "b & <é>",
        "class": "recreate"
      },
      {
        "path": "oauth_sign_in_url",
        "before": null,
        "after": "https://a",
        "class": "silent"
      }
    ]
    "#);
}

#[test]
fn edits_that_revoke_certificates_are_told() {
    let findings = |old: Value, edit: Value| {
        let new = profile(with(old.clone(), edit));
        lint_edit(&profile(old), &new)
            .iter()
            .map(|f| format!("{} {}", f.rule, f.at))
            .collect::<Vec<_>>()
    };
    for (old, edit, expected) in [
        (ios(), json!({ "display_name": "x" }), vec![]),
        (
            scep("ios"),
            json!({ "renewal_threshold_percentage": 30 }),
            vec![],
        ),
        (
            scep("ios"),
            json!({ "key_size": 4096, "hash_algorithm": "sha1", "display_name": "x" }),
            vec!["edit.revokes-certificates hash_algorithm, key_size"],
        ),
        (
            pkcs("ios"),
            json!({ "key_size": 4096 }),
            vec!["edit.reissues-certificates key_size"],
        ),
        (pkcs("windows10"), json!({ "key_size": 4096 }), vec![]),
        (
            ios(),
            json!({ "host_name": "new.example.com", "use_oauth": true }),
            vec![
                "edit.recreates-account host_name",
                "edit.prompts host_name, use_oauth",
            ],
        ),
        (
            gmail(),
            json!({ "host_name": "new.example.com" }),
            vec!["edit.prompts host_name"],
        ),
    ] {
        assert_eq!(
            findings(old.clone(), edit.clone()),
            expected,
            "{old} {edit}"
        );
    }
}
