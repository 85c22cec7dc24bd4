//! What documents of every type have in common, and what keeps one from being made.

use mdm_payloads::apple::{Channel, channel};
use serde_json::json;

use crate::sample::{
    self, compile_for, compiled, ios_exchange, ios_mail, macos_exchange, macos_mail, profile, text,
    user, with,
};

#[test]
fn inner_identifiers_stay_when_settings_change() {
    let before = compiled(ios_exchange());
    let after = compiled(with(ios_exchange(), json!({ "require_ssl": false })));
    assert_eq!(before.payloads(), after.payloads());
    assert_eq!(before.payload_identifier(), "org.example.profile.mail");
}

#[test]
fn debug_tells_no_secret() {
    let json = with(
        ios_mail(),
        json!({ "identity_certificate": "scep", "require_smime": true, "smime_signing_certificate": "pkcs" }),
    );
    let document = compiled(json);
    assert!(text(&document).contains("challenge-1") && text(&document).contains("p12-password"));
    let shown = format!("{document:?} {:?}", sample::identities("ios", &user()));
    assert!(
        !shown.contains("challenge-1") && !shown.contains("p12-password"),
        "{shown}"
    );
}

#[test]
fn channels() {
    for (json, expected) in [
        (ios_exchange(), Channel::Device),
        (ios_mail(), Channel::Device),
        (macos_exchange(), Channel::User),
        (macos_mail(), Channel::User),
        (
            serde_json::to_value(sample::scep("macos")).unwrap(),
            Channel::User,
        ),
        (
            serde_json::to_value(sample::scep("ios")).unwrap(),
            Channel::Device,
        ),
    ] {
        assert_eq!(channel(&profile(json.clone()).settings), expected, "{json}");
    }
}

#[test]
fn says_what_is_missing() {
    let mut nobody = user();
    nobody.mail = None;
    let certificate = |identity| {
        with(
            ios_exchange(),
            json!({ "authentication_method": "certificate", "identity_certificate": identity }),
        )
    };
    let told = |error: mdm_payloads::apple::CompileError| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", source.unwrap_or_default())
    };
    for (user, json, expected) in [
        (
            &nobody,
            ios_exchange(),
            "compiling profile `mail`: rendering `email_address_source`: the user's mail address is not known",
        ),
        (
            &user(),
            certificate("other"),
            "compiling profile `mail`: there is no identity for `other`: ",
        ),
        (
            &user(),
            with(ios_exchange(), json!({ "root_certificates": ["ca"] })),
            "compiling profile `mail`: there is no certificate for `profile.ca`: ",
        ),
        (
            &user(),
            with(ios_exchange(), json!({ "host_name": "https://x" })),
            "compiling profile `mail`: it is not valid: `host_name`: found `https://x`, expected a host name or \
             address, without scheme, port or path",
        ),
    ] {
        assert_eq!(told(compile_for(user, json).unwrap_err()), expected);
    }
    let mut control = user();
    control.user_principal_name = "a\u{1}@example.com".into();
    assert_eq!(
        told(compile_for(&control, ios_exchange()).unwrap_err()),
        "compiling profile `mail`: writing the profile: `PayloadContent.UserName` holds U+0001, which XML cannot carry"
    );
}
