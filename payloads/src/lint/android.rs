//! What is seen of accounts on Android alone.

use crate::{
    finding::{Finding, Level},
    knox::KnoxExchange,
    source::UsernameSource,
    work_mail::{AndroidWorkGmail, AndroidWorkNine, NineValue, WorkAccount},
};

pub(super) fn knox(settings: &KnoxExchange, findings: &mut Vec<Finding>) {
    if settings.sync_notes {
        findings.push(Finding::new(
            "profile.knox-notes",
            Level::Note,
            "sync_notes",
            "has been reported to fail with 0x87D1FDE8",
        ));
    }
}

pub(super) fn gmail(settings: &AndroidWorkGmail, findings: &mut Vec<Finding>) {
    account(&settings.account, findings);
    if settings.trust_all_certificates {
        findings.push(Finding::new(
            "profile.trust-all-certificates",
            Level::Warning,
            "trust_all_certificates",
            "whoever answers for the server is believed",
        ));
    }
}

pub(super) fn nine(settings: &AndroidWorkNine, findings: &mut Vec<Finding>) {
    account(&settings.account, findings);
    let mut needed = vec![NineValue::EmailAddress, NineValue::UserName];
    if settings.account.authentication_identity().is_some() {
        needed.push(NineValue::CertificateAlias);
    }
    for value in needed {
        if settings.key(value).is_none() {
            findings.push(Finding::new(
                "profile.nine-no-key",
                Level::Warning,
                "key_map",
                format!(
                    "has no key for {}, which is therefore not sent",
                    value.as_str()
                ),
            ));
        }
    }
}

fn account(account: &WorkAccount, findings: &mut Vec<Finding>) {
    match account.username_source {
        UsernameSource::UserPrincipalName | UsernameSource::Username => {}
        UsernameSource::PrimarySmtpAddress | UsernameSource::SamAccountName => {
            findings.push(Finding::new(
                "profile.username-source",
                Level::Warning,
                "username_source",
                "Intune's portal offers user_principal_name and username only for these apps",
            ));
        }
    }
}
