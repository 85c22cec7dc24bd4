//! A device as profiles are weighed for it.

use mdm_payloads::applicability::{Candidate, NotApplicable, System};
use mdm_payloads::os_version::OsVersion;

use crate::delivery::Reason;
use crate::device::{Device, Platform};

/// What decides whether a profile is for a device.
pub fn candidate(device: &Device) -> Candidate {
    let os_version: Option<OsVersion> = device
        .hardware
        .os_version
        .as_deref()
        .and_then(|version| version.parse().ok());
    let system = match device.platform {
        Platform::Ios => System::Ios,
        Platform::Ipados => System::Ipados,
        Platform::Visionos => System::Visionos,
        Platform::Macos => System::Macos,
        Platform::Windows => System::Windows,
        // Windows 10 Mobile enrolls as Windows Phone does, and says its version.
        Platform::WindowsPhone => match os_version {
            Some(version) if version.major() >= 10 => System::Windows10Mobile,
            Some(_) | None => System::WindowsPhone,
        },
        Platform::Tvos | Platform::Watchos | Platform::Unknown => System::Other,
    };
    Candidate {
        system,
        os_version,
        edition: None,
        has_user: device.user.is_some(),
    }
}

impl From<NotApplicable> for Reason {
    fn from(why: NotApplicable) -> Self {
        match why {
            NotApplicable::Platform { .. } => Self::Platform,
            NotApplicable::OsMin { least, found } => Self::OsMin {
                least: least.to_string(),
                found: found.to_string(),
            },
            NotApplicable::KnoxMissing => Self::KnoxMissing,
            NotApplicable::ManagementMode => Self::ManagementMode,
            NotApplicable::ApplicabilityRule => Self::ApplicabilityRule,
            NotApplicable::NoUser => Self::NoUser,
        }
    }
}
