//! Which system an operation is for.

use serde::{Deserialize, Serialize};

use crate::{os_version::OsVersion, platform::Platform};

/// A kind of Windows, as far as its management tree goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// Windows 10 and 11, and Windows 10 Mobile.
    Windows10,
    /// Windows Phone 8.1, of which Microsoft publishes no description; what is told of it in its documentation holds.
    #[serde(rename = "windowsphone81")]
    WindowsPhone81,
}

impl System {
    /// The system of `platform`; none for those that are not Windows.
    pub fn of(platform: Platform) -> Option<Self> {
        match platform {
            Platform::Windows10 => Some(Self::Windows10),
            Platform::WindowsPhone81 => Some(Self::WindowsPhone81),
            Platform::Ios
            | Platform::Macos
            | Platform::AndroidKnox
            | Platform::AndroidWork
            | Platform::AndroidOwner => None,
        }
    }

    /// Its platform.
    pub fn platform(self) -> Platform {
        match self {
            Self::Windows10 => Platform::Windows10,
            Self::WindowsPhone81 => Platform::WindowsPhone81,
        }
    }
}

/// What an operation is checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The system.
    pub system: System,
    /// Its version, `10.0.19045`, as `DevDetail/SwV` tells it; not checked where it is not known.
    pub build: Option<OsVersion>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_platforms() {
        for system in [System::Windows10, System::WindowsPhone81] {
            assert_eq!(System::of(system.platform()), Some(system));
            assert_eq!(
                serde_json::to_value(system).unwrap(),
                system.platform().as_str()
            );
        }
    }
}
