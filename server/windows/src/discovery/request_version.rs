use std::{fmt, str::FromStr};

/// The version of the enrollment protocol that a client speaks: 1.0 to 99.9. Every one of them is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestVersion {
    major: u8,
    minor: u8,
}

/// Why a text is no [`RequestVersion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("version is not a number from 1.0 to 99.9")]
pub struct BadRequestVersion;

impl RequestVersion {
    /// The newest that the answer speaks, whatever the client does.
    pub const OURS: Self = Self { major: 4, minor: 0 };

    /// What the answer is in: the client's version, or ours if that is older.
    #[must_use]
    pub fn answered(self) -> Self {
        self.min(Self::OURS)
    }
}

impl FromStr for RequestVersion {
    type Err = BadRequestVersion;

    /// `4.0`, and `4` likewise.
    fn from_str(text: &str) -> Result<Self, BadRequestVersion> {
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        let number = |digits: &str, longest: usize| {
            let plain =
                (1..=longest).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            plain
                .then(|| digits.parse().ok())
                .flatten()
                .ok_or(BadRequestVersion)
        };
        let (major, minor) = (number(major, 2)?, number(minor, 1)?);
        if major == 0 {
            return Err(BadRequestVersion);
        }
        Ok(Self { major, minor })
    }
}

impl fmt::Display for RequestVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::RequestVersion;

    #[test]
    fn versions() {
        for (text, version, answered) in [
            ("1.0", Some("1.0"), Some("1.0")),
            ("2.0", Some("2.0"), Some("2.0")),
            ("4", Some("4.0"), Some("4.0")),
            ("5.0", Some("5.0"), Some("4.0")),
            ("9.0", Some("9.0"), Some("4.0")),
            ("10.0", Some("10.0"), Some("4.0")),
            ("99.9", Some("99.9"), Some("4.0")),
            ("0.9", None, None),
            ("100.0", None, None),
            ("4.00", None, None),
            ("4.", None, None),
            ("+4.0", None, None),
            ("4.0.0", None, None),
            ("four", None, None),
            ("", None, None),
        ] {
            let parsed = text.parse::<RequestVersion>().ok();
            assert_eq!(parsed.map(|v| v.to_string()).as_deref(), version, "{text}");
            assert_eq!(
                parsed.map(|v| v.answered().to_string()).as_deref(),
                answered,
                "{text}"
            );
        }
    }
}
