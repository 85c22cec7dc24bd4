//! Just enough DER (X.690): a writer, a bounded reader of definite lengths, and the few object identifiers we speak.

/// Universal and context tags used here.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    pub(crate) const CONTEXT_0: u8 = 0xa0;
    pub(crate) const CONTEXT_1: u8 = 0xa1;
}

/// Object identifiers, as the bytes of their DER content.
pub(crate) mod oid {
    pub(crate) const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    pub(crate) const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    pub(crate) const ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3];
    pub(crate) const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
    pub(crate) const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
    pub(crate) const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
    pub(crate) const CHALLENGE_PASSWORD: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 7];
    pub(crate) const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
    pub(crate) const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
    pub(crate) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    pub(crate) const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    pub(crate) const DES_CBC: &[u8] = &[0x2b, 14, 3, 2, 7];
    pub(crate) const DES_EDE3_CBC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7];
    pub(crate) const AES128_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2];
    pub(crate) const AES192_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 22];
    pub(crate) const AES256_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];
    pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
    pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
    pub(crate) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
    pub(crate) const NT_PRINCIPAL_NAME: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3];
    pub(crate) const DOMAIN_COMPONENT: &[u8] =
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25];
    pub(crate) const USER_ID: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1];
}

/// Why bytes are not the DER that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DerError {
    /// The bytes end too early.
    #[error("DER ends in the middle of an element")]
    Truncated,
    /// A length that DER does not allow, or one beyond 32 bits.
    #[error("DER length is indefinite or too large")]
    Length,
    /// Another tag was expected.
    #[error("DER tag {found:#04x} where {expected:#04x} was expected")]
    Tag {
        /// Tag expected.
        expected: u8,
        /// Tag found.
        found: u8,
    },
    /// A tag of more than one byte, which nothing here uses.
    #[error("DER tag of several bytes")]
    LongTag,
}

/// One element: its tag, its content, and all its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// A reader of what is inside.
    pub(crate) fn reader(&self) -> Reader<'a> {
        Reader(self.content)
    }
}

/// Reads elements one after another. It never recurses, so depth is the caller's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, DerError> {
        let input = self.0;
        let tag = *input.first().ok_or(DerError::Truncated)?;
        if tag & 0x1f == 0x1f {
            return Err(DerError::LongTag);
        }
        let first = *input.get(1).ok_or(DerError::Truncated)?;
        let (length, header) = if first < 0x80 {
            (usize::from(first), 2)
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return Err(DerError::Length);
            }
            let digits = input.get(2..2 + count).ok_or(DerError::Truncated)?;
            (
                digits
                    .iter()
                    .fold(0_usize, |sum, digit| (sum << 8) | usize::from(*digit)),
                2 + count,
            )
        };
        let end = header.checked_add(length).ok_or(DerError::Length)?;
        let whole = input.get(..end).ok_or(DerError::Truncated)?;
        let content = input.get(header..end).ok_or(DerError::Truncated)?;
        self.0 = input.get(end..).unwrap_or_default();
        Ok(Element {
            tag,
            content,
            whole,
        })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, expected: u8) -> Result<Element<'a>, DerError> {
        match self.peek() {
            Some(found) if found != expected => Err(DerError::Tag { expected, found }),
            _ => self.any(),
        }
    }

    /// The next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, DerError> {
        if self.peek() == Some(tag) {
            self.any().map(Some)
        } else {
            Ok(None)
        }
    }
}

/// An element with this tag and this content.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap_or(0x7f));
    } else {
        let digits = length.to_be_bytes();
        let digits = digits
            .iter()
            .copied()
            .skip_while(|digit| *digit == 0)
            .collect::<Vec<_>>();
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
        out.extend(digits);
    }
    out.extend_from_slice(content);
    out
}

/// An element whose content is the given parts, one after another.
pub(crate) fn joined(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    element(tag, &parts.concat())
}

/// A SEQUENCE of the given parts.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    joined(tag::SEQUENCE, parts)
}

/// A SET OF, its members sorted as DER demands (X.690 section 11.6).
pub(crate) fn set_of(mut members: Vec<Vec<u8>>, tag: u8) -> Vec<u8> {
    members.sort();
    element(tag, &members.concat())
}

