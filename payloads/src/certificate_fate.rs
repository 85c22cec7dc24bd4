//! What becomes of a certificate when its profile goes or changes.

use crate::{platform::Platform, settings::Settings};

/// Something that happens to a profile on a device, or to its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// It is no longer assigned, or the device left the group.
    Unassigned,
    /// It was edited.
    Edited,
    /// The device is retired.
    Retired,
    /// The device is wiped, or unenrolled.
    Wiped,
    /// The user lost the licence.
    LicenseLost,
}

/// What becomes of the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// It is taken from the device.
    pub removed: bool,
    /// It is revoked.
    pub revoked: bool,
    /// Another takes its place.
    pub reissued: bool,
}

const STAYS: Fate = Fate {
    removed: false,
    revoked: false,
    reissued: false,
};

/// What becomes of the certificate of a profile with `settings` (Microsoft, "Remove SCEP and PKCS certificates in Intune"). `None`
/// where they describe no certificate.
///
/// A user who deletes a certificate is another matter: the device is found lacking at its next check-in and gets a new one.
pub fn certificate_fate(settings: &Settings, occasion: Occasion) -> Option<Fate> {
    let platform = settings.platform();
    let gone = Fate {
        removed: true,
        ..STAYS
    };
    let scep = match settings {
        Settings::ScepCertificate(_) => true,
        Settings::PkcsCertificate(_) | Settings::ImportedPkcs(_) => false,
        Settings::DerivedCredential(_) | Settings::TrustedCertificate(_) => {
            return Some(match occasion {
                Occasion::Retired | Occasion::Wiped => gone,
                Occasion::Unassigned => Fate {
                    removed: platform.is_apple(),
                    ..STAYS
                },
                Occasion::Edited | Occasion::LicenseLost => STAYS,
            });
        }
        _ => return None,
    };
    let revoked = |removed| Fate {
        removed,
        revoked: true,
        reissued: false,
    };
    let administrator = platform == Platform::AndroidKnox;
    let windows = matches!(platform, Platform::Windows10 | Platform::WindowsPhone81);
    Some(match (occasion, scep) {
        (Occasion::LicenseLost, _) => STAYS,
        (Occasion::Wiped, true) => revoked(true),
        (Occasion::Unassigned | Occasion::Retired, true) => revoked(!administrator),
        (Occasion::Edited, true) => Fate {
            reissued: true,
            ..revoked(!administrator)
        },
        (Occasion::Wiped | Occasion::Retired, false) => gone,
        (Occasion::Unassigned, false) => Fate {
            removed: !windows,
            ..STAYS
        },
        (Occasion::Edited, false) if windows => STAYS,
        (Occasion::Edited, false) => Fate {
            reissued: true,
            ..gone
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;
    use serde_json::json;

    #[test]
    fn table_of_fates() {
        use Occasion::{Edited, LicenseLost, Retired, Unassigned, Wiped};

        let fate = |kind: &str, platform: &str, occasion| {
            let profile: Profile = serde_json::from_value(json!({
                "id": "c", "type": kind, "display_name": "C", "platform": platform
            }))
            .unwrap();
            let fate = certificate_fate(&profile.settings, occasion).unwrap();
            [
                (fate.removed, "removed"),
                (fate.revoked, "revoked"),
                (fate.reissued, "reissued"),
            ]
            .iter()
            .filter(|(set, _)| *set)
            .map(|(_, word)| *word)
            .collect::<Vec<_>>()
            .join(" ")
        };
        let occasions = [Unassigned, Edited, Retired, Wiped, LicenseLost];
        for (kind, platform, expected) in [
            (
                "scep_certificate",
                "ios",
                [
                    "removed revoked",
                    "removed revoked reissued",
                    "removed revoked",
                    "removed revoked",
                    "",
                ],
            ),
            (
                "scep_certificate",
                "windows10",
                [
                    "removed revoked",
                    "removed revoked reissued",
                    "removed revoked",
                    "removed revoked",
                    "",
                ],
            ),
            (
                "scep_certificate",
                "android_knox",
                [
                    "revoked",
                    "revoked reissued",
                    "revoked",
                    "removed revoked",
                    "",
                ],
            ),
            (
                "pkcs_certificate",
                "ios",
                ["removed", "removed reissued", "removed", "removed", ""],
            ),
            (
                "pkcs_certificate",
                "windows10",
                ["", "", "removed", "removed", ""],
            ),
            (
                "trusted_certificate",
                "windows10",
                ["", "", "removed", "removed", ""],
            ),
        ] {
            assert_eq!(
                occasions.map(|occasion| fate(kind, platform, occasion)),
                expected,
                "{kind} {platform}"
            );
        }
    }
}
