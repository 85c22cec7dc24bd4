//! The schema checks and the lint.

use mdm_payloads::{
    Finding, Platform,
    apple::{
        Channel, channel,
        schema::{Target, check_profile},
    },
    lint,
};
use plist::{Dictionary, Value};
use serde_json::json;

use crate::sample::{compiled, ios_exchange, ios_mail, macos_exchange, macos_mail, profile, with};

fn told(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| format!("{} {}: {}", finding.rule, finding.at, finding.text))
        .collect()
}

fn target(platform: Platform, version: &str, channel: Channel) -> Target {
    Target {
        platform,
        os_version: Some(version.parse().unwrap()),
        channel: Some(channel),
    }
}

#[test]
fn what_we_compile_has_no_findings() {
    let smime = json!({ "require_smime": true, "smime_signing_certificate": "pkcs" });
    let certificate =
        json!({ "authentication_method": "certificate", "identity_certificate": "scep" });
    for (json, version) in [
        (
            with(with(ios_exchange(), smime.clone()), certificate.clone()),
            "17.0",
        ),
        (with(ios_mail(), smime), "17.0"),
        (with(macos_exchange(), certificate), "14.0"),
        (macos_mail(), "14.0"),
    ] {
        let settings = profile(json.clone()).settings;
        let target = target(settings.platform(), version, channel(&settings));
        let findings = check_profile(compiled(json).dictionary(), &target);
        assert_eq!(told(&findings), Vec::<String>::new());
    }
}

/// The compiled ActiveSync profile after `change` was done to the account in it.
fn changed(change: impl FnOnce(&mut Dictionary)) -> Dictionary {
    let json = with(
        ios_exchange(),
        json!({ "authentication_method": "certificate", "identity_certificate": "scep" }),
    );
    let mut dictionary = compiled(json).dictionary().clone();
    let payloads = dictionary
        .get_mut("PayloadContent")
        .and_then(Value::as_array_mut);
    change(payloads.unwrap()[2].as_dictionary_mut().unwrap());
    dictionary
}

#[test]
fn each_rule_is_told() {
    let ios = target(Platform::Ios, "12.0", Channel::Device);
    let set = |key: &'static str, value: Value| {
        changed(move |account| {
            account.insert(key.into(), value);
        })
    };
    let only = |findings: Vec<Finding>| {
        let mut told = told(&findings);
        told.retain(|told| !told.contains("].Enable"));
        told.join("\n")
    };
    let at = "PayloadContent[2]";
    let root = compiled(ios_exchange()).payloads()[0].clone();
    for (dictionary, expected) in [
        (
            set("Sync", 1.into()),
            format!("profile.unknown-key {at}.Sync: `Sync` is not a key here"),
        ),
        (
            set("SSL", "yes".into()),
            format!("profile.wrong-type {at}.SSL: is a string, expected a boolean"),
        ),
        (
            set("MailNumberOfPastDaysToSync", 5.into()),
            format!(
                "profile.value-not-allowed {at}.MailNumberOfPastDaysToSync: expected one of 0, 1, 3, 7, 14, 31"
            ),
        ),
        (
            set("OAuthSignInURL", "https://a".into()),
            format!(
                "profile.key-not-on-os {at}.OAuthSignInURL: `OAuthSignInURL` exists on ios since 13.0"
            ),
        ),
        (
            set("SMIMEEnabled", true.into()),
            format!(
                "profile.key-deprecated {at}.SMIMEEnabled: `SMIMEEnabled` is deprecated on ios since 10.0"
            ),
        ),
        (
            set("PayloadCertificateUUID", root.uuid.as_str().into()),
            format!(
                "profile.dangling-identity-ref {at}.PayloadCertificateUUID: names no identity of this profile"
            ),
        ),
        (
            set("PayloadUUID", root.uuid.as_str().into()),
            format!(
                "profile.duplicate-uuid {at}.PayloadUUID: is the same as `PayloadContent[0].PayloadUUID`"
            ),
        ),
        (
            set("PayloadIdentifier", root.identifier.as_str().into()),
            format!(
                "profile.duplicate-identifier {at}.PayloadIdentifier: is the same as \
                 `PayloadContent[0].PayloadIdentifier`"
            ),
        ),
        (
            set("PayloadUUID", "1234".into()),
            format!(
                "profile.malformed-uuid {at}.PayloadUUID: expected 8-4-4-4-12 hexadecimal digits"
            ),
        ),
        (
            set("PayloadType", "com.example.other".into()),
            format!(
                "profile.unknown-payload-type {at}: `com.example.other` is not in the table, so it is not checked"
            ),
        ),
        (
            changed(|account| {
                account.remove("PayloadVersion");
            }),
            format!("profile.missing-key {at}: `PayloadVersion` is missing"),
        ),
    ] {
        assert_eq!(only(check_profile(&dictionary, &ios)), expected);
    }
    let mac = target(Platform::Macos, "14.0", Channel::Device);
    let mail = compiled(macos_mail());
    assert_eq!(
        told(&check_profile(mail.dictionary(), &mac)),
        [
            "profile.payload-not-on-channel PayloadContent[1]: `com.apple.mail.managed` is not allowed on this \
             channel of macos"
        ]
    );
    let exchange = compiled(ios_exchange());
    assert!(
        told(&check_profile(exchange.dictionary(), &mac)).contains(
            &"profile.payload-not-on-os PayloadContent[1]: `com.apple.eas.account` does not exist on macos"
                .to_owned()
        )
    );
}

