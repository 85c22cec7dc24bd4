//! What is said about data.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::element::Element;
use crate::xml::{Ns, Writer};

/// `Format`: how data is written (OMA Device Management Representation Protocol).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Format {
    /// `chr`: text.
    Chr,
    /// `int`.
    Int,
    /// `bool`: `true` or `false`.
    Bool,
    /// `b64`: bytes in base64.
    B64,
    /// `bin`: bytes; in XML also base64.
    Bin,
    /// `node`: names of children, separated by slashes.
    Node,
    /// `null`: nothing.
    Null,
    /// `xml`: a document, escaped.
    Xml,
    /// `float`.
    Float,
    /// `date`.
    Date,
    /// `time`.
    Time,
    /// Another.
    Other(String),
}

impl Format {
    const KNOWN: [Self; 11] = [
        Self::Chr,
        Self::Int,
        Self::Bool,
        Self::B64,
        Self::Bin,
        Self::Node,
        Self::Null,
        Self::Xml,
        Self::Float,
        Self::Date,
        Self::Time,
    ];

    /// By its word.
    pub fn named(word: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|known| known.word() == word)
            .unwrap_or_else(|| Self::Other(word.to_owned()))
    }

    /// The word.
    pub fn word(&self) -> &str {
        match self {
            Self::Chr => "chr",
            Self::Int => "int",
            Self::Bool => "bool",
            Self::B64 => "b64",
            Self::Bin => "bin",
            Self::Node => "node",
            Self::Null => "null",
            Self::Xml => "xml",
            Self::Float => "float",
            Self::Date => "date",
            Self::Time => "time",
            Self::Other(word) => word,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// `NextNonce`: the bytes that the next MD5 digest is made with. Base64 on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce(pub Vec<u8>);

impl Nonce {
    /// Reads base64, with or without padding.
    pub(super) fn read(text: &str) -> Option<Self> {
        STANDARD
            .decode(text)
            .or_else(|_| STANDARD_NO_PAD.decode(text))
            .ok()
            .map(Self)
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(&self.0))
    }
}

/// `Meta`: what is said about a message, a command, an item or a credential (OMA SyncML Meta Information).
/// A number or nonce that cannot be read stays in `other`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meta {
    /// `Format`.
    pub format: Option<Format>,
    /// `Type`: a media type, or the name of an alert or of a kind of credential.
    pub kind: Option<String>,
    /// `Mark`: of an alert, how grave it is.
    pub mark: Option<String>,
    /// `Size`: bytes of a whole object; on the first of its parts.
    pub size: Option<u64>,
    /// `NextNonce`.
    pub next_nonce: Option<Nonce>,
    /// `MaxMsgSize`: bytes that the sender takes in one message.
    pub max_msg_size: Option<u64>,
    /// `MaxObjSize`: bytes that the sender takes in one object.
    pub max_obj_size: Option<u64>,
    /// What else there was.
    pub other: Vec<Element>,
}

impl Meta {
    /// Data of this format.
    pub fn format(format: Format) -> Self {
        Self {
            format: Some(format),
            ..Self::default()
        }
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Reads the children of `Meta`, or of a `MetInf` within it.
    pub(super) fn read(element: &Element) -> Self {
        let mut meta = Self::default();
        for child in element.children() {
            if child.ns() == Some(Ns::MetInf) && child.name() == "MetInf" {
                for inner in child.children() {
                    meta.take(inner);
                }
            } else {
                meta.take(child);
            }
        }
        meta
    }

    /// Reads the `Meta` in an element, if there is one.
    pub(super) fn within(element: &Element) -> Self {
        element.child("Meta").map(Self::read).unwrap_or_default()
    }

    fn take(&mut self, child: &Element) {
        if child.ns() == Some(Ns::MetInf) {
            let text = child.text().trim();
            let known = match child.name() {
                "Format" => fill(&mut self.format, Some(Format::named(text))),
                "Type" => fill(&mut self.kind, Some(text.to_owned())),
                "Mark" => fill(&mut self.mark, Some(text.to_owned())),
                "Size" => fill(&mut self.size, number(text)),
                "NextNonce" => fill(&mut self.next_nonce, Nonce::read(text)),
                "MaxMsgSize" => fill(&mut self.max_msg_size, number(text)),
                "MaxObjSize" => fill(&mut self.max_obj_size, number(text)),
                _ => false,
            };
            if known {
                return;
            }
        }
        self.other.push(child.clone());
    }

    /// `Meta` in the order of the DTD, if anything is said. What was kept in `other` is not repeated.
    pub(super) fn write(&self, w: &mut Writer) {
        let texts = [
            ("Format", self.format.as_ref().map(ToString::to_string)),
            ("Type", self.kind.clone()),
            ("Mark", self.mark.clone()),
            ("Size", self.size.map(|n| n.to_string())),
            (
                "NextNonce",
                self.next_nonce.as_ref().map(ToString::to_string),
            ),
            ("MaxMsgSize", self.max_msg_size.map(|n| n.to_string())),
            ("MaxObjSize", self.max_obj_size.map(|n| n.to_string())),
        ];
        if texts.iter().all(|(_, text)| text.is_none()) {
            return;
        }
        w.element((Ns::SyncMl, "Meta"), &[], |w| {
            for (name, text) in texts {
                if let Some(text) = text {
                    w.leaf((Ns::MetInf, name), &text);
                }
            }
        });
    }
}

/// Fills an empty slot; the second of a name, and what cannot be read, is left to the caller.
fn fill<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    if slot.is_some() || value.is_none() {
        return false;
    }
    *slot = value;
    true
}

fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::Budget;

    fn read(inner: &str) -> Meta {
        let document =
            format!("<Meta xmlns='SYNCML:SYNCML1.2' xmlns:m='syncml:metinf'>{inner}</Meta>");
        Meta::read(&Element::read(document.as_bytes(), Budget::default()).unwrap())
    }

    #[test]
    fn formats_are_their_words() {
        for known in Format::KNOWN {
            assert_eq!(Format::named(known.word()), known);
        }
        assert_eq!(Format::named("CHR"), Format::Other("CHR".into()));
    }

    #[test]
    fn what_cannot_be_read_is_kept() {
        let meta = read(
            "<m:Size>-1</m:Size><m:Format> int\n</m:Format><m:Format>chr</m:Format>\
             <m:NextNonce>!</m:NextNonce><m:EMI>x</m:EMI><Type>of the wrong namespace</Type>",
        );
        assert_eq!(meta.format, Some(Format::Int));
        assert_eq!(meta.size, None);
        assert_eq!(
            format!("{:?}", meta.other),
            "[<Size>[], <Format>[], <NextNonce>[], <EMI>[], <Type>[]]"
        );
    }

    #[test]
    fn a_wrapper_is_looked_through() {
        let meta = read(
            "<m:MetInf><m:MaxMsgSize>16384</m:MaxMsgSize><m:NextNonce>AQI</m:NextNonce></m:MetInf>",
        );
        assert_eq!(meta.max_msg_size, Some(16384));
        assert_eq!(meta.next_nonce, Some(Nonce(vec![1, 2])));
        assert_eq!(meta.other, []);
    }
}
