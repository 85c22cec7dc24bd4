//! From a document to bytes.

use crate::dialect::Dialect;
use crate::document::{Document, PublicId};
use crate::event::{Event, Name, is_name};
use crate::string_table::StringTableBuilder;
use crate::token;

/// A document that WBXML, or its dialect, cannot express. Events are counted from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Content, a second root or an end outside of the root element.
    #[error("event {index} stands outside of the root element")]
    OutsideRoot {
        /// Which event.
        index: usize,
    },
    /// Elements are still open at the end, or there is none.
    #[error("the root element is missing or never ends")]
    Unfinished,
    /// An element that the dialect does not have, in another namespace than the element around it, or whose name is
    /// none: a literal tag has no namespace of its own.
    #[error("element `{local}` of namespace `{namespace}` has no token in {dialect}")]
    Name {
        /// Its namespace.
        namespace: &'static str,
        /// Its local name.
        local: String,
        /// The dialect.
        dialect: PublicId,
    },
    /// NUL in text: it ends a string. Send it as [`Event::Opaque`].
    #[error("text of event {index} contains NUL")]
    Nul {
        /// Which event.
        index: usize,
    },
    /// NUL in the formal public identifier.
    #[error("public identifier contains NUL")]
    PublicId,
    /// Opaque data, or the string table, of 4 GiB or more.
    #[error("{length} bytes are more than a length of 32 bits can say")]
    TooLong {
        /// How long it is.
        length: usize,
    },
}

/// Writes a document; the same one gives the same bytes each time.
///
/// Text goes out as inline strings and [`Event::Opaque`] as `OPAQUE`. The string table holds only a formal public
/// identifier and literal tags: elements that the dialect does not have, in the namespace of the element around
/// them. An element without content is a bare tag, and empty text is no content. Code pages are switched when the
/// next tag needs another one. The character set is UTF-8.
///
/// # Errors
///
/// [`WriteError`] where the events are no document or the dialect has no word for them.
pub fn encode(document: &Document) -> Result<Vec<u8>, WriteError> {
    let mut strings = StringTableBuilder::default();
    let mut head = vec![document.version.byte()];
    match &document.public_id {
        PublicId::Number(number) => number_32(&mut head, *number),
        PublicId::Formal(text) if text.contains('\0') => return Err(WriteError::PublicId),
        PublicId::Formal(text) => {
            head.push(0);
            length(&mut head, strings.index(text))?;
        }
    }
    number_32(&mut head, token::UTF_8);
    let mut body = Body {
        dialect: document.dialect,
        strings,
        page: 0,
        open: Vec::new(),
        bytes: Vec::new(),
    };
    body.write(&document.events)?;
    length(&mut head, body.strings.bytes().len())?;
    head.extend_from_slice(body.strings.bytes());
    head.extend_from_slice(&body.bytes);
    Ok(head)
}

struct Body {
    dialect: &'static Dialect,
    strings: StringTableBuilder,
    page: u8,
    /// The open elements, outermost first.
    open: Vec<Open>,
    bytes: Vec<u8>,
}

struct Open {
    namespace: &'static str,
    has_content: bool,
}

impl Body {
    fn write(&mut self, events: &[Event]) -> Result<(), WriteError> {
        for (index, event) in events.iter().enumerate() {
            let outside = self.open.is_empty();
            match event {
                Event::Start(_) if outside && index > 0 => {
                    return Err(WriteError::OutsideRoot { index });
                }
                Event::Start(name) => self.start(name, has_content(events, index))?,
                _ if outside => return Err(WriteError::OutsideRoot { index }),
                Event::End => {
                    if self.open.pop().is_some_and(|open| open.has_content) {
                        self.bytes.push(token::END);
                    }
                }
                Event::Text(text) if text.is_empty() => {}
                Event::Text(text) if text.contains('\0') => return Err(WriteError::Nul { index }),
                Event::Text(text) => {
                    self.bytes.push(token::STR_I);
                    self.bytes.extend_from_slice(text.as_bytes());
                    self.bytes.push(0);
                }
                Event::Opaque(data) => {
                    self.bytes.push(token::OPAQUE);
                    length(&mut self.bytes, data.len())?;
                    self.bytes.extend_from_slice(data);
                }
            }
        }
        if events.is_empty() || !self.open.is_empty() {
            return Err(WriteError::Unfinished);
        }
        Ok(())
    }

    fn start(&mut self, name: &Name, has_content: bool) -> Result<(), WriteError> {
        let flag = if has_content { token::HAS_CONTENT } else { 0 };
        if let Some((page, tag)) = self.dialect.tag(name.namespace, &name.local) {
            if page != self.page {
                self.bytes.extend_from_slice(&[token::SWITCH_PAGE, page]);
                self.page = page;
            }
            self.bytes.push(tag | flag);
        } else if is_name(&name.local) && self.surrounding() == Some(name.namespace) {
            self.bytes.push(token::LITERAL | flag);
            let index = self.strings.index(&name.local);
            length(&mut self.bytes, index)?;
        } else {
            return Err(WriteError::Name {
                namespace: name.namespace,
                local: name.local.clone().into_owned(),
                dialect: PublicId::Number(self.dialect.public_id),
            });
        }
        self.open.push(Open {
            namespace: name.namespace,
            has_content,
        });
        Ok(())
    }

