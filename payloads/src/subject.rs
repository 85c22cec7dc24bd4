//! For whom, and for which device, a profile is rendered.

use serde::{Deserialize, Serialize};

use crate::user::User;

/// What is known about a device when a profile is rendered for it. What is `None` the device did not say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceFacts {
    /// The server's own identifier of the device.
    pub device_id: String,
    /// The identifier in the directory, where the device was registered in one.
    #[serde(default)]
    pub azure_ad_device_id: Option<String>,
    /// The serial number.
    #[serde(default)]
    pub serial_number: Option<String>,
    /// International mobile equipment identity.
    #[serde(default)]
    pub imei: Option<String>,
    /// Mobile equipment identifier.
    #[serde(default)]
    pub meid: Option<String>,
    /// The unique device identifier of an Apple device.
    #[serde(default)]
    pub udid: Option<String>,
    /// The MAC address of its Wi-Fi interface.
    #[serde(default)]
    pub wifi_mac_address: Option<String>,
    /// The name its owner gave it.
    #[serde(default)]
    pub device_name: Option<String>,
    /// Its host name with the domain, on platforms that have one.
    #[serde(default)]
    pub fully_qualified_domain_name: Option<String>,
}

/// For whom a profile is rendered: always for a device, mostly for the user who enrolled it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The user who enrolled the device, if it was enrolled by one.
    pub user: Option<&'a User>,
    /// The device.
    pub device: &'a DeviceFacts,
}
