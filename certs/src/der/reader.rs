//! Reading BER and DER from peers under a budget.
//!
//! [`Element::parse`] walks the whole message once, without recursion, and refuses what is nested
//! deeper than [`MAX_DEPTH`] or has more than [`MAX_NODES`] elements. What follows borrows from the
//! message; the exact bytes received stay at hand for signatures.

use std::borrow::Cow;

use super::Tag;
use crate::oid::Oid;

/// How deep elements may be nested.
pub const MAX_DEPTH: usize = 32;

/// How many elements a message may have.
pub const MAX_NODES: usize = 100_000;

/// Why bytes are no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DerError {
    /// The bytes end within an element.
    #[error("the encoding ends within an element")]
    Truncated,
    /// A tag number above 30; none of the messages read here has one.
    #[error("the encoding has a tag number above 30")]
    HighTag,
    /// A length of more than four octets, the reserved one, or an indefinite one on a primitive.
    #[error("the encoding has an impossible length")]
    Length,
    /// End-of-contents octets where no indefinite length is open.
    #[error("the encoding has stray end-of-contents octets")]
    StrayEnd,
    /// Deeper than [`MAX_DEPTH`].
    #[error("the encoding is nested deeper than {MAX_DEPTH}")]
    Depth,
    /// More than [`MAX_NODES`].
    #[error("the encoding has more than {MAX_NODES} elements")]
    Nodes,
    /// Bytes after the element or after the last member.
    #[error("the encoding goes on after {0}")]
    Trailing(&'static str),
    /// Another element, or none.
    #[error("{wanted} is missing{}", found.map(|tag| format!(", found tag {tag}")).unwrap_or_default())]
    Unexpected {
        /// What was wanted.
        wanted: &'static str,
        /// What was there.
        found: Option<Tag>,
    },
    /// An element whose content is not of its type.
    #[error("{0} is not well formed")]
    Value(&'static str),
}

/// One element: its tag, its content, and the bytes it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    tag: Tag,
    raw: &'a [u8],
    content: &'a [u8],
}

impl<'a> Element<'a> {
    /// The one element that `bytes` is, after a walk over all of it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DerError> {
        walk(bytes)?;
        let mut reader = Reader { rest: bytes };
        let element = reader.next("an element")?;
        reader.end("the element")?;
        Ok(element)
    }

    /// The tag.
    pub const fn tag(&self) -> Tag {
        self.tag
    }

    /// The bytes received, header included.
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The content octets, without end-of-contents octets.
    pub const fn content(&self) -> &'a [u8] {
        self.content
    }

    /// The elements within.
    pub const fn children(&self) -> Reader<'a> {
        Reader { rest: self.content }
    }

    /// The octets of a string: borrowed if it came in one piece, joined if it came as a constructed
    /// string (X.690 8.7.3). `what` names it in the error.
    pub fn octets(&self, what: &'static str) -> Result<Cow<'a, [u8]>, DerError> {
        if !self.tag.is_constructed() {
            return Ok(Cow::Borrowed(self.content));
        }
        let mut joined = Vec::new();
        let mut open = vec![self.children()];
        while let Some(reader) = open.last_mut() {
            if reader.is_empty() {
                open.pop();
                continue;
            }
            let piece = reader.next(what)?;
            if piece.tag.primitive() != Tag::OCTET_STRING {
                return Err(DerError::Value(what));
            }
            if !piece.tag.is_constructed() {
                joined.extend_from_slice(piece.content);
            } else if open.len() < MAX_DEPTH {
                open.push(piece.children());
            } else {
                return Err(DerError::Depth);
            }
        }
        Ok(Cow::Owned(joined))
    }

    /// The identifier that an `OBJECT IDENTIFIER` holds.
    pub const fn oid(&self) -> Oid<'a> {
        Oid::new(self.content)
    }

    /// A small non-negative `INTEGER` or `ENUMERATED`.
    pub fn small_integer(&self, what: &'static str) -> Result<u32, DerError> {
        match self.content {
            [] => Err(DerError::Value(what)),
            [first, ..] if first & 0x80 != 0 => Err(DerError::Value(what)),
            content if content.len() > 4 => Err(DerError::Value(what)),
            content => Ok(content
                .iter()
                .fold(0, |value, byte| (value << 8) | u32::from(*byte))),
        }
    }

    /// The octets of a `BIT STRING` of whole octets.
    pub fn bits(&self, what: &'static str) -> Result<&'a [u8], DerError> {
        match self.content {
            [0, octets @ ..] if self.tag == Tag::BIT_STRING => Ok(octets),
            _ => Err(DerError::Value(what)),
        }
    }

    /// The text of any string type; octets that are not text are replaced, never refused.
    pub fn text(&self) -> String {
        match self.tag {
            Tag::BMP_STRING => {
                let units = self.content.chunks(2).map(|pair| match pair {
                    [high, low] => u16::from_be_bytes([*high, *low]),
                    _ => 0xfffd,
                });
                char::decode_utf16(units)
                    .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect()
            }
            Tag::UNIVERSAL_STRING => self
                .content
                .chunks(4)
                .map(|four| <[u8; 4]>::try_from(four).map_or(u32::MAX, u32::from_be_bytes))
                .map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
            // T.61 in the wild is Latin-1, or UTF-8 from those who did not look.
            Tag::TELETEX_STRING => match std::str::from_utf8(self.content) {
                Ok(text) => text.to_owned(),
                Err(_) => self.content.iter().copied().map(char::from).collect(),
            },
            _ => String::from_utf8_lossy(self.content).into_owned(),
        }
    }
}

