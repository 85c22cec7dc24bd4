//! Which system a check is made for, and what a system has.

use crate::{apple::Channel, os_version::OsVersion, platform::Platform};

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
