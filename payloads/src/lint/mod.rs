//! What is allowed in a profile, but probably does not do what was meant.

mod android;
mod edit;
mod edition;
mod names;
mod rendering;
mod set;
mod windows;

pub use edit::lint_edit;
pub use edition::lint_edition;
pub use rendering::lint_rendering;
pub use set::{is_ping_pong, lint_set};

use crate::{
    apple::{self, Channel},
    exchange::{AuthenticationMethod, EAS_SERVICES, EasService, ExchangeAccount},
    finding::{Finding, Level},
    identity::{CertificateTerms, HashAlgorithm, Pkcs12Encryption},
    mail::{MailAccount, MailAuthentication, MailServer},
    platform::Platform,
    profile::Profile,
    settings::Settings,
    source::UsernameSource,
};

/// Says what will probably not do what was meant. `channel` is the channel the profile is to be sent on, if that is decided already.
///
/// Rules: `profile.invalid` (each complaint of [`Profile::validate`]), `macos-channel`, `no-ssl`, `identity-unused`, `identity-on-imap`,
/// `oauth-ignores-host`, `weak-authentication`, `same-password-by-hand-only`, `weak-hash`, `modern-pkcs12`,
/// `plain-scep`, `no-description`, `services-combination`, `username-source`, `knox-notes`, `trust-all-certificates`, `nine-no-key`,
/// `security-identifier-place`, `variable-of-other-platform`, `variable-of-other-store`, each with `profile.` before it; and
/// `certificate-not-linked`, `mail-app-retired`, `schedule-not-sent`, `starttls-port`, `store-mismatch`, `validity-not-sent`, each with
/// `windows.` before it.
pub fn lint(profile: &Profile, channel: Option<Channel>) -> Vec<Finding> {
    let mut findings: Vec<_> = profile
        .validate()
        .into_iter()
        .map(|complaint| {
            let text = format!("found {}, expected {}", complaint.found, complaint.allowed);
            Finding::new("profile.invalid", Level::Error, complaint.path, text)
        })
        .collect();
    let needed = apple::channel(&profile.settings);
    if profile.settings.platform() == Platform::Macos
        && needed == Channel::User
        && channel == Some(Channel::Device)
    {
        findings.push(Finding::new(
            "profile.macos-channel",
            Level::Error,
            "type",
            "macOS takes this profile on the user channel only",
        ));
    }
    if profile
        .description
        .as_ref()
        .is_none_or(|text| text.trim().is_empty())
    {
        findings.push(Finding::new(
            "profile.no-description",
            Level::Note,
            "description",
            "is recommended, so that others know what the profile is for",
        ));
    }
    match &profile.settings {
        Settings::IosExchange(settings) => {
            exchange(&settings.account, &mut findings);
            services(&settings.eas_services, &mut findings);
        }
        Settings::MacosExchange(settings) => exchange(&settings.account, &mut findings),
        Settings::IosMail(settings) => mail(&settings.account, &mut findings),
        Settings::MacosMail(settings) => mail(&settings.account, &mut findings),
        Settings::KnoxExchange(settings) => {
            no_ssl(settings.require_ssl, &mut findings);
            android::knox(settings, &mut findings);
        }
        Settings::AndroidWorkGmail(settings) => {
            no_ssl(settings.account.require_ssl, &mut findings);
            android::gmail(settings, &mut findings);
        }
        Settings::AndroidWorkNine(settings) => {
            no_ssl(settings.account.require_ssl, &mut findings);
            android::nine(settings, &mut findings);
        }
        Settings::Windows10Exchange(settings) => {
            no_ssl(settings.account.require_ssl, &mut findings);
            windows::exchange(&settings.account, &mut findings);
            windows::mail_app(&mut findings);
        }
        Settings::WindowsPhone81Exchange(settings) => {
            no_ssl(settings.account.require_ssl, &mut findings);
            windows::exchange(&settings.account, &mut findings);
        }
        Settings::WindowsMail(settings) => {
            server("incoming_server", &settings.incoming_server, &mut findings);
            server("outgoing_server", &settings.outgoing_server, &mut findings);
            windows::mail(settings, &mut findings);
            windows::mail_app(&mut findings);
        }
        Settings::TrustedCertificate(settings) => windows::store(settings, &mut findings),
        Settings::ImportedPkcs(_) | Settings::DerivedCredential(_) => {}
        Settings::ScepCertificate(settings) => {
            terms(&settings.terms, &mut findings);
            windows::validity(&settings.terms, &mut findings);
            for (index, url) in settings.scep_server_urls.iter().enumerate() {
                if url.starts_with("http://") {
                    findings.push(Finding::new(
                        "profile.plain-scep",
                        Level::Note,
                        format!("scep_server_urls[{index}]"),
                        "SCEP protects its messages itself, but the challenge is only as secret as this profile",
                    ));
                }
            }
        }
        Settings::PkcsCertificate(settings) => {
            terms(&settings.terms, &mut findings);
            if settings.encryption == Pkcs12Encryption::Modern {
                findings.push(Finding::new(
                    "profile.modern-pkcs12",
                    Level::Warning,
                    "encryption",
                    "older systems read the legacy encryption only, and report a wrong password",
                ));
            }
        }
    }
    findings
}

