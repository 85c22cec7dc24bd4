//! Why a document was refused.

use std::str::Utf8Error;

use crate::document::PublicId;

/// A document that is damaged, beyond the budget or of a kind that is not spoken. Offsets count bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The document is longer than [`Budget::bytes`](crate::Budget::bytes).
    #[error("document of {length} bytes is longer than the {limit} allowed")]
    TooLong {
        /// Its length.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The document ends too early, or a length in it is too large.
    #[error("document ends after {length} bytes, inside of something")]
    Truncated {
        /// Its length.
        length: usize,
    },
    /// Bytes follow the root element. Processing instructions there are refused alike.
    #[error("something follows the root element at byte {offset}")]
    Trailing {
        /// Where.
        offset: usize,
    },
    /// An `mb_u_int32` of more than 32 bits.
    #[error("number at byte {offset} does not fit 32 bits")]
    Number {
        /// Where it begins.
        offset: usize,
    },
    /// WBXML 1.0 or something that is no WBXML.
    #[error("version byte {byte:#04x} is none of WBXML 1.1, 1.2 and 1.3")]
    Version {
        /// The first byte.
        byte: u8,
    },
    /// A character set other than UTF-8 and US-ASCII.
    #[error("character set {mib} is neither UTF-8 (106) nor US-ASCII (3)")]
    Charset {
        /// IANA's number of it.
        mib: u32,
    },
    /// A document type that none of the offered dialects is.
    #[error("document type {0} is not spoken here")]
    PublicId(PublicId),
    /// A reference outside of the string table.
    #[error("index {index} at byte {offset} points outside of the string table")]
    StringIndex {
        /// The index.
        index: u32,
        /// Where it stands.
        offset: usize,
    },
    /// Text that is not UTF-8.
    #[error("text at byte {offset} is not UTF-8")]
    Text {
        /// Where it, or the reference to it, stands.
        offset: usize,
        /// What is wrong with it.
        #[source]
        source: Utf8Error,
    },
    /// An entity that is no character, or NUL.
    #[error("entity {code} at byte {offset} is no character")]
    Entity {
        /// The number.
        code: u32,
        /// Where it stands.
        offset: usize,
    },
    /// A code page that the dialect does not have.
    #[error("code page {page} at byte {offset} is unknown")]
    Page {
        /// The page.
        page: u8,
        /// Where it is switched to.
        offset: usize,
    },
    /// A tag that the code page does not have.
    #[error("tag {token:#04x} of code page {page} at byte {offset} is unknown")]
    Tag {
        /// The code page in force.
        page: u8,
        /// The tag, without flags.
        token: u8,
        /// Where it stands.
        offset: usize,
    },
    /// A literal tag that is no XML name.
    #[error("literal tag at byte {offset} is no name of an element")]
    LiteralTag {
        /// Where it stands.
        offset: usize,
    },
    /// An element with attributes: no dialect has any.
    #[error("element at byte {offset} has attributes, which are not read")]
    Attributes {
        /// Where its tag stands.
        offset: usize,
    },
    /// An extension token or a processing instruction: no dialect uses them.
    #[error("token {token:#04x} at byte {offset} is not read")]
    Token {
        /// The token.
        token: u8,
        /// Where it stands.
        offset: usize,
    },
    /// Content or an end before the root element.
    #[error("content at byte {offset} stands before the root element")]
    OutsideRoot {
        /// Where it stands.
        offset: usize,
    },
    /// More elements inside each other than [`Budget::depth`](crate::Budget::depth).
    #[error("element at byte {offset} is nested deeper than {limit}")]
    TooDeep {
        /// Where its tag stands.
        offset: usize,
        /// What is allowed.
        limit: usize,
    },
    /// More pieces than [`Budget::nodes`](crate::Budget::nodes).
    #[error("more than {limit} elements and texts at byte {offset}")]
    TooManyNodes {
        /// Where the first one too many stands.
        offset: usize,
        /// What is allowed.
        limit: usize,
    },
    /// More text, by references to the string table, than [`Budget::bytes`](crate::Budget::bytes).
    #[error("more than {limit} bytes of content at byte {offset}")]
    TooMuchContent {
        /// Where the content stands that is too much.
        offset: usize,
        /// What is allowed.
        limit: usize,
    },
}
