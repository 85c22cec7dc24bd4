//! A device: what it said of itself, the identity it is bound to, and how far its enrollment got.

use std::collections::BTreeMap;

use mdm_payloads::{Secret, User};
use serde::{Deserialize, Serialize};

use crate::id::{CodeText, DeviceId, Fingerprint, Scope, Version};
use crate::time::Timestamp;
use crate::windows::WindowsEnrollment;

/// What kind of system a device runs, as far as its own words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// iPhone and iPod touch.
    Ios,
    /// iPad.
    Ipados,
    /// Mac.
    Macos,
    /// Apple TV.
    Tvos,
    /// Apple Vision.
    Visionos,
    /// Apple Watch.
    Watchos,
    /// Windows 8.1 and later on a PC or in a virtual machine.
    Windows,
    /// Windows Phone 8.1 and Windows 10 Mobile.
    WindowsPhone,
    /// A device that has not said yet, or said something unknown.
    Unknown,
}

impl Platform {
    /// Reads the platform from Apple's `ProductName` (`iPhone14,2`, `Mac14,7`, `MacBookPro18,3`).
    pub fn from_product(product: &str) -> Self {
        for (prefix, platform) in [
            ("iPhone", Self::Ios),
            ("iPod", Self::Ios),
            ("iPad", Self::Ipados),
            ("AppleTV", Self::Tvos),
            ("RealityDevice", Self::Visionos),
            ("Watch", Self::Watchos),
        ] {
            if product.starts_with(prefix) {
                return platform;
            }
        }
        if product.contains("Mac") {
            Self::Macos
        } else {
            Self::Unknown
        }
    }

    /// The name used in the API and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ios => "ios",
            Self::Ipados => "ipados",
            Self::Macos => "macos",
            Self::Tvos => "tvos",
            Self::Visionos => "visionos",
            Self::Watchos => "watchos",
            Self::Windows => "windows",
            Self::WindowsPhone => "windows_phone",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether what happened on this device proves anything about hardware: simulated means enrolled
/// with a code that was minted for a simulator; everything else counts as real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reality {
    /// Counts as a real device.
    Real,
    /// A simulated device.
    Simulated,
}

/// How far a device's enrollment got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Its identity was issued; it has not checked in. Often a trust or network problem.
    IdentityIssued,
    /// It sent `Authenticate` and no `TokenUpdate` yet: not manageable.
    Authenticated,
    /// It sent `TokenUpdate`: manageable.
    Enrolled,
    /// It left, was unenrolled, or was erased.
    Removed,
}

impl DeviceState {
    /// The name used in the API and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdentityIssued => "identity_issued",
            Self::Authenticated => "authenticated",
            Self::Enrolled => "enrolled",
            Self::Removed => "removed",
        }
    }

    /// What a person can do when a device stays in this state; nothing where it may stay.
    pub const fn hint(self) -> Option<&'static str> {
        match self {
            Self::IdentityIssued => Some(
                "the device got its identity but never checked in: does it trust the root for TLS (on iOS: \
                 Settings > General > About > Certificate Trust Settings; on Windows: Local Computer > Trusted Root \
                 Certification Authorities), and does it reach the device URL?",
            ),
            Self::Authenticated => Some(
                "the device checked in but sent no push token: it waits for Apple's push service to give it one; \
                 check that it reaches the internet (macOS 27 guests in virtual machines get none)",
            ),
            Self::Enrolled | Self::Removed => None,
        }
    }
}

/// A second identity a device may already use while its enrollment is being replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// The new identity, once it was seen in `Authenticate`.
    pub identity: Option<Fingerprint>,
    /// The new identity sent `TokenUpdate`.
    pub token_updated: bool,
    /// The command that carried the new enrollment profile was acknowledged.
    pub acknowledged: bool,
    /// From here on the replacement is forgotten and only the old identity counts.
    pub expires_at: Timestamp,
}

impl Replacement {
    /// How long both identities are accepted, in seconds.
    pub const WINDOW_SECONDS: i64 = 30 * 60;

    /// One that was announced now, and of which nothing was seen yet.
    pub const fn announced(now: Timestamp) -> Self {
        Self {
            identity: None,
            token_updated: false,
            acknowledged: false,
            expires_at: Self::end(now),
        }
    }

