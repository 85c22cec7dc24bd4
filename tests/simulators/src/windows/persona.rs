//! Who a simulated Windows device is: everything about it follows from its version and its seed.

use crate::entropy::{hex, labelled, uuid};

/// A version of Windows with what sets it apart on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
pub enum Version {
    /// Windows Phone 8.1 Update.
    #[serde(rename = "phone-8.1")]
    Phone81,
    /// Windows 10 Mobile.
    #[serde(rename = "10-mobile")]
    Mobile10,
    /// Windows 10 22H2.
    #[serde(rename = "10-19045")]
    Windows10,
    /// Windows 11 23H2.
    #[serde(rename = "11-22631")]
    Windows11,
    /// Windows 11 25H2.
    #[serde(rename = "11-25h2")]
    Windows11Next,
}

impl Version {
    /// Every version.
    pub const ALL: [Self; 5] = [
        Self::Phone81,
        Self::Mobile10,
        Self::Windows10,
        Self::Windows11,
        Self::Windows11Next,
    ];

    /// The name of the persona, as on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phone81 => "phone-8.1",
            Self::Mobile10 => "10-mobile",
            Self::Windows10 => "10-19045",
            Self::Windows11 => "11-22631",
            Self::Windows11Next => "11-25h2",
        }
    }

    /// Whether it is a phone: one user, who is always there.
    pub const fn is_phone(self) -> bool {
        matches!(self, Self::Phone81 | Self::Mobile10)
    }

    /// Facts about the version.
    const fn facts(self) -> Facts {
        match self {
            Self::Phone81 => Facts {
                system: "Windows Phone 8.1",
                os: "8.10.14219.341",
                build: (8, 10, 14219),
                edition: None,
                request_version: "2.0",
                device_type: "WindowsPhone",
                agent: "Windows Phone 8 Enrollment Client",
            },
            Self::Mobile10 => Facts {
                system: "Windows 10 Mobile",
                os: "10.0.15254.603",
                build: (10, 0, 15254),
                edition: Some("104"),
                request_version: "3.0",
                device_type: "WindowsPhone",
                agent: "Windows Phone 8 Enrollment Client",
            },
            Self::Windows10 => Facts {
                system: "Windows 10",
                os: "10.0.19045.4651",
                build: (10, 0, 19045),
                edition: Some("48"),
                request_version: "4.0",
                device_type: "CIMClient_Windows",
                agent: "ENROLLClient",
            },
            Self::Windows11 => Facts {
                system: "Windows 11",
                os: "10.0.22631.4602",
                build: (10, 0, 22631),
                edition: Some("4"),
                request_version: "6.0",
                device_type: "CIMClient_Windows",
                agent: "ENROLLClient",
            },
            Self::Windows11Next => Facts {
                system: "Windows 11",
                os: "10.0.26200.6584",
                build: (10, 0, 26200),
                edition: Some("48"),
                request_version: "9.0",
                device_type: "CIMClient_Windows",
                agent: "ENROLLClient",
            },
        }
    }
}

struct Facts {
    system: &'static str,
    os: &'static str,
    build: (u32, u32, u32),
    edition: Option<&'static str>,
    request_version: &'static str,
    device_type: &'static str,
    agent: &'static str,
}

/// No persona has this name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not one of phone-8.1, 10-mobile, 10-19045, 11-22631, 11-25h2")]
pub struct UnknownVersion(String);

impl std::str::FromStr for Version {
    type Err = UnknownVersion;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|version| version.as_str() == text)
            .ok_or_else(|| UnknownVersion(text.to_owned()))
    }
}

/// How the certificate request of an enrollment looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestStyle {
    /// SHA-1 under the ISO identifier 1.3.14.3.2.29, the name in a `PrintableString` that ends in a NUL.
    Sha1,
    /// SHA-256, the name in a `UTF8String`, clientAuth asked for.
    Sha256,
}

