//! Nodes whose values are facts about the device: `DevInfo`, `DevDetail`, `DeviceManageability`.

use super::device::WindowsDevice;
use super::path::Path;
use super::tree::Value;
use super::xml::{self, Element};

/// Providers named in `CSPVersions`, with the version that is said of each.
const PROVIDERS: [(&str, &str); 9] = [
    ("./Device/Vendor/MSFT/CertificateStore", "1.0"),
    ("./Device/Vendor/MSFT/ClientCertificateInstall", "1.0"),
    ("./Device/Vendor/MSFT/DMClient", "1.9"),
    ("./Device/Vendor/MSFT/RemoteWipe", "1.1"),
    ("./Device/Vendor/MSFT/RootCATrustedCertificates", "1.0"),
    ("./User/Vendor/MSFT/ActiveSync", "1.0"),
    ("./User/Vendor/MSFT/ClientCertificateInstall", "1.0"),
    ("./User/Vendor/MSFT/EMAIL2", "1.0"),
    ("./Vendor/MSFT/EMAIL2", "1.0"),
];

impl WindowsDevice {
    /// The value of such a node.
    pub(super) fn fact(&self, path: &Path) -> Option<Value> {
        let persona = &self.persona;
        let text = |data: &str| {
            Some(Value {
                format: "chr".to_owned(),
                data: data.to_owned(),
            })
        };
        let phone = persona.version.is_phone();
        let names: Vec<&str> = path.segments().collect();
        match names.as_slice() {
            ["DevInfo", "DevId"] => text(&persona.device_id),
            ["DevInfo", "Man"] | ["DevDetail", "OEM"] => text("Simulated & Söhne"),
            ["DevInfo", "Mod"] => text(if phone {
                "Simulated Phone"
            } else {
                "Simulated PC"
            }),
            ["DevInfo", "DmV"] => text("1.3"),
            ["DevInfo", "Lang"] => text(&persona.locale),
            ["DevDetail", "DevTyp"] => text(&persona.system),
            ["DevDetail", "SwV"] => text(&persona.os_version),
            ["DevDetail", "FwV" | "HwV"] => text("1.0"),
            ["DevDetail", "URI", _] => text("0"),
            ["DevDetail", "LrgObj"] => Some(Value {
                format: "bool".to_owned(),
                data: "true".to_owned(),
            }),
            ["DevDetail", "Ext", "Microsoft", name] => match *name {
                "DeviceName" | "DNSComputerName" => text(&persona.device_name),
                "SMBIOSSerialNumber" => text(&persona.serial_number),
                "OSPlatform" => text(&persona.system),
                "LocalTime" => text("2026-01-01T00:00:00.0000000Z"),
                "ProcessorArchitecture" => Some(Value {
                    format: "int".to_owned(),
                    data: if phone { "5" } else { "9" }.to_owned(),
                }),
                "TotalRAM" | "TotalStorage" | "FreeStorage" | "ProcessorType" => Some(Value {
                    format: "int".to_owned(),
                    data: "4096".to_owned(),
                }),
                _ => text(""),
            },
            ["DevDetail", "Ext", "WLANMACAddress"] => text(&persona.mac.replace('-', "")),
            [
                "Device",
                "Vendor",
                "MSFT",
                "DeviceManageability",
                "Capabilities",
                "CSPVersions",
            ] => Some(Value {
                format: "xml".to_owned(),
                data: csp_versions(),
            }),
            [
                "Device",
                "Vendor",
                "MSFT",
                "DMClient",
                "Provider",
                _,
                "ExchangeID",
            ] => text(&persona.exchange_id),
            [
                "Device",
                "Vendor",
                "MSFT",
                "DMClient",
                "Provider",
                _,
                "HWDevID",
            ] => text(&persona.hardware_id),
            _ => None,
        }
    }
}

/// The document that names the providers of a build.
fn csp_versions() -> String {
    let mut root = Element::new(
        "http://schemas.microsoft.com/windows/msftdm/CSPVersions",
        "DeviceManageability",
    );
    let mut versions = Element::new(&root.ns.clone(), "CSPVersions");
    for (node, version) in PROVIDERS {
        let provider = Element::new(&root.ns, "CSP")
            .attribute("", "Node", node)
            .attribute("", "Version", version);
        versions = versions.with(provider);
    }
    root = root.with(versions);
    xml::write(&root, &[])
}
