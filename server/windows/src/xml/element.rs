use super::Ns;

/// A start tag, its names resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    pub(super) ns: Option<Ns>,
    pub(super) local: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) start: usize,
}

/// An attribute, its name resolved and its value without escapes. Namespace declarations are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its namespace ([`Ns::Bare`] without a prefix), or `None` for one that is not in the table.
    pub ns: Option<Ns>,
    /// Its name without a prefix.
    pub local: String,
    /// Its value.
    pub value: String,
}

impl Element {
    /// Its namespace, or `None` for one that is not in the table.
    pub fn ns(&self) -> Option<Ns> {
        self.ns
    }

    /// Its name without a prefix.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// Whether this is the element of that name in that namespace.
    pub fn is(&self, ns: Ns, local: &str) -> bool {
        self.ns == Some(ns) && self.local == local
    }

    /// Every attribute, in the order of the document.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The value of one attribute.
    pub fn attribute(&self, ns: Ns, local: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| attribute.ns == Some(ns) && attribute.local == local)
            .map(|attribute| attribute.value.as_str())
    }

    /// Whether it says of itself that it has no value (`xsi:nil`, XML Schema Part 1 section 2.6.2).
    pub fn is_nil(&self) -> bool {
        self.attribute(Ns::SchemaInstance, "nil")
            .is_some_and(|value| matches!(value.trim(), "true" | "1"))
    }
}