/// What a device says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// Version of Windows.
    pub version: Version,
    /// Name of the system, for people.
    pub system: String,
    /// `DeviceID`: 32 hexadecimal digits, `Source/LocURI` of every session.
    pub device_id: String,
    /// `HWDevID`: 64 hexadecimal digits, the same on clones.
    pub hardware_id: String,
    /// Name of the computer.
    pub device_name: String,
    /// Four numbers with dots.
    pub os_version: String,
    /// `OSEdition`, a number; Windows Phone 8.1 says none.
    pub os_edition: Option<String>,
    /// `RequestVersion` of its enrollment client.
    pub request_version: String,
    /// `DeviceType`.
    pub device_type: String,
    /// `User-Agent` of its enrollment client.
    pub user_agent: String,
    /// Language.
    pub locale: String,
    /// Address of its network card, with dashes.
    pub mac: String,
    /// Serial number of the board.
    pub serial_number: String,
    /// The id its mail client shows to an ActiveSync server.
    pub exchange_id: String,
    /// The request it makes where no policy names a digest.
    pub request_style: RequestStyle,
    /// Whether its clients offer HTTP/2.
    pub http2: bool,
    /// Whether its TLS goes beyond version 1.2.
    pub tls13: bool,
    pub(crate) build: (u32, u32, u32),
    pub(crate) seed: [u8; 32],
}

impl Persona {
    /// The device of this version with this seed; the same two give the same device.
    pub fn from_seed(version: Version, seed: u64) -> Self {
        let facts = version.facts();
        let root = labelled(b"mdm-simulators windows", version.as_str(), seed);
        let digits = |what: &str, bytes: usize| {
            let whole = labelled(&root, what, 0);
            hex(whole.get(..bytes).unwrap_or_default()).to_uppercase()
        };
        let mac = digits("mac", 5);
        let mac: Vec<&str> = (0..5)
            .filter_map(|at| mac.get(at * 2..at * 2 + 2))
            .collect();
        let kind = if version.is_phone() { "PHONE" } else { "PC" };
        Self {
            version,
            system: facts.system.to_owned(),
            device_id: digits("device", 16),
            hardware_id: digits("hardware", 32),
            device_name: format!("SIM-{kind}-{seed}"),
            os_version: facts.os.to_owned(),
            os_edition: facts.edition.map(str::to_owned),
            request_version: facts.request_version.to_owned(),
            device_type: facts.device_type.to_owned(),
            user_agent: facts.agent.to_owned(),
            locale: "en-US".to_owned(),
            mac: format!("02-{}", mac.join("-")),
            serial_number: format!("SIM{}", digits("serial", 5)),
            exchange_id: digits("exchange", 16),
            request_style: if version == Version::Phone81 {
                RequestStyle::Sha1
            } else {
                RequestStyle::Sha256
            },
            http2: matches!(version, Version::Windows11 | Version::Windows11Next),
            tls13: matches!(version, Version::Windows11 | Version::Windows11Next),
            build: facts.build,
            seed: root,
        }
    }

    /// Ways to authenticate it offers at discovery.
    pub fn auth_policies(&self) -> &'static [&'static str] {
        match self.version {
            // The schema of [MS-MDE] has no such element.
            Version::Phone81 => &[],
            Version::Mobile10
            | Version::Windows10
            | Version::Windows11
            | Version::Windows11Next => &["OnPremise", "Federated"],
        }
    }

    /// The half of a GUID that begins the name in its certificate request.
    pub(crate) fn request_guid(&self) -> String {
        let mut sixteen = [0; 16];
        sixteen.copy_from_slice(&labelled(&self.seed, "request", 0)[..16]);
        uuid(&sixteen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_device() {
        for version in Version::ALL {
            let one = Persona::from_seed(version, 7);
            assert_eq!(one, Persona::from_seed(version, 7));
            assert_ne!(one.device_id, Persona::from_seed(version, 8).device_id);
            assert_eq!((one.device_id.len(), one.hardware_id.len()), (32, 64));
            assert_eq!(one.mac.len(), 17);
            assert_eq!(version.as_str().parse(), Ok(version));
        }
        assert_eq!(
            "windows".parse::<Version>().unwrap_err().to_string(),
            "`windows` is not one of phone-8.1, 10-mobile, 10-19045, 11-22631, 11-25h2"
        );
    }
}
