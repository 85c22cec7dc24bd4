//! The pieces of a document, in the order in which they stand in it.

use std::borrow::Cow;
use std::fmt;

/// One piece of a document.
///
/// `Debug` shows how much text there is, not the text: passwords and private keys travel in it.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// An element begins; its [`Event::End`] follows in every case, also where it is empty.
    Start(Name),
    /// The innermost open element ends.
    End,
    /// Text. The reader joins neighbouring strings and entities, and hands out no empty text.
    Text(String),
    /// Bytes of a kind that the element's definition knows: binary data, or text that a writer chose to send so
    /// (SyncML `Data` usually comes like this).
    Opaque(Vec<u8>),
}

/// The name of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The XML namespace: that of the code page, for a literal tag that of the element around it.
    pub namespace: &'static str,
    /// The local name: from the dialect's tables, or a literal one, which is a checked XML name without a prefix.
    pub local: Cow<'static, str>,
}

impl Event {
    /// The beginning of an element.
    pub fn start(namespace: &'static str, local: impl Into<Cow<'static, str>>) -> Self {
        Self::Start(Name {
            namespace,
            local: local.into(),
        })
    }

    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Content as text: a string, or opaque bytes that are UTF-8.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Opaque(bytes) => std::str::from_utf8(bytes).ok(),
            Self::Start(_) | Self::End => None,
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(name) => write!(f, "Start({})", name.local),
            Self::End => f.write_str("End"),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Opaque(bytes) => write!(f, "Opaque({} bytes)", bytes.len()),
        }
    }
}

/// Whether a literal tag may go on as an element's name: an XML name (XML 1.0 production 5) of ASCII letters,
/// digits, `-`, `_` and `.`, without a prefix.
///
/// Differs: XML allows most of Unicode; no dialect uses it.
pub(crate) fn is_name(text: &str) -> bool {
    let starts = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    starts
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_keeps_content_to_itself() {
        let events = [
            Event::start("syncml:metinf", "Type"),
            Event::text("hunter2"),
            Event::Opaque(b"hunter2".to_vec()),
            Event::End,
        ];
        assert_eq!(
            format!("{events:?}"),
            "[Start(Type), Text(7 bytes), Opaque(7 bytes), End]"
        );
    }

    #[test]
    fn content_as_text() {
        for (event, text) in [
            (Event::text("a&b"), Some("a&b")),
            (Event::Opaque("é".into()), Some("é")),
            (Event::Opaque(vec![0xFF]), None),
            (Event::End, None),
        ] {
            assert_eq!(event.as_text(), text, "{event:?}");
        }
    }

    #[test]
    fn names() {
        for (text, good) in [
            ("Item", true),
            ("_x-1.y", true),
            ("", false),
            ("1st", false),
            ("-a", false),
            ("msft:x", false),
            ("a b", false),
            ("a>", false),
            ("é", false),
        ] {
            assert_eq!(is_name(text), good, "{text}");
        }
    }
}
