//! Whether the profiles a profile names are there, and what it needs.

use crate::{
    complaint::Complaint,
    exchange::AuthenticationMethod,
    profile::Profile,
    profile_id::ProfileId,
    settings::{Reference, ReferenceKind, Settings, SettingsType},
    smime::EmailCertificateType,
};

use SettingsType::{
    DerivedCredential, ImportedPkcs, PkcsCertificate, ScepCertificate, TrustedCertificate,
};

/// The types a profile may have that `settings` name by `reference`.
fn allowed(settings: &Settings, reference: &Reference<'_>) -> &'static [SettingsType] {
    match reference.kind {
        ReferenceKind::Root => &[TrustedCertificate],
        ReferenceKind::Identity => match settings.authentication_method() {
            Some(AuthenticationMethod::DerivedCredential) => &[DerivedCredential],
            Some(AuthenticationMethod::Certificate | AuthenticationMethod::UsernameAndPassword) => {
                &[ScepCertificate, PkcsCertificate]
            }
            None => &[ScepCertificate, PkcsCertificate, DerivedCredential],
        },
        ReferenceKind::Smime => match certificate_type(settings, reference.property) {
            Some(EmailCertificateType::DerivedCredential) => &[DerivedCredential],
            Some(EmailCertificateType::Certificate | EmailCertificateType::None) => {
                &[ScepCertificate, PkcsCertificate, ImportedPkcs]
            }
            None => &[
                ScepCertificate,
                PkcsCertificate,
                ImportedPkcs,
                DerivedCredential,
            ],
        },
    }
}

/// What the settings say of the source of an S/MIME identity.
fn certificate_type(settings: &Settings, property: &str) -> Option<EmailCertificateType> {
    let smime = match settings {
        Settings::IosExchange(settings) => &settings.smime,
        Settings::IosMail(settings) => &settings.smime,
        Settings::KnoxExchange(_) => return Some(EmailCertificateType::Certificate),
        _ => return None,
    };
    match property {
        "smime_signing_certificate" => smime.signing_certificate_type,
        _ => smime.encryption_certificate_type,
    }
}

/// Complains about each profile that `profile` names and that does not exist, is of a type that does not serve, or is written for
/// another platform. `find` gives the profile of an identifier.
pub fn check_references<'a>(
    profile: &Profile,
    find: impl Fn(&ProfileId) -> Option<&'a Profile>,
) -> Vec<Complaint> {
    let platform = profile.settings.platform();
    profile
        .settings
        .references()
        .iter()
        .filter_map(|reference| {
            let allowed = allowed(&profile.settings, reference);
            let wanted = || {
                let names: Vec<_> = allowed.iter().map(|kind| kind.as_str()).collect();
                format!("{} for {platform}", names.join(" or "))
            };
            let id = reference.id;
            let found = match find(id) {
                None => format!("`{id}`, which does not exist"),
                Some(named) if !allowed.contains(&named.settings.kind()) => {
                    format!("`{id}` of type {}", named.settings.kind())
                }
                Some(named) if named.settings.platform() != platform => {
                    format!("`{id}` for {}", named.settings.platform())
                }
                Some(_) => return None,
            };
            Some(Complaint::new(reference.property, found, wanted()))
        })
        .collect()
}

/// The profiles that must be on a device with `profile`: those it names, and those they name, each once and in the order of installation
/// (roots before what needs them). Identifiers that lead nowhere are left out.
pub fn chain<'a>(
    profile: &'a Profile,
    find: &impl Fn(&ProfileId) -> Option<&'a Profile>,
) -> Vec<&'a Profile> {
    fn visit<'a>(
        profile: &'a Profile,
        find: &impl Fn(&ProfileId) -> Option<&'a Profile>,
        seen: &mut Vec<&'a ProfileId>,
        chain: &mut Vec<&'a Profile>,
    ) {
        let mut references = profile.settings.references();
        references.sort_by_key(|reference| reference.kind != ReferenceKind::Root);
        for reference in references {
            let Some(named) = find(reference.id) else {
                continue;
            };
            if !seen.contains(&&named.id) {
                seen.push(&named.id);
                visit(named, find, seen, chain);
                chain.push(named);
            }
        }
    }
    let mut chain = Vec::new();
    visit(profile, find, &mut vec![&profile.id], &mut chain);
    chain
}