fn no_ssl(require_ssl: bool, findings: &mut Vec<Finding>) {
    if !require_ssl {
        findings.push(Finding::new(
            "profile.no-ssl",
            Level::Warning,
            "require_ssl",
            "mail and password cross the network readable by anyone",
        ));
    }
}

/// Intune's portal offers five choices of what is synchronised; a device takes any.
fn services(services: &[EasService], findings: &mut Vec<Finding>) {
    const OFFERED: [&[EasService]; 5] = [
        &EAS_SERVICES,
        &[EasService::Email],
        &[EasService::Calendars],
        &[EasService::Calendars, EasService::Contacts],
        &[EasService::Contacts],
    ];
    let same = |offered: &&[EasService]| {
        EAS_SERVICES
            .iter()
            .all(|service| offered.contains(service) == services.contains(service))
    };
    if !services.is_empty() && !OFFERED.iter().any(same) {
        findings.push(Finding::new(
            "profile.services-combination",
            Level::Note,
            "eas_services",
            "is none of the combinations Intune's portal offers: all, email, calendars, contacts, calendars and contacts",
        ));
    }
}

fn exchange(account: &ExchangeAccount, findings: &mut Vec<Finding>) {
    no_ssl(account.require_ssl, findings);
    if account.username_source == UsernameSource::Username {
        findings.push(Finding::new(
            "profile.username-source",
            Level::Note,
            "username_source",
            "Microsoft Graph has username on Android only",
        ));
    }
    if account.authentication_method == AuthenticationMethod::UsernameAndPassword
        && account.identity_certificate.is_some()
    {
        findings.push(Finding::new(
            "profile.identity-unused",
            Level::Warning,
            "identity_certificate",
            "is not delivered, because `authentication_method` is username_and_password",
        ));
    }
    if account.use_oauth && account.oauth_sign_in_url.is_none() {
        findings.push(Finding::new(
            "profile.oauth-ignores-host",
            Level::Note,
            "host_name",
            "with OAuth and no `oauth_sign_in_url` the device finds the server itself",
        ));
    }
}

fn mail(account: &MailAccount, findings: &mut Vec<Finding>) {
    if account.identity_certificate.is_some() {
        findings.push(Finding::new(
            "profile.identity-on-imap",
            Level::Warning,
            "identity_certificate",
            "is delivered, but IMAP, POP and SMTP accounts cannot sign in with it",
        ));
    }
    if account.outgoing_password_same_as_incoming {
        findings.push(Finding::new(
            "profile.same-password-by-hand-only",
            Level::Warning,
            "outgoing_password_same_as_incoming",
            "does nothing where the profile is installed by MDM",
        ));
    }
    server("incoming_server", &account.incoming_server, findings);
    server("outgoing_server", &account.outgoing_server, findings);
}

fn server(path: &str, server: &MailServer, findings: &mut Vec<Finding>) {
    if !server.use_ssl {
        findings.push(Finding::new(
            "profile.no-ssl",
            Level::Warning,
            format!("{path}.use_ssl"),
            "mail and password cross the network readable by anyone",
        ));
    }
    let weak = match server.authentication {
        MailAuthentication::None => "nobody is authenticated",
        MailAuthentication::CramMd5 | MailAuthentication::Ntlm | MailAuthentication::HttpMd5 => {
            "rests on MD4 or MD5, and few servers still offer it"
        }
        MailAuthentication::Password => return,
    };
    findings.push(Finding::new(
        "profile.weak-authentication",
        Level::Note,
        format!("{path}.authentication"),
        weak,
    ));
}

fn terms(terms: &CertificateTerms, findings: &mut Vec<Finding>) {
    names::names(terms, findings);
    if terms.hash_algorithm == HashAlgorithm::Sha1 {
        findings.push(Finding::new(
            "profile.weak-hash",
            Level::Warning,
            "hash_algorithm",
            "current systems refuse certificates signed with SHA-1",
        ));
    }
}
