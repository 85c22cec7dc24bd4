//! Which system an operation is for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::platform::Platform;

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

/// A build of Windows, `10.0.19045`. What stands after the third number, the update, is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OsBuild([u32; 3]);

/// A text that is no build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("build `{0}`: expected three or four numbers with dots between them")]
pub struct InvalidOsBuild(String);

impl FromStr for OsBuild {
    type Err = InvalidOsBuild;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidOsBuild(text.chars().take(40).collect());
        let numbers: Vec<u32> = text
            .trim()
            .splitn(5, '.')
            .map(|part| part.parse().map_err(|_| invalid()))
            .collect::<Result<_, _>>()?;
        match *numbers.as_slice() {
            [major, minor, build] | [major, minor, build, _] => Ok(Self([major, minor, build])),
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for OsBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, build] = self.0;
        write!(f, "{major}.{minor}.{build}")
    }
}

impl TryFrom<String> for OsBuild {
    type Error = InvalidOsBuild;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<OsBuild> for String {
    fn from(build: OsBuild) -> Self {
        build.to_string()
    }
}

/// What an operation is checked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The system.
    pub system: System,
    /// Its build, as `DevDetail/SwV` tells it; not checked where it is not known.
    pub build: Option<OsBuild>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds() {
        for (text, shown) in [
            ("10.0.19045", Some("10.0.19045")),
            ("10.0.22631.2715", Some("10.0.22631")),
            (" 8.10.14219.341 ", Some("8.10.14219")),
            ("10.0", None),
            ("10", None),
            ("", None),
            ("10.0.1.2.3", None),
            ("10.0.-1", None),
            ("10.0.99999999999", None),
        ] {
            let build = text.parse::<OsBuild>().ok().map(|build| build.to_string());
            assert_eq!(build.as_deref(), shown, "{text}");
        }
        let build = |text: &str| text.parse::<OsBuild>().unwrap();
        assert!(build("10.0.9600") < build("10.0.10240"));
        assert!(build("8.10.14219") < build("10.0.10240"));
        for system in [System::Windows10, System::WindowsPhone81] {
            assert_eq!(System::of(system.platform()), Some(system));
            assert_eq!(
                serde_json::to_value(system).unwrap(),
                system.platform().as_str()
            );
        }
    }
}
