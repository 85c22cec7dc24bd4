/// Why a document was not read. `at` is an offset in bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is longer than the budget.
    #[error("document of {found} bytes is longer than {limit}")]
    Bytes {
        /// The budget.
        limit: usize,
        /// Its length.
        found: usize,
    },
    /// More elements are open at once than the budget has.
    #[error("more than {limit} elements are open at byte {at}")]
    Depth {
        /// The budget.
        limit: usize,
        /// Where.
        at: usize,
    },
    /// It has more elements, attributes and pieces of text than the budget.
    #[error("more than {limit} nodes at byte {at}")]
    Nodes {
        /// The budget.
        limit: usize,
        /// Where.
        at: usize,
    },
    /// It is not UTF-8.
    #[error("byte {at} is not UTF-8")]
    Encoding {
        /// Where.
        at: usize,
    },
    /// Its declaration names another version than 1.0 or another encoding than UTF-8, or stands elsewhere than at the start.
    #[error("XML declaration at byte {at} is not one of XML 1.0 in UTF-8")]
    Declaration {
        /// Where.
        at: usize,
    },
    /// It has a document type declaration.
    #[error("DOCTYPE at byte {at} is not allowed")]
    Doctype {
        /// Where.
        at: usize,
    },
    /// It has a processing instruction (refused by SOAP 1.2 Part 1 section 5).
    #[error("processing instruction at byte {at} is not allowed")]
    Instruction {
        /// Where.
        at: usize,
    },
    /// It refers to an entity other than the five of XML 1.0 section 4.6.
    #[error("entity `{name}` at byte {at} is not one of the predefined five")]
    Entity {
        /// The entity.
        name: String,
        /// Where.
        at: usize,
    },
    /// It holds a character that XML cannot carry.
    #[error("character U+{code:04X} at byte {at} is not allowed in XML")]
    Character {
        /// Its code point.
        code: u32,
        /// Where.
        at: usize,
    },
    /// An element or attribute has a name that is none.
    #[error("`{name}` at byte {at} is not a name")]
    Name {
        /// What stands there.
        name: String,
        /// Where.
        at: usize,
    },
    /// A prefix is not bound to a namespace.
    #[error("prefix `{prefix}` at byte {at} is not bound to a namespace")]
    Prefix {
        /// The prefix.
        prefix: String,
        /// Where.
        at: usize,
    },
    /// An attribute appears twice or is not written as one.
    #[error("attributes of the element at byte {at} cannot be read")]
    Attributes {
        /// Where.
        at: usize,
        /// Why.
        #[source]
        source: Option<quick_xml::events::attributes::AttrError>,
    },
    /// It is not well-formed.
    #[error("document is not well-formed at byte {at}")]
    Syntax {
        /// Where.
        at: usize,
        /// Why.
        #[source]
        source: quick_xml::Error,
    },
    /// Text or another element stands beside the root element.
    #[error("there is something beside the root element at byte {at}")]
    Junk {
        /// Where.
        at: usize,
    },
    /// It has no element.
    #[error("document has no element")]
    Empty,
    /// It ends while an element is open.
    #[error("document ends at byte {at} with {open} elements open")]
    Unclosed {
        /// Its length.
        at: usize,
        /// How many.
        open: usize,
    },
    /// Text stands where only elements may.
    #[error("text at byte {at} where an element was expected")]
    UnexpectedText {
        /// Where.
        at: usize,
    },
    /// An element stands where only text may.
    #[error("element `{found}` at byte {at} where text was expected")]
    UnexpectedElement {
        /// Its name.
        found: String,
        /// Where.
        at: usize,
    },
}

impl ReadError {
    /// Whether it is a limit that was hit, not a mistake of the document.
    pub fn is_limit(&self) -> bool {
        matches!(
            self,
            Self::Bytes { .. } | Self::Depth { .. } | Self::Nodes { .. }
        )
    }
}
