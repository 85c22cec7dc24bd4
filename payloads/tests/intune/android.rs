//! What Android devices are given.

use mdm_payloads::android::{Input, Plan, Target, compile};
use serde_json::{Value, json};

use crate::sample::{
    ada, device, gmail, imported, ios, knox, nine, pkcs, profile, root, scep, subject, with,
};

fn plan(json: Value) -> Result<Plan, String> {
    let (user, device, profile) = (ada(), device(), profile(json));
    compile(&Input {
        profile: &profile,
        organization: "Lab & <é>",
        subject: subject(&user, &device),
    })
    .map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", cause.unwrap_or_default())
    })
}

fn text(json: Value) -> String {
    serde_json::to_string_pretty(&plan(json).unwrap()).unwrap()
}

#[test]
fn gmail_by_password_says_the_least() {
    insta::assert_snapshot!(text(gmail()), @r#"
    {
      "certificates": [],
      "account": {
        "app": {
          "package": "com.google.android.gm",
          "restrictions": {
            "email_address": "ada&\"<é>@example.com",
            "exchange_host": "mail.example.com",
            "exchange_ssl_required": true,
            "exchange_username": "ada&\"<é>@example.com"
          }
        }
      }
    }
    "#);
}

#[test]
fn gmail_with_everything() {
    let everything = json!({
        "authentication_method": "certificate", "identity_certificate": "scep", "root_certificates": ["root"],
        "host_name": "mail.example.com:8443", "email_address_source": "primary_smtp_address", "username_source": "username",
        "require_ssl": false, "duration_of_email_to_sync": "one_week", "exchange_device_id": "D1", "trust_all_certificates": true,
        "default_signature": "& <é> \"", "allow_unmanaged_accounts": false,
    });
    insta::assert_snapshot!(text(with(gmail(), everything)), @r#"
    {
      "certificates": [
        {
          "root": {
            "profile": "root"
          }
        },
        {
          "identity": {
            "profile": "scep",
            "alias": "mockmdm.scep.d-1",
            "grant": "com.google.android.gm"
          }
        }
      ],
      "account": {
        "app": {
          "package": "com.google.android.gm",
          "restrictions": {
            "allow_unmanaged_accounts": false,
            "default_exchange_sync_window": 3,
            "default_signature": "& <é> \"",
            "email_address": "ada.l&\"<é>@example.com",
            "exchange_device_id": "D1",
            "exchange_host": "mail.example.com:8443",
            "exchange_login_certificate_alias": "mockmdm.scep.d-1",
            "exchange_ssl_required": false,
            "exchange_trust_all_certificates": true,
            "exchange_username": "ada&\"<é>"
          }
        }
      }
    }
    "#);
}

/// The vendor's keys are written, and others only under the names somebody gave.
#[test]
fn nine_by_its_key_map() {
    insta::assert_snapshot!(text(nine()), @r#"
    {
      "certificates": [],
      "account": {
        "app": {
          "package": "com.ninefolders.hd3.work",
          "restrictions": {
            "AppServiceHost": "mail.example.com",
            "AppServicePort": 443,
            "AppServicePublisher": "Lab & <é>"
          }
        }
      }
    }
    "#);
    let everything = json!({
        "authentication_method": "certificate", "identity_certificate": "pkcs", "app_service_publisher": "mockmdm",
        "host_name": "mail.example.com:444", "duration_of_email_to_sync": "unlimited", "sync_contacts": true,
        "key_map": { "email_address": "E", "user_name": "U", "full_name": "F", "ssl": "S", "certificate_alias": "A",
            "sync_window": "W", "sync_contacts": "C", "sync_calendar": "K", "sync_tasks": "T", "host": "H" },
    });
    insta::assert_snapshot!(text(with(nine(), everything)), @r#"
    {
      "certificates": [
        {
          "identity": {
            "profile": "pkcs",
            "alias": "mockmdm.pkcs.d-1",
            "grant": "com.ninefolders.hd3.work"
          }
        }
      ],
      "account": {
        "app": {
          "package": "com.ninefolders.hd3.work",
          "restrictions": {
            "A": "mockmdm.pkcs.d-1",
            "AppServicePort": 444,
            "AppServicePublisher": "mockmdm",
            "C": true,
            "E": "ada&\"<é>@example.com",
            "F": "Ada \"&\" Lövelace",
            "H": "mail.example.com",
            "K": false,
            "S": true,
            "T": false,
            "U": "ada&\"<é>@example.com",
            "W": 0
          }
        }
      }
    }
    "#);
}

#[test]
fn knox_by_certificate() {
    let everything = json!({
        "authentication_method": "certificate", "identity_certificate": "scep", "root_certificates": ["root"],
        "username_source": "sam_account_name", "user_domain_name_source": "full_domain_name",
        "duration_of_email_to_sync": "one_month", "email_sync_schedule": "as_messages_arrive", "sync_contacts": true,
        "sync_notes": true, "require_smime": true, "smime_signing_certificate": "pkcs",
    });
    insta::assert_snapshot!(text(with(knox(), everything)), @r#"
    {
      "certificates": [
        {
          "root": {
            "profile": "root"
          }
        },
        {
          "identity": {
            "profile": "scep",
            "alias": "mockmdm.scep.d-1",
            "grant": null
          }
        },
        {
          "identity": {
            "profile": "pkcs",
            "alias": "mockmdm.pkcs.d-1",
            "grant": null
          }
        }
      ],
      "account": {
        "knox": {
          "account": {
            "acceptAllCertificates": false,
            "certificateAlias": "mockmdm.scep.d-1",
            "displayName": "Lab",
            "easDomain": "corp.example.com",
            "easUser": "adal",
            "emailAddress": "ada&\"<é>@example.com",
            "offPeak": -2,
            "serverAddress": "mail.example.com",
            "syncCalendar": 0,
            "syncContacts": 1,
            "syncInterval": -2,
            "syncLookback": 5,
            "useSSL": true
          },
          "policy": {
            "sync_calendar": false,
            "sync_contacts": true,
            "sync_tasks": false,
            "sync_notes": true,
            "require_smime": true,
            "smime_signing_alias": "mockmdm.pkcs.d-1"
          }
        }
      }
    }
    "#);
}

#[test]
fn certificates_alone() {
    for (json, expected) in [
        (
            root("android_work"),
            json!([{ "root": { "profile": "root" } }]),
        ),
        (
            with(scep("android_owner"), json!({ "root_certificate": "root" })),
            json!([{ "root": { "profile": "root" } },
                { "identity": { "profile": "scep", "alias": "mockmdm.scep.d-1", "grant": null } }]),
        ),
        (
            pkcs("android_knox"),
            json!([{ "identity": { "profile": "pkcs", "alias": "mockmdm.pkcs.d-1", "grant": null } }]),
        ),
        (
            imported("android_knox"),
            json!([{ "identity": { "profile": "imported", "alias": "mockmdm.imported.d-1", "grant": null } }]),
        ),
    ] {
        let plan = plan(json.clone()).unwrap();
        assert_eq!(plan.account, None, "{json}");
        assert_eq!(
            serde_json::to_value(&plan.certificates).unwrap(),
            expected,
            "{json}"
        );
    }
}

#[test]
fn r35_no_password_in_any_payload() {
    for json in [
        knox(),
        gmail(),
        nine(),
        with(
            knox(),
            json!({ "authentication_method": "certificate", "identity_certificate": "scep" }),
        ),
    ] {
        let text = serde_json::to_string(&plan(json).unwrap())
            .unwrap()
            .to_lowercase();
        assert!(text.contains("mail.example.com"), "{text}");
        assert!(!text.contains("password"), "{text}");
    }
}

#[test]
fn r46_an_exchange_host_is_always_there() {
    for (json, key) in [(gmail(), "exchange_host"), (nine(), "AppServiceHost")] {
        let plan = plan(json).unwrap();
        let Some(Target::App(app)) = plan.account else {
            panic!("no app");
        };
        assert_eq!(
            serde_json::to_value(&app.restrictions[key]).unwrap(),
            "mail.example.com"
        );
        assert!(app.retraction().restrictions.is_empty());
    }
    for host in [
        "",
        "https://mail.example.com",
        "mail.example.com:0",
        "mail.example.com:x",
    ] {
        let complaints = profile(with(gmail(), json!({ "host_name": host }))).validate();
        assert_eq!(complaints.len(), 1, "{host}: {complaints:?}");
        assert_eq!(complaints[0].path, "host_name", "{host}");
    }
}

/// R44: which packages, and R47: the certificate comes before the account that names it.
#[test]
fn r44_the_account_is_a_configuration_of_the_app() {
    for (json, package) in [
        (gmail(), "com.google.android.gm"),
        (nine(), "com.ninefolders.hd3.work"),
    ] {
        let json = with(
            json,
            json!({ "authentication_method": "certificate", "identity_certificate": "scep" }),
        );
        let plan = plan(json).unwrap();
        let Some(Target::App(app)) = &plan.account else {
            panic!("no app");
        };
        assert_eq!(app.package, package);
        let needs = serde_json::to_value(&plan.certificates).unwrap();
        assert_eq!(needs[0]["identity"]["grant"], package);
    }
}

/// Agents drop wider numbers and what stands after them.
#[test]
fn numbers_have_32_bits() {
    fn check(value: &Value) {
        match value {
            Value::Number(number) => {
                let number = number.as_i64().expect("a whole number");
                assert!(i32::try_from(number).is_ok(), "{number}");
            }
            Value::Array(items) => items.iter().for_each(check),
            Value::Object(object) => object.values().for_each(check),
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }
    for json in [gmail(), nine(), knox()] {
        let json = with(json, json!({ "duration_of_email_to_sync": "one_month" }));
        check(&serde_json::to_value(plan(json).unwrap()).unwrap());
    }
}

#[test]
fn what_cannot_be_compiled_says_why() {
    for (json, expected) in [
        (
            ios(),
            "compiling profile `mail`: it is written for ios, which is not Android: ",
        ),
        (
            with(gmail(), json!({ "host_name": "" })),
            "compiling profile `gmail`: it is not valid: `host_name`: found ``, expected a host name or address, without scheme, port or path",
        ),
    ] {
        assert_eq!(plan(json).unwrap_err(), expected);
    }
    let (device, profile) = (device(), profile(gmail()));
    let nobody = mdm_payloads::Subject {
        user: None,
        device: &device,
    };
    let error = compile(&Input {
        profile: &profile,
        organization: "Lab",
        subject: nobody,
    })
    .unwrap_err();
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "rendering `email_address_source`: the user of the device is not known"
    );
}
