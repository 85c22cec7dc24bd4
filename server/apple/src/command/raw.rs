//! A command as a user wrote it.

use std::fmt;

use crate::finding::Decoded;
use crate::identifier::{BadIdentifier, CommandUuid, RequestType};
use crate::plist::{Budget, Dict, PlistError, Value, read};

/// Why a document is no command.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RawError {
    /// Not a property list.
    #[error("command: the document cannot be read")]
    Plist(#[source] PlistError),
    /// Not a dictionary, or its `Command` is none.
    #[error("command: expected a dictionary with `RequestType`, or one with `Command`")]
    Shape,
    /// Both forms at once: which of the two request types would a device obey?
    #[error("command: has both `RequestType` and `Command`")]
    Ambiguous,
    /// No request type.
    #[error("command: `RequestType` is missing or not a string")]
    NoRequestType,
    /// A request type that is no identifier.
    #[error("command: `RequestType` is not usable")]
    RequestType(#[source] BadIdentifier),
    /// A `CommandUUID` that is no identifier.
    #[error("command: `CommandUUID` is missing or not usable")]
    CommandUuid,
}

/// A command as a user wrote it: decoded, and encoded anew when sent, so that what was checked is what is sent.
#[derive(Clone, PartialEq)]
pub struct RawCommand {
    request_type: RequestType,
    command_uuid: Option<CommandUuid>,
    body: Dict,
    beside: Dict,
}

impl RawCommand {
    /// Reads `{RequestType, …}` or the whole `{CommandUUID?, Command: {RequestType, …}}`.
    pub fn decode(document: &[u8], budget: Budget) -> Result<Decoded<Self>, RawError> {
        let Decoded { value, findings } = read(document, budget).map_err(RawError::Plist)?;
        let Value::Dict(mut outer) = value else {
            return Err(RawError::Shape);
        };
        let command_uuid = match outer.take("CommandUUID") {
            None => None,
            Some(Value::String(uuid)) => Some(uuid.parse().map_err(|_| RawError::CommandUuid)?),
            Some(_) => return Err(RawError::CommandUuid),
        };
        let (body, beside) = match (outer.take("Command"), outer.get("RequestType")) {
            (Some(_), Some(_)) => return Err(RawError::Ambiguous),
            (Some(Value::Dict(body)), None) => (body, outer),
            (Some(_), None) => return Err(RawError::Shape),
            (None, _) => (outer, Dict::new()),
        };
        let request_type = match body.get("RequestType") {
            Some(Value::String(name)) => name.parse().map_err(RawError::RequestType)?,
            _ => return Err(RawError::NoRequestType),
        };
        Ok(Decoded {
            value: Self {
                request_type,
                command_uuid,
                body,
                beside,
            },
            findings,
        })
    }

    /// What it asks, decoded.
    pub const fn request_type(&self) -> &RequestType {
        &self.request_type
    }

    /// The identifier it was written with, if any. [`super::Command::uuid`] is the one that is sent.
    pub const fn command_uuid(&self) -> Option<&CommandUuid> {
        self.command_uuid.as_ref()
    }

    /// The `Command` dictionary.
    pub const fn body(&self) -> &Dict {
        &self.body
    }

    /// The keys beside `Command`, such as `RequestRequiresNetworkTether`.
    pub(super) const fn beside(&self) -> &Dict {
        &self.beside
    }
}

impl fmt::Debug for RawCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawCommand({})", self.request_type)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "test")]
    use super::*;
    use crate::command::{Command, Request};

    fn document(inner: &str) -> String {
        format!("<plist version=\"1.0\">{inner}</plist>")
    }

    #[test]
    fn both_forms_are_sent_alike() {
        let bare = document("<dict><key>RequestType</key><string>Erase&#68;evice</string></dict>");
        let whole = document(
            "<dict><key>Command</key><dict><key>RequestType</key><string><![CDATA[EraseDevice]]></string></dict>\
             <key>CommandUUID</key><string>theirs</string></dict>",
        );
        for (text, uuid) in [(bare, None), (whole, Some("theirs"))] {
            let raw = RawCommand::decode(text.as_bytes(), Budget::default())
                .unwrap()
                .value;
            assert_eq!(raw.request_type().as_str(), "EraseDevice");
            assert!(raw.request_type().is_destructive());
            assert_eq!(raw.command_uuid().map(CommandUuid::as_str), uuid);
            let sent = Command {
                uuid: "ours".parse().unwrap(),
                request: Request::Raw(raw),
            };
            assert!(sent.request.is_destructive());
            let sent = String::from_utf8(sent.encode())
                .unwrap()
                .replace(['\n', '\t'], "");
            assert!(
                sent.ends_with(
                    "<dict><key>Command</key><dict><key>RequestType</key><string>EraseDevice</string></dict>\
                     <key>CommandUUID</key><string>ours</string></dict></plist>"
                ),
                "{sent}"
            );
        }
    }

    #[test]
    fn keys_beside_the_command_are_kept() {
        let text = document(
            "<dict><key>Command</key><dict><key>RequestType</key><string>ProfileList</string></dict>\
             <key>RequestRequiresNetworkTether</key><true/></dict>",
        );
        let raw = RawCommand::decode(text.as_bytes(), Budget::default())
            .unwrap()
            .value;
        let sent = Command {
            uuid: "u".parse().unwrap(),
            request: Request::Raw(raw),
        }
        .encode();
        assert!(
            String::from_utf8(sent)
                .unwrap()
                .contains("<key>RequestRequiresNetworkTether</key>\n\t<true/>")
        );
    }

    #[test]
    fn what_is_no_command_is_refused() {
        for (inner, complaint) in [
            (
                "<array/>",
                "command: expected a dictionary with `RequestType`, or one with `Command`",
            ),
            (
                "<dict/>",
                "command: `RequestType` is missing or not a string",
            ),
            (
                "<dict><key>Command</key><string>EraseDevice</string></dict>",
                "command: expected a dictionary with `RequestType`, or one with `Command`",
            ),
            (
                "<dict><key>RequestType</key><string>ProfileList</string><key>Command</key><dict/></dict>",
                "command: has both `RequestType` and `Command`",
            ),
            (
                "<dict><key>RequestType</key><string/></dict>",
                "command: `RequestType` is not usable",
            ),
            (
                "<dict><key>RequestType</key><string>ProfileList</string><key>CommandUUID</key><integer>1</integer></dict>",
                "command: `CommandUUID` is missing or not usable",
            ),
        ] {
            let error =
                RawCommand::decode(document(inner).as_bytes(), Budget::default()).unwrap_err();
            assert_eq!(error.to_string(), complaint, "{inner}");
        }
        let error = RawCommand::decode(b"{}", Budget::default()).unwrap_err();
        assert_eq!(error.to_string(), "command: the document cannot be read");
    }
}
