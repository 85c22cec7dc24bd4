//! How much one document may cost.

/// The limits of one reading. Nothing is allocated beyond them, whatever the document claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Elements inside each other.
    pub depth: usize,
    /// Elements, pieces of text and opaque blocks together.
    pub nodes: usize,
    /// Bytes of the document, and, counted separately, bytes of the text, opaque data and literal names read from it:
    /// references into the string table make the second larger than the first.
    pub bytes: usize,
}

impl Default for Budget {
    /// 64 levels, 100 000 nodes, 4 MiB.
    fn default() -> Self {
        Self {
            depth: 64,
            nodes: 100_000,
            bytes: 4 * 1024 * 1024,
        }
    }
}
