//! What cannot be rendered for one user and device.

use crate::{
    finding::{Finding, Level},
    profile::Profile,
    settings::Settings,
    subject::Subject,
    variable::{self, RenderError},
    windows_exchange::{Windows10Exchange, WindowsPhone81Exchange},
};

/// Names every value of `profile` that `subject` cannot supply, each of which fails the profile on that device. One rule,
/// `profile.unresolved-variable`.
pub fn lint_rendering(profile: &Profile, subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut try_at = |at: &str, rendered: Result<(), RenderError>| {
        if let Err(error) = rendered {
            findings.push(Finding::new(
                "profile.unresolved-variable",
                Level::Error,
                at,
                error.to_string(),
            ));
        }
    };
    let text = |text: &str| variable::render(text, subject).map(drop);
    match &profile.settings {
        Settings::IosExchange(s) => {
            try_at(
                "email_address_source",
                s.account.email_address(subject).map(drop),
            );
            try_at("username_source", s.account.user_name(subject).map(drop));
        }
        Settings::MacosExchange(s) => {
            try_at(
                "email_address_source",
                s.account.email_address(subject).map(drop),
            );
            try_at("username_source", s.account.user_name(subject).map(drop));
        }
        Settings::Windows10Exchange(Windows10Exchange { account, .. })
        | Settings::WindowsPhone81Exchange(WindowsPhone81Exchange { account, .. }) => {
            try_at(
                "email_address_source",
                account.email_address(subject).map(drop),
            );
            try_at("username_source", account.user_name(subject).map(drop));
        }
        Settings::WindowsMail(s) => {
            try_at("email_address_source", s.email_address(subject).map(drop));
            try_at("username_source", s.user_name(subject).map(drop));
            try_at("sender_name", s.rendered_sender_name(subject).map(drop));
        }
        Settings::KnoxExchange(s) => {
            try_at("email_address_source", s.email_address(subject).map(drop));
            try_at("username_source", s.user_name(subject).map(drop));
        }
        Settings::AndroidWorkGmail(s) => {
            try_at(
                "email_address_source",
                s.account.email_address(subject).map(drop),
            );
            try_at("username_source", s.account.user_name(subject).map(drop));
            for (at, value) in s.templates() {
                try_at(at, text(value));
            }
        }
        Settings::AndroidWorkNine(s) => {
            try_at(
                "email_address_source",
                s.account.email_address(subject).map(drop),
            );
            try_at("username_source", s.account.user_name(subject).map(drop));
        }
        Settings::IosMail(_) | Settings::MacosMail(_) => {
            let account = match &profile.settings {
                Settings::IosMail(s) => &s.account,
                Settings::MacosMail(s) => &s.account,
                _ => return findings,
            };
            try_at(
                "email_address_source",
                account.email_address(subject).map(drop),
            );
            try_at(
                "sender_name",
                account.rendered_sender_name(subject).map(drop),
            );
            for (at, server) in [
                ("incoming_server.username", &account.incoming_server),
                ("outgoing_server.username", &account.outgoing_server),
            ] {
                try_at(at, account.user_name(server, subject).map(drop));
            }
        }
        Settings::ScepCertificate(_) | Settings::PkcsCertificate(_) => {
            let terms = match &profile.settings {
                Settings::ScepCertificate(s) => &s.terms,
                Settings::PkcsCertificate(s) => &s.terms,
                _ => return findings,
            };
            try_at(
                "subject_name_format_string",
                text(&terms.subject_name_format_string),
            );
            for (index, name) in terms.custom_subject_alternative_names.iter().enumerate() {
                try_at(
                    &format!("custom_subject_alternative_names[{index}].name"),
                    text(&name.name),
                );
            }
        }
        Settings::TrustedCertificate(_)
        | Settings::ImportedPkcs(_)
        | Settings::DerivedCredential(_) => {}
    }
    findings
}
