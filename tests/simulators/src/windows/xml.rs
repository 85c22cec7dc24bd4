//! XML as the device reads and writes it: a bounded tree, names resolved, text escaped.

use quick_xml::NsReader;
use quick_xml::Writer;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use quick_xml::name::ResolveResult;

/// Elements open at once.
const MAX_DEPTH: usize = 64;
/// Elements of one document.
const MAX_ELEMENTS: usize = 100_000;
/// Longest document read, in bytes.
const MAX_BYTES: usize = 16 << 20;

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Not UTF-8.
    #[error("document is not UTF-8")]
    Encoding,
    /// Not well-formed.
    #[error("document is not well-formed: {0}")]
    Syntax(String),
    /// A bound was reached.
    #[error("document has too much {0}")]
    Bound(&'static str),
    /// Something the device does not take: a DOCTYPE, a CDATA section, a processing instruction, an unknown entity.
    #[error("document has {0}, which the device does not take")]
    Unwanted(&'static str),
    /// It does not have exactly one root.
    #[error("document has no single root element")]
    Root,
}

/// An element with everything in it. Its text is that of all its pieces together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Element {
    pub(crate) ns: String,
    pub(crate) name: String,
    /// Namespace, local name, value.
    pub(crate) attributes: Vec<(String, String, String)>,
    pub(crate) children: Vec<Self>,
    pub(crate) text: String,
}

impl Element {
    /// An element that is empty so far.
    pub(crate) fn new(ns: &str, name: &str) -> Self {
        Self {
            ns: ns.to_owned(),
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// An element with text.
    pub(crate) fn leaf(ns: &str, name: &str, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::new(ns, name)
        }
    }

    /// With a further child.
    #[must_use]
    pub(crate) fn with(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// With a further child of its own namespace.
    #[must_use]
    pub(crate) fn text_child(self, name: &str, text: impl Into<String>) -> Self {
        let child = Self::leaf(&self.ns, name, text);
        self.with(child)
    }

    /// With an attribute; one without a namespace has the empty one.
    #[must_use]
    pub(crate) fn attribute(mut self, ns: &str, name: &str, value: impl Into<String>) -> Self {
        self.attributes
            .push((ns.to_owned(), name.to_owned(), value.into()));
        self
    }

    /// Whether this is the element of that name.
    pub(crate) fn is(&self, ns: &str, name: &str) -> bool {
        self.ns == ns && self.name == name
    }

    /// The first child of that name.
    pub(crate) fn child(&self, ns: &str, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is(ns, name))
    }

    /// The element below, one name after another in this namespace.
    pub(crate) fn path(&self, ns: &str, names: &[&str]) -> Option<&Self> {
        names
            .iter()
            .try_fold(self, |element, name| element.child(ns, name))
    }

    /// Text without surrounding white space.
    pub(crate) fn trimmed(&self) -> &str {
        self.text.trim()
    }

    /// Value of an attribute without a namespace.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let wanted = |(ns, local, _): &&(String, String, String)| ns.is_empty() && local == name;
        self.attributes
            .iter()
            .find(wanted)
            .map(|(_, _, value)| value.as_str())
    }
}

/// Reads a document into a tree.
pub(crate) fn read(document: &[u8]) -> Result<Element, XmlError> {
    if document.len() > MAX_BYTES {
        return Err(XmlError::Bound("bytes"));
    }
    let text = std::str::from_utf8(document).map_err(|_| XmlError::Encoding)?;
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut elements = 0_usize;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| XmlError::Syntax(error.to_string()))?;
        let piece = match event {
            Event::Start(start) | Event::Empty(start) => {
                elements += 1;
                if elements > MAX_ELEMENTS {
                    return Err(XmlError::Bound("elements"));
                }
                if open.len() >= MAX_DEPTH {
                    return Err(XmlError::Bound("depth"));
                }
                if root.is_some() {
                    return Err(XmlError::Root);
                }
                let element = begun(&reader, &start)?;
                open.push(element);
                continue;
            }
            Event::End(_) => {
                let Some(done) = open.pop() else {
                    return Err(XmlError::Root);
                };
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => root = Some(done),
                }
                continue;
            }
            Event::Text(text) => text.xml10_content().into_owned(),
            Event::GeneralRef(reference) => {
                let character = reference
                    .resolve_char_ref()
                    .map_err(|error| XmlError::Syntax(error.to_string()))?;
                match character {
                    Some(character) => character.to_string(),
                    None => resolve_predefined_entity(&reference)
                        .ok_or(XmlError::Unwanted("an unknown entity"))?
                        .to_owned(),
                }
            }
            Event::CData(_) => return Err(XmlError::Unwanted("a CDATA section")),
            Event::DocType(_) => return Err(XmlError::Unwanted("a DOCTYPE")),
            Event::PI(_) => return Err(XmlError::Unwanted("a processing instruction")),
            Event::Comment(_) | Event::Decl(_) => continue,
            Event::Eof => break,
        };
        match open.last_mut() {
            Some(element) => element.text.push_str(&piece),
            None if piece.trim().is_empty() => {}
            None => return Err(XmlError::Root),
        }
    }
    if open.is_empty() {
        root.ok_or(XmlError::Root)
    } else {
        Err(XmlError::Syntax("elements are left open".to_owned()))
    }
}

