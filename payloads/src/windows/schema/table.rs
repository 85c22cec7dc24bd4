//! The facts, read once.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use super::{
    super::operation::{Format, Verb},
    uri::segments,
    value::{Allowed, Shape, range},
};
use crate::os_version::OsVersion;

/// One segment of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// A name that is given.
    Named(String),
    /// A name somebody chooses.
    Chosen,
}

/// How often a node is there below its parent (OMA DM Tree and Description 1.2.1 section 8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Occurrence {
    One,
    OneOrMore,
    OneOrN,
    ZeroOrMore,
    ZeroOrN,
    ZeroOrOne,
}

/// When a node came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    Build(OsVersion),
    /// Only in previews.
    Preview,
}

/// A node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) path: String,
    pub(super) segments: Vec<Segment>,
    pub(super) access: Vec<Verb>,
    pub(super) format: Format,
    pub(super) occurrence: Occurrence,
    /// The values of a leaf; the names of an interior node whose name is chosen.
    pub(super) allowed: Allowed,
    pub(super) has_default: bool,
    pub(super) atomic_required: bool,
    pub(super) deprecated: bool,
    pub(super) any_case: bool,
    pub(super) since: Since,
    pub(super) depends_on: Vec<Dependency>,
}

/// A node whose value another node presumes.
#[derive(Debug)]
pub(super) struct Dependency {
    /// The last segment of its path; it is a sibling.
    pub(super) sibling: String,
    /// The values presumed.
    pub(super) values: Vec<String>,
}

/// The name of the provider a node belongs to.
pub(super) fn provider(segments: &[String]) -> Option<&str> {
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["Device" | "User", "Vendor", "MSFT", name, ..]
        | ["Vendor", "MSFT", name, ..]
        | ["SyncML", name, ..]
        | [name, ..] => Some(name),
        [] => None,
    }
}

impl Node {
    /// How many of its names are given, if it is what `segments` name.
    fn matches(&self, segments: &[String]) -> Option<usize> {
        if self.segments.len() != segments.len() {
            return None;
        }
        let mut named = 0;
        for (own, given) in self.segments.iter().zip(segments) {
            match own {
                Segment::Chosen => {}
                Segment::Named(name)
                    if name == given || self.any_case && name.eq_ignore_ascii_case(given) =>
                {
                    named += 1;
                }
                Segment::Named(_) => return None,
            }
        }
        Some(named)
    }

    /// Whether its own name is chosen.
    pub(super) fn is_chosen(&self) -> bool {
        matches!(self.segments.last(), Some(Segment::Chosen))
    }

    /// Whether it is right below `parent`.
    pub(super) fn is_child_of(&self, parent: &Self) -> bool {
        self.segments
            .split_last()
            .is_some_and(|(_, above)| above == parent.segments)
    }
}

/// The node that `segments` name. `./Vendor/MSFT` is another spelling of `./Device/Vendor/MSFT`, and the other way round.
pub(super) fn find(segments: &[String]) -> Option<&'static Node> {
    exactly(segments).or_else(|| match segments {
        [first, rest @ ..] if first == "Device" => exactly(rest),
        [first, ..] if first == "Vendor" => {
            let mut device = vec!["Device".to_owned()];
            device.extend_from_slice(segments);
            exactly(&device)
        }
        _ => None,
    })
}

fn exactly(segments: &[String]) -> Option<&'static Node> {
    nodes_of(provider(segments)?)
        .iter()
        .filter_map(|node| node.matches(segments).map(|named| (named, node)))
        .max_by_key(|&(named, _)| named)
        .map(|(_, node)| node)
}

/// The nodes of a provider; none where it is not described.
pub(super) fn nodes_of(provider: &str) -> &'static [Node] {
    table().get(provider).map_or(&[], Vec::as_slice)
}

/// Every node, by its provider.
fn table() -> &'static BTreeMap<String, Vec<Node>> {
    #[expect(
        clippy::expect_used,
        reason = "the table is compiled in, and a test reads it"
    )]
    static TABLE: LazyLock<BTreeMap<String, Vec<Node>>> =
        LazyLock::new(|| read().expect("the table compiled in is well formed"));
    &TABLE
}

/// The path of every node, with the names that somebody chooses written `{Title}`.
pub fn paths() -> impl Iterator<Item = &'static str> {
    table().values().flatten().map(|node| node.path.as_str())
}

fn read() -> Result<BTreeMap<String, Vec<Node>>, serde_json::Error> {
    let raw: BTreeMap<String, Vec<RawNode>> = serde_json::from_str(include_str!(
        "../../../../tests/fixtures/windows-csp/nodes.json"
    ))?;
    let nodes = |nodes: Vec<RawNode>| nodes.into_iter().map(RawNode::into_node).collect();
    Ok(raw
        .into_iter()
        .map(|(name, raw)| (name, nodes(raw)))
        .collect())
}

