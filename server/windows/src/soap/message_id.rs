use std::{fmt, str::FromStr};

/// `MessageID` (WS-Addressing 1.0 section 3.2), echoed as `RelatesTo`. A constant of the client: no key to anything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(String);

/// Why a text is no [`MessageId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("message identifier is not of 1 to {longest} bytes", longest = MessageId::LONGEST)]
pub struct BadMessageId;

impl MessageId {
    /// In bytes.
    pub const LONGEST: usize = 512;

    /// The text as it was sent, without white space around it. One client puts a blank inside.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MessageId {
    type Err = BadMessageId;

    fn from_str(text: &str) -> Result<Self, BadMessageId> {
        let text = text.trim();
        if text.is_empty() || text.len() > Self::LONGEST {
            return Err(BadMessageId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
