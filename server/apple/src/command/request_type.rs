//! What is known about a request type by its name alone.

use crate::identifier::RequestType;

/// Commands that erase, lock, restart, or take something away that only a person can give back. Whoever runs a lab
/// with other people's devices must allow them first.
const DESTRUCTIVE: [&str; 17] = [
    "ClearActivationLockBypassCode",
    "ClearPasscode",
    "ClearRestrictionsPassword",
    "DeleteUser",
    "DeviceLock",
    "EnableLostMode",
    "EraseDevice",
    "LOMDeviceRequest",
    "LogOutUser",
    "RemoveApplication",
    "RestartDevice",
    "RotateFileVaultKey",
    "ScheduleOSUpdate",
    "SetAutoAdminPassword",
    "SetFirmwarePassword",
    "SetRecoveryLock",
    "ShutDownDevice",
];

/// Commands to which an iPhone or iPad never says `NotNow`.
const IOS_NEVER_NOT_NOW: [&str; 8] = [
    "ClearPasscode",
    "DeviceInformation",
    "DeviceLock",
    "EraseDevice",
    "InstalledApplicationList",
    "ProfileList",
    "ProvisioningProfileList",
    "Restrictions",
];

/// Commands to which a Mac in Power Nap never says `NotNow`.
const MAC_NEVER_NOT_NOW: [&str; 9] = [
    "ActivationLockBypassCode",
    "ClearActivationLockBypassCode",
    "DeleteUser",
    "DeviceLock",
    "EraseDevice",
    "RestartDevice",
    "ShutDownDevice",
    "UnlockUserAccount",
    "UserList",
];

/// Which rules for `NotNow` a device follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// iOS, iPadOS, tvOS, visionOS, watchOS.
    Ios,
    /// macOS.
    Mac,
}

impl RequestType {
    /// Whether it erases, locks, restarts, or takes something away that only a person can give back.
    ///
    /// Profiles and settings do not count, nor does a request type nobody knows. Compared without case and
    /// surrounding white space, so that no spelling which a lenient device might obey slips through.
    pub fn is_destructive(&self) -> bool {
        Self::destructive(self.as_str())
    }

    pub(super) fn destructive(name: &str) -> bool {
        DESTRUCTIVE
            .iter()
            .any(|d| d.eq_ignore_ascii_case(name.trim()))
    }

    /// Whether a device may answer it with `NotNow`.
    pub fn may_say_not_now(&self, family: Family) -> bool {
        let never = match family {
            Family::Ios => &IOS_NEVER_NOT_NOW[..],
            Family::Mac => &MAC_NEVER_NOT_NOW,
        };
        !never.contains(&self.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "test")]
    use super::*;

    #[test]
    fn every_name_is_one_of_apples() {
        let facts: serde_json::Value = serde_json::from_str(include_str!(
            "../../../../tests/fixtures/apple-keys/apple-keys.json"
        ))
        .unwrap();
        let files = facts["files"].as_object().unwrap();
        let known: Vec<&str> = files
            .values()
            .filter_map(|file| file["request_type"].as_str())
            .collect();
        for name in DESTRUCTIVE
            .iter()
            .chain(&IOS_NEVER_NOT_NOW)
            .chain(&MAC_NEVER_NOT_NOW)
        {
            assert!(known.contains(name), "{name}");
        }
    }

    #[test]
    fn destruction_and_not_now() {
        for (name, destructive, ios, mac) in [
            ("EraseDevice", true, false, false),
            ("erasedevice ", true, true, true),
            ("DeviceLock", true, false, false),
            ("ShutDownDevice", true, true, false),
            ("InstallProfile", false, true, true),
            ("ProfileList", false, false, true),
            ("Settings", false, true, true),
            ("DeclarativeManagement", false, true, true),
            ("NobodyKnows", false, true, true),
        ] {
            let kind: RequestType = name.parse().unwrap();
            assert_eq!(kind.is_destructive(), destructive, "{name}");
            assert_eq!(kind.may_say_not_now(Family::Ios), ios, "{name}");
            assert_eq!(kind.may_say_not_now(Family::Mac), mac, "{name}");
        }
    }
}
