//! Whether a device would install a profile: decided before anything is fetched or changed.

use super::accounts::{AccountKind, MailAccount, Origin};
use super::session::Channel;
use super::{ErrorChain, Payload, Platform, Profile};
use crate::document::Ask as _;

/// Payload types that carry or fetch an identity.
pub(super) const IDENTITIES: [&str; 2] = ["com.apple.security.scep", "com.apple.security.pkcs12"];
/// Payload types that carry a certificate.
pub(super) const CERTIFICATES: [&str; 3] = [
    "com.apple.security.root",
    "com.apple.security.pkcs1",
    "com.apple.security.pem",
];
/// Payload types that are accepted and remembered, and have no further effect here.
const INERT: [&str; 18] = [
    "com.apple.wifi.managed",
    "com.apple.vpn.managed",
    "com.apple.mobiledevice.passwordpolicy",
    "com.apple.applicationaccess",
    "com.apple.webClip.managed",
    "com.apple.caldav.account",
    "com.apple.carddav.account",
    "com.apple.subscribedcalendar.account",
    "com.apple.ldap.account",
    "com.apple.font",
    "com.apple.notificationsettings",
    "com.apple.domains",
    "com.apple.dnsSettings.managed",
    "com.apple.security.certificatetransparency",
    "com.apple.declarations",
    "com.apple.extensiblesso",
    "com.apple.managedCarrier",
    "com.apple.google-oauth",
];
const AUTHENTICATIONS: [&str; 5] = [
    "EmailAuthNone",
    "EmailAuthPassword",
    "EmailAuthCRAMMD5",
    "EmailAuthNTLM",
    "EmailAuthHTTPMD5",
];
const SERVICES: [&str; 5] = [
    "EnableMail",
    "EnableContacts",
    "EnableCalendars",
    "EnableReminders",
    "EnableNotes",
];
const REFERENCES: [&str; 4] = [
    "PayloadCertificateUUID",
    "AuthenticationCertificateUUID",
    "SMIMESigningCertificateUUID",
    "SMIMEEncryptionCertificateUUID",
];

/// What the decision depends on besides the profile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances<'a> {
    pub(super) platform: Platform,
    pub(super) channel: Channel,
    /// Whether a person is there to fill in what is missing.
    pub(super) interactive: bool,
    pub(super) accounts: &'a [MailAccount],
}

/// Says why the profile cannot be installed, or nothing.
pub(super) fn check(profile: &Profile, now: Circumstances<'_>) -> Result<(), ErrorChain> {
    for (at, payload) in profile.payloads.iter().enumerate() {
        let same = |other: &Payload| other.uuid.eq_ignore_ascii_case(&payload.uuid);
        if profile.uuid.eq_ignore_ascii_case(&payload.uuid)
            || profile.payloads.iter().skip(at + 1).any(same)
        {
            let text = format!(
                "The profile has two payloads with the UUID “{}”.",
                payload.uuid
            );
            return Err(ErrorChain::one("MCInstallationErrorDomain", 4002, text));
        }
    }
    for payload in &profile.payloads {
        let checked =
            check_channel(payload, now).and_then(|()| check_payload(profile, payload, now));
        checked.map_err(|chain| chain.as_failed_installation(&profile.display_name))?;
    }
    Ok(())
}

fn check_channel(payload: &Payload, now: Circumstances<'_>) -> Result<(), ErrorChain> {
    let kind = payload.kind.as_str();
    let mac = now.platform.is_macos();
    let known = match kind {
        "com.apple.eas.account" => !mac,
        "com.apple.ews.account" => mac,
        "com.apple.mail.managed" | "com.apple.mdm" => true,
        other => {
            IDENTITIES.contains(&other) || CERTIFICATES.contains(&other) || INERT.contains(&other)
        }
    };
    if !known {
        let text = format!("The payload type “{kind}” is not supported.");
        return Err(ErrorChain::one("MCProfileErrorDomain", 1010, text));
    }
    let needs = match (kind, now.channel) {
        ("com.apple.ews.account" | "com.apple.mail.managed", Channel::Device) if mac => "user",
        ("com.apple.mdm", Channel::User) => "system",
        _ => return Ok(()),
    };
    let text = format!("The profile must be a {needs} profile because of its payload “{kind}”.");
    Err(ErrorChain::one("NSPOSIXErrorDomain", 1, text))
}