/// Reads elements one after another.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Whether all has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What has not been read.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The tag of the next element.
    pub fn peek(&self) -> Option<Tag> {
        self.rest.first().copied().map(Tag)
    }

    /// The next element, whatever it is; `wanted` names it in the error.
    pub fn next(&mut self, wanted: &'static str) -> Result<Element<'a>, DerError> {
        if self.rest.is_empty() {
            return Err(DerError::Unexpected {
                wanted,
                found: None,
            });
        }
        let header = Header::read(self.rest)?;
        if header.tag.0 == 0 {
            return Err(DerError::StrayEnd);
        }
        let (content, whole) = if let Some(length) = header.length {
            let end = header.size.checked_add(length).ok_or(DerError::Length)?;
            (self.rest.get(header.size..end), end)
        } else {
            let end = end_of_indefinite(self.rest)?;
            (self.rest.get(header.size..end - 2), end)
        };
        let (raw, rest) = self
            .rest
            .split_at_checked(whole)
            .ok_or(DerError::Truncated)?;
        self.rest = rest;
        Ok(Element {
            tag: header.tag,
            raw,
            content: content.ok_or(DerError::Truncated)?,
        })
    }

    /// The next element, which must have `tag`.
    pub fn expect(&mut self, tag: Tag, wanted: &'static str) -> Result<Element<'a>, DerError> {
        match self.peek() {
            Some(found) if found == tag => self.next(wanted),
            found => Err(DerError::Unexpected { wanted, found }),
        }
    }

    /// The next element if it has `tag`.
    pub fn optional(&mut self, tag: Tag) -> Result<Option<Element<'a>>, DerError> {
        if self.peek() == Some(tag) {
            self.next("an element").map(Some)
        } else {
            Ok(None)
        }
    }

    /// The members of the next element, which must be a `SEQUENCE`.
    pub fn sequence(&mut self, wanted: &'static str) -> Result<Self, DerError> {
        Ok(self.expect(Tag::SEQUENCE, wanted)?.children())
    }

    /// The next element, which must be an `OBJECT IDENTIFIER`.
    pub fn oid(&mut self, wanted: &'static str) -> Result<Oid<'a>, DerError> {
        Ok(self.expect(Tag::OID, wanted)?.oid())
    }

    /// Succeeds if all has been read.
    pub fn end(&self, what: &'static str) -> Result<(), DerError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DerError::Trailing(what))
        }
    }
}

/// The header of an element: `length` is `None` if indefinite, `size` that of the header.
struct Header {
    tag: Tag,
    length: Option<usize>,
    size: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, DerError> {
        let (tag, first, rest) = match bytes {
            [tag, first, rest @ ..] => (Tag(*tag), *first, rest),
            _ => return Err(DerError::Truncated),
        };
        if tag.0 & 0x1f == 0x1f {
            return Err(DerError::HighTag);
        }
        if tag.0 == 0 && first != 0 {
            return Err(DerError::StrayEnd);
        }
        let (length, size) = match first {
            0..0x80 => (Some(usize::from(first)), 2),
            0x80 if tag.is_constructed() => (None, 2),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7f);
                let digits = rest.get(..count).ok_or(DerError::Truncated)?;
                let length = digits
                    .iter()
                    .fold(0_usize, |value, byte| (value << 8) | usize::from(*byte));
                (Some(length), 2 + count)
            }
            _ => return Err(DerError::Length),
        };
        Ok(Self { tag, length, size })
    }
}

