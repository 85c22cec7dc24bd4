//! Between WBXML and the XML that it stands for.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mdm_wbxml::{Document, Event, Name, syncml};

use super::element::Element;
use super::encoding::{DecodeError, EncodeError};
use super::identifier::excerpt;
use super::meta::{Format, Meta};
use crate::xml::{Budget, Ns, Writer};

/// The XML of a message in WBXML, to decode it and to show it.
///
/// Bytes that are no text, and those of format `bin`, become base64, as they are in XML. A message that says it is
/// SyncML 1.1 is taken, too: the tokens are the same, and its header says what it really is.
pub fn to_xml(body: &[u8], budget: Budget) -> Result<String, DecodeError> {
    let budget = mdm_wbxml::Budget {
        depth: budget.depth,
        nodes: budget.nodes,
        bytes: budget.bytes,
    };
    let document = mdm_wbxml::decode(body, &[&syncml::SYNCML_1_2, &syncml::SYNCML_1_1], &budget)
        .map_err(DecodeError::Wbxml)?;
    let mut events = document.events.iter();
    let Some(Event::Start(root)) = events.next() else {
        return Err(DecodeError::Empty);
    };
    let mut literal = None;
    let xml = Writer::document(name(root, &mut literal), &[], &[], |w| {
        content(w, root, &mut events, false, &mut literal);
    })
    .map_err(DecodeError::NotXml)?;
    match literal {
        None => Ok(xml),
        Some(literal) => Err(DecodeError::Literal(literal)),
    }
}

/// The name for the writer. It knows only those of the tables; the first other one is remembered, and nothing comes of
/// the document.
fn name(name: &Name, literal: &mut Option<String>) -> (Ns, &'static str) {
    let ns = match name.namespace {
        syncml::METINF => Ns::MetInf,
        _ => Ns::SyncMl,
    };
    match &name.local {
        Cow::Borrowed(local) => (ns, local),
        Cow::Owned(local) => {
            literal.get_or_insert_with(|| excerpt(local));
            (ns, "literal")
        }
    }
}

/// Writes what follows in an element, up to its end. `bin` tells whether data in it are bytes; what it returns is
/// whether a `Format` in it says so, for those around it. The depth is bounded by the budget.
fn content<'a>(
    w: &mut Writer,
    outer: &Name,
    events: &mut impl Iterator<Item = &'a Event>,
    mut bin: bool,
    literal: &mut Option<String>,
) -> Option<bool> {
    let mut said = None;
    while let Some(event) = events.next() {
        match event {
            Event::Start(inner) => {
                w.element(name(inner, literal), &[], |w| {
                    let inner = content(w, inner, events, bin, literal);
                    bin = inner.unwrap_or(bin);
                    said = inner.or(said);
                });
            }
            Event::Text(text) => {
                if outer.local == "Format" {
                    said = Some(text.trim() == Format::Bin.word());
                }
                w.text(text);
            }
            Event::Opaque(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if !bin && text.chars().all(in_xml) => w.text(text),
                _ => w.text(&STANDARD.encode(bytes)),
            },
            Event::End => break,
        }
    }
    said.filter(|_| matches!(outer.local.as_ref(), "Format" | "MetInf" | "Meta"))
}

/// XML 1.0 section 2.2, `Char`.
const fn in_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// The WBXML of a message of ours. Data of format `bin` are bytes in it.
pub(super) fn from_xml(xml: &str) -> Result<Vec<u8>, EncodeError> {
    let unbounded = Budget {
        depth: Budget::default().depth,
        nodes: usize::MAX,
        bytes: usize::MAX,
    };
    let root = Element::read(xml.as_bytes(), unbounded).map_err(EncodeError::Reread)?;
    let mut document = Document::new(&syncml::SYNCML_1_2);
    events(&root, false, &mut document.events);
    mdm_wbxml::encode(&document).map_err(EncodeError::Wbxml)
}

fn events(element: &Element, bin: bool, out: &mut Vec<Event>) {
    let bin = Meta::within(element)
        .format
        .map_or(bin, |format| format == Format::Bin);
    let namespace = element.ns().unwrap_or(Ns::Bare).uri();
    out.push(Event::start(namespace, element.name().to_owned()));
    for child in element.children() {
        events(child, bin, out);
    }
    let text = element.text();
    if !text.is_empty() {
        let bytes = (bin && element.is("Data")).then(|| STANDARD.decode(text).ok());
        out.push(match bytes.flatten() {
            Some(bytes) => Event::Opaque(bytes),
            None => Event::text(text),
        });
    }
    out.push(Event::End);
}

#[cfg(test)]
#[path = "wbxml_tests.rs"]
mod tests;
