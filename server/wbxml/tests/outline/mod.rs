//! What a document says, whichever way it is spelled.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot read its input fails"
)]

use mdm_wbxml::Event;
use quick_xml::events::Event as Xml;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// One line per piece: `<{namespace}local`, `>`, or text behind a `=`.
pub(crate) type Outline = Vec<String>;

/// The outline of our events. Opaque data must be text.
pub(crate) fn of_events(events: &[Event]) -> Outline {
    let mut outline = Outline::new();
    for event in events {
        match event {
            Event::Start(name) => outline.push(format!("<{{{}}}{}", name.namespace, name.local)),
            Event::End => outline.push(">".into()),
            Event::Text(_) | Event::Opaque(_) => add_text(&mut outline, event.as_text().unwrap()),
        }
    }
    outline
}

/// The outline of XML, as quick-xml reads it.
pub(crate) fn of_xml(xml: &str) -> Outline {
    let mut reader = NsReader::from_str(xml.trim_end());
    reader.config_mut().expand_empty_elements = true;
    let mut outline = Outline::new();
    loop {
        let (namespace, event) = reader.read_resolved_event().unwrap();
        match event {
            Xml::Start(element) => {
                let ResolveResult::Bound(namespace) = namespace else {
                    panic!("{element:?} has no namespace");
                };
                let local = element.local_name().into_inner();
                outline.push(format!("<{{{}}}{local}", namespace.into_inner()));
            }
            Xml::End(_) => outline.push(">".into()),
            Xml::Text(text) => add_text(&mut outline, &text.xml10_content()),
            Xml::CData(text) => add_text(&mut outline, &text.xml10_content()),
            Xml::GeneralRef(entity) => {
                let character = entity.resolve_char_ref().unwrap().map(String::from);
                let named = || quick_xml::escape::resolve_predefined_entity(&entity);
                let text = character.or_else(|| named().map(str::to_owned)).unwrap();
                add_text(&mut outline, &text);
            }
            Xml::Eof => return outline,
            Xml::Decl(_) | Xml::DocType(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn add_text(outline: &mut Outline, text: &str) {
    match outline.last_mut() {
        Some(line) if line.starts_with('=') => line.push_str(text),
        _ if text.is_empty() => {}
        _ => outline.push(format!("={text}")),
    }
}
