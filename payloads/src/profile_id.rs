//! The name a profile is known by.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The identifier of a profile, chosen by its author: 1 to 64 characters of `a-z 0-9 . _ -`, the first a letter or digit.
///
/// It becomes part of `PayloadIdentifier`, hence the narrow alphabet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileId(String);

/// A text that is no [`ProfileId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "profile id `{0}`: expected 1 to 64 characters of a-z 0-9 . _ - beginning with a letter or digit"
)]
pub struct InvalidProfileId(String);

impl ProfileId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProfileId {
    type Err = InvalidProfileId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let fits = text.len() <= 64
            && text.starts_with(alphanumeric)
            && text.chars().all(|c| alphanumeric(c) || "._-".contains(c));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidProfileId(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for ProfileId {
    type Error = InvalidProfileId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ProfileId> for String {
    fn from(id: ProfileId) -> Self {
        id.0
    }
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_and_refuses() {
        let longest = "a".repeat(64);
        for good in ["a", "0", "mail.eas_v2-x", &longest] {
            assert_eq!(good.parse::<ProfileId>().unwrap().as_str(), good);
        }
        let too_long = "a".repeat(65);
        for bad in ["", ".a", "-a", "A", "a b", "é", "a/b", &too_long] {
            assert_eq!(
                bad.parse::<ProfileId>().unwrap_err().to_string(),
                format!(
                    "profile id `{bad}`: expected 1 to 64 characters of a-z 0-9 . _ - beginning with a letter or digit"
                )
            );
        }
    }
}
