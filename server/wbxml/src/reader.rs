//! From bytes to a document.

use std::borrow::Cow;

use crate::budget::Budget;
use crate::cursor::Cursor;
use crate::dialect::{Dialect, Page};
use crate::document::{Document, PublicId, Version};
use crate::event::{Event, Name, is_name};
use crate::read_error::ReadError;
use crate::string_table::StringTable;
use crate::token;

/// Reads one document (WAP-192 section 5.3) of one of the given dialects.
///
/// The dialect is the one that the public identifier names, by number or by the formal identifier in the string
/// table; a document of unknown type (`1`) is taken to be of the first.
///
/// The text is UTF-8: character sets UTF-8, US-ASCII and "unknown" are read, all others refused. An element with
/// attributes, extension tokens and processing instructions are refused: no dialect has them.
///
/// # Errors
///
/// [`ReadError`] for all else, however damaged; memory stays within a small multiple of the budget.
pub fn decode(
    bytes: &[u8],
    dialects: &[&'static Dialect],
    budget: &Budget,
) -> Result<Document, ReadError> {
    if bytes.len() > budget.bytes {
        return Err(ReadError::TooLong {
            length: bytes.len(),
            limit: budget.bytes,
        });
    }
    let mut cursor = Cursor::new(bytes);
    let byte = cursor.byte()?;
    let version = Version::from_byte(byte).ok_or(ReadError::Version { byte })?;
    let id_offset = cursor.offset();
    let number = cursor.number()?;
    let formal_index = if number == 0 {
        Some(cursor.number()?)
    } else {
        None
    };
    let mib = cursor.number()?;
    if ![token::UTF_8, token::US_ASCII, token::UNKNOWN_CHARSET].contains(&mib) {
        return Err(ReadError::Charset { mib });
    }
    let table_length = cursor.number()?;
    let strings = StringTable(cursor.take(table_length)?);
    let public_id = match formal_index {
        None => PublicId::Number(number),
        Some(index) => {
            PublicId::Formal(utf_8(strings.get(index, id_offset)?, id_offset)?.to_owned())
        }
    };
    let dialect = *dialects
        .iter()
        .find(|dialect| public_id.names(dialect))
        .or_else(|| dialects.first().filter(|_| public_id == PublicId::UNKNOWN))
        .ok_or_else(|| ReadError::PublicId(public_id.clone()))?;
    let page = dialect.page(0).ok_or(ReadError::Page {
        page: 0,
        offset: cursor.offset(),
    })?;
    let body = Body {
        cursor,
        strings,
        dialect,
        page,
        budget,
        nodes: 0,
        content: 0,
        open: Vec::new(),
        text: String::new(),
        events: Vec::new(),
    };
    Ok(Document {
        version,
        public_id,
        dialect,
        events: body.read()?,
    })
}

/// What follows the string table.
struct Body<'a> {
    cursor: Cursor<'a>,
    strings: StringTable<'a>,
    dialect: &'static Dialect,
    page: &'static Page,
    budget: &'a Budget,
    nodes: usize,
    content: usize,
    /// The namespaces of the open elements, outermost first.
    open: Vec<&'static str>,
    /// Text that may still grow.
    text: String,
    events: Vec<Event>,
}

