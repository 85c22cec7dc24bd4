//! What depends on what, what is refused, what is never shown.

use mdm_payloads::{
    User, lint,
    windows::{Scope, Unit, Verb},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::sample::{
    LEAF, SECRETS, compile_for, compiled, exchange, hostile, identifiers, mail, phone,
    phone_exchange, pkcs, profile, scep, trusted, user, windows_10, with,
};

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

#[test]
fn refusals() {
    let bare = User {
        user_principal_name: "ada@example.com".into(),
        ..User::default()
    };
    let long = User {
        mail: Some(format!("{}@example.com", "a".repeat(250))),
        ..user()
    };
    let divided = User {
        mail: Some("a;b@example.com".into()),
        ..user()
    };
    let pc = windows_10("10.0.19045");
    for (user, target, json, expected) in [
        (
            None,
            pc,
            exchange(),
            "compiling profile `mail`: rendering `email_address_source`: the user of the device is not known",
        ),
        (
            Some(&bare),
            pc,
            with(
                exchange(),
                json!({ "email_address_source": "primary_smtp_address" }),
            ),
            "compiling profile `mail`: rendering `email_address_source`: the user's mail address is not known",
        ),
        (
            Some(&bare),
            pc,
            with(exchange(), json!({ "username_source": "sam_account_name" })),
            "compiling profile `mail`: rendering `username_source`: the user's on-premises SAM account name is not known",
        ),
        (
            Some(&long),
            pc,
            with(
                mail(),
                json!({ "email_address_source": "primary_smtp_address" }),
            ),
            "compiling profile `imap`: `REPLYADDR` holds at most 255 characters, not 262",
        ),
        (
            Some(&divided),
            pc,
            scep("windows10"),
            "compiling profile `scep`: `SubjectAlternativeNames` cannot hold `;` within a name",
        ),
        (
            Some(&user()),
            pc,
            with(
                scep("windows10"),
                json!({ "scep_server_urls": ["https://a.example"], "root_certificate": "nowhere" }),
            ),
            "compiling profile `scep`: there is no SHA-1 thumbprint of the certificate authority; name its certificate as `root_certificate`",
        ),
        (
            Some(&bare),
            windows_10("10.0.10240"),
            trusted("windows10"),
            "compiling profile `root`: ./Device/Vendor/MSFT/RootCATrustedCertificates/Root/8876B5590AB68E04E669B3515A91ED773DB3F45A/EncodedCertificate: \
             came with 10.0.10586, and the device has 10.0.10240",
        ),
        (
            Some(&bare),
            phone(),
            exchange(),
            "compiling profile `mail`: it is written for windows10, and the device is windowsphone81",
        ),
        (
            Some(&bare),
            pc,
            with(
                phone_exchange(),
                json!({ "apply_only_to_windows_phone81": true }),
            ),
            "compiling profile `mail`: it is written for windowsphone81, and the device is windows10",
        ),
        (
            Some(&bare),
            pc,
            json!({ "id": "smime", "type": "imported_pkcs", "display_name": "S", "platform": "windows10" }),
            "compiling profile `smime`: a profile of type imported_pkcs cannot be put on Windows",
        ),
        (
            Some(&bare),
            pc,
            with(exchange(), json!({ "host_name": "https://x" })),
            "compiling profile `mail`: it is not valid: `host_name`: found `https://x`, expected a host name or address, without scheme, port or path",
        ),
    ] {
        let error = compile_for(user, &identifiers(), &target, json.clone()).unwrap_err();
        assert_eq!(chain(&error), expected, "{json}");
    }
    let on_mobile = compile_for(Some(&bare), &identifiers(), &pc, phone_exchange());
    assert!(on_mobile.is_ok());
}

/// A new generation is another account; a new revision is the same one, changed.
#[test]
fn names_of_nodes() {
    let first = identifiers();
    let mut revised = first.clone();
    revised.revision = 2;
    let mut renewed = first.clone();
    renewed.generation = 2;
    let pc = windows_10("10.0.19045");
    for json in [exchange(), mail(), scep("windows10"), pkcs()] {
        let node = |identifiers| {
            compile_for(Some(&user()), identifiers, &pc, json.clone())
                .unwrap()
                .node
        };
        assert_eq!(node(&first), node(&revised), "{json}");
        assert_ne!(node(&first), node(&renewed), "{json}");
    }
}

/// Windows replaces no node that is not there, and some never: an edit either finds every node it replaces, or makes another thing.
#[test]
fn edits() {
    for (json, edit, another) in [
        (exchange(), json!({ "account_name": "B" }), false),
        (
            exchange(),
            json!({ "duration_of_email_to_sync": "one_day", "email_sync_schedule": "manual" }),
            false,
        ),
        (
            exchange(),
            json!({ "host_name": "other.example.com" }),
            true,
        ),
        (
            exchange(),
            json!({ "email_address_source": "primary_smtp_address" }),
            true,
        ),
        (
            exchange(),
            json!({ "username_source": "sam_account_name" }),
            true,
        ),
        (
            mail(),
            json!({ "outgoing_server": { "host_name": "b", "use_ssl": false } }),
            false,
        ),
        (mail(), json!({ "sync_interval": 15 }), true),
        (mail(), json!({ "account_name": "B" }), true),
        (mail(), json!({ "account_type": "pop" }), true),
        (pkcs(), json!({ "display_name": "B" }), false),
        (
            pkcs(),
            json!({ "key_storage_provider": "use_software_ksp" }),
            true,
        ),
    ] {
        for (before, after) in [
            (
                compiled(json.clone()),
                compiled(with(json.clone(), edit.clone())),
            ),
            (
                compiled(with(json.clone(), edit.clone())),
                compiled(json.clone()),
            ),
        ] {
            assert_eq!(before.node != after.node, another, "{json} {edit}");
            if another {
                continue;
            }
            let made: Vec<_> = before
                .install
                .iter()
                .flat_map(Unit::operations)
                .map(|o| &o.uri)
                .collect();
            for operation in after.update.iter().flat_map(Unit::operations) {
                assert!(made.contains(&&operation.uri), "{}", operation.uri);
            }
        }
    }
}

#[test]
fn stores_and_scopes() {
    for (json, expected) in [
        (
            trusted("windows10"),
            "./Device/Vendor/MSFT/RootCATrustedCertificates/Root/",
        ),
        (
            with(
                trusted("windows10"),
                json!({ "trusted_root_certificate": LEAF }),
            ),
            "./Device/Vendor/MSFT/RootCATrustedCertificates/CA/",
        ),
        (
            with(
                trusted("windows10"),
                json!({ "destination_store": "user_cert_store_intermediate" }),
            ),
            "./User/Vendor/MSFT/RootCATrustedCertificates/CA/",
        ),
        (
            json!({ "id": "lab", "type": "trusted_certificate", "display_name": "L", "platform": "windows10", "lab_root": true }),
            "./Device/Vendor/MSFT/RootCATrustedCertificates/Root/",
        ),
        (
            scep("windows10"),
            "./User/Vendor/MSFT/ClientCertificateInstall/SCEP/",
        ),
        (
            with(scep("windows10"), json!({ "certificate_store": "machine" })),
            "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/",
        ),
        (
            pkcs(),
            "./User/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/",
        ),
    ] {
        let plan = compiled(json.clone());
        assert!(plan.node.starts_with(expected), "{} {json}", plan.node);
        let user = plan.node.starts_with("./User/");
        assert_eq!(plan.scope == Scope::User, user, "{json}");
    }
}

#[test]
fn accounts_hold_no_password() {
    for json in [exchange(), mail()] {
        let plan = compiled(json);
        let writing = plan.install.iter().chain(&plan.update);
        for operation in writing.flat_map(Unit::operations) {
            for name in ["Password", "AUTHSECRET", "SMTPALTPASSWORD", "/Name"] {
                assert!(!operation.uri.ends_with(name), "{}", operation.uri);
            }
        }
    }
}

/// Adding an account that is there deletes it, so an update never adds.
#[test]
fn updates_never_add_accounts() {
    for json in [exchange(), mail(), trusted("windows10"), pkcs()] {
        let plan = compiled(json);
        let adding = plan.update.iter().flat_map(Unit::operations);
        assert_eq!(adding.filter(|o| o.verb != Verb::Replace).count(), 0);
    }
}

#[test]
fn lints() {
    for (json, expected) in [
        (
            exchange(),
            "windows.certificate-not-linked windows.mail-app-retired",
        ),
        (
            with(
                phone_exchange(),
                json!({ "email_sync_schedule": "based_on_my_usage", "require_ssl": false }),
            ),
            "profile.no-ssl windows.certificate-not-linked windows.schedule-not-sent",
        ),
        (
            mail(),
            "windows.certificate-not-linked windows.mail-app-retired",
        ),
        (
            with(
                mail(),
                json!({ "outgoing_server": { "host_name": "a", "port": 587 } }),
            ),
            "windows.certificate-not-linked windows.starttls-port windows.mail-app-retired",
        ),
        (trusted("windows10"), ""),
        (
            with(
                trusted("windows10"),
                json!({ "destination_store": "computer_cert_store_intermediate" }),
            ),
            "windows.store-mismatch",
        ),
        (
            with(
                trusted("windows10"),
                json!({ "destination_store": "computer_cert_store_root", "trusted_root_certificate": LEAF }),
            ),
            "windows.store-mismatch",
        ),
        (scep("windows10"), ""),
        (
            with(
                scep("windows10"),
                json!({ "certificate_validity_period_scale": "hours" }),
            ),
            "windows.validity-not-sent",
        ),
        (scep("windowsphone81"), "windows.validity-not-sent"),
        (scep("ios"), ""),
    ] {
        let found: Vec<_> = lint(&profile(json.clone()), None)
            .into_iter()
            .map(|finding| finding.rule)
            .filter(|rule| *rule != "profile.no-description")
            .collect();
        assert_eq!(found.join(" "), expected, "{json}");
    }
}

fn any_profile() -> impl Strategy<Value = Value> {
    let text = "[ -~é<&\"';]{1,40}";
    let choose = |values: &'static [&'static str]| proptest::sample::select(values);
    let account = (
        text,
        choose(&["user_principal_name", "primary_smtp_address", "sam_account_name"]),
        choose(&["user_defined", "one_week", "one_month", "unlimited", "two_weeks"]),
        choose(&["user_defined", "as_messages_arrive", "manual", "sixty_minutes", "based_on_my_usage"]),
        any::<[bool; 4]>(),
    )
        .prop_map(|(name, source, duration, schedule, flags)| {
            with(
                exchange(),
                json!({ "account_name": format!("x{name}"), "username_source": source, "duration_of_email_to_sync": duration,
                    "email_sync_schedule": schedule, "require_ssl": flags[0], "sync_calendar": flags[1],
                    "sync_contacts": flags[2], "sync_tasks": flags[3] }),
            )
        });
    let post = (
        choose(&["imap", "pop"]),
        choose(&["user_defined", "one_week", "two_weeks", "one_month", "three_months", "unlimited"]),
        proptest::sample::select(&[0, 15, 30, 60, 120][..]),
        512_u32..=51_200,
        any::<[bool; 4]>(),
    )
        .prop_map(|(kind, duration, interval, size, flags)| {
            with(
                mail(),
                json!({ "account_type": kind, "duration_of_email_to_sync": duration, "sync_interval": interval,
                    "message_size": size, "keep_deleted_on_server": flags[0], "cellular_only": flags[1],
                    "incoming_server": { "host_name": "imap.example.com", "use_ssl": flags[2] },
                    "outgoing_server": { "host_name": "smtp.example.com", "use_ssl": flags[3] } }),
            )
        });
    let identity = (
        choose(&["scep_certificate", "pkcs_certificate"]),
        choose(&["user", "machine"]),
        choose(&[
            "use_tpm_ksp_otherwise_use_software_ksp",
            "use_tpm_ksp_otherwise_fail",
            "use_passport_for_work_ksp_otherwise_fail",
            "use_software_ksp",
        ]),
        choose(&["minutes", "hours", "days", "months"]),
        1_u32..40,
    )
        .prop_map(|(kind, store, provider, scale, value)| {
            with(
                pkcs(),
                json!({ "type": kind, "certificate_store": store, "key_storage_provider": provider,
                    "certificate_validity_period_scale": scale, "certificate_validity_period_value": value,
                    "subject_name_format_string": "CN={{FullName}},O=\"{{UserPrincipalName}}\"" }),
            )
        });
    prop_oneof![account, post, identity]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever is compiled passes every check, is read as it was written, and shows no secret.
    #[test]
    fn what_is_compiled_passes(json in any_profile(), name in "[ -~é<&\"']{1,30}") {
        let user = User { full_name: Some(format!("x{name}")), ..hostile() };
        let target = windows_10("10.0.19045");
        let plan = compile_for(Some(&user), &identifiers(), &target, json).unwrap();
        let errors: Vec<_> = mdm_payloads::windows::schema::check_plan(&plan, &target)
            .into_iter()
            .filter(|finding| finding.level == mdm_payloads::Level::Error)
            .collect();
        prop_assert_eq!(errors, vec![]);
        let written = serde_json::to_string(&plan).unwrap();
        prop_assert_eq!(&serde_json::from_str::<mdm_payloads::windows::Plan>(&written).unwrap(), &plan);
        let shown = format!("{plan:?}");
        for secret in SECRETS {
            prop_assert!(!shown.contains(&format!("{secret:?}")), "{}", secret);
        }
    }
}
