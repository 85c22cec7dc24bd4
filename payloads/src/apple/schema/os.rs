//! Which system a check is made for, and what a system has.

use std::{fmt, str::FromStr};

use crate::{apple::Channel, platform::Platform};

/// A version of an operating system, up to three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OsVersion([u16; 3]);

/// A text that is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("version `{0}`: expected up to three numbers with dots between them")]
pub struct InvalidOsVersion(String);

impl FromStr for OsVersion {
    type Err = InvalidOsVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidOsVersion(text.chars().take(40).collect());
        let mut numbers = [0; 3];
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

impl fmt::Display for OsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}")?;
        if patch > 0 {
            write!(f, ".{patch}")?;
        }
        Ok(())
    }
}

/// What a check is made for. What is `None` is not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The platform.
    pub platform: Platform,
    /// The version of its system.
    pub os_version: Option<OsVersion>,
    /// The channel; checked on macOS only.
    pub channel: Option<Channel>,
}

/// When a platform has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Introduced {
    /// Never.
    Never,
    /// From this version on; from the first if there is none.
    Since(Option<OsVersion>),
}

/// What is known about something on one platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Availability {
    pub(crate) introduced: Introduced,
    pub(crate) deprecated: Option<OsVersion>,
    pub(crate) removed: Option<OsVersion>,
    pub(crate) device_channel: bool,
    pub(crate) user_channel: bool,
    pub(crate) multiple: bool,
}

/// How something stands on a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Available,
    Deprecated(OsVersion),
    Missing,
    Newer(OsVersion),
    Removed(OsVersion),
    OtherChannel,
}

impl Availability {
    pub(crate) fn standing(&self, target: &Target) -> Standing {
        let at_least = |version: OsVersion| target.os_version.is_some_and(|os| os >= version);
        match self.introduced {
            Introduced::Never => return Standing::Missing,
            Introduced::Since(Some(version))
                if target.os_version.is_some_and(|os| os < version) =>
            {
                return Standing::Newer(version);
            }
            Introduced::Since(_) => {}
        }
        if let Some(version) = self.removed.filter(|&version| at_least(version)) {
            return Standing::Removed(version);
        }
        let on_channel = match target.channel {
            Some(Channel::Device) => self.device_channel,
            Some(Channel::User) => self.user_channel,
            None => true,
        };
        if target.platform == Platform::Macos && !on_channel {
            return Standing::OtherChannel;
        }
        match self.deprecated.filter(|&version| at_least(version)) {
            Some(version) => Standing::Deprecated(version),
            None => Standing::Available,
        }
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
            ("", None),
            ("1.2.3.4", None),
            ("a", None),
            ("1..2", None),
            ("70000", None),
        ] {
            let version = text.parse::<OsVersion>().ok().map(|v| v.to_string());
            assert_eq!(version.as_deref(), shown, "{text}");
        }
        let version = |text: &str| text.parse::<OsVersion>().unwrap();
        assert!(version("10.9") < version("10.13.4"));
    }
}
