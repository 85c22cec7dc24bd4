//! Every key of the account payloads can be written, but for passwords and identities outside their own payload.

use std::collections::BTreeSet;

use mdm_payloads::apple::schema::payload_keys;
use serde_json::{Value, json};

use crate::sample::{compiled, ios_exchange, ios_mail, macos_exchange, macos_mail, payload, with};

const FORBIDDEN: [&str; 6] = [
    "Password",
    "IncomingPassword",
    "OutgoingPassword",
    "Certificate",
    "CertificateName",
    "CertificatePassword",
];

const EVERYTHING_SMIME: &str = r#"{
    "require_smime": true, "smime_signing_enabled": true, "smime_signing_user_override_enabled": true,
    "smime_signing_certificate": "pkcs", "smime_signing_certificate_user_override_enabled": true,
    "smime_encrypt_by_default_enabled": true, "smime_encrypt_by_default_user_override_enabled": true,
    "smime_enable_per_message_switch": true, "smime_encryption_certificate": "pkcs",
    "smime_encryption_certificate_user_override_enabled": true, "smime_legacy_keys": true,
    "per_app_vpn_uuid": "00000000-0000-4000-8000-000000000001"
}"#;

fn written(payload_type: &str, json: &Value) -> BTreeSet<String> {
    let payload = payload(&compiled(json.clone()), payload_type);
    payload.as_object().unwrap().keys().cloned().collect()
}

fn reaches(payload_type: &str, json: &Value) {
    let written = written(payload_type, json);
    let missing: Vec<_> = payload_keys(payload_type)
        .unwrap()
        .into_iter()
        .filter(|key| !FORBIDDEN.contains(key) && !written.contains(*key))
        .collect();
    assert!(missing.is_empty(), "{payload_type}: {missing:?}");
    for key in FORBIDDEN {
        assert!(!written.contains(key), "{payload_type}: {key}");
    }
}

fn smime() -> Value {
    serde_json::from_str(EVERYTHING_SMIME).unwrap()
}

#[test]
fn active_sync() {
    let own = json!({
        "authentication_method": "certificate", "identity_certificate": "scep", "use_oauth": true,
        "oauth_sign_in_url": "https://login.example.com/a", "oauth_token_request_url": "https://login.example.com/t",
        "duration_of_email_to_sync": "unlimited", "override_previous_password": true,
        "default_audio_call_app": "com.example.phone", "header_magic": "magic",
    });
    reaches(
        "com.apple.eas.account",
        &with(with(ios_exchange(), smime()), own),
    );
}

#[test]
fn web_services() {
    let own = json!({
        "authentication_method": "certificate", "identity_certificate": "scep", "legacy_identity_key": true,
        "oauth_sign_in_url": "https://login.example.com/a", "port": 443, "path": "/EWS/Exchange.asmx",
        "external_host_name": "out.example.com", "external_port": 8443, "external_path": "/x",
    });
    reaches("com.apple.ews.account", &with(macos_exchange(), own));
}

#[test]
fn mail() {
    let own = json!({ "imap_path_prefix": "INBOX", "outgoing_password_same_as_incoming": true });
    reaches(
        "com.apple.mail.managed",
        &with(with(ios_mail(), smime()), own),
    );
}

/// What a Mac does not know is not sent to it.
#[test]
fn mail_on_macos() {
    let written = written("com.apple.mail.managed", &macos_mail());
    for key in [
        "PreventMove",
        "PreventAppSheet",
        "VPNUUID",
        "SMIMESigningEnabled",
    ] {
        assert!(!written.contains(key), "{key}");
    }
}
