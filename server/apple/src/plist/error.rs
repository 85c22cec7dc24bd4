//! Why a document is not a property list for us.

use std::fmt;

use super::budget::Limit;

/// A place in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Bytes from the start.
    pub offset: usize,
    /// Lines, from 1.
    pub line: usize,
    /// Characters in the line, from 1.
    pub column: usize,
}

impl Position {
    /// Counts lines and characters up to `offset`.
    pub(super) fn of(document: &[u8], offset: usize) -> Self {
        let offset = offset.min(document.len());
        let before = document.get(..offset).unwrap_or_default();
        let line_start = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |n| n + 1);
        let line = before.split(|b| *b == b'\n').count();
        let characters = before
            .iter()
            .skip(line_start)
            .filter(|b| **b & 0xC0 != 0x80)
            .count();
        Self {
            offset,
            line,
            column: 1 + characters,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// A document that is refused, where, and why.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("property list, {at}{}: {problem}", Inside(path))]
pub struct PlistError {
    /// What is wrong.
    pub problem: Problem,
    /// Where it was noticed.
    pub at: Position,
    /// The keys and indices that lead there, such as `CertificateList[2].Data`; empty at the top.
    pub path: String,
}

impl PlistError {
    /// The exceeded limit, if that was the reason.
    pub const fn limit(&self) -> Option<Limit> {
        match self.problem {
            Problem::Limit(limit) => Some(limit),
            _ => None,
        }
    }

    /// The dotted name of the rule that was broken.
    pub const fn rule(&self) -> &'static str {
        match self.problem {
            Problem::Binary => "plist.binary",
            Problem::Limit(_) => "plist.limit",
            Problem::Utf16 | Problem::NotUtf8 | Problem::DeclaredEncoding(_) => "plist.encoding",
            Problem::Doctype | Problem::DoctypeSubset => "plist.doctype",
            Problem::Entity(_) => "plist.entity",
            Problem::Scalar { .. } => "plist.bad-scalar",
            Problem::Empty | Problem::Xml(_) | Problem::Unclosed => "plist.not-xml",
            Problem::NoWrapper(_)
            | Problem::AfterRoot
            | Problem::NoValue
            | Problem::SecondValue
            | Problem::Element(_)
            | Problem::Inside { .. }
            | Problem::Key
            | Problem::NoKey(_)
            | Problem::KeyWithoutValue(_)
            | Problem::Text => "plist.structure",
        }
    }
}

struct Inside<'a>(&'a str);

impl fmt::Display for Inside<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            Ok(())
        } else {
            write!(f, ", in `{}`", self.0)
        }
    }
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// `bplist…`: only XML is read from the network.
    #[error("is binary; only XML is accepted here")]
    Binary,
    /// No bytes, or only white space.
    #[error("is empty")]
    Empty,
    /// UTF-16 or UTF-32 by its byte order mark or its zero bytes.
    #[error("is UTF-16; only UTF-8 is accepted here")]
    Utf16,
    /// Not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// The XML declaration names another encoding.
    #[error("declares the encoding `{0}`; only UTF-8 is accepted here")]
    DeclaredEncoding(String),
    /// A DOCTYPE other than Apple's.
    #[error("has a DOCTYPE other than Apple's property list")]
    Doctype,
    /// A DOCTYPE with an internal subset.
    #[error("has a DOCTYPE with an internal subset")]
    DoctypeSubset,
    /// An entity other than the five of XML and numeric characters.
    #[error("refers to the entity `&{0};`, which XML does not define")]
    Entity(String),
    /// The budget is spent.
    #[error("is {0}")]
    Limit(Limit),
    /// Not well-formed.
    #[error("is not well-formed XML: {0}")]
    Xml(String),
    /// Ends inside an element.
    #[error("ends before its last element is closed")]
    Unclosed,
    /// The root is not `plist`.
    #[error("begins with `<{0}>`; expected `<plist>`")]
    NoWrapper(String),
    /// Something follows the root.
    #[error("continues after `</plist>`")]
    AfterRoot,
    /// `<plist/>`.
    #[error("has no value in `<plist>`")]
    NoValue,
    /// Two values in `plist`.
    #[error("has more than one value in `<plist>`")]
    SecondValue,
    /// An element that the format does not have.
    #[error("has `<{0}>`, which is no property list element")]
    Element(String),
    /// An element inside a scalar or a key.
    #[error("has `<{found}>` inside `<{outer}>`")]
    Inside {
        /// The scalar.
        outer: &'static str,
        /// What was found in it.
        found: String,
    },
    /// A key outside a dictionary, or where a value belongs.
    #[error("has a `<key>` where none belongs")]
    Key,
    /// A value in a dictionary without its key.
    #[error("has `<{0}>` without a `<key>` before it")]
    NoKey(String),
    /// A key without a value.
    #[error("has no value for the key `{0}`")]
    KeyWithoutValue(String),
    /// Text outside a scalar.
    #[error("has text outside a value")]
    Text,
    /// A scalar whose content is not of its type.
    #[error("has `<{element}>` whose content is not {expected}")]
    Scalar {
        /// The element.
        element: &'static str,
        /// What it must hold.
        expected: &'static str,
    },
}