fn check_payload(
    profile: &Profile,
    payload: &Payload,
    now: Circumstances<'_>,
) -> Result<(), ErrorChain> {
    let settings = &payload.settings;
    for key in REFERENCES {
        let Some(uuid) = settings.text(key) else {
            continue;
        };
        if !profile
            .by_uuid(uuid)
            .is_some_and(|target| IDENTITIES.contains(&target.kind.as_str()))
        {
            let text = format!("“{key}” names “{uuid}”, which is no identity of this profile.");
            return Err(ErrorChain::one("MCPayloadErrorDomain", 2004, text));
        }
    }
    match payload.kind.as_str() {
        "com.apple.eas.account" | "com.apple.ews.account" => {
            require(payload, "Host")?;
            if !now.interactive {
                require(payload, "UserName")?;
            }
            exchange(payload)?;
            unique(profile, payload, now.accounts)
        }
        "com.apple.mail.managed" => mail(payload),
        kind if CERTIFICATES.contains(&kind) || kind == "com.apple.security.pkcs12" => {
            let content = settings.data("PayloadContent").map(|_| ());
            content.ok_or_else(|| missing(payload, "PayloadContent"))
        }
        "com.apple.security.scep" => {
            let content = settings.dictionary("PayloadContent").map(|_| ());
            content.ok_or_else(|| missing(payload, "PayloadContent"))
        }
        "com.apple.mdm" => ["IdentityCertificateUUID", "Topic", "ServerURL"]
            .iter()
            .try_for_each(|key| require(payload, key)),
        _ => Ok(()),
    }
}

fn exchange(payload: &Payload) -> Result<(), ErrorChain> {
    let off =
        |key: &&str| payload.settings.get(key).and_then(plist::Value::as_boolean) == Some(false);
    if payload.kind == "com.apple.eas.account" && SERVICES.iter().all(off) {
        return Err(ErrorChain::one(
            "MCEASErrorDomain",
            21009,
            "No service of the account is enabled.",
        ));
    }
    match payload.settings.number("MailNumberOfPastDaysToSync") {
        Some(days) if ![0, 1, 3, 7, 14, 31].contains(&days) => {
            Err(unsupported(payload, "MailNumberOfPastDaysToSync"))
        }
        _ => Ok(()),
    }
}

/// One ActiveSync account per host and address; the one this very profile made before does not count.
fn unique(
    profile: &Profile,
    payload: &Payload,
    accounts: &[MailAccount],
) -> Result<(), ErrorChain> {
    let wanted = MailAccount::from_payload(profile, payload, None);
    let same = |account: &&MailAccount| {
        let own = matches!(&account.origin, Origin::Profile { profile: id, .. } if *id == profile.identifier);
        !own && account.kind == wanted.kind && account.is_same_mailbox(&wanted)
    };
    match accounts.iter().find(same) {
        Some(found) if found.kind == AccountKind::Eas => {
            let text = format!(
                "An account for “{}” at “{}” exists already.",
                found.address, found.host
            );
            Err(ErrorChain::one("MCEASErrorDomain", 21005, text))
        }
        _ => Ok(()),
    }
}

fn mail(payload: &Payload) -> Result<(), ErrorChain> {
    let text = |key: &str| payload.settings.text(key).unwrap_or_default();
    for key in [
        "EmailAccountType",
        "IncomingMailServerHostName",
        "OutgoingMailServerHostName",
    ] {
        require(payload, key)?;
    }
    if !["EmailTypeIMAP", "EmailTypePOP"].contains(&text("EmailAccountType")) {
        return Err(unsupported(payload, "EmailAccountType"));
    }
    for key in [
        "IncomingMailServerAuthentication",
        "OutgoingMailServerAuthentication",
    ] {
        require(payload, key)?;
        if !AUTHENTICATIONS.contains(&text(key)) {
            return Err(unsupported(payload, key));
        }
    }
    Ok(())
}

fn require(payload: &Payload, key: &str) -> Result<(), ErrorChain> {
    let there = payload
        .settings
        .text(key)
        .is_some_and(|text| !text.is_empty());
    if there {
        Ok(())
    } else {
        Err(missing(payload, key))
    }
}

fn missing(payload: &Payload, key: &str) -> ErrorChain {
    let text = format!("The payload “{}” lacks “{key}”.", payload.kind);
    ErrorChain::one("MCPayloadErrorDomain", 2002, text)
}

fn unsupported(payload: &Payload, key: &str) -> ErrorChain {
    let text = format!(
        "“{key}” of the payload “{}” has a value that is not supported.",
        payload.kind
    );
    ErrorChain::one("MCPayloadErrorDomain", 2004, text)
}
