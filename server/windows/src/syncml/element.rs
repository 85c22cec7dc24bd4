//! An element of a message as it was read, before anybody knows what it means.

use std::fmt;

use crate::xml::{Attribute, Budget, Node, Ns, ReadError, Reader};

/// An element with all that is in it. It was read under a [`Budget`], so that walking or dropping one never recurses
/// deeper than that allows. `Debug` shows names only: the text may be a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Element {
    ns: Option<Ns>,
    name: String,
    attributes: Vec<Attribute>,
    children: Vec<Self>,
    text: String,
    markup: String,
}

impl Element {
    /// Reads a whole document.
    pub(super) fn read(document: &[u8], budget: Budget) -> Result<Self, ReadError> {
        let mut reader = Reader::new(document, budget)?;
        let text = std::str::from_utf8(document).unwrap_or_default(); // the reader has checked it
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let root = reader.root()?;
        let mut open = vec![(Self::begin(&root), reader.position())];
        loop {
            let end = reader.position();
            match reader.node()? {
                Some(Node::Start(start)) => open.push((Self::begin(&start), reader.position())),
                Some(Node::Text(piece)) => {
                    if let Some((element, _)) = open.last_mut() {
                        element.text.push_str(&piece);
                    }
                }
                Some(Node::End) => {
                    let Some((mut element, start)) = open.pop() else {
                        continue; // the reader ends no more elements than it began
                    };
                    let outermost = !open.iter().any(|(outer, _)| outer.is("Data"));
                    if element.is("Data") && outermost && !element.children.is_empty() {
                        text.get(start..end)
                            .unwrap_or_default()
                            .clone_into(&mut element.markup);
                    }
                    let Some((parent, _)) = open.last_mut() else {
                        reader.finish()?;
                        return Ok(element);
                    };
                    parent.children.push(element);
                }
                None => return Err(ReadError::Empty),
            }
        }
    }

    fn begin(start: &crate::xml::Element) -> Self {
        Self {
            ns: start.ns(),
            name: start.local().to_owned(),
            attributes: start.attributes().to_vec(),
            children: Vec::new(),
            text: String::new(),
            markup: String::new(),
        }
    }

    /// Its namespace, or `None` for one that is not in the table.
    pub const fn ns(&self) -> Option<Ns> {
        self.ns
    }

    /// Its name without a prefix.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its elements, in their order.
    pub fn children(&self) -> &[Self] {
        &self.children
    }

    /// Its own text without escapes, all pieces joined.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is this element of the message itself.
    pub(super) fn is(&self, name: &str) -> bool {
        self.ns == Some(Ns::SyncMl) && self.name == name
    }

    /// The first child of the message's namespace with this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(name))
    }

    /// The text of such a child, without white space around it.
    pub(super) fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// What stands between the tags of a `Data` that holds elements, as it was written. Prefixes that are declared
    /// further out are not declared in it.
    pub(super) fn markup(&self) -> Option<&str> {
        (!self.markup.is_empty()).then_some(self.markup.as_str())
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, ns: Ns, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| attribute.ns == Some(ns) && attribute.local == name)
            .map(|attribute| attribute.value.as_str())
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.name)?;
        f.debug_list().entries(&self.children).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_text() {
        let element = Element::read(
            b"<Item a='hunter2'><b/><c>hunter2</c></Item>",
            Budget::default(),
        );
        assert_eq!(format!("{:?}", element.unwrap()), "<Item>[<b>[], <c>[]]");
    }

    #[test]
    fn markup_is_as_it_was_written() {
        let document = "\u{feff}<x:Data xmlns:x='SYNCML:SYNCML1.2'> é<a  b='1'>&amp;<!-- c --></a><d/> </x:Data >";
        let element = Element::read(document.as_bytes(), Budget::default()).unwrap();
        assert_eq!(
            element.markup(),
            Some(" é<a  b='1'>&amp;<!-- c --></a><d/> ")
        );
    }

    #[test]
    fn a_million_nested_elements_cost_nothing() {
        let document = "<a>".repeat(1_000_001);
        let error = Element::read(document.as_bytes(), Budget::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "more than 64 elements are open at byte 192"
        );
    }
}
