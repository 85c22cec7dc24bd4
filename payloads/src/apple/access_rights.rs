//! What a server may do to a device.

use std::{fmt, ops::BitOr};

/// A set of access rights (Apple, "MDM", `AccessRights`). It is fixed when a device enrolls: a later profile may take rights away but never add any.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccessRights(u16);

impl AccessRights {
    /// List profiles.
    pub const INSPECT_PROFILES: Self = Self(1);
    /// Install and remove profiles; needs [`AccessRights::INSPECT_PROFILES`].
    pub const INSTALL_PROFILES: Self = Self(2);
    /// Lock the device and clear its passcode.
    pub const LOCK: Self = Self(4);
    /// Erase the device.
    pub const ERASE: Self = Self(8);
    /// Query information about the device.
    pub const DEVICE_INFORMATION: Self = Self(16);
    /// Query information about its networks.
    pub const NETWORK_INFORMATION: Self = Self(32);
    /// List provisioning profiles.
    pub const INSPECT_PROVISIONING: Self = Self(64);
    /// Install and remove provisioning profiles; needs [`AccessRights::INSPECT_PROVISIONING`].
    pub const INSTALL_PROVISIONING: Self = Self(128);
    /// List apps.
    pub const INSPECT_APPS: Self = Self(256);
    /// Query restrictions.
    pub const RESTRICTIONS: Self = Self(512);
    /// Query security information.
    pub const SECURITY_INFORMATION: Self = Self(1024);
    /// Change settings.
    pub const SETTINGS: Self = Self(2048);
    /// Manage apps.
    pub const MANAGE_APPS: Self = Self(4096);
    /// Everything.
    pub const ALL: Self = Self(8191);
    /// Everything but [`AccessRights::LOCK`] and [`AccessRights::ERASE`]: what a test server asks for, since the phone is often somebody's own.
    pub const HARMLESS: Self = Self(8191 - 4 - 8);

    /// The set with these bits; `None` when it is empty, has unknown bits, or has a right without the one it needs.
    pub fn from_bits(bits: u16) -> Option<Self> {
        let rights = Self(bits);
        let needs = |right, needed| !rights.contains(right) || rights.contains(needed);
        let fits = bits != 0
            && bits <= Self::ALL.0
            && needs(Self::INSTALL_PROFILES, Self::INSPECT_PROFILES)
            && needs(Self::INSTALL_PROVISIONING, Self::INSPECT_PROVISIONING);
        fits.then_some(rights)
    }

    /// The bits.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Whether all of `other` are in the set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Default for AccessRights {
    fn default() -> Self {
        Self::HARMLESS
    }
}

impl BitOr for AccessRights {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for AccessRights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessRights({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights() {
        assert_eq!(AccessRights::default().bits(), 8179);
        assert!(!AccessRights::default().contains(AccessRights::LOCK));
        assert!(!AccessRights::default().contains(AccessRights::ERASE));
        assert_eq!(
            AccessRights::HARMLESS | AccessRights::LOCK | AccessRights::ERASE,
            AccessRights::ALL
        );
        for (bits, good) in [
            (19, true),
            (8191, true),
            (0, false),
            (2, false),
            (128, false),
            (192, true),
            (8192, false),
        ] {
            assert_eq!(AccessRights::from_bits(bits).is_some(), good, "{bits}");
        }
    }
}
