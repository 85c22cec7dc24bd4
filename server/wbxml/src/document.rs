//! One WBXML document.

use std::fmt;

use crate::dialect::Dialect;
use crate::event::Event;

/// A whole document. Its character set is always UTF-8 (see [`decode`](crate::decode)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The version of WBXML.
    pub version: Version,
    /// How the document says what it is.
    pub public_id: PublicId,
    /// The vocabulary that follows from it.
    pub dialect: &'static Dialect,
    /// The root element and what it holds, in document order.
    pub events: Vec<Event>,
}

impl Document {
    /// An empty document of WBXML 1.3 under the registered number of its dialect; the root is still to come.
    pub const fn new(dialect: &'static Dialect) -> Self {
        Self {
            version: Version::V1_3,
            public_id: PublicId::Number(dialect.public_id),
            dialect,
            events: Vec::new(),
        }
    }
}

/// The versions of WBXML that are read and written alike (WAP-192 section 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 1.1, byte `01`.
    V1_1,
    /// 1.2, byte `02`.
    V1_2,
    /// 1.3, byte `03`.
    V1_3,
}

impl Version {
    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::V1_1),
            0x02 => Some(Self::V1_2),
            0x03 => Some(Self::V1_3),
            _ => None,
        }
    }

    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::V1_1 => 0x01,
            Self::V1_2 => 0x02,
            Self::V1_3 => 0x03,
        }
    }
}

/// What a document says that it is (WAP-192 section 5.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicId {
    /// A registered number; `1` is "unknown or missing".
    Number(u32),
    /// A formal public identifier in the string table.
    Formal(String),
}

impl PublicId {
    /// "Unknown or missing" (WAP-192 section 7.2).
    pub const UNKNOWN: Self = Self::Number(1);

    /// Whether a dialect goes by this identifier.
    pub(crate) fn names(&self, dialect: &Dialect) -> bool {
        match self {
            Self::Number(number) => dialect.public_id == *number,
            Self::Formal(text) => !text.is_empty() && dialect.formal_id == text,
        }
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number:#06x}"),
            Self::Formal(text) => f.write_str(text),
        }
    }
}
