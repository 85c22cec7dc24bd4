//! What is allowed in a profile, but probably does not do what was meant.

use crate::{
    apple::{self, Channel},
    exchange::{AuthenticationMethod, ExchangeAccount},
    finding::{Finding, Level},
    identity::{CertificateTerms, HashAlgorithm, Pkcs12Encryption},
    mail::{MailAccount, MailAuthentication, MailServer},
    platform::Platform,
    profile::Profile,
    settings::Settings,
};

/// Says what will probably not do what was meant. `channel` is the channel the profile is to be sent on, if that is decided already.
///
/// Rules: `profile.invalid` (each complaint of [`Profile::validate`]), `macos-channel`, `no-ssl`, `identity-unused`, `identity-on-imap`,
/// `oauth-ignores-host`, `weak-authentication`, `same-password-by-hand-only`, `weak-hash`, `modern-pkcs12`,
/// `plain-scep`, each with `profile.` before it.
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
    match &profile.settings {
        Settings::IosExchange(settings) => exchange(&settings.account, &mut findings),
        Settings::MacosExchange(settings) => exchange(&settings.account, &mut findings),
        Settings::IosMail(settings) => mail(&settings.account, &mut findings),
        Settings::MacosMail(settings) => mail(&settings.account, &mut findings),
        Settings::TrustedCertificate(_)
        | Settings::KnoxExchange(_)
        | Settings::AndroidWorkGmail(_)
        | Settings::AndroidWorkNine(_)
        | Settings::ImportedPkcs(_)
        | Settings::DerivedCredential(_) => {}
        Settings::ScepCertificate(settings) => {
            terms(&settings.terms, &mut findings);
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

fn exchange(account: &ExchangeAccount, findings: &mut Vec<Finding>) {
    if !account.require_ssl {
        findings.push(Finding::new(
            "profile.no-ssl",
            Level::Warning,
            "require_ssl",
            "mail and password cross the network readable by anyone",
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
    if terms.hash_algorithm == HashAlgorithm::Sha1 {
        findings.push(Finding::new(
            "profile.weak-hash",
            Level::Warning,
            "hash_algorithm",
            "current systems refuse certificates signed with SHA-1",
        ));
    }
}
