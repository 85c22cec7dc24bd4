use std::borrow::Cow;

use quick_xml::{
    NsReader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesDecl, BytesStart, Event},
    name::{QName, ResolveResult},
};

use super::{Attribute, Budget, Element, Ns, ReadError, character};

/// Reads one document, element by element.
///
/// UTF-8 only (a byte order mark is skipped), one root, no DOCTYPE, no processing instruction, no entity but the
/// predefined five. Comments are skipped, CDATA is text.
pub struct Reader<'a> {
    xml: NsReader<&'a [u8]>,
    text: &'a str,
    budget: Budget,
    nodes: usize,
    depth: usize,
    rooted: bool,
}

/// What comes next in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node<'a> {
    /// An element begins.
    Start(Element),
    /// A piece of text inside an element; pieces that follow each other are one text.
    Text(Cow<'a, str>),
    /// The element that began last ends.
    End,
}

impl<'a> Reader<'a> {
    /// Begins to read. Length, encoding and characters of the whole document are checked here.
    pub fn new(document: &'a [u8], budget: Budget) -> Result<Self, ReadError> {
        if document.len() > budget.bytes {
            return Err(ReadError::Bytes {
                limit: budget.bytes,
                found: document.len(),
            });
        }
        let text = std::str::from_utf8(document).map_err(|error| ReadError::Encoding {
            at: error.valid_up_to(),
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if let Some((at, c)) = text
            .char_indices()
            .find(|&(_, c)| !character::is_allowed(c))
        {
            return Err(ReadError::Character { code: c.into(), at });
        }
        let mut xml = NsReader::from_str(text);
        xml.config_mut().expand_empty_elements = true;
        Ok(Self {
            xml,
            text,
            budget,
            nodes: 0,
            depth: 0,
            rooted: false,
        })
    }

    /// The next node, or `None` once the root has ended and nothing but comments and white space followed.
    pub fn node(&mut self) -> Result<Option<Node<'a>>, ReadError> {
        loop {
            let at = self.position();
            let event = self.xml.read_event().map_err(|source| ReadError::Syntax {
                at: usize::try_from(self.xml.error_position()).unwrap_or(at),
                source,
            })?;
            if !matches!(event, Event::End(_) | Event::Eof) {
                self.count(1, at)?;
            }
            match event {
                Event::Start(start) | Event::Empty(start) => {
                    return self.open(&start, at).map(Node::Start).map(Some);
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(Node::End));
                }
                Event::Text(text) if self.depth == 0 => {
                    if !text.chars().all(character::is_space) {
                        return Err(ReadError::Junk { at });
                    }
                }
                Event::Text(text) => {
                    return Ok(Some(Node::Text(text.xml10_content().into_owned().into())));
                }
                Event::CData(_) | Event::GeneralRef(_) if self.depth == 0 => {
                    return Err(ReadError::Junk { at });
                }
                Event::CData(text) => {
                    return Ok(Some(Node::Text(text.xml10_content().into_owned().into())));
                }
                Event::GeneralRef(reference) => {
                    return referred(&reference, at).map(Node::Text).map(Some);
                }
                Event::Comment(_) => {}
                Event::Decl(declaration) => declared(&declaration, at)?,
                Event::PI(_) => return Err(ReadError::Instruction { at }),
                Event::DocType(_) => return Err(ReadError::Doctype { at }),
                Event::Eof if self.depth > 0 => {
                    return Err(ReadError::Unclosed {
                        at,
                        open: self.depth,
                    });
                }
                Event::Eof if self.rooted => return Ok(None),
                Event::Eof => return Err(ReadError::Empty),
            }
        }
    }

    /// The root element: to be called first.
    pub fn root(&mut self) -> Result<Element, ReadError> {
        match self.node()? {
            Some(Node::Start(element)) => Ok(element),
            Some(Node::Text(_) | Node::End) | None => Err(ReadError::Empty),
        }
    }

    /// The next child of the element that is open, or `None` when that ends. Text other than white space is refused.
    pub fn child(&mut self) -> Result<Option<Element>, ReadError> {
        loop {
            let at = self.position();
            match self.node()? {
                Some(Node::Start(element)) => return Ok(Some(element)),
                Some(Node::Text(text)) if text.chars().all(character::is_space) => {}
                Some(Node::Text(_)) => return Err(ReadError::UnexpectedText { at }),
                Some(Node::End) | None => return Ok(None),
            }
        }
    }

    /// The text of the element that is open, to its end and untrimmed. Elements are refused.
    pub fn text(&mut self) -> Result<String, ReadError> {
        let mut all = String::new();
        loop {
            let at = self.position();
            match self.node()? {
                Some(Node::Text(text)) => all.push_str(&text),
                Some(Node::Start(element)) => {
                    return Err(ReadError::UnexpectedElement {
                        found: character::excerpt(&element.local),
                        at,
                    });
                }
                Some(Node::End) | None => return Ok(all),
            }
        }
    }

