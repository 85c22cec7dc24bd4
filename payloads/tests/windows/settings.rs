//! Profiles as users write them: what is refused, and in which words.

use mdm_payloads::Profile;
use serde_json::{Value, json};

use crate::sample::{exchange, mail, phone_exchange, pkcs, profile, scep, trusted, with};

#[test]
fn properties_of_others_are_refused_by_name() {
    for (json, expected) in [
        (
            with(exchange(), json!({ "identity_certificate": "scep" })),
            "expected nothing: no node of Windows links a certificate to a mail account, so deliver the identity as a profile of its own",
        ),
        (
            with(phone_exchange(), json!({ "identity_certificate": "scep" })),
            "expected nothing: no node of Windows links a certificate to a mail account, so deliver the identity as a profile of its own",
        ),
        (
            with(mail(), json!({ "identity_certificate": "scep" })),
            "expected nothing: no node of Windows links a certificate to a mail account, so deliver the identity as a profile of its own",
        ),
        (
            with(exchange(), json!({ "require_smime": true })),
            "expected a property of windows10_exchange",
        ),
        (
            with(
                exchange(),
                json!({ "authentication_method": "certificate" }),
            ),
            "expected a property of windows10_exchange",
        ),
        (
            with(exchange(), json!({ "apply_only_to_windows_phone81": true })),
            "`apply_only_to_windows_phone81`: found a property of windowsphone81_exchange, expected a property of windows10_exchange",
        ),
        (
            with(exchange(), json!({ "email_sync_schedule": "hourly" })),
            "expected one of `user_defined`, `as_messages_arrive`, `manual`, `fifteen_minutes`, `thirty_minutes`, `sixty_minutes`, `based_on_my_usage`",
        ),
        (
            with(scep("ios"), json!({ "key_storage_provider": "tpm" })),
            "expected one of `use_tpm_ksp_otherwise_use_software_ksp`, `use_tpm_ksp_otherwise_fail`, `use_passport_for_work_ksp_otherwise_fail`, `use_software_ksp`",
        ),
        (
            with(mail(), json!({ "allow_mail_drop": true })),
            "expected a property of windows_mail",
        ),
        (
            with(mail(), json!({ "imap_path_prefix": "x" })),
            "expected a property of windows_mail",
        ),
    ] {
        let error = serde_json::from_value::<Profile>(json.clone())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{json}\n{error}");
    }
}

#[test]
fn nonsense_is_told_all_at_once() {
    let complaints = |json: Value| {
        let complaints = profile(json).validate();
        let told: Vec<_> = complaints
            .iter()
            .map(|c| format!("{} <- {}", c.path, c.found))
            .collect();
        told.join("; ")
    };
    for (json, expected) in [
        (exchange(), ""),
        (phone_exchange(), ""),
        (mail(), ""),
        (trusted("windows10"), ""),
        (trusted("windowsphone81"), ""),
        (scep("windowsphone81"), ""),
        (pkcs(), ""),
        (
            with(
                exchange(),
                json!({ "host_name": "", "account_name": " ", "username_source": "username", "custom_domain_name": "X" }),
            ),
            "host_name <- ``; account_name <- nothing; username_source <- `username`, which is Android's; custom_domain_name <- a value",
        ),
        (
            with(
                phone_exchange(),
                json!({ "username_source": "sam_account_name" }),
            ),
            "username_source <- `sam_account_name`, which came with windows10",
        ),
        (
            with(
                mail(),
                json!({ "account_name": "a".repeat(33), "account_type": "pop", "largest_attachment": 26, "message_size": 511,
                    "sync_interval": 5, "sender_name": "{{X}}",
                    "incoming_server": { "host_name": "a".repeat(60), "port": 993, "authentication": "ntlm" },
                    "outgoing_server": { "host_name": "b/c", "username": "x", "authentication": "cram_md5" } }),
            ),
            "account_name <- 33 characters; incoming_server.authentication <- another value; \
             outgoing_server.authentication <- another value; outgoing_server.username <- a value; sync_interval <- 5; \
             largest_attachment <- 26; largest_attachment <- a value; message_size <- 511; \
             incoming_server.host_name <- 64 characters with the port; outgoing_server.host_name <- `b/c`; \
             sender_name <- rendering `{{X}}`: there is no such variable",
        ),
        (
            with(
                trusted("windowsphone81"),
                json!({ "destination_store": "computer_cert_store_root" }),
            ),
            "destination_store <- a value",
        ),
        (
            with(
                trusted("ios"),
                json!({ "destination_store": "computer_cert_store_root" }),
            ),
            "destination_store <- a value",
        ),
        (
            with(
                scep("ios"),
                json!({ "key_storage_provider": "use_software_ksp" }),
            ),
            "key_storage_provider <- a value",
        ),
        (
            with(
                scep("windows10"),
                json!({ "key_size": 4096, "key_is_extractable": true, "allow_all_apps_access": true, "retries": 31 }),
            ),
            "allow_all_apps_access <- a value; key_size <- 4096; key_is_extractable <- a value; retries <- 31",
        ),
        (
            with(
                scep("windows10"),
                json!({ "key_size": 4096, "key_storage_provider": "use_software_ksp" }),
            ),
            "",
        ),
        (
            with(
                scep("windowsphone81"),
                json!({ "key_storage_provider": "use_passport_for_work_ksp_otherwise_fail" }),
            ),
            "key_storage_provider <- `use_passport_for_work_ksp_otherwise_fail`",
        ),
        (
            with(pkcs(), json!({ "platform": "windowsphone81" })),
            "platform <- `windowsphone81`",
        ),
        (
            with(pkcs(), json!({ "key_is_extractable": true })),
            "key_is_extractable <- a value",
        ),
        // Other kinds of names may come twice, where Apple's payload holds one of each.
        (
            with(
                scep("windows10"),
                json!({ "custom_subject_alternative_names": [
                    { "san_type": "domain_name_service", "name": "a" }, { "san_type": "domain_name_service", "name": "b" }] }),
            ),
            "",
        ),
    ] {
        assert_eq!(complaints(json.clone()), expected, "{json}");
    }
}

#[test]
fn what_is_written_reads_back() {
    for json in [
        exchange(),
        with(
            phone_exchange(),
            json!({ "apply_only_to_windows_phone81": true }),
        ),
        with(
            mail(),
            json!({ "sync_interval": 0, "largest_attachment": -1 }),
        ),
        with(
            trusted("windows10"),
            json!({ "destination_store": "user_cert_store_intermediate" }),
        ),
        with(
            scep("windowsphone81"),
            json!({ "key_storage_provider": "use_software_ksp" }),
        ),
    ] {
        let read = profile(json.clone());
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(profile(written.clone()), read);
        for (name, value) in json.as_object().unwrap() {
            if !value.is_object() {
                assert_eq!(&written[name], value, "{name}");
            }
        }
    }
    assert!(profile(exchange()).settings.references().is_empty());
}
