//! What happens where the user, or another profile, already set up an account.

use crate::settings::SettingsType;

/// What makes two accounts the same account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKey {
    /// Host and mail address.
    HostAndAddress,
    /// The mail address alone.
    Address,
    /// Nothing: no account is ever taken for another.
    Nothing,
}

/// What happens to a profile whose account is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The device refuses the profile, and the user must remove the account.
    Blocks,
    /// The account of the profile takes the place of the other.
    Overwrites,
    /// Both stay.
    Coexists,
}

/// An account as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account<'a> {
    /// The server.
    pub host: &'a str,
    /// The mail address.
    pub address: &'a str,
}

/// What makes a duplicate of an account that a profile of type `kind` sets up, and what happens then (Microsoft, "Add e-mail settings
/// to devices using Intune", existing accounts). `None` where the profile sets up no account.
pub fn rule(kind: SettingsType) -> Option<(AccountKey, Outcome)> {
    Some(match kind {
        SettingsType::IosExchange
        | SettingsType::IosMail
        | SettingsType::MacosExchange
        | SettingsType::MacosMail => (AccountKey::HostAndAddress, Outcome::Blocks),
        SettingsType::Windows10Exchange
        | SettingsType::WindowsPhone81Exchange
        | SettingsType::WindowsMail => (AccountKey::HostAndAddress, Outcome::Overwrites),
        SettingsType::KnoxExchange => (AccountKey::Address, Outcome::Overwrites),
        SettingsType::AndroidWorkGmail | SettingsType::AndroidWorkNine => {
            (AccountKey::Nothing, Outcome::Coexists)
        }
        SettingsType::TrustedCertificate
        | SettingsType::ScepCertificate
        | SettingsType::PkcsCertificate
        | SettingsType::ImportedPkcs
        | SettingsType::DerivedCredential => return None,
    })
}

impl AccountKey {
    /// Whether `a` and `b` are the same account. Case does not matter (the DNS part of either has none, and no mail server in use
    /// distinguishes addresses by it).
    pub fn same(self, a: &Account<'_>, b: &Account<'_>) -> bool {
        let alike = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        match self {
            Self::HostAndAddress => alike(a.host, b.host) && alike(a.address, b.address),
            Self::Address => alike(a.address, b.address),
            Self::Nothing => false,
        }
    }
}

/// What happens when a profile of type `kind` brings `wanted` to a device that has `existing`.
///
/// ```
/// # use mdm_payloads::{SettingsType, duplicate::{Account, Outcome, judge}};
/// let wanted = Account { host: "mail.example.com", address: "ada@example.com" };
/// let by_hand = Account { host: "MAIL.example.com", address: "Ada@example.com" };
/// assert_eq!(judge(SettingsType::IosExchange, &wanted, &by_hand), Outcome::Blocks);
/// ```
pub fn judge(kind: SettingsType, wanted: &Account<'_>, existing: &Account<'_>) -> Outcome {
    match rule(kind) {
        Some((key, outcome)) if key.same(wanted, existing) => outcome,
        Some(_) | None => Outcome::Coexists,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Account<'static> = Account {
        host: "mail.example.com",
        address: "ada@example.com",
    };
    const SAME: Account<'static> = Account {
        host: "Mail.Example.com",
        address: "ADA@example.com",
    };
    const OTHER_HOST: Account<'static> = Account {
        host: "old.example.com",
        address: "ada@example.com",
    };
    const OTHER_ADDRESS: Account<'static> = Account {
        host: "mail.example.com",
        address: "bob@example.com",
    };

    fn judged(kind: SettingsType) -> [Outcome; 3] {
        [SAME, OTHER_HOST, OTHER_ADDRESS].map(|existing| judge(kind, &WANTED, &existing))
    }

    #[test]
    fn r36_the_outcome_depends_on_the_platform() {
        let mut outcomes = Vec::new();
        for kind in SettingsType::ALL {
            if let Some((_, outcome)) = rule(*kind)
                && !outcomes.contains(&outcome)
            {
                outcomes.push(outcome);
            }
        }
        assert_eq!(
            outcomes,
            [Outcome::Blocks, Outcome::Overwrites, Outcome::Coexists]
        );
    }

    #[test]
    fn r37_ios_duplicates_have_host_and_address() {
        use Outcome::{Blocks, Coexists};
        assert_eq!(
            judged(SettingsType::IosExchange),
            [Blocks, Coexists, Coexists]
        );
    }

    #[test]
    fn r38_ios_duplicates_block() {
        assert_eq!(
            judge(SettingsType::IosExchange, &WANTED, &SAME),
            Outcome::Blocks
        );
    }

    #[test]
    fn r41_windows_overwrites_by_host_and_address() {
        use Outcome::{Coexists, Overwrites};
        for kind in [
            SettingsType::Windows10Exchange,
            SettingsType::WindowsPhone81Exchange,
        ] {
            assert_eq!(judged(kind), [Overwrites, Coexists, Coexists], "{kind}");
        }
    }

    #[test]
    fn r42_knox_overwrites_by_address_alone() {
        use Outcome::{Coexists, Overwrites};
        assert_eq!(
            judged(SettingsType::KnoxExchange),
            [Overwrites, Overwrites, Coexists]
        );
    }

    #[test]
    fn r45_work_profile_apps_have_no_duplicates() {
        for kind in [
            SettingsType::AndroidWorkGmail,
            SettingsType::AndroidWorkNine,
        ] {
            assert_eq!(judged(kind), [Outcome::Coexists; 3], "{kind}");
        }
    }

    #[test]
    fn certificates_are_no_accounts() {
        for kind in [
            SettingsType::TrustedCertificate,
            SettingsType::ScepCertificate,
        ] {
            assert_eq!(rule(kind), None);
            assert_eq!(judge(kind, &WANTED, &SAME), Outcome::Coexists);
        }
    }
}