/// Where the element of indefinite length at the start of `bytes` ends, end-of-contents included.
fn end_of_indefinite(bytes: &[u8]) -> Result<usize, DerError> {
    let (mut at, mut open) = (0_usize, 0_usize);
    loop {
        let header = Header::read(bytes.get(at..).unwrap_or_default())?;
        at = at.checked_add(header.size).ok_or(DerError::Length)?;
        match header.length {
            _ if header.tag.0 == 0 => {
                open -= 1;
                if open == 0 {
                    return Ok(at);
                }
            }
            Some(length) => at = at.checked_add(length).ok_or(DerError::Length)?,
            None if open == MAX_DEPTH => return Err(DerError::Depth),
            None => open += 1,
        }
    }
}

/// Checks the structure of all of `bytes` against the budget.
fn walk(bytes: &[u8]) -> Result<(), DerError> {
    // Where each open constructed element ends; `None`: at its end-of-contents octets.
    let mut open: Vec<Option<usize>> = Vec::with_capacity(MAX_DEPTH);
    let (mut at, mut nodes) = (0_usize, 0_usize);
    while at < bytes.len() {
        nodes += 1;
        if nodes > MAX_NODES {
            return Err(DerError::Nodes);
        }
        let limit = open
            .iter()
            .rev()
            .find_map(|end| *end)
            .unwrap_or(bytes.len());
        let header = Header::read(bytes.get(at..limit).unwrap_or_default())?;
        at += header.size;
        if header.tag.0 == 0 {
            if open.pop() != Some(None) {
                return Err(DerError::StrayEnd);
            }
        } else {
            let end = match header.length {
                Some(length) => Some(at.checked_add(length).ok_or(DerError::Length)?),
                None => None,
            };
            if end.is_some_and(|end| end > limit) {
                return Err(DerError::Truncated);
            }
            match end {
                Some(end) if !header.tag.is_constructed() => at = end,
                _ if open.len() == MAX_DEPTH => return Err(DerError::Depth),
                _ => open.push(end),
            }
        }
        while open.last() == Some(&Some(at)) {
            open.pop();
        }
    }
    if open.is_empty() {
        Ok(())
    } else {
        Err(DerError::Truncated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::encode;

    fn nested(depth: usize) -> Vec<u8> {
        (0..depth).fold(Vec::new(), |inner, _| {
            encode(|w| w.sequence(|w| w.raw(&inner)))
        })
    }

    fn nested_indefinite(depth: usize) -> Vec<u8> {
        [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat()
    }

    #[test]
    fn malformed_encodings_are_refused() {
        for (bytes, complaint) in [
            (&[][..], "an element is missing"),
            (&[0x30], "the encoding ends within an element"),
            (&[0x30, 1], "the encoding ends within an element"),
            (&[0x30, 0x82, 1], "the encoding ends within an element"),
            (&[0x30, 2, 4, 1], "the encoding ends within an element"),
            (
                &[0x30, 3, 4, 2, 1, 1],
                "the encoding ends within an element",
            ),
            (
                &[0x30, 0x80, 4, 1, 1],
                "the encoding ends within an element",
            ),
            (&[0x30, 0x80, 0], "the encoding ends within an element"),
            (
                &[0x30, 4, 0x30, 0x80, 4, 0, 0, 0],
                "the encoding ends within an element",
            ),
            (
                &[0x1f, 0x81, 1, 0],
                "the encoding has a tag number above 30",
            ),
            (&[4, 0x80, 0, 0], "the encoding has an impossible length"),
            (
                &[0x30, 0x85, 0, 0, 0, 0, 0],
                "the encoding has an impossible length",
            ),
            (&[0x30, 0xff], "the encoding has an impossible length"),
            (
                &[4, 0x84, 0xff, 0xff, 0xff, 0xff],
                "the encoding ends within an element",
            ),
            (&[0, 0], "the encoding has stray end-of-contents octets"),
            (
                &[0x30, 2, 0, 0],
                "the encoding has stray end-of-contents octets",
            ),
            (
                &[0x30, 0x80, 0, 1],
                "the encoding has stray end-of-contents octets",
            ),
            (&[4, 0, 4, 0], "the encoding goes on after the element"),
        ] {
            let error = Element::parse(bytes).unwrap_err();
            assert_eq!(error.to_string(), complaint, "{bytes:02x?}");
        }
    }

    #[test]
    fn depth_and_nodes_are_bounded_without_recursion() {
        assert!(Element::parse(&nested(MAX_DEPTH)).is_ok());
        assert!(Element::parse(&nested_indefinite(MAX_DEPTH)).is_ok());
        for bytes in [
            nested(MAX_DEPTH + 1),
            nested_indefinite(MAX_DEPTH + 1),
            nested_indefinite(1_000_000),
        ] {
            assert_eq!(Element::parse(&bytes), Err(DerError::Depth));
        }
        let nodes = |count| encode(|w| w.sequence(|w| (1..count).for_each(|_| w.null())));
        assert!(Element::parse(&nodes(MAX_NODES)).is_ok());
        assert_eq!(Element::parse(&nodes(MAX_NODES + 1)), Err(DerError::Nodes));
    }

    #[test]
    fn indefinite_lengths_keep_the_received_bytes() {
        let bytes = [0x30, 0x80, 0x30, 0x80, 2, 1, 5, 0, 0, 2, 1, 6, 0, 0];
        let outer = Element::parse(&bytes).unwrap();
        assert_eq!(outer.raw(), bytes);
        let mut members = outer.children();
        let inner = members.expect(Tag::SEQUENCE, "inner").unwrap();
        assert_eq!(inner.raw(), [0x30, 0x80, 2, 1, 5, 0, 0]);
        assert_eq!(inner.content(), [2, 1, 5]);
        let six = members.expect(Tag::INTEGER, "six").unwrap();
        assert_eq!(six.small_integer("six"), Ok(6));
        assert_eq!(members.end("outer"), Ok(()));
    }

    #[test]
    fn constructed_octet_strings_are_joined() {
        let bytes = [
            0xa0, 0x80, 4, 2, 1, 2, 0x24, 5, 4, 1, 3, 4, 0, 4, 1, 4, 0, 0,
        ];
        let element = Element::parse(&bytes).unwrap();
        assert_eq!(element.octets("content").unwrap().as_ref(), [1, 2, 3, 4]);
        let wrong = Element::parse(&[0x24, 3, 2, 1, 1]).unwrap();
        assert_eq!(
            wrong.octets("content").unwrap_err().to_string(),
            "content is not well formed"
        );
    }

    #[test]
    fn text_of_every_string_type_is_read() {
        for (bytes, text) in [
            (&[0x0c, 2, 0xc3, 0xa9][..], "é"),
            (&[0x14, 1, 0xe9], "é"),
            (&[0x14, 2, 0xc3, 0xa9], "é"),
            (&[0x1e, 4, 0, b'&', 0, 0xe9], "&é"),
            (&[0x1e, 3, 0, b'&', 0], "&\u{fffd}"),
            (&[0x1c, 4, 0, 0, 0, b'<'], "<"),
            (&[0x1c, 4, 0xff, 0, 0, 0], "\u{fffd}"),
            (&[0x13, 1, 0xff], "\u{fffd}"),
        ] {
            assert_eq!(Element::parse(bytes).unwrap().text(), text, "{bytes:02x?}");
        }
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for content in [&[2, 0][..], &[2, 1, 0xff], &[2, 5, 1, 0, 0, 0, 0]] {
            let element = Element::parse(content).unwrap();
            assert_eq!(
                element.small_integer("version").unwrap_err().to_string(),
                "version is not well formed"
            );
        }
        let bits = Element::parse(&[3, 2, 1, 0xfe]).unwrap();
        assert!(bits.bits("signature").is_err());
        let mut members = Element::parse(&[0x30, 3, 2, 1, 0]).unwrap().children();
        assert_eq!(
            members.oid("algorithm").unwrap_err().to_string(),
            "algorithm is missing, found tag 0x02"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(0_u8.., 0..200)) {
            if let Ok(element) = Element::parse(&bytes) {
                let mut open = vec![element.children()];
                while let Some(mut reader) = open.pop() {
                    while !reader.is_empty() {
                        let Ok(child) = reader.next("child") else { break };
                        let _ = (child.octets("child"), child.text(), child.oid().to_string());
                        if child.tag().is_constructed() {
                            open.push(child.children());
                        }
                    }
                }
            }
        }
    }
}
