//! What a Windows device tells of itself, node by node. Pure.

use crate::device::{Device, Hardware};

/// Nodes that are asked for once a device is enrolled, and the short name of what they hold (pages "`DevInfo` CSP", "`DevDetail` CSP").
pub const INVENTORY: [(&str, &str); 14] = [
    ("./DevInfo/DevId", "DevId"),
    ("./DevInfo/Man", "Manufacturer"),
    ("./DevInfo/Mod", "Model"),
    ("./DevInfo/Lang", "Language"),
    ("./DevDetail/DevTyp", "DeviceType"),
    ("./DevDetail/FwV", "FirmwareVersion"),
    ("./DevDetail/SwV", "OSVersion"),
    ("./DevDetail/HwV", "HardwareVersion"),
    ("./DevDetail/Ext/Microsoft/DeviceName", "DeviceName"),
    (
        "./DevDetail/Ext/Microsoft/DNSComputerName",
        "DNSComputerName",
    ),
    (
        "./DevDetail/Ext/Microsoft/SMBIOSSerialNumber",
        "SerialNumber",
    ),
    ("./DevDetail/Ext/Microsoft/OSPlatform", "OSPlatform"),
    (
        "./DevDetail/Ext/Microsoft/ProcessorArchitecture",
        "ProcessorArchitecture",
    ),
    ("./DevDetail/Ext/Microsoft/TotalRAM", "TotalRAM"),
];

/// The longest value kept, in characters.
const LONGEST: usize = 1024;

/// Takes what a device says of a node; true when that was new.
pub(super) fn learn(device: &mut Device, node: &str, value: &str) -> bool {
    let bare = node.strip_prefix("./").unwrap_or(node);
    let known = INVENTORY.iter().find(|(uri, _)| {
        uri.strip_prefix("./")
            .is_some_and(|uri| uri.eq_ignore_ascii_case(bare))
    });
    let name = known.map_or(bare, |(_, name)| name);
    let value: String = value.chars().take(LONGEST).collect();
    let fits =
        device.information.len() < Device::MOST_FACTS || device.information.contains_key(name);
    if name.len() > 255 || !fits || device.information.get(name) == Some(&value) {
        return false;
    }
    hardware(&mut device.hardware, name, &value);
    device.information.insert(name.to_owned(), value);
    true
}

fn hardware(hardware: &mut Hardware, name: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    match name {
        "SerialNumber" => hardware.serial_number = Some(value.chars().take(255).collect()),
        "Model" => {
            hardware.learn(name, value);
            hardware.learn("ProductName", value);
        }
        other => hardware.learn(other, value),
    }
}
