//! Who a simulated device is: everything about it follows from its platform and its seed.

use crate::entropy::{hex, labelled, uuid};

/// The three kinds of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// An iPhone.
    Ios,
    /// An iPad.
    Ipados,
    /// A Mac.
    Macos,
}

impl Platform {
    /// Whether this is a Mac, which has a user channel.
    pub fn is_macos(self) -> bool {
        matches!(self, Self::Macos)
    }
}

/// No platform has this name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not one of ios, ipados, macos")]
pub struct UnknownPlatform(String);

impl std::str::FromStr for Platform {
    type Err = UnknownPlatform;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ios" => Ok(Self::Ios),
            "ipados" => Ok(Self::Ipados),
            "macos" => Ok(Self::Macos),
            other => Err(UnknownPlatform(other.to_owned())),
        }
    }
}

/// The person logged in at a Mac.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `UserID`, a GUID.
    pub id: String,
    /// `UserShortName`.
    pub short_name: String,
    /// `UserLongName`.
    pub long_name: String,
}

/// What a device says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// Kind of device.
    pub platform: Platform,
    /// UDID in the shape its platform has.
    pub udid: String,
    /// Serial number.
    pub serial_number: String,
    /// Name its owner gave it.
    pub device_name: String,
    /// Product, such as `iPhone17,1`.
    pub product_name: String,
    /// Order number of the model.
    pub model: String,
    /// Model in words.
    pub model_name: String,
    /// Version of the system.
    pub os_version: String,
    /// Build of the system.
    pub build_version: String,
    /// IMEI of a phone.
    pub imei: Option<String>,
    /// Identifier its mail program shows to an ActiveSync server.
    pub eas_device_identifier: String,
    /// Person logged in at a Mac.
    pub user: Option<User>,
    /// Whether an organization supervises it.
    pub supervised: bool,
    pub(crate) seed: [u8; 32],
}

impl Persona {
    /// The device of this platform with this seed; the same two give the same device.
    pub fn from_seed(platform: Platform, seed: u64) -> Self {
        let label = match platform {
            Platform::Ios => "ios",
            Platform::Ipados => "ipados",
            Platform::Macos => "macos",
        };
        let root = labelled(b"mdm-simulators", label, seed);
        let bytes = |what: &str| labelled(&root, what, 0);
        let mut sixteen = [0; 16];
        sixteen.copy_from_slice(&bytes("udid")[..16]);
        let digits = hex(&sixteen).to_uppercase();
        let udid = match platform {
            Platform::Macos => uuid(&sixteen),
            Platform::Ios | Platform::Ipados => format!("00008130-{}", &digits[..16]),
        };
        let letters = b"0123456789CDFGHJKLMNPQRTVWXY";
        let serial = bytes("serial")
            .iter()
            .take(9)
            .map(|b| char::from(letters[usize::from(*b) % letters.len()]))
            .collect::<String>();
        let mut user_id = [0; 16];
        user_id.copy_from_slice(&bytes("user")[..16]);
        let imei: String = bytes("imei")
            .iter()
            .take(15)
            .map(|b| char::from(b'0' + b % 10))
            .collect();
        let (product_name, model, model_name, os_version, build_version) = match platform {
            Platform::Ios => ("iPhone17,1", "MYM93", "iPhone", "26.1", "23B85"),
            Platform::Ipados => ("iPad16,3", "MVV83", "iPad", "26.1", "23B85"),
            Platform::Macos => ("Mac16,12", "MC6T4", "MacBook Air", "26.1", "25B78"),
        };
        Self {
            platform,
            udid,
            serial_number: format!("SIM{serial}"),
            device_name: format!("Simulated {model_name} {seed}"),
            product_name: product_name.to_owned(),
            model: model.to_owned(),
            model_name: model_name.to_owned(),
            os_version: os_version.to_owned(),
            build_version: build_version.to_owned(),
            imei: (platform == Platform::Ios).then_some(imei),
            eas_device_identifier: hex(&bytes("eas")[..16]).to_uppercase(),
            user: platform.is_macos().then(|| User {
                id: uuid(&user_id),
                short_name: format!("user{seed}"),
                long_name: format!("Simulated User {seed}"),
            }),
            supervised: false,
            seed: root,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_device() {
        let phone = Persona::from_seed(Platform::Ios, 7);
        assert_eq!(phone, Persona::from_seed(Platform::Ios, 7));
        assert_ne!(phone.udid, Persona::from_seed(Platform::Ios, 8).udid);
        assert_eq!(phone.udid.len(), 25);
        assert_eq!(phone.serial_number.len(), 12);
        let mac = Persona::from_seed(Platform::Macos, 7);
        assert_eq!(mac.udid.len(), 36);
        assert_eq!(mac.user.unwrap().short_name, "user7");
        assert_eq!(
            "linux".parse::<Platform>().unwrap_err().to_string(),
            "`linux` is not one of ios, ipados, macos"
        );
    }
}
