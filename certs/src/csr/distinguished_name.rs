//! Names in words, for logs and people.

use std::fmt::Write as _;

use crate::der::{DerError, Element, Reader, Tag};
use crate::oid::Oid;

/// The most octets of text that a name becomes; the rest is cut.
const MAX_TEXT: usize = 4096;

/// Attribute types with a short name (RFC 4514 section 3 and common use), by their content octets.
const SHORT_NAMES: [(&[u8], &str); 14] = [
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 4], "SN"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 12], "title"),
    (&[0x55, 4, 42], "GN"),
    (
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25],
        "DC",
    ),
    (
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1],
        "UID",
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1],
        "emailAddress",
    ),
];

/// The text of an encoded `Name`, last relative name first (RFC 4514).
///
/// Differs: bytes that are no name give `(malformed name)`, octets that are no text are replaced,
/// control characters are written as hex pairs, and text beyond 4 KiB is cut: this is for reading.
pub fn distinguished_name(name: &[u8]) -> String {
    let Ok(mut parts) = relative_names(name) else {
        return "(malformed name)".to_owned();
    };
    parts.reverse();
    let mut text = parts.join(",");
    if text.len() > MAX_TEXT {
        let cut = (0..=MAX_TEXT).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(cut.unwrap_or(0));
        text.push('…');
    }
    text
}

fn relative_names(name: &[u8]) -> Result<Vec<String>, DerError> {
    let outer = Element::parse(name)?;
    if outer.tag() != Tag::SEQUENCE {
        return Err(DerError::Value("name"));
    }
    let mut names = outer.children();
    let mut parts = Vec::new();
    while !names.is_empty() {
        let mut attributes = names.expect(Tag::SET, "relative name")?.children();
        let mut texts = Vec::new();
        while !attributes.is_empty() {
            texts.push(attribute(attributes.sequence("attribute")?)?);
        }
        parts.push(texts.join("+"));
    }
    Ok(parts)
}

fn attribute(mut members: Reader<'_>) -> Result<String, DerError> {
    let oid = members.oid("attribute type")?;
    let value = members.next("attribute value")?;
    Ok(match short_name(oid) {
        Some(short) if is_text(value.tag()) => format!("{short}={}", escape(&value.text())),
        short => {
            let mut text = short.map_or_else(|| oid.to_string(), str::to_owned);
            text.push_str("=#");
            for byte in value.raw().iter().take(MAX_TEXT) {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
            }
            text
        }
    })
}

fn short_name(oid: Oid<'_>) -> Option<&'static str> {
    SHORT_NAMES
        .iter()
        .find(|(content, _)| *content == oid.content())
        .map(|(_, short)| *short)
}

fn is_text(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::UTF8_STRING
            | Tag::PRINTABLE_STRING
            | Tag::TELETEX_STRING
            | Tag::IA5_STRING
            | Tag::VISIBLE_STRING
            | Tag::UNIVERSAL_STRING
            | Tag::BMP_STRING
    )
}

/// RFC 4514 section 2.4.
fn escape(value: &str) -> String {
    let mut text = String::new();
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                text.push('\\');
                text.push(c);
            }
            '#' if at == 0 => text.push_str("\\#"),
            ' ' if at == 0 || at == last => text.push_str("\\ "),
            c if c.is_control() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "\\{byte:02x}");
                }
            }
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::{Writer, encode};

    fn one(write: impl Fn(&mut Writer)) -> Vec<u8> {
        encode(|w| w.sequence(|w| w.set(|w| w.sequence(&write))))
    }

    fn common_name(text: &str) -> Vec<u8> {
        one(|w| {
            w.oid(Oid::new(&[0x55, 4, 3]));
            w.utf8_string(text);
        })
    }

    #[test]
    fn values_are_escaped() {
        for (value, text) in [
            ("plain é", "CN=plain é"),
            ("& < \" ,+;>\\", "CN=& \\< \\\" \\,\\+\\;\\>\\\\"),
            (" # ", "CN=\\ #\\ "),
            ("#1", "CN=\\#1"),
            ("a\n\0\u{85}", "CN=a\\0a\\00\\c2\\85"),
            ("", "CN="),
        ] {
            assert_eq!(distinguished_name(&common_name(value)), text);
        }
        let long = distinguished_name(&common_name(&"é".repeat(5000)));
        assert!(long.len() <= MAX_TEXT + '…'.len_utf8());
        assert!(long.ends_with('…'));
    }

    #[test]
    fn what_has_no_text_form_is_hexadecimal() {
        let unknown = one(|w| {
            w.oid(Oid::new(&[0x2a, 3, 4]));
            w.utf8_string("x");
        });
        assert_eq!(distinguished_name(&unknown), "1.2.3.4=#0c0178");
        let number = one(|w| {
            w.oid(Oid::new(&[0x55, 4, 3]));
            w.integer(5);
        });
        assert_eq!(distinguished_name(&number), "CN=#020105");
        for malformed in [&[][..], &[0x31, 0], &[0x30, 2, 0x30, 0], b"CN=x"] {
            assert_eq!(distinguished_name(malformed), "(malformed name)");
        }
        assert_eq!(distinguished_name(&[0x30, 0]), "");
    }
}
