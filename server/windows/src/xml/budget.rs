/// What one document may cost its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How many elements may be open at once.
    pub depth: usize,
    /// How many elements, attributes, namespace declarations, pieces of text and comments there may be in all.
    pub nodes: usize,
    /// How long the document may be, in bytes.
    pub bytes: usize,
}

/// 64 levels, 100 000 nodes, 4 MiB.
impl Default for Budget {
    fn default() -> Self {
        Self {
            depth: 64,
            nodes: 100_000,
            bytes: 4 * 1024 * 1024,
        }
    }
}
