//! Certificates somebody made elsewhere and uploaded for a user, to sign and decrypt mail with.

use serde::{Deserialize, Serialize};

use crate::{complaint::Complaint, platform::Platform, properties::properties};

/// What imported certificates are for (Microsoft Graph, `intendedPurpose`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntendedPurpose {
    /// Not said.
    #[default]
    Unassigned,
    /// To decrypt mail.
    SmimeEncryption,
    /// To sign mail.
    SmimeSigning,
    /// For a VPN.
    Vpn,
    /// For Wi-Fi.
    Wifi,
}

impl IntendedPurpose {
    /// Microsoft Graph's number in a profile. A record of a certificate counts otherwise: see [`IntendedPurpose::record_flag`].
    pub fn profile_number(self) -> u8 {
        match self {
            Self::Unassigned => 1,
            Self::SmimeEncryption => 2,
            Self::SmimeSigning => 3,
            Self::Vpn => 4,
            Self::Wifi => 5,
        }
    }

    /// Microsoft Graph's bit in the record of an uploaded certificate (`userPfxIntendedPurpose`).
    pub fn record_flag(self) -> u8 {
        match self {
            Self::Unassigned => 0,
            Self::SmimeEncryption => 1,
            Self::SmimeSigning => 2,
            Self::Vpn => 4,
            Self::Wifi => 8,
        }
    }
}

properties! {
    /// All certificates of one purpose that were uploaded for the user of the device (Microsoft Graph, `iosImportedPFXCertificateProfile`
    /// and its like). Every device of the user gets the same; nothing is renewed.
    pub struct ImportedPkcs {
        shared {}
        own {
            /// The platform they are delivered to.
            platform: Platform,
            /// Which of the user's certificates.
            intended_purpose: IntendedPurpose = IntendedPurpose::default(),
        }
    }
}

impl ImportedPkcs {
    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        let exists = match self.platform {
            Platform::Macos | Platform::AndroidWork => false,
            Platform::Ios
            | Platform::Windows10
            | Platform::WindowsPhone81
            | Platform::AndroidKnox
            | Platform::AndroidOwner => true,
        };
        if !exists {
            complaints.push(Complaint::new(
                "platform",
                format!("`{}`", self.platform),
                "ios, windows10, windowsphone81, android_knox or android_owner, which take imported certificates",
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same names have other numbers in a profile than in a record.
    #[test]
    fn numbers_differ_by_place() {
        for (purpose, profile, record) in [
            (IntendedPurpose::Unassigned, 1, 0),
            (IntendedPurpose::SmimeEncryption, 2, 1),
            (IntendedPurpose::SmimeSigning, 3, 2),
            (IntendedPurpose::Vpn, 4, 4),
            (IntendedPurpose::Wifi, 5, 8),
        ] {
            assert_eq!(
                (purpose.profile_number(), purpose.record_flag()),
                (profile, record)
            );
        }
    }
}