impl Body<'_> {
    fn read(mut self) -> Result<Vec<Event>, ReadError> {
        loop {
            let offset = self.cursor.offset();
            match self.cursor.byte()? {
                token::SWITCH_PAGE => {
                    let page = self.cursor.byte()?;
                    self.page = self
                        .dialect
                        .page(page)
                        .ok_or(ReadError::Page { page, offset })?;
                }
                token::END => {
                    self.inside_root(offset)?;
                    self.open.pop();
                    self.push(Event::End);
                }
                token::STR_I => {
                    let bytes = self.cursor.terminated()?;
                    self.text(bytes, offset)?;
                }
                token::STR_T => {
                    let index = self.cursor.number()?;
                    let bytes = self.strings.get(index, offset)?;
                    self.text(bytes, offset)?;
                }
                token::ENTITY => {
                    let code = self.cursor.number()?;
                    let character = char::from_u32(code)
                        .filter(|character| *character != '\0')
                        .ok_or(ReadError::Entity { code, offset })?;
                    self.text(character.encode_utf8(&mut [0; 4]).as_bytes(), offset)?;
                }
                token::OPAQUE => {
                    let length = self.cursor.number()?;
                    let bytes = self.cursor.take(length)?;
                    self.node(offset)?;
                    self.inside_root(offset)?;
                    self.spend(bytes.len(), offset)?;
                    self.push(Event::Opaque(bytes.to_vec()));
                }
                tag => self.start(tag, offset)?,
            }
            if self.open.is_empty() && !self.events.is_empty() {
                break;
            }
        }
        if !self.cursor.is_at_end() {
            return Err(ReadError::Trailing {
                offset: self.cursor.offset(),
            });
        }
        Ok(self.events)
    }

    /// A tag of the code page, a literal tag, or a global token that is not read.
    fn start(&mut self, byte: u8, offset: usize) -> Result<(), ReadError> {
        let tag = byte & token::TAG;
        if tag < token::LITERAL {
            return Err(ReadError::Token {
                token: byte,
                offset,
            });
        }
        if byte & token::HAS_ATTRIBUTES != 0 {
            return Err(ReadError::Attributes { offset });
        }
        self.node(offset)?;
        if self.open.len() >= self.budget.depth {
            return Err(ReadError::TooDeep {
                offset,
                limit: self.budget.depth,
            });
        }
        let name = if tag == token::LITERAL {
            self.literal(offset)?
        } else {
            let local = self.page.name(tag).ok_or(ReadError::Tag {
                page: self.page.number,
                token: tag,
                offset,
            })?;
            Name {
                namespace: self.page.namespace,
                local: Cow::Borrowed(local),
            }
        };
        let namespace = name.namespace;
        self.push(Event::Start(name));
        if byte & token::HAS_CONTENT == 0 {
            self.push(Event::End);
        } else {
            self.open.push(namespace);
        }
        Ok(())
    }

    fn literal(&mut self, offset: usize) -> Result<Name, ReadError> {
        let index = self.cursor.number()?;
        let local = utf_8(self.strings.get(index, offset)?, offset)?;
        if !is_name(local) {
            return Err(ReadError::LiteralTag { offset });
        }
        self.spend(local.len(), offset)?;
        Ok(Name {
            namespace: self.open.last().copied().unwrap_or(self.page.namespace),
            local: Cow::Owned(local.to_owned()),
        })
    }

    fn text(&mut self, bytes: &[u8], offset: usize) -> Result<(), ReadError> {
        self.node(offset)?;
        self.inside_root(offset)?;
        self.spend(bytes.len(), offset)?;
        self.text.push_str(utf_8(bytes, offset)?);
        Ok(())
    }

    fn push(&mut self, event: Event) {
        if !self.text.is_empty() {
            self.events
                .push(Event::Text(std::mem::take(&mut self.text)));
        }
        self.events.push(event);
    }

    const fn inside_root(&self, offset: usize) -> Result<(), ReadError> {
        if self.open.is_empty() {
            Err(ReadError::OutsideRoot { offset })
        } else {
            Ok(())
        }
    }

    const fn node(&mut self, offset: usize) -> Result<(), ReadError> {
        if self.nodes >= self.budget.nodes {
            return Err(ReadError::TooManyNodes {
                offset,
                limit: self.budget.nodes,
            });
        }
        self.nodes += 1;
        Ok(())
    }

    const fn spend(&mut self, length: usize, offset: usize) -> Result<(), ReadError> {
        self.content = self.content.saturating_add(length);
        if self.content > self.budget.bytes {
            return Err(ReadError::TooMuchContent {
                offset,
                limit: self.budget.bytes,
            });
        }
        Ok(())
    }
}

