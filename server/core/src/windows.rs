//! What is known of a Windows enrollment, kept on its [`Device`].
//!
//! Two services write it. *Enrollment* makes the whole record with the device's certificate, and makes it anew when the
//! same device enrolls again; at a renewal it writes [`WindowsEnrollment::renewed`] alone. Until the first session the device
//! stays in [`DeviceState::IdentityIssued`](crate::device::DeviceState::IdentityIssued). *Management* moves it to
//! `Enrolled` and makes its channel in the first session that proves itself, writes [`WindowsEnrollment::login`], the
//! nonces of both credentials when they are used up, and calls [`Device::seen_with`] when a certificate was shown.
//!
//! A device is looked up by its certificate, or by [`WindowsEnrollment::device_id`], which is also its
//! [`Hardware::udid`](crate::device::Hardware::udid).

use mdm_payloads::Secret;
use serde::{Deserialize, Serialize};

use crate::device::Device;
use crate::id::Fingerprint;

/// The name of this server on every Windows device: `PROVIDER-ID` of the management account, the name below `DMClient/Provider`
/// (page "`DMClient` CSP"), the server's name in its own credential.
pub const PROVIDER_ID: &str = "mockmdm";

/// One Windows enrollment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowsEnrollment {
    /// `DeviceID`, 1 to 64 bytes, 32 hexadecimal digits where Windows is real: made for the enrollment, and `Source/LocURI` of
    /// every session ([MS-MDM] 2.2.3). Never re-cased.
    pub device_id: String,
    /// `HWDevID`, at most 256 bytes: a hash of the hardware, the same on virtual machines that were cloned.
    pub hardware_id: Option<String>,
    /// For whom it is enrolled.
    pub context: Context,
    /// What this server is called on the device: [`PROVIDER_ID`] when it enrolled.
    pub provider_id: String,
    /// Which provisioning and session dialect it speaks.
    pub dialect: Dialect,
    /// The name typed at enrollment, a user principal name as a rule; the device's user unless its code named another.
    pub upn: Option<String>,
    /// `RequestVersion` of the enrollment client, when it said one.
    pub request_version: Option<String>,
    /// `OSEdition`, a number ([MS-MDE2] 3.1.4.1.3).
    pub os_edition: Option<String>,
    /// `User-Agent` of the enrollment client.
    pub user_agent: Option<String>,
    /// What the device proves itself to the server with, beside its certificate (`AAUTHLEVEL` `APPSRV`).
    pub client: Credential,
    /// What the server proves itself to the device with (`AAUTHLEVEL` `CLIENT`).
    pub server: Credential,
    /// The weakest proof that a session of this device is accepted with.
    pub weakest_proof: Proof,
    /// Who was logged in when the device last said so; none before it did.
    #[serde(default)]
    pub login: Option<LoginStatus>,
    /// A renewed certificate that was not seen yet; until it is, the old one counts as well.
    #[serde(default)]
    pub renewed: Option<Fingerprint>,
}

/// For whom a device is enrolled (`EnrollmentType`, [MS-MDE2] 3.3.4.1.1.1), which decides whose store its certificate is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Context {
    /// `Full`: for its user, `My\User`.
    User,
    /// `Device`: for itself, `My\System`.
    Device,
}

/// Which dialect a device speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Windows 8.1 and later, Windows 10 Mobile.
    #[serde(rename = "windows10")]
    Windows10,
    /// Windows Phone 8.1.
    #[serde(rename = "windows_phone81")]
    WindowsPhone81,
}

impl Dialect {
    /// The name used in the API and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Windows10 => "windows10",
            Self::WindowsPhone81 => "windows_phone81",
        }
    }
}

/// How one side proves itself to the other inside a session (OMA DM 1.2 Security, section 5.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// User name: the device's at the server, or the server's on the device.
    pub name: String,
    /// Password.
    pub secret: Secret,
    /// The nonce of the next digest, base64 of 16 octets.
    pub nonce: Secret,
}

/// How a session proves which device it is of; a stronger one is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// By the device's key: a client certificate in TLS, or a signature over the message.
    Certificate,
    /// By an MD5 digest of name, password and nonce.
    Digest,
    /// By name and password.
    Basic,
}

impl Proof {
    /// The name used in the API, in configuration and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Digest => "digest",
            Self::Basic => "basic",
        }
    }
}

