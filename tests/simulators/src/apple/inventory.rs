//! What a device tells about itself: profiles, certificates, information, security.

use plist::{Dictionary, Value};

use super::device::AppleDevice;
use super::{Channel, InstalledProfile, ItemKind, Platform};

fn dictionary(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Dictionary {
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// Answer to `ProfileList`.
pub(super) fn profile_list(
    device: &AppleDevice,
    channel: Channel,
    managed_only: bool,
) -> Dictionary {
    let wanted = device
        .store
        .all()
        .iter()
        .filter(|one| one.channel == channel && (one.managed || !managed_only));
    let list = wanted.map(|installed| Value::Dictionary(profile(installed)));
    dictionary([("ProfileList", Value::Array(list.collect()))])
}

fn profile(installed: &InstalledProfile) -> Dictionary {
    let profile = &installed.profile;
    let payloads = profile.payloads.iter().map(|payload| {
        let mut entry = dictionary([
            ("PayloadType", payload.kind.clone().into()),
            ("PayloadIdentifier", payload.identifier.clone().into()),
            ("PayloadUUID", payload.uuid.clone().into()),
            ("PayloadVersion", 1.into()),
        ]);
        for key in [
            "PayloadDisplayName",
            "PayloadDescription",
            "PayloadOrganization",
        ] {
            if let Some(value) = payload.settings.get(key) {
                entry.insert(key.to_owned(), value.clone());
            }
        }
        Value::Dictionary(entry)
    });
    let mut entry = dictionary([
        ("PayloadIdentifier", profile.identifier.clone().into()),
        ("PayloadUUID", profile.uuid.clone().into()),
        ("PayloadDisplayName", profile.display_name.clone().into()),
        ("PayloadVersion", 1.into()),
        (
            "PayloadRemovalDisallowed",
            profile.removal_disallowed.into(),
        ),
        ("HasRemovalPasscode", false.into()),
        ("IsEncrypted", profile.encrypted.into()),
        ("IsManaged", installed.managed.into()),
        ("PayloadContent", Value::Array(payloads.collect())),
    ]);
    if let Some(organization) = &profile.organization {
        entry.insert(
            "PayloadOrganization".to_owned(),
            organization.clone().into(),
        );
    }
    if !profile.signers.is_empty() {
        let signers = profile
            .signers
            .iter()
            .map(|der| Value::Data(der.clone()))
            .collect();
        entry.insert("SignerCertificates".to_owned(), Value::Array(signers));
    }
    entry
}

/// Answer to `CertificateList`.
pub(super) fn certificate_list(device: &AppleDevice) -> Dictionary {
    let list = device.keychain.items().iter().map(|item| {
        Value::Dictionary(dictionary([
            ("CommonName", item.common_name().into()),
            ("Data", Value::Data(item.certificate().to_vec())),
            (
                "IsIdentity",
                matches!(item.kind, ItemKind::Identity(_)).into(),
            ),
        ]))
    });
    dictionary([("CertificateList", Value::Array(list.collect()))])
}

/// Answer to `DeviceInformation`: of the queries asked, those the device knows.
pub(super) fn device_information(device: &AppleDevice, queries: &[String]) -> Dictionary {
    let persona = &device.persona;
    let mac = persona.platform.is_macos();
    let mut known = dictionary([
        ("UDID", persona.udid.clone().into()),
        ("SerialNumber", persona.serial_number.clone().into()),
        ("DeviceName", persona.device_name.clone().into()),
        ("OSVersion", persona.os_version.clone().into()),
        ("BuildVersion", persona.build_version.clone().into()),
        ("ModelName", persona.model_name.clone().into()),
        ("Model", persona.model.clone().into()),
        ("ModelNumber", persona.model.clone().into()),
        ("ProductName", persona.product_name.clone().into()),
        ("DeviceCapacity", Value::Real(256.0)),
        ("AvailableDeviceCapacity", Value::Real(128.0)),
        ("IsSupervised", persona.supervised.into()),
        ("IsActivationLockEnabled", false.into()),
        ("IsMDMLostModeEnabled", false.into()),
        ("IsMultiUser", false.into()),
        ("IsDeviceLocatorServiceEnabled", false.into()),
        ("iTunesStoreAccountIsActive", false.into()),
        ("AwaitingConfiguration", false.into()),
        ("WiFiMAC", mac_address(device, 1).into()),
        ("BluetoothMAC", mac_address(device, 2).into()),
        (
            "SupplementalBuildVersion",
            persona.build_version.clone().into(),
        ),
        ("TimeZone", "Europe/Berlin".into()),
    ]);
    if mac {
        let host = format!("{}.local", persona.serial_number.to_lowercase());
        known.extend(dictionary([
            ("HostName", host.clone().into()),
            ("LocalHostName", host.into()),
            ("IsAppleSilicon", true.into()),
            ("SystemIntegrityProtectionEnabled", true.into()),
            ("ProvisioningUDID", persona.udid.clone().into()),
            ("SupportsiOSAppInstalls", true.into()),
            ("PINRequiredForDeviceLock", true.into()),
            ("PINRequiredForEraseDevice", true.into()),
        ]));
    } else {
        known.extend(dictionary([
            (
                "EASDeviceIdentifier",
                persona.eas_device_identifier.clone().into(),
            ),
            ("BatteryLevel", Value::Real(0.8)),
            ("IsCloudBackupEnabled", false.into()),
            ("IsDoNotDisturbInEffect", false.into()),
            (
                "CellularTechnology",
                i64::from(persona.platform == Platform::Ios).into(),
            ),
            ("DataRoamingEnabled", false.into()),
            ("VoiceRoamingEnabled", false.into()),
        ]));
        if let Some(imei) = &persona.imei {
            known.insert("IMEI".to_owned(), imei.clone().into());
        }
    }
    let asked = known
        .into_iter()
        .filter(|(key, _)| queries.iter().any(|query| query == key))
        .collect();
    dictionary([("QueryResponses", Value::Dictionary(asked))])
}

fn mac_address(device: &AppleDevice, number: u64) -> String {
    let bytes = crate::entropy::labelled(&device.persona.seed, "mac", number);
    let digits = bytes.iter().take(5).map(|byte| format!(":{byte:02x}"));
    std::iter::once("02".to_owned()).chain(digits).collect()
}

/// Answer to `SecurityInfo`.
pub(super) fn security_info(device: &AppleDevice) -> Dictionary {
    let info = if device.persona.platform.is_macos() {
        let firewall = dictionary([
            ("FirewallEnabled", false.into()),
            ("BlockAllIncoming", false.into()),
        ]);
        dictionary([
            ("FDE_Enabled", false.into()),
            ("SystemIntegrityProtectionEnabled", true.into()),
            ("FirewallSettings", Value::Dictionary(firewall)),
            (
                "BootstrapTokenAllowedForAuthentication",
                "not supported".into(),
            ),
        ])
    } else {
        dictionary([
            ("HardwareEncryptionCaps", 3.into()),
            ("PasscodePresent", device.passcode.into()),
            ("PasscodeCompliant", true.into()),
            ("PasscodeCompliantWithProfiles", true.into()),
            ("PasscodeLockGracePeriodEnforced", 0.into()),
        ])
    };
    let mut info = info;
    let enrolled = dictionary([
        ("EnrolledViaDEP", false.into()),
        ("UserApprovedEnrollment", true.into()),
        ("IsUserEnrollment", false.into()),
        ("IsActivationLockManageable", false.into()),
    ]);
    info.insert("ManagementStatus".to_owned(), Value::Dictionary(enrolled));
    dictionary([("SecurityInfo", Value::Dictionary(info))])
}
