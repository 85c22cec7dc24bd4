//! Checks of a command.

use plist::{Dictionary, Value};

use super::{
    os::Target,
    rule::{Findings, Rule, Scope},
    table::table,
    walk,
};
use crate::finding::{Finding, Level};

/// Keys any command may have beside those of its request type (Apple, "Commands and Queries").
const COMMON: [&str; 2] = ["RequestType", "RequestRequiresNetworkTether"];

/// Checks a command, given whole (`{CommandUUID, Command}`) or as what stands under `Command`. Without a target, systems and channels are not checked.
///
/// Rules: `command.missing-request-type`, `unknown-request-type`, `unknown-key`, `missing-key`, `wrong-type`, `value-not-allowed`,
/// `malformed-uuid`, `malformed-url`, `key-not-on-os`, `key-deprecated`, `key-not-on-channel`, each with `command.` before it.
pub fn check_command(command: &Dictionary, target: Option<&Target>) -> Vec<Finding> {
    let mut findings = Findings::new(Scope::Command);
    let (at, request) = match command.get("Command") {
        Some(Value::Dictionary(request)) => ("Command", request),
        Some(_) => {
            findings.rule(Rule::WrongType, "Command", "expected a dictionary");
            return findings.into_vec();
        }
        None => ("", command),
    };
    let Some(name) = request.get("RequestType").and_then(Value::as_string) else {
        findings.push(
            "command.missing-request-type",
            Level::Error,
            at,
            "`RequestType` is missing or not a string",
        );
        return findings.into_vec();
    };
    let Some(entry) = table().requests.get(name) else {
        findings.push(
            "command.unknown-request-type",
            Level::Warning,
            at,
            format!("`{name}` is not in the table, so it is not checked"),
        );
        return findings.into_vec();
    };
    let own: Dictionary = request
        .iter()
        .filter(|(key, _)| !COMMON.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if entry.keys.is_empty() {
        for key in own.keys() {
            findings.rule(Rule::UnknownKey, at, format!("`{key}` is not a key here"));
        }
    } else {
        walk::dictionary(at, &own, &[&entry.keys], target, &mut findings);
    }
    findings.into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Platform;

    fn findings(xml: &str) -> String {
        let xml = format!("<plist version=\"1.0\"><dict>{xml}</dict></plist>");
        let command: Dictionary = plist::from_bytes(xml.as_bytes()).unwrap();
        let target = Target {
            platform: Platform::Ios,
            os_version: Some("17.0".parse().unwrap()),
            channel: None,
        };
        check_command(&command, Some(&target))
            .iter()
            .map(|finding| format!("{} {}: {}", finding.rule, finding.at, finding.text))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn commands() {
        for (xml, expected) in [
            (
                "<key>RequestType</key><string>InstallProfile</string><key>Payload</key><data>AA==</data>",
                "",
            ),
            (
                "<key>RequestType</key><string>InstallProfile</string><key>Payload</key><string>x</string>",
                "command.wrong-type Payload: is a string, expected data",
            ),
            (
                "<key>Command</key><dict><key>RequestType</key><string>RemoveProfile</string></dict>",
                "command.missing-key Command: `Identifier` is missing",
            ),
            (
                "",
                "command.missing-request-type : `RequestType` is missing or not a string",
            ),
            (
                "<key>Command</key><string/>",
                "command.wrong-type Command: expected a dictionary",
            ),
            (
                "<key>RequestType</key><string>Nope</string>",
                "command.unknown-request-type : `Nope` is not in the table, so it is not checked",
            ),
            (
                "<key>RequestType</key><string>ProfileList</string><key>managedOnly</key><true/>",
                "command.unknown-key managedOnly: `managedOnly` is not a key here",
            ),
            (
                "<key>RequestType</key><string>SecurityInfo</string><key>X</key><true/>",
                "command.unknown-key : `X` is not a key here",
            ),
            (
                "<key>RequestType</key><string>DeviceInformation</string><key>Queries</key><array><string>UDID</string><string>OSVersion</string></array>",
                "",
            ),
            (
                "<key>RequestType</key><string>Settings</string><key>Settings</key><array><dict><key>Item</key><string>DataRoaming</string><key>Enabled</key><string>x</string></dict><dict><key>Item</key><string>Nope</string></dict></array>",
                "command.wrong-type Settings[0].Enabled: is a string, expected a boolean\n\
                 command.value-not-allowed Settings[1]: its `Item` names nothing that may stand here",
            ),
        ] {
            assert_eq!(findings(xml), expected, "{xml}");
        }
    }
}