#[derive(Deserialize)]
struct RawNode {
    path: String,
    access: Vec<RawVerb>,
    format: Format,
    occurrence: Occurrence,
    os_build: String,
    #[serde(default)]
    allowed: Option<RawAllowed>,
    #[serde(default)]
    default: Option<String>,
    #[serde(default)]
    atomic_required: bool,
    /// `true`, or the build it was deprecated in.
    #[serde(default)]
    deprecated: Option<serde_json::Value>,
    #[serde(default)]
    case: Option<String>,
    #[serde(default)]
    depends_on: Vec<RawDependency>,
}

/// The oldest of the builds listed: what came with a later update of a build is taken to be there. A preview has a number that does not
/// even read as one.
fn since(builds: &str) -> Since {
    let versions = builds.split(", ").filter_map(|text| text.parse().ok());
    versions.min().map_or(Since::Preview, Since::Build)
}

#[derive(Deserialize)]
enum RawVerb {
    Add,
    Replace,
    Delete,
    Exec,
    Get,
}

#[derive(Deserialize)]
struct RawAllowed {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, rename = "enum")]
    values: Vec<String>,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct RawDependency {
    uri: String,
    allowed: Vec<String>,
}

impl RawNode {
    fn into_node(self) -> Node {
        let names = segments(&self.path).unwrap_or_default();
        Node {
            segments: names
                .into_iter()
                .map(|name| {
                    if name.starts_with('{') {
                        Segment::Chosen
                    } else {
                        Segment::Named(name)
                    }
                })
                .collect(),
            access: self.access.into_iter().map(RawVerb::verb).collect(),
            format: self.format,
            occurrence: self.occurrence,
            allowed: self.allowed.map_or(Allowed::Any, RawAllowed::allowed),
            has_default: self.default.is_some(),
            atomic_required: self.atomic_required,
            deprecated: self.deprecated.is_some(),
            any_case: self.case.as_deref() == Some("CIS"),
            since: since(&self.os_build),
            depends_on: self
                .depends_on
                .into_iter()
                .filter_map(RawDependency::dependency)
                .collect(),
            path: self.path,
        }
    }
}

impl RawVerb {
    fn verb(self) -> Verb {
        match self {
            Self::Add => Verb::Add,
            Self::Replace => Verb::Replace,
            Self::Delete => Verb::Delete,
            Self::Exec => Verb::Exec,
            Self::Get => Verb::Get,
        }
    }
}

impl RawAllowed {
    fn allowed(self) -> Allowed {
        match self.kind.as_str() {
            "ENUM" => Allowed::OneOf(self.values),
            "Flag" => Allowed::Bits(
                self.values
                    .iter()
                    .filter_map(|text| super::super::read_back::number(text))
                    .collect(),
            ),
            "Range" => {
                range(&self.value).map_or(Allowed::Any, |(low, high)| Allowed::Range(low, high))
            }
            "RegEx" => Shape::of(&self.value).map_or(Allowed::Any, Allowed::Shape),
            _ => Allowed::Any,
        }
    }
}

impl RawDependency {
    /// Values are written with or without brackets; a dependency on any value at all is no rule.
    fn dependency(self) -> Option<Dependency> {
        let values: Vec<String> = self
            .allowed
            .iter()
            .map(|value| value.trim_matches(['[', ']']).to_owned())
            .collect();
        let (_, sibling) = self.uri.rsplit_once('/')?;
        (!values.is_empty()).then(|| Dependency {
            sibling: sibling.to_owned(),
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads() {
        let table = read().unwrap();
        for (name, node) in table
            .iter()
            .flat_map(|(name, nodes)| nodes.iter().map(move |n| (name, n)))
        {
            let names = segments(&node.path).unwrap();
            assert_eq!(provider(&names), Some(name.as_str()), "{}", node.path);
        }
        let nodes: Vec<_> = table.into_values().flatten().collect();
        assert_eq!(nodes.len(), 653);
        let raw: BTreeMap<String, Vec<serde_json::Value>> = serde_json::from_str(include_str!(
            "../../../../tests/fixtures/windows-csp/nodes.json"
        ))
        .unwrap();
        // Every prescription of values is understood: none falls back to `Any`.
        for (node, raw) in nodes.iter().zip(raw.into_values().flatten()) {
            let kind = raw["allowed"]["type"].as_str().unwrap_or("None").to_owned();
            let understood = match kind.as_str() {
                "ENUM" => matches!(node.allowed, Allowed::OneOf(_)),
                "Flag" => matches!(node.allowed, Allowed::Bits(_)),
                "Range" => matches!(node.allowed, Allowed::Range(..)),
                "RegEx" => matches!(node.allowed, Allowed::Shape(_)),
                _ => node.allowed == Allowed::Any,
            };
            assert!(understood, "{}: {}", node.path, raw["allowed"]);
            assert!(!node.segments.is_empty(), "{}", node.path);
        }
        assert_eq!(nodes.iter().filter(|n| !n.depends_on.is_empty()).count(), 5);
        assert_eq!(
            nodes.iter().filter(|n| n.since == Since::Preview).count(),
            22
        );
    }
}