    /// When one that was announced now ends.
    pub const fn end(now: Timestamp) -> Timestamp {
        now.plus_seconds(Self::WINDOW_SECONDS)
    }
}

/// What a device said of itself in `Authenticate` and later. Everything is its own word.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardware {
    /// `UDID`, or `EnrollmentID` of a user enrollment: opaque text, never re-cased.
    pub udid: Option<String>,
    /// `SerialNumber`.
    pub serial_number: Option<String>,
    /// `ProductName`, such as `iPhone14,2`.
    pub product_name: Option<String>,
    /// `Model`.
    pub model: Option<String>,
    /// `ModelName`.
    pub model_name: Option<String>,
    /// `DeviceName`, which its owner chose.
    pub device_name: Option<String>,
    /// `OSVersion`.
    pub os_version: Option<String>,
    /// `BuildVersion`.
    pub build_version: Option<String>,
    /// `IMEI`.
    pub imei: Option<String>,
    /// `MEID`.
    pub meid: Option<String>,
}

impl Hardware {
    /// Takes what a device answered to `DeviceInformation`: newer than what it said at enrollment,
    /// and on iOS the only source of its name.
    pub fn learn(&mut self, query: &str, answer: &str) {
        let field = match query {
            "DeviceName" => &mut self.device_name,
            "OSVersion" => &mut self.os_version,
            "BuildVersion" => &mut self.build_version,
            "ModelName" => &mut self.model_name,
            "Model" => &mut self.model,
            "ProductName" => &mut self.product_name,
            _ => return,
        };
        *field = Some(answer.chars().take(255).collect());
    }
}

/// One device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// Our key.
    pub id: DeviceId,
    /// Times written.
    pub version: Version,
    /// Where it belongs.
    pub scope: Scope,
    /// Its system.
    pub platform: Platform,
    /// Real or simulated.
    pub reality: Reality,
    /// How far its enrollment got.
    pub state: DeviceState,
    /// Since when.
    pub state_since: Timestamp,
    /// First seen.
    pub created_at: Timestamp,
    /// What it said of itself.
    pub hardware: Hardware,
    /// The code that let it in; none under open enrollment.
    pub code: Option<CodeText>,
    /// Whose device it is: the user that mail profiles are rendered for.
    pub user: Option<User>,
    /// The push topic it enrolled with.
    pub topic: Option<String>,
    /// The identity it is bound to.
    pub identity: Option<Fingerprint>,
    /// A replacement of its enrollment under way.
    pub replacement: Option<Replacement>,
    /// It waits in Setup Assistant for `DeviceConfigured`.
    pub awaiting_configuration: bool,
    /// `UnlockToken`, base64: clears a passcode; the last one that was not empty.
    pub unlock_token: Option<Secret>,
    /// `BootstrapToken`, base64.
    pub bootstrap_token: Option<Secret>,
    /// The last answers to `DeviceInformation` and `SecurityInfo`, as text by query.
    pub information: BTreeMap<String, String>,
    /// What belongs to a Windows enrollment; none on every other device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<Box<WindowsEnrollment>>,
}

impl Device {
    /// Answers to queries that are kept; further ones are dropped.
    pub const MOST_FACTS: usize = 1024;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_the_name_an_iphone_tells_later() {
        let mut hardware = Hardware {
            os_version: Some("26.0".into()),
            ..Hardware::default()
        };
        hardware.learn("DeviceName", "R\u{e9}my's <iPhone>");
        hardware.learn("OSVersion", "26.1");
        hardware.learn("IsSupervised", "true");
        let expected = Hardware {
            device_name: Some("R\u{e9}my's <iPhone>".into()),
            os_version: Some("26.1".into()),
            ..Hardware::default()
        };
        assert_eq!(hardware, expected);
    }

    #[test]
    fn reads_platforms_from_product_names() {
        for (product, platform) in [
            ("iPhone14,2", Platform::Ios),
            ("iPad13,4", Platform::Ipados),
            ("iMac21,1", Platform::Macos),
            ("MacBookPro18,3", Platform::Macos),
            ("VirtualMac2,1", Platform::Macos),
            ("AppleTV11,1", Platform::Tvos),
            ("Toaster1,1", Platform::Unknown),
        ] {
            assert_eq!(Platform::from_product(product), platform, "{product}");
        }
    }
}
