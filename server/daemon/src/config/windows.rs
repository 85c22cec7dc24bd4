//! What a server is told about Windows devices.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use mdm_core::windows::Proof;

/// What Windows devices are told when they enroll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// How a device may say who enrolls, the preferred way first; at least one.
    pub policies: Vec<EnrollmentPolicy>,
    /// How long its certificate is valid: a second to ten years.
    pub certificate_lifetime: Duration,
    /// How many days before its end it is renewed: 1 to 1000.
    pub renew_days: u16,
    /// After how many days it tries again: 1 to 1000.
    pub retry_days: u16,
    /// The weakest proof that a management session is accepted with.
    pub proof: Proof,
    /// From one session to the next, in minutes: 1 to 10 080. Windows Phone 8.1 takes no less than a day for good.
    pub poll_minutes: u32,
}

impl Windows {
    /// The default of [`Windows::certificate_lifetime`].
    pub const CERTIFICATE_LIFETIME: Duration = Duration::from_hours(365 * 24);
    /// The default of [`Windows::renew_days`].
    pub const RENEW_DAYS: u16 = 42;
    /// The default of [`Windows::retry_days`].
    pub const RETRY_DAYS: u16 = 7;
    /// The default of [`Windows::poll_minutes`].
    pub const POLL_MINUTES: u32 = 1;
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            policies: vec![EnrollmentPolicy::OnPremise, EnrollmentPolicy::Federated],
            certificate_lifetime: Self::CERTIFICATE_LIFETIME,
            renew_days: Self::RENEW_DAYS,
            retry_days: Self::RETRY_DAYS,
            proof: Proof::Certificate,
            poll_minutes: Self::POLL_MINUTES,
        }
    }
}

/// How a device may say who enrolls (`AuthPolicy`, [MS-MDE2] 3.1.4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnrollmentPolicy {
    /// By name and password, typed on the device.
    OnPremise,
    /// By a login page.
    Federated,
    /// By a certificate of a provisioning package.
    Certificate,
}

/// A word that is no enrollment policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of on-premise, federated, certificate")]
pub struct UnknownPolicy(String);

impl EnrollmentPolicy {
    /// The word used in settings and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnPremise => "on-premise",
            Self::Federated => "federated",
            Self::Certificate => "certificate",
        }
    }
}

impl FromStr for EnrollmentPolicy {
    type Err = UnknownPolicy;

    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        [Self::OnPremise, Self::Federated, Self::Certificate]
            .into_iter()
            .find(|policy| policy.as_str() == text)
            .ok_or_else(|| UnknownPolicy(text.to_owned()))
    }
}

impl fmt::Display for EnrollmentPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Windows {
    /// Tells what is wrong with the values, by setting.
    pub(super) fn complain(&self, complain: &mut impl FnMut(&'static str, String)) {
        if self.policies.is_empty() {
            complain(
                "windows_policy",
                "at least one way to enroll is needed".to_owned(),
            );
        }
        let life = self.certificate_lifetime;
        if life < Duration::from_secs(1) || life > Duration::from_hours(3660 * 24) {
            complain(
                "windows_certificate_lifetime",
                "a second to ten years are allowed".to_owned(),
            );
        }
        for (setting, days) in [
            ("windows_renew_days", self.renew_days),
            ("windows_retry_days", self.retry_days),
        ] {
            if !(1..=1000).contains(&days) {
                complain(setting, "1 to 1000 days are allowed".to_owned());
            }
        }
        if !(1..=10_080).contains(&self.poll_minutes) {
            complain(
                "windows_poll_minutes",
                "1 to 10080 minutes are allowed".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_bounds_are_told_by_setting() {
        let wrong = Windows {
            policies: Vec::new(),
            certificate_lifetime: Duration::from_millis(1),
            renew_days: 0,
            retry_days: 1001,
            proof: Proof::Basic,
            poll_minutes: 0,
        };
        for (windows, expected) in [
            (Windows::default(), &[][..]),
            (
                wrong,
                &[
                    "windows_policy",
                    "windows_certificate_lifetime",
                    "windows_renew_days",
                    "windows_retry_days",
                    "windows_poll_minutes",
                ],
            ),
        ] {
            let mut told = Vec::new();
            windows.complain(&mut |setting, _| told.push(setting));
            assert_eq!(told, expected);
        }
        assert_eq!("federated".parse(), Ok(EnrollmentPolicy::Federated));
        assert_eq!(
            "Federated"
                .parse::<EnrollmentPolicy>()
                .unwrap_err()
                .to_string(),
            "`Federated` is none of on-premise, federated, certificate"
        );
    }
}
