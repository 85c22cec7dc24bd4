//! Whether a profile can be for a device at all: platform, oldest systems, management, user, rules.

use std::fmt;

use crate::{
    os_version::OsVersion, platform::Platform, semantics::Semantics, settings::Settings,
    windows_rule::WindowsEdition,
};

/// The operating system of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// iOS.
    Ios,
    /// iPadOS, which is iOS in the edition of 2017.
    Ipados,
    /// visionOS.
    Visionos,
    /// macOS.
    Macos,
    /// Windows 10 or 11 on a PC.
    Windows,
    /// Windows 10 Mobile.
    Windows10Mobile,
    /// Windows Phone 8 or 8.1.
    WindowsPhone,
    /// Android under a device administrator; `knox` where Samsung Knox Standard is there.
    AndroidAdministrator {
        /// Whether Samsung Knox Standard is there.
        knox: bool,
    },
    /// Android with a work profile.
    AndroidWorkProfile,
    /// Android managed as a whole.
    AndroidOwner,
    /// A system nobody writes profiles for, such as that of a watch.
    Other,
}

/// What is known of a device when a profile is weighed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Its system.
    pub system: System,
    /// The version of that; on Android that of Android. A device that did not say is not refused for it.
    pub os_version: Option<OsVersion>,
    /// The edition of Windows.
    pub edition: Option<WindowsEdition>,
    /// Whether it has a user.
    pub has_user: bool,
}

/// Why a profile is not for a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotApplicable {
    /// It is written for another platform.
    Platform {
        /// The platform it is written for.
        wanted: Platform,
    },
    /// The system is older than the edition serves.
    OsMin {
        /// The oldest version served.
        least: OsVersion,
        /// The device's.
        found: OsVersion,
    },
    /// Android without Samsung Knox.
    KnoxMissing,
    /// The device is managed in another way than the profile is for.
    ManagementMode,
    /// A rule of the profile keeps it away.
    ApplicabilityRule,
    /// The profile is for users, and the device has none.
    NoUser,
}

impl NotApplicable {
    /// The word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Platform { .. } => "platform",
            Self::OsMin { .. } => "os_min",
            Self::KnoxMissing => "knox_missing",
            Self::ManagementMode => "management_mode",
            Self::ApplicabilityRule => "applicability_rule",
            Self::NoUser => "no_user",
        }
    }
}

impl fmt::Display for NotApplicable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform { wanted } => write!(f, "the profile is written for {wanted}"),
            Self::OsMin { least, found } => {
                write!(f, "its system is {found}; {least} or newer is served")
            }
            Self::KnoxMissing => f.write_str("the device has no Samsung Knox"),
            Self::ManagementMode => f.write_str(
                "the device is managed in another way; a device owner takes an app configuration instead",
            ),
            Self::ApplicabilityRule => f.write_str("an applicability rule keeps the profile away"),
            Self::NoUser => f.write_str("the profile is for users, and the device has none"),
        }
    }
}

/// Whether a profile with `settings` is for `device` under the rules of `semantics`; else why not.
///
/// The oldest systems are those of the editions of 2017 and 2020: Android with Knox 4.0 and 5.0, iOS 8.0 and 11.0, iPadOS 13.0
/// (no system of its own in 2017), Windows Phone 8.1.
pub fn applicability(
    settings: &Settings,
    device: &Candidate,
    semantics: Semantics,
) -> Result<(), NotApplicable> {
    let platform = settings.platform();
    fits(settings, device, semantics)?;
    if let (Some(least), Some(found)) = (
        oldest(platform, device.system, semantics),
        device.os_version,
    ) && found < least
    {
        return Err(NotApplicable::OsMin { least, found });
    }
    if let Some(rules) = settings.applicability_rules()
        && !rules.admit(device.edition, device.os_version)
    {
        return Err(NotApplicable::ApplicabilityRule);
    }
    if semantics == Semantics::Current && settings.is_account() && !device.has_user {
        return Err(NotApplicable::NoUser);
    }
    Ok(())
}

/// Whether the system is one that `settings` are written for.
fn fits(
    settings: &Settings,
    device: &Candidate,
    semantics: Semantics,
) -> Result<(), NotApplicable> {
    let wanted = settings.platform();
    let elsewhere = Err(NotApplicable::Platform { wanted });
    match (wanted, device.system) {
        (Platform::Ios, System::Ios | System::Ipados | System::Visionos)
        | (Platform::Macos, System::Macos)
        | (Platform::Windows10, System::Windows | System::Windows10Mobile)
        | (Platform::WindowsPhone81, System::WindowsPhone)
        | (Platform::AndroidKnox, System::AndroidAdministrator { knox: true })
        | (Platform::AndroidWork, System::AndroidWorkProfile)
        | (Platform::AndroidOwner, System::AndroidOwner) => Ok(()),
        (Platform::WindowsPhone81, System::Windows10Mobile) => {
            if settings.only_windows_phone_81() {
                elsewhere
            } else {
                Ok(())
            }
        }
        (Platform::AndroidKnox, System::AndroidAdministrator { knox: false }) => {
            let root_on_11 = matches!(settings, Settings::TrustedCertificate(_))
                && device
                    .os_version
                    .is_some_and(|version| version.major() >= 11);
            if settings.is_account() || root_on_11 {
                Err(NotApplicable::KnoxMissing)
            } else {
                Ok(())
            }
        }
        // In 2020 one profile served both; since then a device owner takes an app configuration.
        (Platform::AndroidWork, System::AndroidOwner) => match semantics {
            Semantics::Y2020 => Ok(()),
            Semantics::Y2017 | Semantics::Current => Err(NotApplicable::ManagementMode),
        },
        (Platform::AndroidKnox, System::AndroidWorkProfile | System::AndroidOwner)
        | (Platform::AndroidWork, System::AndroidAdministrator { .. })
        | (
            Platform::AndroidOwner,
            System::AndroidAdministrator { .. } | System::AndroidWorkProfile,
        ) => Err(NotApplicable::ManagementMode),
        _ => elsewhere,
    }
}

/// The oldest version that is served; `None` where all are.
fn oldest(platform: Platform, system: System, semantics: Semantics) -> Option<OsVersion> {
    let y2017 = semantics == Semantics::Y2017;
    match (platform, system) {
        (Platform::Ios, System::Ipados) if !y2017 => Some(OsVersion::new(13, 0)),
        (Platform::Ios, System::Ios | System::Ipados) => {
            Some(OsVersion::new(if y2017 { 8 } else { 11 }, 0))
        }
        (Platform::AndroidKnox, _) => Some(OsVersion::new(if y2017 { 4 } else { 5 }, 0)),
        (Platform::WindowsPhone81, _) => Some(OsVersion::new(8, 1)),
        _ => None,
    }
}
