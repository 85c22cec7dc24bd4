//! Property lists as a device reads and writes them, within a budget.

use plist::{Dictionary, Value};

/// Largest property list that is read, in bytes.
const MAX_BYTES: usize = 8 << 20;
/// Deepest nesting of arrays and dictionaries that is read.
const MAX_DEPTH: usize = 64;

/// Why bytes are not a usable property list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Over the size budget.
    #[error("property list of {size} bytes is over the limit of {MAX_BYTES}")]
    TooLarge {
        /// Size received.
        size: usize,
    },
    /// Over the depth budget.
    #[error("property list is nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// Not XML at all.
    #[error("property list is not XML")]
    NotXml,
    /// Not a property list.
    #[error("property list cannot be read")]
    Syntax(#[source] plist::Error),
    /// The outermost value is not a dictionary.
    #[error("property list is not a dictionary")]
    NotADictionary,
    /// It could not be written.
    #[error("property list cannot be written")]
    Write(#[source] plist::Error),
}

/// Reads an XML property list whose outermost value is a dictionary.
pub(crate) fn read(bytes: &[u8]) -> Result<Dictionary, DocumentError> {
    if bytes.len() > MAX_BYTES {
        return Err(DocumentError::TooLarge { size: bytes.len() });
    }
    let start = bytes.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if !start.starts_with(b"<") {
        return Err(DocumentError::NotXml);
    }
    check_depth(start)?;
    match Value::from_reader_xml(start).map_err(DocumentError::Syntax)? {
        Value::Dictionary(dictionary) => Ok(dictionary),
        _ => Err(DocumentError::NotADictionary),
    }
}

/// Writes a dictionary as XML.
pub(crate) fn write(dictionary: Dictionary) -> Result<Vec<u8>, DocumentError> {
    let mut out = Vec::new();
    Value::Dictionary(dictionary)
        .to_writer_xml(&mut out)
        .map_err(DocumentError::Write)?;
    Ok(out)
}

/// Writes a dictionary in Apple's binary form, which no device sends: a deliberate misbehaviour.
pub(crate) fn write_binary(dictionary: Dictionary) -> Result<Vec<u8>, DocumentError> {
    let mut out = Vec::new();
    Value::Dictionary(dictionary)
        .to_writer_binary(&mut out)
        .map_err(DocumentError::Write)?;
    Ok(out)
}

/// A tree is built only from a text that cannot nest deeper than the budget. Comments and CDATA are skipped, so that
/// no closing tag can hide in them.
fn check_depth(mut text: &[u8]) -> Result<(), DocumentError> {
    let mut depth = 0_usize;
    while let Some(at) = text.iter().position(|byte| *byte == b'<') {
        text = text.get(at + 1..).unwrap_or_default();
        if let Some(comment) = text.strip_prefix(b"!--") {
            text = after(comment, b"-->");
        } else if let Some(data) = text.strip_prefix(b"![CDATA[") {
            text = after(data, b"]]>");
        } else if text.starts_with(b"/") {
            depth = depth.saturating_sub(1);
        } else if text.first().is_some_and(u8::is_ascii_alphabetic) {
            let end = text
                .iter()
                .position(|byte| *byte == b'>')
                .unwrap_or(text.len());
            if end == 0 || text.get(end - 1) != Some(&b'/') {
                depth += 1;
            }
            // One level for `<plist>` and one for the leaf.
            if depth > MAX_DEPTH + 2 {
                return Err(DocumentError::TooDeep);
            }
        }
    }
    Ok(())
}

fn after<'a>(text: &'a [u8], end: &[u8]) -> &'a [u8] {
    let at = text.windows(end.len()).position(|window| window == end);
    at.and_then(|at| text.get(at + end.len()..))
        .unwrap_or_default()
}

/// Typed questions to a dictionary.
pub(crate) trait Ask {
    /// The text under a key.
    fn text(&self, key: &str) -> Option<&str>;
    /// The text under a key, or the empty string.
    fn text_or_empty(&self, key: &str) -> String {
        self.text(key).unwrap_or_default().to_owned()
    }
    /// The truth under a key; absent is false.
    fn truth(&self, key: &str) -> bool;
    /// The number under a key.
    fn number(&self, key: &str) -> Option<i64>;
    /// The bytes under a key.
    fn data(&self, key: &str) -> Option<&[u8]>;
    /// The dictionary under a key.
    fn dictionary(&self, key: &str) -> Option<&Dictionary>;
    /// The texts of the array under a key.
    fn texts(&self, key: &str) -> Vec<String>;
}

impl Ask for Dictionary {
    fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_string)
    }
    fn truth(&self, key: &str) -> bool {
        self.get(key).and_then(Value::as_boolean).unwrap_or(false)
    }
    fn number(&self, key: &str) -> Option<i64> {
        self.get(key).and_then(Value::as_signed_integer)
    }
    fn data(&self, key: &str) -> Option<&[u8]> {
        self.get(key).and_then(Value::as_data)
    }
    fn dictionary(&self, key: &str) -> Option<&Dictionary> {
        self.get(key).and_then(Value::as_dictionary)
    }
    fn texts(&self, key: &str) -> Vec<String> {
        let array = self.get(key).and_then(Value::as_array);
        array
            .into_iter()
            .flatten()
            .filter_map(Value::as_string)
            .map(str::to_owned)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_usable_document_is_told() {
        let deep = format!(
            "<plist>{}{}</plist>",
            "<array>".repeat(100_000),
            "</array>".repeat(100_000)
        );
        let hidden = format!(
            "<plist>{}</plist>",
            "<array><!-- </array> -->".repeat(100_000)
        );
        for (text, complaint) in [
            ("bplist00", "property list is not XML"),
            (
                "<plist><string>x</string></plist>",
                "property list is not a dictionary",
            ),
            ("<plist><dict><key>", "property list cannot be read"),
            (deep.as_str(), "property list is nested deeper than 64"),
            (hidden.as_str(), "property list is nested deeper than 64"),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), complaint);
        }
    }

    #[test]
    fn hostile_text_survives_a_round_through_the_writer() {
        let mut dictionary = Dictionary::new();
        dictionary.insert("k".into(), Value::String("& < \" é ]]>".into()));
        let text = write(dictionary.clone()).unwrap();
        assert_eq!(read(&text).unwrap(), dictionary);
    }
}
