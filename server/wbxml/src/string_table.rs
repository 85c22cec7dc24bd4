//! The strings that a document refers to by their offset (WAP-192 section 5.7).

use std::collections::HashMap;

use crate::read_error::ReadError;

/// A table as it was read.
pub(crate) struct StringTable<'a>(pub(crate) &'a [u8]);

impl<'a> StringTable<'a> {
    /// The bytes from an index to the next NUL.
    ///
    /// Differs: the end of the table ends a string, too. In the example that SyncML's representation
    /// protocol gives, the formal identifier fills a table of `1D` bytes without a terminator, and clients copy it.
    pub(crate) fn get(&self, index: u32, offset: usize) -> Result<&'a [u8], ReadError> {
        let table: &'a [u8] = self.0;
        let rest = usize::try_from(index)
            .ok()
            .and_then(|index| table.get(index..))
            .filter(|rest| !rest.is_empty())
            .ok_or(ReadError::StringIndex { index, offset })?;
        Ok(rest.split(|byte| *byte == 0).next().unwrap_or_default())
    }
}

/// A table that is being written: each string once, NUL-terminated, in the order of first use.
#[derive(Default)]
pub(crate) struct StringTableBuilder {
    bytes: Vec<u8>,
    indexes: HashMap<String, usize>,
}

impl StringTableBuilder {
    /// The index of a string, which must not contain NUL.
    pub(crate) fn index(&mut self, text: &str) -> usize {
        if let Some(index) = self.indexes.get(text) {
            return *index;
        }
        let index = self.bytes.len();
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
        self.indexes.insert(text.to_owned(), index);
        index
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_stay_inside() {
        let table = StringTable(b"abc\0\0de");
        for (index, text) in [
            (0, Ok("abc")),
            (2, Ok("c")),
            (3, Ok("")),
            (5, Ok("de")),
            (
                7,
                Err("index 7 at byte 9 points outside of the string table"),
            ),
            (
                u32::MAX,
                Err("index 4294967295 at byte 9 points outside of the string table"),
            ),
        ] {
            let found = table.get(index, 9).map_err(|e| e.to_string());
            let expected = text.map(str::as_bytes).map_err(str::to_owned);
            assert_eq!(found, expected, "{index}");
        }
        assert!(StringTable(b"").get(0, 0).is_err());
    }

    #[test]
    fn a_string_is_written_once() {
        let mut table = StringTableBuilder::default();
        assert_eq!(table.index("ab"), 0);
        assert_eq!(table.index("c"), 3);
        assert_eq!(table.index("ab"), 0);
        assert_eq!(table.bytes(), b"ab\0c\0");
    }
}
