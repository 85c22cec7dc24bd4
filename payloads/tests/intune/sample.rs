//! Profiles, people and devices.

use mdm_payloads::{DeviceFacts, Profile, Subject, User};
use serde_json::{Value, json};

pub(crate) fn profile(json: Value) -> Profile {
    serde_json::from_value(json).unwrap()
}

/// `json` with the properties of `more` set over it.
pub(crate) fn with(mut json: Value, more: Value) -> Value {
    let (Value::Object(object), Value::Object(more)) = (&mut json, more) else {
        panic!("not an object");
    };
    object.extend(more);
    json
}

pub(crate) fn ios() -> Value {
    json!({ "id": "mail", "type": "ios_exchange", "display_name": "Mail", "host_name": "mail.example.com", "account_name": "Lab" })
}

pub(crate) fn knox() -> Value {
    with(ios(), json!({ "id": "knox", "type": "knox_exchange" }))
}

pub(crate) fn windows10() -> Value {
    with(ios(), json!({ "id": "w10", "type": "windows10_exchange" }))
}

pub(crate) fn windows_phone() -> Value {
    with(
        ios(),
        json!({ "id": "wp", "type": "windowsphone81_exchange" }),
    )
}

pub(crate) fn gmail() -> Value {
    json!({ "id": "gmail", "type": "android_work_gmail", "display_name": "Gmail", "host_name": "mail.example.com" })
}

pub(crate) fn nine() -> Value {
    with(
        gmail(),
        json!({ "id": "nine", "type": "android_work_nine" }),
    )
}

pub(crate) fn scep(platform: &str) -> Value {
    json!({ "id": "scep", "type": "scep_certificate", "display_name": "Identity", "platform": platform })
}

pub(crate) fn pkcs(platform: &str) -> Value {
    with(
        scep(platform),
        json!({ "id": "pkcs", "type": "pkcs_certificate" }),
    )
}

pub(crate) fn root(platform: &str) -> Value {
    json!({ "id": "root", "type": "trusted_certificate", "display_name": "Root", "platform": platform, "lab_root": true })
}

pub(crate) fn imported(platform: &str) -> Value {
    json!({ "id": "imported", "type": "imported_pkcs", "display_name": "S/MIME", "platform": platform,
        "intended_purpose": "smime_encryption" })
}

pub(crate) fn derived(platform: &str) -> Value {
    json!({ "id": "derived", "type": "derived_credential", "display_name": "Card", "platform": platform, "issuer": "purebred" })
}

/// A user whose every attribute holds what markup and quoting stumble over.
pub(crate) fn ada() -> User {
    User {
        user_principal_name: "ada&\"<é>@example.com".into(),
        mail: Some("ada.l&\"<é>@example.com".into()),
        sam_account_name: Some("adal".into()),
        domain_name: Some("corp.example.com".into()),
        net_bios_domain_name: Some("CORP".into()),
        full_name: Some("Ada \"&\" Lövelace".into()),
        ..User::default()
    }
}

pub(crate) fn device() -> DeviceFacts {
    DeviceFacts {
        device_id: "d-1".into(),
        ..DeviceFacts::default()
    }
}

pub(crate) fn subject<'a>(user: &'a User, device: &'a DeviceFacts) -> Subject<'a> {
    Subject {
        user: Some(user),
        device,
    }
}