#[test]
fn an_identity_on_imap_does_nothing() {
    let mut dictionary = compiled(with(ios_mail(), json!({ "identity_certificate": "scep" })))
        .dictionary()
        .clone();
    let payloads = dictionary
        .get_mut("PayloadContent")
        .and_then(Value::as_array_mut)
        .unwrap();
    let uuid = payloads[1].as_dictionary().unwrap()["PayloadUUID"].clone();
    let mail = payloads[2].as_dictionary_mut().unwrap();
    mail.insert("PayloadCertificateUUID".into(), uuid);
    assert_eq!(
        told(&check_profile(
            &dictionary,
            &target(Platform::Ios, "17.0", Channel::Device)
        )),
        [
            "profile.identity-on-imap PayloadContent[2].PayloadCertificateUUID: IMAP, POP and SMTP accounts cannot \
             sign in with a certificate; the key does nothing"
        ]
    );
}

#[test]
fn lints() {
    let plain = json!({ "host_name": "a", "use_ssl": false, "authentication": "cram_md5" });
    for (json, channel, expected) in [
        (ios_exchange(), None, vec![]),
        (macos_mail(), Some(Channel::User), vec![]),
        (
            macos_mail(),
            Some(Channel::Device),
            vec!["profile.macos-channel type"],
        ),
        (
            with(
                ios_exchange(),
                json!({ "require_ssl": false, "identity_certificate": "scep", "use_oauth": true, "eas_services": [] }),
            ),
            None,
            vec![
                "profile.invalid eas_services",
                "profile.no-ssl require_ssl",
                "profile.identity-unused identity_certificate",
                "profile.oauth-ignores-host host_name",
            ],
        ),
        (
            with(
                ios_mail(),
                json!({ "identity_certificate": "scep", "outgoing_password_same_as_incoming": true,
                    "incoming_server": plain }),
            ),
            None,
            vec![
                "profile.identity-on-imap identity_certificate",
                "profile.same-password-by-hand-only outgoing_password_same_as_incoming",
                "profile.no-ssl incoming_server.use_ssl",
                "profile.weak-authentication incoming_server.authentication",
            ],
        ),
        (
            json!({ "id": "p", "type": "pkcs_certificate", "display_name": "P", "platform": "ios",
                "encryption": "modern", "hash_algorithm": "sha1" }),
            None,
            vec![
                "profile.weak-hash hash_algorithm",
                "profile.modern-pkcs12 encryption",
            ],
        ),
        (
            json!({ "id": "s", "type": "scep_certificate", "display_name": "S", "platform": "ios",
                "scep_server_urls": ["http://ca.example.com/scep"] }),
            None,
            vec!["profile.plain-scep scep_server_urls[0]"],
        ),
    ] {
        let findings = lint(&profile(json.clone()), channel);
        let rules: Vec<_> = findings
            .iter()
            .filter(|f| f.rule != "profile.no-description")
            .map(|f| format!("{} {}", f.rule, f.at))
            .collect();
        assert_eq!(rules, expected, "{json}");
    }
}
