//! What one document may cost.

use std::fmt;

/// What one document may cost. Reading stops with an error when any of these is exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Arrays and dictionaries inside each other. Must stay small: a [`super::Value`] is dropped recursively.
    pub depth: usize,
    /// Elements, keys included.
    pub nodes: usize,
    /// Bytes of the document.
    pub bytes: usize,
}

impl Default for Budget {
    /// Depth 64, 100 000 nodes, 4 MiB.
    fn default() -> Self {
        Self {
            depth: 64,
            nodes: 100_000,
            bytes: 4 << 20,
        }
    }
}

/// Which part of a [`Budget`] was exceeded, with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// [`Budget::depth`].
    Depth(usize),
    /// [`Budget::nodes`].
    Nodes(usize),
    /// [`Budget::bytes`].
    Bytes(usize),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Depth(n) => write!(f, "nested deeper than {n}"),
            Self::Nodes(n) => write!(f, "more than {n} elements"),
            Self::Bytes(n) => write!(f, "longer than {n} bytes"),
        }
    }
}