/// An OBJECT IDENTIFIER from its content bytes.
pub(crate) fn object(oid: &[u8]) -> Vec<u8> {
    element(tag::OID, oid)
}

/// An algorithm identifier with NULL parameters.
pub(crate) fn algorithm(oid: &[u8]) -> Vec<u8> {
    sequence(&[&object(oid), &element(tag::NULL, &[])])
}

/// Content bytes of an identifier written with dots, such as `1.2.840.113549.1.9.1`.
pub(crate) fn dotted(text: &str) -> Option<Vec<u8>> {
    let arcs: Vec<u32> = text
        .split('.')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let (first, second) = (*arcs.first()?, *arcs.get(1)?);
    if first > 2 || (first < 2 && second > 39) || arcs.len() > 32 {
        return None;
    }
    let head = first.checked_mul(40)?.checked_add(second)?;
    let mut out = Vec::new();
    for arc in std::iter::once(head).chain(arcs.get(2..)?.iter().copied()) {
        let groups = (0..5)
            .rev()
            .map(|group| (arc >> (7 * group)) & 0x7f)
            .skip_while(|group| *group == 0);
        let mut groups: Vec<u8> = groups
            .filter_map(|group| u8::try_from(group).ok())
            .collect();
        if groups.is_empty() {
            groups.push(0);
        }
        let last = groups.len() - 1;
        out.extend(
            groups
                .iter()
                .enumerate()
                .map(|(at, group)| if at < last { group | 0x80 } else { *group }),
        );
    }
    Some(out)
}

/// An element in BER with indefinite length (X.690 section 8.1.3.6), as Apple's CMS encoder writes them.
pub(crate) fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, 0x80];
    out.extend_from_slice(content);
    out.extend_from_slice(&[0, 0]);
    out
}

/// A constructed OCTET STRING in pieces, of indefinite length; `tag` is 0x24, or 0xA0 for an implicit one.
pub(crate) fn pieces(tag: u8, content: &[u8]) -> Vec<u8> {
    let parts: Vec<u8> = content
        .chunks(1000)
        .flat_map(|chunk| element(tag::OCTET_STRING, chunk))
        .collect();
    indefinite(tag, &parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_minimal_and_read_back() {
        for (size, header) in [
            (0_usize, 2_usize),
            (127, 2),
            (128, 3),
            (255, 3),
            (256, 4),
            (70_000, 5),
        ] {
            let bytes = element(tag::OCTET_STRING, &vec![7; size]);
            assert_eq!(bytes.len(), size + header, "{size}");
            let read = Reader(&bytes).expect(tag::OCTET_STRING).unwrap();
            assert_eq!(read.content.len(), size);
        }
    }

    #[test]
    fn broken_bytes_are_told() {
        for (bytes, complaint) in [
            (&[][..], "DER ends in the middle of an element"),
            (&[0x30][..], "DER ends in the middle of an element"),
            (&[0x30, 5, 1][..], "DER ends in the middle of an element"),
            (
                &[0x30, 0x80, 0, 0][..],
                "DER length is indefinite or too large",
            ),
            (
                &[0x30, 0x85, 1, 1, 1, 1, 1][..],
                "DER length is indefinite or too large",
            ),
            (&[0x04, 0][..], "DER tag 0x04 where 0x30 was expected"),
        ] {
            assert_eq!(
                Reader(bytes).expect(tag::SEQUENCE).unwrap_err().to_string(),
                complaint,
                "{bytes:?}"
            );
        }
        assert_eq!(
            Reader(&[0x3f, 0x81, 0, 0]).any().unwrap_err(),
            DerError::LongTag
        );
    }

    #[test]
    fn identifiers_with_dots() {
        assert_eq!(
            dotted("1.2.840.113549.1.9.1").as_deref(),
            Some(oid::EMAIL_ADDRESS)
        );
        assert_eq!(
            dotted("0.9.2342.19200300.100.1.25").as_deref(),
            Some(oid::DOMAIN_COMPONENT)
        );
        assert_eq!(dotted("2.5.29.0"), Some(vec![0x55, 0x1d, 0]));
        for wrong in ["", "1", "3.1", "1.40", "1.x", "1.2.99999999999"] {
            assert_eq!(dotted(wrong), None, "{wrong}");
        }
    }
}
