//! What an edition of Intune, or an older system, does not have.

use serde_json::Value;

use crate::{
    finding::{Finding, Level},
    os_version::OsVersion,
    platform::Platform,
    profile::Profile,
    semantics::Semantics,
    settings::{Settings, SettingsType},
};

/// Since when a property of an iOS account exists: the system (Apple, `ExchangeActiveSync`, "Mail") and the edition of Intune's page.
struct Since {
    property: &'static str,
    ios: Option<OsVersion>,
    edition: Semantics,
}

const fn since(property: &'static str, ios: Option<(u16, u16)>, edition: Semantics) -> Since {
    let ios = match ios {
        Some((major, minor)) => Some(OsVersion::new(major, minor)),
        None => None,
    };
    Since {
        property,
        ios,
        edition,
    }
}

/// Everything that was not there from the first day. In 2017 S/MIME was signing with one certificate.
const IOS: [Since; 21] = [
    since("use_oauth", Some((12, 0)), Semantics::Y2020),
    since("oauth_sign_in_url", Some((12, 0)), Semantics::Current),
    since("oauth_token_request_url", Some((12, 0)), Semantics::Current),
    since("eas_services", Some((13, 0)), Semantics::Y2020),
    since(
        "eas_services_user_override_enabled",
        Some((13, 0)),
        Semantics::Y2020,
    ),
    since("user_domain_name_source", None, Semantics::Y2020),
    since("custom_domain_name", None, Semantics::Y2020),
    since("smime_signing_enabled", Some((10, 3)), Semantics::Y2020),
    since(
        "smime_signing_user_override_enabled",
        Some((12, 0)),
        Semantics::Y2020,
    ),
    since("signing_certificate_type", None, Semantics::Y2020),
    since(
        "smime_signing_certificate_user_override_enabled",
        Some((12, 0)),
        Semantics::Y2020,
    ),
    since(
        "smime_encrypt_by_default_enabled",
        Some((12, 0)),
        Semantics::Y2020,
    ),
    since(
        "smime_encrypt_by_default_user_override_enabled",
        Some((12, 0)),
        Semantics::Y2020,
    ),
    since(
        "smime_enable_per_message_switch",
        Some((12, 0)),
        Semantics::Y2020,
    ),
    since("encryption_certificate_type", None, Semantics::Y2020),
    since("smime_encryption_certificate", None, Semantics::Y2020),
    since(
        "smime_encryption_certificate_user_override_enabled",
        Some((12, 0)),
        Semantics::Y2020,
    ),
    since("per_app_vpn_uuid", Some((14, 0)), Semantics::Current),
    since(
        "override_previous_password",
        Some((14, 0)),
        Semantics::Current,
    ),
    since("allow_mail_drop", Some((9, 2)), Semantics::Current),
    since("default_audio_call_app", Some((10, 0)), Semantics::Current),
];

/// Since which edition there are profiles of a type for a platform; `None` if that was always so.
fn type_since(kind: SettingsType, platform: Platform) -> Option<Semantics> {
    match (kind, platform) {
        (
            SettingsType::AndroidWorkGmail
            | SettingsType::AndroidWorkNine
            | SettingsType::ImportedPkcs
            | SettingsType::DerivedCredential,
            _,
        ) => Some(Semantics::Y2020),
        // In 2020 a device owner had roots and SCEP only.
        (SettingsType::PkcsCertificate, Platform::AndroidOwner) => Some(Semantics::Current),
        _ => None,
    }
}

/// Says what in `profile` the edition `semantics` did not offer, and from which system on a property that is set works.
///
/// Rules, each with `profile.` before it: `newer-than-edition`, `dropped-since-edition`, `minimum-os`.
pub fn lint_edition(profile: &Profile, semantics: Semantics) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (kind, platform) = (profile.settings.kind(), profile.settings.platform());
    if let Some(edition) = type_since(kind, platform).filter(|edition| *edition > semantics) {
        findings.push(Finding::new(
            "profile.newer-than-edition",
            Level::Note,
            "type",
            format!("Intune had no {kind} for {platform} in {semantics}, but in {edition}"),
        ));
    }
    if platform == Platform::WindowsPhone81 && semantics == Semantics::Current {
        findings.push(Finding::new(
            "profile.dropped-since-edition",
            Level::Note,
            "type",
            "Intune no longer serves Windows Phone",
        ));
    }
    if !matches!(
        profile.settings,
        Settings::IosExchange(_) | Settings::IosMail(_)
    ) {
        return findings;
    }
    for since in IOS.iter().filter(|since| is_set(profile, since.property)) {
        if since.edition > semantics {
            findings.push(Finding::new(
                "profile.newer-than-edition",
                Level::Note,
                since.property,
                format!("Intune did not offer it in {semantics}"),
            ));
        }
        if let Some(ios) = since.ios {
            findings.push(Finding::new(
                "profile.minimum-os",
                Level::Note,
                since.property,
                format!("works from iOS {ios} on; older systems ignore it"),
            ));
        }
    }
    findings
}

/// Whether a property says something else than it does when left out.
fn is_set(profile: &Profile, property: &str) -> bool {
    let Ok(Value::Object(mut object)) = serde_json::to_value(profile) else {
        return false;
    };
    object.remove(property).is_some()
        && Profile::read(object).is_ok_and(|without| without != *profile)
}
