//! Which edition of Intune's rules applies.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The edition of Microsoft's "Add e-mail settings to devices using Intune" whose rules apply. Written `2017`, `2020`, `current`.
///
/// The editions differ in the oldest systems they serve, in whether the only mail profile of a device can be removed, in whether
/// profiles go to groups of devices or of users, and in whether a certificate chain must go to the same groups.
/// ```
/// # use mdm_payloads::Semantics;
/// assert_eq!("2017".parse(), Ok(Semantics::Y2017));
/// assert_eq!(Semantics::default().to_string(), "2020");
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum Semantics {
    /// The edition of May 2017.
    #[serde(rename = "2017")]
    Y2017,
    /// The edition of May 2020.
    #[default]
    #[serde(rename = "2020")]
    Y2020,
    /// What Microsoft documents now.
    #[serde(rename = "current")]
    Current,
}

/// A text that names no edition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("semantics `{0}`: expected 2017, 2020 or current")]
pub struct UnknownSemantics(String);

impl Semantics {
    /// Every edition, oldest first.
    pub const ALL: [Self; 3] = [Self::Y2017, Self::Y2020, Self::Current];

    /// The name users write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Y2017 => "2017",
            Self::Y2020 => "2020",
            Self::Current => "current",
        }
    }

    /// Whether the only mail profile of a device is removed from it. Not in 2017; the product changed in October 2018.
    pub fn removes_only_mail_profile(self) -> bool {
        match self {
            Self::Y2017 => false,
            Self::Y2020 | Self::Current => true,
        }
    }

    /// Whether every profile of a certificate chain must go to the same groups.
    pub fn wants_chain_in_same_groups(self) -> bool {
        match self {
            Self::Y2017 => false,
            Self::Y2020 | Self::Current => true,
        }
    }
}

impl FromStr for Semantics {
    type Err = UnknownSemantics;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|edition| edition.as_str() == text)
            .ok_or_else(|| UnknownSemantics(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Semantics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelled_alike_everywhere() {
        for edition in Semantics::ALL {
            assert_eq!(edition.to_string().parse(), Ok(edition));
            assert_eq!(serde_json::to_value(edition).unwrap(), edition.as_str());
        }
        assert_eq!(
            "2018".parse::<Semantics>().unwrap_err().to_string(),
            "semantics `2018`: expected 2017, 2020 or current"
        );
    }

    /// R24, R25: removal of the only profile.
    #[test]
    fn r25_the_only_profile_goes_since_2020() {
        assert!(!Semantics::Y2017.removes_only_mail_profile());
        assert!(Semantics::Y2020.removes_only_mail_profile());
        assert!(Semantics::Current.removes_only_mail_profile());
    }
}