/// A word that is no [`Proof`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of certificate, digest, basic")]
pub struct UnknownProof(String);

impl std::str::FromStr for Proof {
    type Err = UnknownProof;

    fn from_str(text: &str) -> Result<Self, UnknownProof> {
        [Self::Certificate, Self::Digest, Self::Basic]
            .into_iter()
            .find(|proof| proof.as_str() == text)
            .ok_or_else(|| UnknownProof(text.to_owned()))
    }
}

/// Who is logged in (alert 1224 of type `com.microsoft/MDM/LoginStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginStatus {
    /// The user the device is enrolled for.
    User,
    /// Somebody else.
    Others,
    /// Nobody.
    None,
}

impl LoginStatus {
    /// The word on the wire and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Others => "others",
            Self::None => "none",
        }
    }
}

impl Device {
    /// Whether a certificate speaks for this Windows device: the one in use, or its renewal. Never for another device, nor
    /// for a Windows device of which no certificate counts.
    pub fn is_windows_identity(&self, fingerprint: &Fingerprint) -> bool {
        self.windows.as_ref().is_some_and(|windows| {
            self.identity.as_ref() == Some(fingerprint)
                || windows.renewed.as_ref() == Some(fingerprint)
        })
    }

    /// Notes that a certificate was shown: a renewed one counts alone from then on. True when that changed something.
    pub fn seen_with(&mut self, fingerprint: &Fingerprint) -> bool {
        let Some(windows) = self.windows.as_deref_mut() else {
            return false;
        };
        if windows.renewed.as_ref() != Some(fingerprint) {
            return false;
        }
        self.identity = windows.renewed.take();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Reality;
    use crate::id::Scope;
    use crate::service::enrollment::provisional;
    use crate::time::Timestamp;

    fn credential(name: &str) -> Credential {
        Credential {
            name: name.to_owned(),
            secret: "the password".into(),
            nonce: "bm9uY2U=".into(),
        }
    }

    fn enrollment(renewed: &str) -> WindowsEnrollment {
        WindowsEnrollment {
            device_id: "D".repeat(32),
            hardware_id: None,
            context: Context::User,
            provider_id: PROVIDER_ID.to_owned(),
            dialect: Dialect::WindowsPhone81,
            upn: None,
            request_version: Some("9.0".to_owned()),
            os_edition: None,
            user_agent: None,
            client: credential("d"),
            server: credential(PROVIDER_ID),
            weakest_proof: Proof::Certificate,
            login: Some(LoginStatus::None),
            renewed: renewed.parse().ok(),
        }
    }

    #[test]
    fn both_certificates_count_until_the_new_one_is_seen() {
        let [old, new, foreign] = ["aa", "bb", "cc"].map(|f| f.parse::<Fingerprint>().unwrap());
        let mut device = provisional(
            "d-1".parse().unwrap(),
            &Scope::default(),
            None,
            Reality::Real,
            old.clone(),
            Timestamp(0),
        );
        assert!(!device.is_windows_identity(&old), "no Windows device");
        assert!(!device.seen_with(&old), "no Windows device");
        device.windows = Some(Box::new(enrollment("bb")));
        for (fingerprint, counts) in [(&old, true), (&new, true), (&foreign, false)] {
            assert_eq!(
                device.is_windows_identity(fingerprint),
                counts,
                "{fingerprint}"
            );
        }
        assert!(!device.seen_with(&old));
        assert!(device.seen_with(&new));
        assert!(!device.is_windows_identity(&old));
        assert!(device.is_windows_identity(&new));
        assert!(!device.seen_with(&new), "only once");
    }

    #[test]
    fn is_kept_as_json_and_printed_without_secrets() {
        let windows = enrollment("bb");
        let text = serde_json::to_string(&windows).unwrap();
        assert!(text.contains(r#""dialect":"windows_phone81""#), "{text}");
        assert_eq!(
            serde_json::from_str::<WindowsEnrollment>(&text).unwrap(),
            windows
        );
        let shown = format!("{windows:?}");
        assert!(
            !shown.contains("password") && !shown.contains("bm9u"),
            "{shown}"
        );
        assert!(Proof::Certificate < Proof::Digest && Proof::Digest < Proof::Basic);
    }
}
