//! The nodes that are there, with their values.

use std::collections::BTreeMap;

use super::path::Path;

/// A value and its format.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) format: String,
    pub(crate) data: String,
}

/// Nodes by their place; an interior node has no value.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Tree(BTreeMap<Path, Option<Value>>);

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.0.keys().map(ToString::to_string))
            .finish()
    }
}

impl Tree {
    /// Whether there is a node.
    pub(crate) fn has(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// The value of a leaf.
    pub(crate) fn value(&self, path: &Path) -> Option<&Value> {
        self.0.get(path)?.as_ref()
    }

    /// The text of a leaf.
    pub(crate) fn text(&self, path: &Path) -> Option<&str> {
        self.value(path).map(|value| value.data.as_str())
    }

    /// Puts an interior node there.
    pub(crate) fn put_interior(&mut self, path: Path) {
        self.0.entry(path).or_insert(None);
    }

    /// Puts a leaf there, and the interior nodes above it.
    pub(crate) fn put(&mut self, path: Path, format: &str, data: impl Into<String>) {
        for count in 1..path.len() {
            self.put_interior(path.first(count));
        }
        self.0.insert(
            path,
            Some(Value {
                format: format.to_owned(),
                data: data.into(),
            }),
        );
    }

    /// Removes a node and all below it.
    pub(crate) fn remove(&mut self, path: &Path) {
        self.0.retain(|known, _| !known.is_within(path));
    }

    /// Names of the nodes right below.
    pub(crate) fn below(&self, path: &Path) -> Vec<&str> {
        let after = self.0.range(path.clone()..).map(|(known, _)| known);
        after
            .take_while(|known| known.is_within(path))
            .filter(|known| known.len() == path.len() + 1)
            .map(Path::name)
            .collect()
    }

    /// Places of all nodes.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_come_with_those_above_and_go_with_those_below() {
        let mut tree = Tree::default();
        let leaf = Path::of(&["a", "b", "c"]);
        tree.put(leaf.clone(), "chr", "1");
        tree.put(Path::of(&["a", "b", "d"]), "chr", "2");
        tree.put(Path::of(&["a", "bb"]), "chr", "3");
        assert_eq!(tree.below(&Path::of(&["a"])), ["b", "bb"]);
        assert_eq!(tree.below(&Path::of(&["a", "b"])), ["c", "d"]);
        assert_eq!(tree.text(&leaf), Some("1"));
        tree.remove(&Path::of(&["a", "b"]));
        assert!(!tree.has(&leaf) && tree.has(&Path::of(&["a", "bb"])));
    }
}
