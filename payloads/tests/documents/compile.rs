//! What documents of every type have in common, and what keeps one from being made.

use mdm_payloads::apple::{Channel, channel};
use serde_json::json;

use crate::sample::{
    self, LEAF, compile_for, compiled, ios_exchange, ios_mail, macos_exchange, macos_mail, payload,
    profile, text, user, with,
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

#[test]
fn certificates_alone() {
    let trusted = json!({ "id": "ca", "type": "trusted_certificate", "display_name": "Intermediate",
        "platform": "ios", "trusted_root_certificate": LEAF, "cert_file_name": "ca.cer" });
    insta::assert_snapshot!(text(&compiled(trusted)), @r#"
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
 <key>PayloadType</key>
 <string>Configuration</string>
 <key>PayloadVersion</key>
 <integer>1</integer>
 <key>PayloadIdentifier</key>
 <string>org.example.profile.ca</string>
 <key>PayloadUUID</key>
 <string>2E86C0BA-C318-56F5-A859-2B3B635A3812</string>
 <key>PayloadDisplayName</key>
 <string>Intermediate</string>
 <key>PayloadOrganization</key>
 <string>Example &amp; Söhne</string>
 <key>PayloadContent</key>
 <array>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.security.pkcs1</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.profile.ca.root.profile.ca</string>
   <key>PayloadUUID</key>
   <string>943CF920-6B9E-5873-8E8B-A41CAC98AB57</string>
   <key>PayloadDisplayName</key>
   <string>Intermediate</string>
   <key>PayloadCertificateFileName</key>
   <string>ca.cer</string>
   <key>PayloadContent</key>
   <data>(leaf)</data>
  </dict>
  <dict>
   <key>PayloadType</key>
   <string>com.apple.security.root</string>
   <key>PayloadVersion</key>
   <integer>1</integer>
   <key>PayloadIdentifier</key>
   <string>org.example.profile.ca.root.lab</string>
   <key>PayloadUUID</key>
   <string>A35422A8-F411-5795-B11E-93E6D0C83DC5</string>
   <key>PayloadDisplayName</key>
   <string>Test Root</string>
   <key>PayloadCertificateFileName</key>
   <string>root.cer</string>
   <key>PayloadContent</key>
   <data>(root)</data>
  </dict>
 </array>
</dict>
</plist>
"#);
    for (json, kind) in [
        (
            serde_json::to_value(sample::scep("macos")).unwrap(),
            "com.apple.security.scep",
        ),
        (
            serde_json::to_value(sample::pkcs("macos")).unwrap(),
            "com.apple.security.pkcs12",
        ),
    ] {
        let document = compiled(json);
        let kinds: Vec<_> = document.payloads().iter().map(|p| p.payload_type).collect();
        assert_eq!(kinds, ["com.apple.security.root", kind]);
    }
    let scep = payload(
        &compiled(serde_json::to_value(sample::scep("macos")).unwrap()),
        "com.apple.security.scep",
    );
    assert_eq!(
        scep["PayloadContent"],
        json!({
            "URL": "https://mdm.example.com/scep",
            "Subject": [[["CN", "ada@example.com"]], [["1.2.840.113549.1.9.1", "ada.l@example.com"]]],
            "Challenge": "challenge-1", "Keysize": 2048, "Key Type": "RSA", "Key Usage": 5,
            "CAFingerprint": "ab".repeat(20), "Retries": 3, "RetryDelay": 10,
            "SubjectAltName": { "rfc822Name": "ada.l@example.com", "ntPrincipalName": "ada@example.com" },
            "KeyIsExtractable": false,
        })
    );
}
