//! Leaves that are written together below one node.

use std::fmt;

use super::{
    operation::{Format, NodeOp, Unit, Value, Verb},
    read_back::{Comparison, ReadBack},
};

/// A leaf to write.
#[derive(Debug)]
pub(super) struct Leaf {
    /// Its path below the node.
    path: String,
    format: Format,
    value: Value,
    /// How what the device says of it is compared; none where it says nothing.
    comparison: Option<Comparison>,
    /// It stays as it was first written.
    fixed: bool,
}

impl Leaf {
    pub(super) fn new(
        path: impl Into<String>,
        format: Format,
        value: impl Into<Value>,
        comparison: Comparison,
    ) -> Self {
        Self {
            path: path.into(),
            format,
            value: value.into(),
            comparison: Some(comparison),
            fixed: false,
        }
    }

    /// A leaf of format `chr`, compared as text.
    pub(super) fn text(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(path, Format::Chr, value, Comparison::Text)
    }

    /// A number of format `chr`, as providers of mail accounts have them.
    pub(super) fn number(path: impl Into<String>, value: impl fmt::Display) -> Self {
        Self::new(path, Format::Chr, format!("{value}"), Comparison::Number)
    }

    /// A truth of format `chr`, written 1 or 0.
    pub(super) fn flag(path: impl Into<String>, value: bool) -> Self {
        let digit = if value { "1" } else { "0" };
        Self::new(path, Format::Chr, digit, Comparison::Boolean)
    }

    /// A leaf that is never read back.
    pub(super) fn unread(path: impl Into<String>, format: Format, value: impl Into<Value>) -> Self {
        Self {
            comparison: None,
            ..Self::new(path, format, value, Comparison::Present)
        }
    }

    /// Its path below the node.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Its value, secret or not.
    pub(super) fn value(&self) -> &str {
        self.value.expose()
    }

    /// The same, never written again.
    pub(super) fn fixed(self) -> Self {
        Self {
            fixed: true,
            ..self
        }
    }
}

/// Adds each of `leaves` below `node`.
pub(super) fn adds<'a>(node: &'a str, leaves: &'a [Leaf]) -> impl Iterator<Item = NodeOp> + 'a {
    leaves
        .iter()
        .map(move |leaf| operation(Verb::Add, node, leaf))
}

/// Makes `node` with `leaves`, all or none.
pub(super) fn install(node: &str, leaves: &[Leaf]) -> Unit {
    let made = std::iter::once(NodeOp::add_node(node));
    Unit::Atomic(made.chain(adds(node, leaves)).collect())
}

/// Gives `leaves` new values, all or none, but for those that stay.
pub(super) fn update(node: &str, leaves: &[Leaf]) -> Unit {
    let changing = leaves.iter().filter(|leaf| !leaf.fixed);
    Unit::Atomic(
        changing
            .map(|leaf| operation(Verb::Replace, node, leaf))
            .collect(),
    )
}

/// What `leaves` should hold.
pub(super) fn read_back(node: &str, leaves: &[Leaf]) -> Vec<ReadBack> {
    leaves
        .iter()
        .filter_map(|leaf| {
            let comparison = leaf.comparison?;
            let hidden = comparison == Comparison::Masked;
            Some(ReadBack {
                uri: format!("{node}/{}", leaf.path),
                expected: (!hidden).then(|| leaf.value.clone()),
                comparison,
            })
        })
        .collect()
}

fn operation(verb: Verb, node: &str, leaf: &Leaf) -> NodeOp {
    NodeOp::write(
        verb,
        format!("{node}/{}", leaf.path),
        leaf.format,
        leaf.value.clone(),
    )
}
