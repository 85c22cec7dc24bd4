//! The compliance rule that a device must have its managed mail profile.

use std::fmt;

use super::compliance::ComplianceState;
use crate::duplicate::{Account, AccountKey};

/// An account on a device that no profile set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAccount {
    /// Its server.
    pub host: String,
    /// Its mail address.
    pub address: String,
}

/// What is known of a device's mail (Microsoft Graph, `managedEmailProfileRequired` of `iosCompliancePolicy`).
#[derive(Debug, Clone)]
pub struct ManagedEmail<'a> {
    /// The account its mail profile sets up; `None` where no mail profile is assigned.
    pub assigned: Option<Account<'a>>,
    /// Whether that profile goes to the same groups as the policy.
    pub same_groups: bool,
    /// Whether the device reported the profile as installed.
    pub installed: bool,
    /// Whether the device reported at all since the profile was assigned.
    pub reported: bool,
    /// The accounts the user made by hand, as far as the device says.
    pub local: &'a [LocalAccount],
    /// Judge a device that did not report yet as not compliant, which is what administrators complain about.
    pub noncompliant_until_first_report: bool,
}

/// Why a device is not compliant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noncompliance {
    /// No mail profile is assigned, or none is there.
    NoManagedProfile,
    /// The profile goes to other groups than the policy.
    OtherGroups,
    /// The user made the account by hand.
    AccountByHand(LocalAccount),
}

/// How the device stands, and what its user is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedEmailVerdict {
    /// Compliant, not compliant, or unknown until the device reports.
    pub state: ComplianceState,
    /// Why not.
    pub reason: Option<Noncompliance>,
}

impl ManagedEmailVerdict {
    /// What the portal tells the user; `None` where there is nothing to do.
    pub fn message(&self) -> Option<String> {
        self.reason.as_ref().map(ToString::to_string)
    }
}

/// Judges a device whose policy requires a managed mail profile. An account made by hand that equals the managed one comes first:
/// only the user can remove it, and nothing else gets better before.
pub fn managed_email(device: &ManagedEmail<'_>) -> ManagedEmailVerdict {
    let noncompliant = |reason| ManagedEmailVerdict {
        state: ComplianceState::Noncompliant,
        reason: Some(reason),
    };
    let Some(wanted) = &device.assigned else {
        return noncompliant(Noncompliance::NoManagedProfile);
    };
    let by_hand = device.local.iter().find(|account| {
        let account = Account {
            host: &account.host,
            address: &account.address,
        };
        AccountKey::HostAndAddress.same(wanted, &account)
    });
    match (by_hand, device.installed) {
        (Some(account), _) => noncompliant(Noncompliance::AccountByHand(account.clone())),
        (None, _) if !device.same_groups => noncompliant(Noncompliance::OtherGroups),
        (None, true) => ManagedEmailVerdict {
            state: ComplianceState::Compliant,
            reason: None,
        },
        (None, false) if device.reported || device.noncompliant_until_first_report => {
            noncompliant(Noncompliance::NoManagedProfile)
        }
        (None, false) => ManagedEmailVerdict {
            state: ComplianceState::Unknown,
            reason: None,
        },
    }
}

impl fmt::Display for Noncompliance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoManagedProfile => f.write_str(
                "This device has no managed mail account yet. Check its settings again; if the account does not arrive, ask your support.",
            ),
            Self::OtherGroups => f.write_str(
                "Your mail account is managed for another group than this rule. Ask your support.",
            ),
            Self::AccountByHand(LocalAccount { host, address }) => write!(
                f,
                "You set up the account {address} at {host} yourself. Remove it in Settings, then check this device's settings again: \
                 your organization sets it up for you.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r39_the_user_is_told_to_remove_the_account() {
        let by_hand = [LocalAccount {
            host: "MAIL.example.com".into(),
            address: "Ada@example.com".into(),
        }];
        let other = [LocalAccount {
            host: "elsewhere.example".into(),
            address: "ada@example.com".into(),
        }];
        let assigned = Some(Account {
            host: "mail.example.com",
            address: "ada@example.com",
        });
        let base = ManagedEmail {
            assigned,
            same_groups: true,
            installed: false,
            reported: false,
            local: &[],
            noncompliant_until_first_report: false,
        };
        let hand = "You set up the account Ada@example.com at MAIL.example.com yourself. Remove it in Settings, then check this \
                    device's settings again: your organization sets it up for you.";
        let none = "This device has no managed mail account yet. Check its settings again; if the account does not arrive, ask your support.";
        let groups =
            "Your mail account is managed for another group than this rule. Ask your support.";
        for (device, state, message) in [
            (base.with(|d| d.installed = true), "compliant", None),
            (base.with(|_| ()), "unknown", None),
            (base.with(|d| d.reported = true), "noncompliant", Some(none)),
            (
                base.with(|d| d.noncompliant_until_first_report = true),
                "noncompliant",
                Some(none),
            ),
            (base.with(|d| d.assigned = None), "noncompliant", Some(none)),
            (
                base.with(|d| d.local = &by_hand),
                "noncompliant",
                Some(hand),
            ),
            (
                base.with(|d| {
                    d.installed = true;
                    d.local = &other;
                }),
                "compliant",
                None,
            ),
            (
                base.with(|d| {
                    d.installed = true;
                    d.same_groups = false;
                }),
                "noncompliant",
                Some(groups),
            ),
        ] {
            let verdict = managed_email(&device);
            assert_eq!(verdict.state.as_str(), state, "{device:?}");
            assert_eq!(verdict.message().as_deref(), message, "{device:?}");
        }
    }

    impl ManagedEmail<'_> {
        fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
            let mut device = self.clone();
            change(&mut device);
            device
        }
    }
}
