//! Versions of operating systems.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A version of an operating system: up to four numbers, since Windows has that many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OsVersion([u16; 4]);

/// A text that is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("version `{0}`: expected up to four numbers with dots between them")]
pub struct InvalidOsVersion(String);

impl OsVersion {
    /// The version `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self([major, minor, 0, 0])
    }

    /// Its first number.
    pub fn major(self) -> u16 {
        let [major, ..] = self.0;
        major
    }
}

impl FromStr for OsVersion {
    type Err = InvalidOsVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidOsVersion(text.chars().take(40).collect());
        let mut numbers = [0; 4];
        let mut parts = text.split('.');
        for (index, slot) in numbers.iter_mut().enumerate() {
            match parts.next() {
                Some(part) => *slot = part.parse().map_err(|_| invalid())?,
                None if index == 0 => return Err(invalid()),
                None => {}
            }
        }
        match parts.next() {
            Some(_) => Err(invalid()),
            None => Ok(Self(numbers)),
        }
    }
}

impl TryFrom<String> for OsVersion {
    type Error = InvalidOsVersion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<OsVersion> for String {
    fn from(version: OsVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for OsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch, build] = self.0;
        write!(f, "{major}.{minor}")?;
        if patch > 0 || build > 0 {
            write!(f, ".{patch}")?;
        }
        if build > 0 {
            write!(f, ".{build}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, shown) in [
            ("17", Some("17.0")),
            ("10.13.4", Some("10.13.4")),
            ("10.0.22631.0", Some("10.0.22631")),
            ("10.0.19045.4170", Some("10.0.19045.4170")),
            ("", None),
            ("1.2.3.4.5", None),
            ("a", None),
            ("1..2", None),
            ("70000", None),
        ] {
            let version = text.parse::<OsVersion>().ok().map(|v| v.to_string());
            assert_eq!(version.as_deref(), shown, "{text}");
        }
        let version = |text: &str| text.parse::<OsVersion>().unwrap();
        assert!(version("10.9") < version("10.13.4"));
        assert_eq!(version("8.1"), OsVersion::new(8, 1));
        assert_eq!(version("8.1").major(), 8);
    }
}
