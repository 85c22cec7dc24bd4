//! What only several profiles together show.

use std::collections::BTreeMap;

use crate::{
    exchange::AuthenticationMethod,
    extended_key_usage::ExtendedKeyUsage,
    finding::{Finding, Level},
    identity::CertificateTerms,
    imported::IntendedPurpose,
    platform::Platform,
    profile::Profile,
    profile_id::ProfileId,
    reference::check_references,
    settings::Settings,
    source::EmailAddressSource,
};

/// Says what in `profiles` will not do what was meant once they are together. A finding is at `id.property`.
///
/// Rules, each with `set.` before it: `duplicate-id`, `reference` (each complaint of [`check_references`]), `knox-ping-pong`,
/// `same-account`, `imported-purpose`, `encryption-per-device`, `no-client-authentication`.
pub fn lint_set(profiles: &[Profile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut by_id: BTreeMap<&ProfileId, &Profile> = BTreeMap::new();
    for profile in profiles {
        if by_id.insert(&profile.id, profile).is_some() {
            findings.push(Finding::new(
                "set.duplicate-id",
                Level::Error,
                format!("{}.id", profile.id),
                "another profile has the same identifier, and its payloads would have the same identifiers",
            ));
        }
    }
    for profile in profiles {
        let find = |id: &ProfileId| by_id.get(id).copied();
        findings.extend(
            check_references(profile, find)
                .into_iter()
                .map(|complaint| {
                    Finding::new(
                        "set.reference",
                        Level::Error,
                        format!("{}.{}", profile.id, complaint.path),
                        format!("found {}, expected {}", complaint.found, complaint.allowed),
                    )
                }),
        );
        identities(profile, &by_id, &mut findings);
    }
    for (index, one) in profiles.iter().enumerate() {
        for other in profiles.iter().skip(index + 1) {
            accounts(one, other, &mut findings);
        }
    }
    findings
}

/// Whether two profiles write the same account of Samsung's mail app in turns: it knows an account by its address alone, so each
/// overwrites the other at each check-in, and both report success.
pub fn is_ping_pong(one: &Profile, other: &Profile) -> bool {
    match (&one.settings, &other.settings) {
        (Settings::KnoxExchange(a), Settings::KnoxExchange(b)) => {
            a.email_address_source == b.email_address_source
                && a.host_name.to_lowercase() != b.host_name.to_lowercase()
        }
        _ => false,
    }
}

fn accounts(one: &Profile, other: &Profile, findings: &mut Vec<Finding>) {
    if is_ping_pong(one, other) {
        findings.push(Finding::new(
            "set.knox-ping-pong",
            Level::Warning,
            format!("{}.host_name", other.id),
            format!(
                "a device with `{}` as well has one account for both, which changes its server at each check-in",
                one.id
            ),
        ));
    }
    let (Some(a), Some(b)) = (account(one), account(other)) else {
        return;
    };
    if a == b {
        let then = match one.settings.platform() {
            Platform::Ios | Platform::Macos => "refuses the second",
            Platform::Windows10 | Platform::WindowsPhone81 | Platform::AndroidKnox => {
                "overwrites the one with the other"
            }
            Platform::AndroidWork | Platform::AndroidOwner => "takes the keys of one of them",
        };
        findings.push(Finding::new(
            "set.same-account",
            Level::Warning,
            format!("{}.host_name", other.id),
            format!(
                "a device with `{}` as well gets the same account twice, and {then}",
                one.id
            ),
        ));
    }
}

/// What two profiles of one platform must share to set up one account.
fn account(profile: &Profile) -> Option<(Platform, String, EmailAddressSource)> {
    let (host, source) = match &profile.settings {
        Settings::IosExchange(s) => (&s.account.host_name, s.account.email_address_source),
        Settings::MacosExchange(s) => (&s.account.host_name, s.account.email_address_source),
        Settings::Windows10Exchange(s) => (&s.account.host_name, s.account.email_address_source),
        Settings::WindowsPhone81Exchange(s) => {
            (&s.account.host_name, s.account.email_address_source)
        }
        Settings::KnoxExchange(s) => (&s.host_name, s.email_address_source),
        Settings::AndroidWorkGmail(s) => (&s.account.host_name, s.account.email_address_source),
        _ => return None,
    };
    Some((profile.settings.platform(), host.to_lowercase(), source))
}

fn terms(profile: &Profile) -> Option<&CertificateTerms> {
    match &profile.settings {
        Settings::ScepCertificate(settings) => Some(&settings.terms),
        Settings::PkcsCertificate(settings) => Some(&settings.terms),
        _ => None,
    }
}

/// Identities that are of the right type and still do not serve.
fn identities(
    profile: &Profile,
    by_id: &BTreeMap<&ProfileId, &Profile>,
    findings: &mut Vec<Finding>,
) {
    let by_certificate =
        profile.settings.authentication_method() == Some(AuthenticationMethod::Certificate);
    for reference in profile.settings.references() {
        let Some(named) = by_id.get(reference.id) else {
            continue;
        };
        let mut find = |rule, level, text: String| {
            findings.push(Finding::new(
                rule,
                level,
                format!("{}.{}", profile.id, reference.property),
                text,
            ));
        };
        let purpose = match (&named.settings, reference.property) {
            (Settings::ImportedPkcs(imported), "smime_signing_certificate") => {
                (imported.intended_purpose != IntendedPurpose::SmimeSigning).then_some("signing")
            }
            (Settings::ImportedPkcs(imported), "smime_encryption_certificate") => {
                (imported.intended_purpose != IntendedPurpose::SmimeEncryption)
                    .then_some("encryption")
            }
            _ => None,
        };
        if let Some(purpose) = purpose {
            find(
                "set.imported-purpose",
                Level::Warning,
                format!("`{}` is not for {purpose}", named.id),
            );
        }
        let Some(terms) = terms(named) else { continue };
        if reference.property == "smime_encryption_certificate" {
            find(
                "set.encryption-per-device",
                Level::Warning,
                format!(
                    "`{}` is another certificate on each device, so that mail encrypted for one cannot be read on the others",
                    named.id
                ),
            );
        }
        if reference.property == "identity_certificate"
            && by_certificate
            && !terms
                .extended_key_usages
                .contains(&ExtendedKeyUsage::client_authentication())
        {
            find(
                "set.no-client-authentication",
                Level::Warning,
                format!("`{}` is not for client authentication", named.id),
            );
        }
    }
}