    /// Reads to the end of the element that is open, whatever it holds.
    pub fn skip(&mut self) -> Result<(), ReadError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside && self.node()?.is_some() {}
        Ok(())
    }

    /// Reads to the end of the element that is open, and gives it as it was written. Prefixes declared further out are
    /// not declared again.
    pub fn raw(&mut self, element: &Element) -> Result<&'a str, ReadError> {
        self.skip()?;
        Ok(self
            .text
            .get(element.start..self.position())
            .unwrap_or_default())
    }

    /// Reads what is left: to the end of the document.
    pub fn finish(mut self) -> Result<(), ReadError> {
        while self.node()?.is_some() {}
        Ok(())
    }

    /// Where the reader is, in bytes from the start.
    pub fn position(&self) -> usize {
        usize::try_from(self.xml.buffer_position()).unwrap_or(self.text.len())
    }

    fn count(&mut self, more: usize, at: usize) -> Result<(), ReadError> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > self.budget.nodes {
            return Err(ReadError::Nodes {
                limit: self.budget.nodes,
                at,
            });
        }
        Ok(())
    }

    fn open(&mut self, start: &BytesStart<'_>, at: usize) -> Result<Element, ReadError> {
        if self.depth == 0 && self.rooted {
            return Err(ReadError::Junk { at });
        }
        if self.depth >= self.budget.depth {
            return Err(ReadError::Depth {
                limit: self.budget.depth,
                at,
            });
        }
        self.rooted = true;
        self.depth += 1;
        let (ns, local) = self.resolve(start.name(), true, at)?;
        let attributes = self.attributes(start, at)?;
        Ok(Element {
            ns,
            local,
            attributes,
            start: at,
        })
    }

    fn attributes(
        &mut self,
        start: &BytesStart<'_>,
        at: usize,
    ) -> Result<Vec<Attribute>, ReadError> {
        let raw = start.attributes_raw();
        if raw.contains('<') {
            return Err(ReadError::Attributes { at, source: None });
        }
        // An attribute is not shorter than ` a=""`: what could not fit into the budget is not even looked at.
        self.count(raw.matches('=').count(), at)?;
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|source| ReadError::Attributes {
                at,
                source: Some(source),
            })?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (ns, local) = self.resolve(attribute.key, false, at)?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|source| ReadError::Syntax { at, source })?;
            if let Some(c) = value.chars().find(|&c| !character::is_allowed(c)) {
                return Err(ReadError::Character { code: c.into(), at });
            }
            attributes.push(Attribute {
                ns,
                local,
                value: value.into_owned(),
            });
        }
        Ok(attributes)
    }

    fn resolve(
        &self,
        name: QName<'_>,
        is_element: bool,
        at: usize,
    ) -> Result<(Option<Ns>, String), ReadError> {
        let (resolved, local) = self.xml.resolver().resolve(name, is_element);
        let local: &str = local.as_ref();
        let bad = || ReadError::Name {
            name: character::excerpt(name.as_ref()),
            at,
        };
        if !character::is_name(local) {
            return Err(bad());
        }
        let ns = match resolved {
            ResolveResult::Bound(namespace) => Ns::of(namespace.as_ref()),
            ResolveResult::Unbound => Some(Ns::Bare),
            ResolveResult::Unknown(prefix) => {
                return Err(ReadError::Prefix {
                    prefix: character::excerpt(&prefix),
                    at,
                });
            }
        };
        Ok((ns, local.to_owned()))
    }
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("position", &self.position())
            .field("depth", &self.depth)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

fn referred<'a>(
    reference: &quick_xml::events::BytesRef<'_>,
    at: usize,
) -> Result<Cow<'a, str>, ReadError> {
    let code = reference
        .resolve_char_ref()
        .map_err(|source| ReadError::Syntax { at, source })?;
    match code {
        Some(c) if character::is_allowed(c) => Ok(Cow::Owned(c.to_string())),
        Some(c) => Err(ReadError::Character { code: c.into(), at }),
        None => resolve_predefined_entity(reference)
            .map(Cow::Borrowed)
            .ok_or_else(|| ReadError::Entity {
                name: character::excerpt(reference),
                at,
            }),
    }
}

fn declared(declaration: &BytesDecl<'_>, at: usize) -> Result<(), ReadError> {
    let version = declaration.version().is_ok_and(|version| version == "1.0");
    let encoding = match declaration.encoding() {
        None => true,
        Some(Ok(name)) => name.eq_ignore_ascii_case("utf-8"),
        Some(Err(_)) => false,
    };
    if at == 0 && version && encoding {
        Ok(())
    } else {
        Err(ReadError::Declaration { at })
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
