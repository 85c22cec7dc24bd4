//! Checks of a whole profile.

use std::collections::{BTreeMap, BTreeSet};

use plist::{Dictionary, Value};

use super::{
    os::{Standing, Target},
    rule::{Findings, Rule, Scope},
    table::{COMMON, Entry, Key, TOP_LEVEL, table},
    walk,
};
use crate::finding::{Finding, Level};

/// Payloads that are identities, so that others may name them by `PayloadUUID`.
const IDENTITIES: [&str; 4] = [
    "com.apple.security.pkcs12",
    "com.apple.security.scep",
    "com.apple.security.acme",
    "com.apple.ADCertificate.managed",
];

/// Keys that name an identity of the same profile.
const IDENTITY_REFERENCES: [&str; 5] = [
    "PayloadCertificateUUID",
    "AuthenticationCertificateUUID",
    "SMIMESigningCertificateUUID",
    "SMIMEEncryptionCertificateUUID",
    "IdentityCertificateUUID",
];

/// Checks a profile against the schema, and what it says against itself.
///
/// Rules: `profile.unknown-key`, `missing-key`, `wrong-type`, `value-not-allowed`, `malformed-uuid`, `malformed-url`, `key-not-on-os`,
/// `key-deprecated`, `key-not-on-channel`, `payload-not-on-os`, `payload-not-on-channel`, `payload-repeated`, `unknown-payload-type`,
/// `duplicate-uuid`, `duplicate-identifier`, `dangling-identity-ref`, `identity-on-imap`, each with `profile.` before it.
pub fn check_profile(profile: &Dictionary, target: &Target) -> Vec<Finding> {
    let mut findings = Findings::new(Scope::Profile);
    let facts = table();
    if let Some(top) = facts.payloads.get(TOP_LEVEL) {
        walk::dictionary("", profile, &[&top.keys], Some(target), &mut findings);
    }
    let payloads: Vec<_> = profile
        .get("PayloadContent")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(index, payload)| {
            Some((format!("PayloadContent[{index}]"), payload.as_dictionary()?))
        })
        .collect();
    let common = facts
        .payloads
        .get(COMMON)
        .map_or(&[][..], |entry| &entry.keys);
    for (at, payload) in &payloads {
        check_payload(at, payload, common, target, &mut findings);
    }
    check_repeated(&payloads, target, &mut findings);
    check_unique(profile, &payloads, &mut findings);
    check_references(&payloads, &mut findings);
    findings.into_vec()
}

fn text<'a>(dictionary: &'a Dictionary, key: &str) -> Option<&'a str> {
    dictionary.get(key).and_then(Value::as_string)
}

fn entry(payload: &Dictionary) -> Option<(&str, &'static Entry)> {
    let name = text(payload, "PayloadType")?;
    Some((name, table().payloads.get(name)?))
}

fn check_payload(
    at: &str,
    payload: &Dictionary,
    common: &[Key],
    target: &Target,
    findings: &mut Findings,
) {
    let Some((name, entry)) = entry(payload) else {
        if let Some(name) = text(payload, "PayloadType") {
            findings.push(
                "profile.unknown-payload-type",
                Level::Warning,
                at,
                format!("`{name}` is not in the table, so it is not checked"),
            );
        } else {
            findings.rule(Rule::MissingKey, at, "`PayloadType` is missing");
        }
        return;
    };
    let platform = target.platform;
    let mut not_on_os = |text: String| {
        findings.push("profile.payload-not-on-os", Level::Error, at, text);
    };
    let mut inner = Some(*target);
    match entry.on(platform).standing(target) {
        Standing::Available | Standing::Deprecated(_) => {}
        Standing::Missing => not_on_os(format!("`{name}` does not exist on {platform}")),
        Standing::Newer(version) => {
            not_on_os(format!("`{name}` exists on {platform} since {version}"));
        }
        Standing::Removed(version) => {
            not_on_os(format!("`{name}` is gone from {platform} since {version}"));
        }
        Standing::OtherChannel => {
            findings.push(
                "profile.payload-not-on-channel",
                Level::Error,
                at,
                format!("`{name}` is not allowed on this channel of {platform}"),
            );
            // Said of the payload; its keys need not say it again.
            inner = Some(Target {
                channel: None,
                ..*target
            });
        }
    }
    let own = if name == "com.apple.mail.managed" && payload.contains_key("PayloadCertificateUUID")
    {
        findings.push(
            "profile.identity-on-imap",
            Level::Warning,
            &format!("{at}.PayloadCertificateUUID"),
            "IMAP, POP and SMTP accounts cannot sign in with a certificate; the key does nothing",
        );
        let mut payload = payload.clone();
        payload.remove("PayloadCertificateUUID");
        Some(payload)
    } else {
        None
    };
    walk::dictionary(
        at,
        own.as_ref().unwrap_or(payload),
        &[common, &entry.keys],
        inner.as_ref(),
        findings,
    );
}

/// Payload types that may stand in a profile once only.
fn check_repeated(payloads: &[(String, &Dictionary)], target: &Target, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (at, payload) in payloads {
        if let Some((name, entry)) = entry(payload)
            && !seen.insert(name)
            && !entry.on(target.platform).multiple
        {
            findings.push(
                "profile.payload-repeated",
                Level::Error,
                at,
                format!("`{name}` may stand in a profile once only"),
            );
        }
    }
}

/// Identifiers and UUIDs that occur twice, and UUIDs that are none.
fn check_unique(profile: &Dictionary, payloads: &[(String, &Dictionary)], findings: &mut Findings) {
    let (mut uuids, mut identifiers) = (BTreeMap::new(), BTreeMap::new());
    let top = String::new();
    let all = std::iter::once((&top, profile)).chain(payloads.iter().map(|(at, p)| (at, *p)));
    for (at, payload) in all {
        let place = |key: &str| match at.as_str() {
            "" => key.to_owned(),
            at => format!("{at}.{key}"),
        };
        if let Some(uuid) = text(payload, "PayloadUUID") {
            let at = place("PayloadUUID");
            walk::check_uuid(&at, uuid, findings);
            if let Some(first) = uuids.insert(uuid.to_ascii_uppercase(), at.clone()) {
                findings.push(
                    "profile.duplicate-uuid",
                    Level::Error,
                    &at,
                    format!("is the same as `{first}`"),
                );
            }
        }
        if let Some(identifier) = text(payload, "PayloadIdentifier") {
            let at = place("PayloadIdentifier");
            if let Some(first) = identifiers.insert(identifier, at.clone()) {
                findings.push(
                    "profile.duplicate-identifier",
                    Level::Error,
                    &at,
                    format!("is the same as `{first}`"),
                );
            }
        }
    }
}

/// References to identities that are not in the profile.
fn check_references(payloads: &[(String, &Dictionary)], findings: &mut Findings) {
    let identities: BTreeSet<_> = payloads
        .iter()
        .filter(|(_, payload)| {
            text(payload, "PayloadType").is_some_and(|name| IDENTITIES.contains(&name))
        })
        .filter_map(|(_, payload)| text(payload, "PayloadUUID"))
        .collect();
    for (at, payload) in payloads {
        for key in IDENTITY_REFERENCES {
            if let Some(uuid) = text(payload, key)
                && !identities.contains(uuid)
            {
                findings.push(
                    "profile.dangling-identity-ref",
                    Level::Error,
                    &format!("{at}.{key}"),
                    "names no identity of this profile",
                );
            }
        }
    }
}
