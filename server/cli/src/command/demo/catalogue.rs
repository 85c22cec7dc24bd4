//! The profiles of the demo, as the admin API takes them.

use serde_json::{Value, json};

/// The mail server of all accounts. Nobody connects to it.
const MAIL_HOST: &str = "mail.lab.test";

/// Trusts the lab's root, on the iPhone.
pub(super) const ROOT_IOS: &str = "lab-root-ios";
/// The same on the Mac.
pub(super) const ROOT_MACOS: &str = "lab-root-macos";
/// The Exchange account that asks for a password; it has to make room for [`EXCHANGE_IOS`].
pub(super) const EXCHANGE_OLD: &str = "exchange-ios-password";
/// The Exchange account with a client certificate.
pub(super) const EXCHANGE_IOS: &str = "exchange-ios";
/// The same on the Mac.
pub(super) const EXCHANGE_MACOS: &str = "exchange-macos";
/// The IMAP account with an S/MIME certificate.
pub(super) const IMAP_IOS: &str = "imap-ios-smime";

/// Trusts the lab's root, on the PC.
pub(super) const ROOT_WINDOWS: &str = "lab-root-windows";
/// The identity of the PC's user. No account of Windows can be told to use it.
pub(super) const CLIENT_WINDOWS: &str = "client-windows";
/// The Exchange account on the PC.
pub(super) const EXCHANGE_WINDOWS: &str = "exchange-windows";
/// The IMAP account on the PC.
pub(super) const IMAP_WINDOWS: &str = "imap-windows";
/// The same three on the phone with Windows Phone 8.1, which has no IMAP profile.
pub(super) const ROOT_PHONE81: &str = "lab-root-phone81";
/// Its identity.
pub(super) const CLIENT_PHONE81: &str = "client-phone81";
/// Its Exchange account.
pub(super) const EXCHANGE_PHONE81: &str = "exchange-phone81";

const CLIENT_IOS: &str = "client-certificate-ios";
const CLIENT_MACOS: &str = "client-certificate-macos";
const SMIME_IOS: &str = "smime-certificate-ios";

/// All of them, certificates first: an account names the certificate it is delivered with.
pub(super) fn all() -> Vec<Value> {
    vec![
        root(ROOT_IOS, "ios"),
        root(ROOT_MACOS, "macos"),
        scep(
            CLIENT_IOS,
            "Mail sign-in certificate",
            "ios",
            "client_authentication",
        ),
        scep(
            CLIENT_MACOS,
            "Mail sign-in certificate",
            "macos",
            "client_authentication",
        ),
        scep(SMIME_IOS, "S/MIME certificate", "ios", "email_protection"),
        json!({
            "id": EXCHANGE_OLD, "type": "ios_exchange", "display_name": "Exchange with password",
            "host_name": MAIL_HOST, "account_name": "Lab mail (old)",
            "authentication_method": "username_and_password",
        }),
        exchange(EXCHANGE_IOS, "ios_exchange", CLIENT_IOS),
        exchange(EXCHANGE_MACOS, "macos_exchange", CLIENT_MACOS),
        json!({
            "id": IMAP_IOS, "type": "ios_mail", "display_name": "IMAP with S/MIME",
            "account_type": "imap", "account_name": "Lab IMAP",
            "incoming_server": {"host_name": MAIL_HOST, "port": 993},
            "outgoing_server": {"host_name": MAIL_HOST, "port": 465},
            "require_smime": true,
            "smime_signing_enabled": true,
            "smime_signing_certificate": SMIME_IOS,
        }),
        root(ROOT_WINDOWS, "windows10"),
        windows_scep(CLIENT_WINDOWS, "windows10", ROOT_WINDOWS),
        windows_exchange(EXCHANGE_WINDOWS, "windows10_exchange"),
        json!({
            "id": IMAP_WINDOWS, "type": "windows_mail", "display_name": "IMAP",
            "account_type": "imap", "account_name": "Lab IMAP",
            "incoming_server": {"host_name": MAIL_HOST, "port": 993},
            "outgoing_server": {"host_name": MAIL_HOST, "port": 465},
        }),
        root(ROOT_PHONE81, "windowsphone81"),
        windows_scep(CLIENT_PHONE81, "windowsphone81", ROOT_PHONE81),
        windows_exchange(EXCHANGE_PHONE81, "windowsphone81_exchange"),
    ]
}

fn root(id: &str, platform: &str) -> Value {
    json!({
        "id": id, "type": "trusted_certificate", "display_name": "Root of the lab",
        "platform": platform, "lab_root": true,
    })
}

fn scep(id: &str, name: &str, platform: &str, usage: &str) -> Value {
    json!({
        "id": id, "type": "scep_certificate", "display_name": name, "platform": platform,
        "extended_key_usages": [usage],
        "custom_subject_alternative_names": [{"san_type": "email_address", "name": "{{EmailAddress}}"}],
    })
}

/// Windows recognises the authority by its root.
fn windows_scep(id: &str, platform: &str, root: &str) -> Value {
    let mut profile = scep(id, "Sign-in certificate", platform, "client_authentication");
    if let Some(profile) = profile.as_object_mut() {
        profile.insert("root_certificate".to_owned(), root.into());
    }
    profile
}

fn windows_exchange(id: &str, kind: &str) -> Value {
    json!({
        "id": id, "type": kind, "display_name": "Exchange",
        "host_name": MAIL_HOST, "account_name": "Lab mail",
    })
}

fn exchange(id: &str, kind: &str, certificate: &str) -> Value {
    json!({
        "id": id, "type": kind, "display_name": "Exchange with certificate",
        "host_name": MAIL_HOST, "account_name": "Lab mail",
        "authentication_method": "certificate", "identity_certificate": certificate,
    })
}
