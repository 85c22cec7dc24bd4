//! The platforms a profile can be written for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A platform. A profile is written for exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// iOS and what follows its schema: iPadOS, visionOS.
    Ios,
    /// macOS.
    Macos,
    /// Windows 10 and 11, and Windows 10 Mobile.
    Windows10,
    /// Windows Phone 8.1.
    #[serde(rename = "windowsphone81")]
    WindowsPhone81,
    /// Android under a device administrator, with Samsung Knox.
    AndroidKnox,
    /// The work profile of an Android Enterprise device.
    AndroidWork,
    /// An Android Enterprise device that is managed as a whole.
    AndroidOwner,
}

impl Platform {
    /// The name used in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ios => "ios",
            Self::Macos => "macos",
            Self::Windows10 => "windows10",
            Self::WindowsPhone81 => "windowsphone81",
            Self::AndroidKnox => "android_knox",
            Self::AndroidWork => "android_work",
            Self::AndroidOwner => "android_owner",
        }
    }

    /// Whether it is Apple's.
    pub fn is_apple(self) -> bool {
        matches!(self, Self::Ios | Self::Macos)
    }

    /// Whether it is Android in one of its ways of management.
    pub fn is_android(self) -> bool {
        matches!(
            self,
            Self::AndroidKnox | Self::AndroidWork | Self::AndroidOwner
        )
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