fn begun(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, XmlError> {
    let resolved = |result: ResolveResult<'_>| match result {
        ResolveResult::Bound(ns) => Ok(ns.0.to_owned()),
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Unknown(_) => Err(XmlError::Unwanted("a prefix without a namespace")),
    };
    let (ns, local) = reader.resolver().resolve_element(start.name());
    let mut element = Element::new(&resolved(ns)?, local.as_ref());
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| XmlError::Syntax(error.to_string()))?;
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|error| XmlError::Syntax(error.to_string()))?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (ns, local) = reader.resolver().resolve_attribute(attribute.key);
        element
            .attributes
            .push((resolved(ns)?, local.as_ref().to_owned(), value.into_owned()));
    }
    Ok(element)
}

/// Writes a tree without line breaks. Namespaces of the table are declared at the root and written as prefixes, the
/// others as the default namespace where they begin.
pub(crate) fn write(root: &Element, prefixes: &[(&str, &str)]) -> String {
    let mut writer = Writer::new(Vec::new());
    // Writing to a vector cannot fail.
    let _ = element(&mut writer, root, prefixes, "", true);
    String::from_utf8(writer.into_inner()).unwrap_or_default()
}

fn element(
    writer: &mut Writer<Vec<u8>>,
    element_: &Element,
    prefixes: &[(&str, &str)],
    default: &str,
    root: bool,
) -> std::io::Result<()> {
    let prefixed = |ns: &str, name: &str| {
        prefixes
            .iter()
            .find(|(known, _)| *known == ns)
            .map(|(_, prefix)| format!("{prefix}:{name}"))
    };
    let qualified = prefixed(&element_.ns, &element_.name);
    let (name, inner) = match &qualified {
        Some(name) => (name.as_str(), default),
        None => (element_.name.as_str(), element_.ns.as_str()),
    };
    let mut start = BytesStart::new(name);
    if qualified.is_none() && inner != default {
        start.push_attribute(("xmlns", inner));
    }
    if root {
        for (ns, prefix) in prefixes {
            start.push_attribute((format!("xmlns:{prefix}").as_str(), *ns));
        }
    }
    for (ns, local, value) in &element_.attributes {
        let name = prefixed(ns, local).unwrap_or_else(|| local.clone());
        start.push_attribute((name.as_str(), value.as_str()));
    }
    if element_.children.is_empty() && element_.text.is_empty() {
        return writer.write_event(Event::Empty(start));
    }
    let end = BytesEnd::new(name.to_owned());
    writer.write_event(Event::Start(start))?;
    if !element_.text.is_empty() {
        writer.write_event(Event::Text(BytesText::new(&clean(&element_.text))))?;
    }
    for child in &element_.children {
        element(writer, child, prefixes, inner, false)?;
    }
    writer.write_event(Event::End(end))
}

/// Text without the characters XML 1.0 cannot carry (section 2.2, `Char`).
fn clean(text: &str) -> String {
    let carried = |c: &char| match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => *c >= ' ',
    };
    text.chars().filter(carried).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_written_and_read_back() {
        let tree = Element::new("urn:a", "Root")
            .attribute("urn:b", "must", "1 & \"2\"")
            .with(Element::leaf("urn:b", "Text", "é & <x> ]]>"))
            .with(Element::new("urn:c", "Other").text_child("Deep", "d"));
        let text = write(&tree, &[("urn:b", "b")]);
        insta::assert_snapshot!(text, @r#"<Root xmlns="urn:a" xmlns:b="urn:b" b:must="1 &amp; &quot;2&quot;"><b:Text>é &amp; &lt;x&gt; ]]&gt;</b:Text><Other xmlns="urn:c"><Deep>d</Deep></Other></Root>"#);
        assert_eq!(read(text.as_bytes()).unwrap(), tree);
    }

    #[test]
    fn what_is_not_taken() {
        let deep = "<a>".repeat(65);
        for (text, complaint) in [
            ("", "document has no single root element"),
            ("x", "document has no single root element"),
            ("<a/><b/>", "document has no single root element"),
            (
                "<a><![CDATA[x]]></a>",
                "document has a CDATA section, which the device does not take",
            ),
            (
                "<!DOCTYPE a><a/>",
                "document has a DOCTYPE, which the device does not take",
            ),
            (
                "<?x y?><a/>",
                "document has a processing instruction, which the device does not take",
            ),
            (
                "<a>&nbsp;</a>",
                "document has an unknown entity, which the device does not take",
            ),
            (
                "<p:a/>",
                "document has a prefix without a namespace, which the device does not take",
            ),
            (deep.as_str(), "document has too much depth"),
        ] {
            assert_eq!(
                read(text.as_bytes()).unwrap_err().to_string(),
                complaint,
                "{text}"
            );
        }
        assert!(read(b"<a><b></a>").is_err());
        assert_eq!(read(b"<a>\xff</a>"), Err(XmlError::Encoding));
        let many = format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS));
        assert_eq!(read(many.as_bytes()), Err(XmlError::Bound("elements")));
    }
}
