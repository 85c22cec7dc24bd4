//! Header fields as one text, because every exchange has some and most are written without being looked at.

use std::fmt;

/// Header fields in order: names and values one after another in one text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    text: String,
    /// Where each name and each value ends, in turns.
    ends: Vec<usize>,
}

impl Headers {
    /// None yet, with room for so many fields of so many bytes in all.
    pub fn with_capacity(fields: usize, bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            ends: Vec::with_capacity(2 * fields),
        }
    }

    /// Adds a field.
    pub fn push(&mut self, name: &str, value: &str) {
        for part in [name, value] {
            self.text.push_str(part);
            self.ends.push(self.text.len());
        }
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.ends.len() / 2
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        let mut part = move |end: usize| {
            let part = self.text.get(start..end).unwrap_or_default();
            start = end;
            part
        };
        self.ends
            .as_chunks()
            .0
            .iter()
            .map(move |[name, value]| (part(*name), part(*value)))
    }

    /// Bytes they hold in memory.
    pub(super) fn size(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<usize>()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_text() {
        let fields = [("A", "1"), ("", ""), ("B & <\"", "é\r\n"), ("A", "")];
        let mut headers = Headers::with_capacity(1, 1);
        assert!(headers.is_empty());
        for (name, value) in fields {
            headers.push(name, value);
        }
        assert_eq!(headers.iter().collect::<Vec<_>>(), fields);
        assert_eq!((headers.len(), headers.is_empty()), (4, false));
        assert_eq!(
            format!("{headers:?}"),
            r#"[("A", "1"), ("", ""), ("B & <\"", "é\r\n"), ("A", "")]"#
        );
    }
}