    /// The namespace that a reader gives to a literal tag here.
    fn surrounding(&self) -> Option<&'static str> {
        match self.open.last() {
            Some(open) => Some(open.namespace),
            None => Some(self.dialect.page(self.page)?.namespace),
        }
    }
}

/// Whether anything but empty text follows before the element ends.
fn has_content(events: &[Event], start: usize) -> bool {
    let next = events
        .iter()
        .skip(start + 1)
        .find(|event| !matches!(event, Event::Text(text) if text.is_empty()));
    !matches!(next, None | Some(Event::End))
}

fn length(out: &mut Vec<u8>, length: usize) -> Result<(), WriteError> {
    let value = u32::try_from(length).map_err(|_| WriteError::TooLong { length })?;
    number_32(out, value);
    Ok(())
}

/// An `mb_u_int32` in as few bytes as it takes (WAP-192 section 5.1).
fn number_32(out: &mut Vec<u8>, value: u32) {
    for shift in [28, 21, 14, 7] {
        if value >> shift != 0 {
            out.push(0x80 | (value >> shift & 0x7F) as u8);
        }
    }
    out.push((value & 0x7F) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use crate::reader::decode;
    use crate::syncml::{DIALECTS, METINF, NAMESPACE_1_2, SYNCML_1_2};

    fn document(events: Vec<Event>) -> Document {
        Document {
            events,
            ..Document::new(&SYNCML_1_2)
        }
    }

    fn start(local: &'static str) -> Event {
        Event::start(NAMESPACE_1_2, local)
    }

    #[test]
    fn numbers() {
        for (value, bytes) in [
            (0, &[0x00][..]),
            (0x7F, &[0x7F]),
            (0x80, &[0x81, 0x00]),
            (0x1201, &[0xA4, 0x01]),
            (0x20_0000, &[0x81, 0x80, 0x80, 0x00]),
            (u32::MAX, &[0x8F, 0xFF, 0xFF, 0xFF, 0x7F]),
        ] {
            let mut out = Vec::new();
            number_32(&mut out, value);
            assert_eq!(out, bytes, "{value}");
        }
    }

    #[test]
    fn a_message_leaves_as_these_bytes() {
        let mut message = document(vec![
            start("SyncML"),
            start("Meta"),
            Event::start(METINF, "Format"),
            Event::text("a & < \" é"),
            Event::End,
            Event::start(METINF, "Mark"),
            Event::text(""),
            Event::End,
            Event::End,
            start("Data"),
            Event::Opaque(b"\0\xff".to_vec()),
            Event::End,
            start("Extra"),
            Event::End,
            start("Final"),
            Event::End,
            Event::End,
        ]);
        let bytes = encode(&message).unwrap();
        insta::assert_snapshot!(bytes.escape_ascii(), @r#"\x03\xa4\x01j\x06Extra\x00mZ\x00\x01G\x03a & < \" \xc3\xa9\x00\x01\x0b\x01\x00\x00O\xc3\x02\x00\xff\x01\x04\x00\x12\x01"#);
        message.public_id = PublicId::Formal("-//SYNCML//DTD SyncML 1.2//EN".into());
        let bytes = encode(&message).unwrap();
        insta::assert_snapshot!(bytes.escape_ascii(), @r#"\x03\x00\x00j$-//SYNCML//DTD SyncML 1.2//EN\x00Extra\x00mZ\x00\x01G\x03a & < \" \xc3\xa9\x00\x01\x0b\x01\x00\x00O\xc3\x02\x00\xff\x01\x04\x1e\x12\x01"#);
        message.events.remove(6); // the empty text
        assert_eq!(
            decode(&bytes, DIALECTS, &Budget::default()).unwrap(),
            message
        );
    }

    #[test]
    fn refusals() {
        let metinf = "element `Nonsense` of namespace `syncml:metinf` has no token in 0x1201";
        for (events, complaint) in [
            (vec![], "the root element is missing or never ends"),
            (
                vec![start("SyncML")],
                "the root element is missing or never ends",
            ),
            (
                vec![Event::End],
                "event 0 stands outside of the root element",
            ),
            (
                vec![start("SyncML"), Event::End, Event::End],
                "event 2 stands outside of the root element",
            ),
            (
                vec![start("SyncML"), Event::End, start("SyncML"), Event::End],
                "event 2 stands outside of the root element",
            ),
            (
                vec![start("SyncML"), Event::End, Event::text("")],
                "event 2 stands outside of the root element",
            ),
            (
                vec![start("SyncML"), Event::start(METINF, "Nonsense")],
                metinf,
            ),
            (
                vec![start("SyncML"), start("a:b")],
                "element `a:b` of namespace `SYNCML:SYNCML1.2` has no token in 0x1201",
            ),
            (
                vec![start("SyncML"), Event::text("a\0b"), Event::End],
                "text of event 1 contains NUL",
            ),
        ] {
            let error = encode(&document(events.clone())).unwrap_err();
            assert_eq!(error.to_string(), complaint, "{events:?}");
        }
        let named = Document {
            public_id: PublicId::Formal("a\0".into()),
            ..document(vec![start("SyncML"), Event::End])
        };
        assert_eq!(encode(&named), Err(WriteError::PublicId));
    }
}