fn utf_8(bytes: &[u8], offset: usize) -> Result<&str, ReadError> {
    std::str::from_utf8(bytes).map_err(|source| ReadError::Text { offset, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syncml::{DEVINF_1_2, DIALECTS, METINF, NAMESPACE_1_2, SYNCML_1_1, SYNCML_1_2};

    fn read(bytes: &[u8]) -> Result<Document, ReadError> {
        decode(bytes, DIALECTS, &Budget::default())
    }

    /// The header that everybody writes, and a body.
    fn body(body: &[u8]) -> Vec<u8> {
        [&[0x03, 0xA4, 0x01, 0x6A, 0x00], body].concat()
    }

    #[test]
    fn headers() {
        let one_2: &[u8] = b"-//SYNCML//DTD SyncML 1.2//EN";
        let formal = |length: u8, end: &[u8]| {
            [&[0x02, 0x00, 0x00, 0x6A, length], one_2, end, &[0x2D]].concat()
        };
        let named = PublicId::Formal("-//SYNCML//DTD SyncML 1.2//EN".into());
        for (bytes, version, public_id, dialect) in [
            (
                b"\x03\xa4\x01\x6a\x00\x2d".to_vec(),
                Version::V1_3,
                PublicId::Number(0x1201),
                &SYNCML_1_2,
            ),
            (
                b"\x01\x9f\x53\x03\x00\x2d".to_vec(),
                Version::V1_1,
                PublicId::Number(0x0FD3),
                &SYNCML_1_1,
            ),
            (
                b"\x02\xa4\x03\x00\x00\x0a".to_vec(),
                Version::V1_2,
                PublicId::Number(0x1203),
                &DEVINF_1_2,
            ),
            (
                b"\x03\x01\x6a\x00\x2d".to_vec(),
                Version::V1_3,
                PublicId::UNKNOWN,
                &SYNCML_1_2,
            ),
            (formal(0x1D, b""), Version::V1_2, named.clone(), &SYNCML_1_2),
            (formal(0x1E, b"\0"), Version::V1_2, named, &SYNCML_1_2),
        ] {
            let document = read(&bytes).unwrap();
            assert_eq!(
                (document.version, document.public_id, document.dialect),
                (version, public_id, dialect),
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn strings_entities_and_pages() {
        let document = read(b"\x03\xa4\x01\x6a\x09a&b\0Extra\x6d\x5a\x00\x01\x47\x03x\0\x83\x00\x02\x81\x69\x03\0\x83\x02\x01\x01\
                              \x00\x00\x4f\xc3\x03\0<\xff\x03\xc3\xa9\0\xc3\x00\x01\x44\x04\x03\x3c\0\x01\x04\x06\x01")
            .unwrap();
        let start = |local| Event::start(NAMESPACE_1_2, local);
        let expected = [
            start("SyncML"),
            start("Meta"),
            Event::start(METINF, "Format"),
            Event::text("xa&béb"),
            Event::End,
            Event::End,
            start("Data"),
            Event::Opaque(b"\0<\xff".to_vec()),
            Event::text("é"),
            Event::Opaque(Vec::new()),
            Event::End,
            start("Extra"),
            Event::text("<"),
            Event::End,
            start("tra"),
            Event::End,
            Event::End,
        ];
        assert_eq!(document.events, expected);
    }

    #[test]
    fn refusals() {
        for (bytes, complaint) in [
            (vec![], "document ends after 0 bytes, inside of something"),
            (
                b"<?xml".to_vec(),
                "version byte 0x3c is none of WBXML 1.1, 1.2 and 1.3",
            ),
            (
                vec![0x00, 0x01, 0x00, 0x2D],
                "version byte 0x00 is none of WBXML 1.1, 1.2 and 1.3",
            ),
            (
                vec![0x03, 0x04, 0x6A, 0x00, 0x2D],
                "document type 0x0004 is not spoken here",
            ),
            (
                b"\x03\x00\x00\x6a\x02x\0\x2d".to_vec(),
                "document type x is not spoken here",
            ),
            (
                b"\x03\x00\x02\x6a\x02x\0\x2d".to_vec(),
                "index 2 at byte 1 points outside of the string table",
            ),
            (
                vec![0x03, 0xA4, 0x01, 0x04, 0x00, 0x2D],
                "character set 4 is neither UTF-8 (106) nor US-ASCII (3)",
            ),
            (
                b"\x03\xa4\x01\x6a\x8f\xff\xff\xff\x7f\x2d".to_vec(),
                "document ends after 10 bytes, inside of something",
            ),
            (
                b"\x03\xff\xff\xff\xff\x7f\x6a\x00\x2d".to_vec(),
                "number at byte 1 does not fit 32 bits",
            ),
            (
                body(&[0x2D, 0x2D]),
                "something follows the root element at byte 6",
            ),
            (
                body(&[0x6D, 0x01, 0x01]),
                "something follows the root element at byte 7",
            ),
            (
                body(&[0x01]),
                "content at byte 5 stands before the root element",
            ),
            (
                body(b"\x03x\0\x2d"),
                "content at byte 5 stands before the root element",
            ),
            (
                body(&[0xC3, 0x00]),
                "content at byte 5 stands before the root element",
            ),
            (
                body(&[0xED, 0x01]),
                "element at byte 5 has attributes, which are not read",
            ),
            (
                body(&[0xC4, 0x00]),
                "element at byte 5 has attributes, which are not read",
            ),
            (body(&[0x6D, 0x43]), "token 0x43 at byte 6 is not read"),
            (body(&[0x6D, 0x40]), "token 0x40 at byte 6 is not read"),
            (body(&[0x6D, 0x82]), "token 0x82 at byte 6 is not read"),
            (body(&[0x6D, 0xC0]), "token 0xc0 at byte 6 is not read"),
            (
                body(&[0x6D, 0x30]),
                "tag 0x30 of code page 0 at byte 6 is unknown",
            ),
            (
                body(&[0x6D, 0x00, 0x01, 0x3C]),
                "tag 0x3c of code page 1 at byte 8 is unknown",
            ),
            (
                body(&[0x6D, 0x00, 0x02]),
                "code page 2 at byte 6 is unknown",
            ),
            (
                body(&[0x6D, 0x83, 0x00]),
                "index 0 at byte 6 points outside of the string table",
            ),
            (
                body(&[0x6D, 0x04, 0x85, 0x00]),
                "index 640 at byte 6 points outside of the string table",
            ),
            (
                body(&[0x6D, 0x03, 0xFF, 0x00]),
                "text at byte 6 is not UTF-8",
            ),
            (
                body(&[0x6D, 0x02, 0x00]),
                "entity 0 at byte 6 is no character",
            ),
            (
                body(&[0x6D, 0x02, 0x83, 0xB0, 0x00]),
                "entity 55296 at byte 6 is no character",
            ),
            (
                b"\x03\xa4\x01\x6a\x03a>\0\x6d\x04\x00\x01".to_vec(),
                "literal tag at byte 9 is no name of an element",
            ),
        ] {
            assert_eq!(
                read(&bytes).unwrap_err().to_string(),
                complaint,
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn budgets() {
        let budget = Budget {
            depth: 2,
            nodes: 4,
            bytes: 20,
        };
        for (bytes, complaint) in [
            (body(&[0x6D, 0x6B, 0x01, 0x01]), None),
            (
                body(&[0x6D, 0x6B, 0x08, 0x01, 0x01]),
                Some("element at byte 7 is nested deeper than 2"),
            ),
            (body(&[0x6D, 0x08, 0x08, 0x08, 0x01]), None),
            (
                body(&[0x6D, 0x08, 0x08, 0x08, 0x08, 0x01]),
                Some("more than 4 elements and texts at byte 9"),
            ),
            (
                body(b"\x6d\x03\0\x03\0\x03\0\x03\0\x01"),
                Some("more than 4 elements and texts at byte 12"),
            ),
            (
                b"\x03\x01\x6a\x0812345678\x6d\x83\0\x83\0\x01".to_vec(),
                None,
            ),
            (
                b"\x03\x01\x6a\x0812345678\x6d\x83\0\x83\0\x83\0\x01".to_vec(),
                Some("more than 20 bytes of content at byte 17"),
            ),
            (
                vec![0x03; 21],
                Some("document of 21 bytes is longer than the 20 allowed"),
            ),
        ] {
            let refused = decode(&bytes, DIALECTS, &budget)
                .err()
                .map(|error| error.to_string());
            assert_eq!(refused.as_deref(), complaint, "{bytes:x?}");
        }
    }
}
