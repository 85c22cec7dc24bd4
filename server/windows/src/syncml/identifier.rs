//! What sessions, messages, commands and nodes are called.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// `CmdID`: unique within its message and never `0` ([MS-MDM] 2.2.3.2).
/// Differs: the clause allows any text; the ones we hand out count up from 1, and a client's that is no such number
/// makes its command [`super::Command::Malformed`], which can still be answered under the text it came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CmdId(NonZeroU32);

impl CmdId {
    /// The first of a message.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The number, if it is not 0.
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The one that follows. Stops at the highest, which no message of ours comes near.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for CmdId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `MsgID`: counts up from 1 within a session ([MS-MDM]). As a reference it may be 0: a client that lost the
/// session before it read a message answers "message 0".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MsgId(pub u32);

impl MsgId {
    /// The first of a session, and what a `Results` without `MsgRef` refers to (OMA SyncML Representation Protocol).
    pub const FIRST: Self = Self(1);
}

impl fmt::Display for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `CmdRef`: which command of the message is answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CmdRef {
    /// `0`: the header.
    Header,
    /// A command.
    Command(CmdId),
    /// Neither: what a malformed command gave as its `CmdID`, empty if it gave none. 64 characters at most.
    Text(String),
}

impl CmdRef {
    /// The command, if it is one.
    pub const fn command(&self) -> Option<CmdId> {
        match self {
            Self::Command(id) => Some(*id),
            Self::Header | Self::Text(_) => None,
        }
    }

    pub(super) fn read(text: &str) -> Self {
        match decimal(text) {
            Some(0) => Self::Header,
            Some(number) => CmdId::new(number).map_or(Self::Header, Self::Command),
            None => Self::Text(excerpt(text)),
        }
    }
}

impl fmt::Display for CmdRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("0"),
            Self::Command(id) => id.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// As much of a foreign text as is repeated to anybody: 64 characters.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Digits only: no sign, no other white space than around them.
pub(super) fn decimal(text: &str) -> Option<u32> {
    let digits = text.trim();
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

/// Text that cannot be this identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// No text.
    #[error("is empty")]
    Empty,
    /// Too much text.
    #[error("is longer than {0} bytes")]
    Long(usize),
    /// A character below U+0020, U+007F, or one that XML cannot carry.
    #[error("has a control character")]
    Control,
    /// A `LocURI` that begins with `/`.
    #[error("begins with a slash")]
    LeadingSlash,
}

fn bounded(text: &str, most: usize) -> Result<String, IdentifierError> {
    let text = text.trim();
    if text.is_empty() {
        Err(IdentifierError::Empty)
    } else if text.len() > most {
        Err(IdentifierError::Long(most))
    } else if text
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}'))
    {
        Err(IdentifierError::Control)
    } else {
        Ok(text.to_owned())
    }
}

/// `SessionID`: opaque. Windows sends decimal digits or two bytes of hexadecimal, by the version of its DM client.
/// 1 to 64 bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(String);

impl SessionId {
    /// Bytes at most.
    pub const MOST: usize = 64;
}

/// `LocURI`: a node of the device's tree, or the address of a party. Case is kept and nothing is decoded.
/// 1 to 2048 bytes without control characters.
/// Differs: "OMA DM protocol support" forbids a leading slash everywhere; a party's address and a client's node are taken as they come,
/// [`LocUri::node`] is what checks ours.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocUri(String);

impl LocUri {
    /// Bytes at most.
    pub const MOST: usize = 2048;

    /// A node that a command of ours may name: no leading slash ("OMA DM protocol support").
    pub fn node(text: &str) -> Result<Self, IdentifierError> {
        let uri: Self = text.parse()?;
        if uri.0.starts_with('/') {
            return Err(IdentifierError::LeadingSlash);
        }
        Ok(uri)
    }
}

macro_rules! text {
    ($name:ident) => {
        impl $name {
            /// As it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdentifierError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                bounded(text, Self::MOST).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}
text!(SessionId);
text!(LocUri);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_references() {
        for (text, expected) in [
            ("0", CmdRef::Header),
            (" 7 ", CmdRef::Command(CmdId::new(7).unwrap())),
            ("4294967295", CmdRef::Command(CmdId::new(u32::MAX).unwrap())),
            ("4294967296", CmdRef::Text("4294967296".into())),
            ("-1", CmdRef::Text("-1".into())),
            ("+1", CmdRef::Text("+1".into())),
            ("", CmdRef::Text(String::new())),
            ("a&b", CmdRef::Text("a&b".into())),
        ] {
            assert_eq!(CmdRef::read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn texts_are_bounded() {
        let long = "x".repeat(SessionId::MOST + 1);
        for (text, complaint) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("a\u{0}b", "has a control character"),
            ("a\nb", "has a control character"),
            (long.as_str(), "is longer than 64 bytes"),
        ] {
            let error = text.parse::<SessionId>().unwrap_err();
            assert_eq!(error.to_string(), complaint, "{text:?}");
        }
        assert_eq!("1f".parse::<SessionId>().unwrap().as_str(), "1f");
        assert_eq!(
            LocUri::node("/Vendor/MSFT").unwrap_err().to_string(),
            "begins with a slash"
        );
        let uri = LocUri::node("./Vendor/MSFT/A%7Bé&<").unwrap();
        assert_eq!(uri.as_str(), "./Vendor/MSFT/A%7Bé&<");
    }
}
