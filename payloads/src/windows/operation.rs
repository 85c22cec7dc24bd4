//! Operations on nodes of a device's management tree.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// What is done to a node (OMA DM Representation Protocol 1.2.1 section 6.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Made; a node that is there already is an error (418).
    Add,
    /// Given another value.
    Replace,
    /// Taken away with everything below it.
    Delete,
    /// Run.
    Exec,
    /// Read.
    Get,
}

impl Verb {
    /// The name of the command, which is also the name of the right to it in a device description.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Replace => "Replace",
            Self::Delete => "Delete",
            Self::Exec => "Exec",
            Self::Get => "Get",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The format of a node's value (OMA DM Tree and Description 1.2.1 section 7.7.7), written `Meta/Format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Text.
    Chr,
    /// A whole number in decimal digits.
    Int,
    /// `true` or `false`.
    Bool,
    /// Bytes in base64.
    B64,
    /// Bytes; in XML they are written in base64 as well.
    Bin,
    /// None: an interior node.
    Node,
    /// None: a node that is only run.
    Null,
    /// A document.
    Xml,
    /// A date.
    Date,
    /// A time of day, or a point in time.
    Time,
    /// A number with a fraction.
    Float,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 11] = [
        Self::Chr,
        Self::Int,
        Self::Bool,
        Self::B64,
        Self::Bin,
        Self::Node,
        Self::Null,
        Self::Xml,
        Self::Date,
        Self::Time,
        Self::Float,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chr => "chr",
            Self::Int => "int",
            Self::Bool => "bool",
            Self::B64 => "b64",
            Self::Bin => "bin",
            Self::Node => "node",
            Self::Null => "null",
            Self::Xml => "xml",
            Self::Date => "date",
            Self::Time => "time",
            Self::Float => "float",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The value of a node, as text without any escaping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A value anybody may see.
    Text(String),
    /// A value nobody is to see: `Debug` prints `***`.
    Secret(Secret),
}

impl Value {
    /// The text itself, secret or not.
    pub fn expose(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }

    /// What may be shown: the text, or `***`.
    pub fn shown(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Secret(_) => "***",
        }
    }
}

impl From<Secret> for Value {
    fn from(secret: Secret) -> Self {
        Self::Secret(secret)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// One operation on one node: what becomes one command with one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeOp {
    /// What is done.
    pub verb: Verb,
    /// The node, from the root of the tree: `./Device/Vendor/MSFT/...`. Braces are written `%7B` and `%7D`.
    pub uri: String,
    /// The format of `data`; always given with `Add`, `Replace` and `Exec`, since Windows takes text for granted without it.
    pub format: Option<Format>,
    /// The value; none for interior nodes, `Delete` and `Get`.
    pub data: Option<Value>,
}

impl NodeOp {
    /// Makes the interior node `uri`.
    pub fn add_node(uri: impl Into<String>) -> Self {
        Self {
            verb: Verb::Add,
            uri: uri.into(),
            format: Some(Format::Node),
            data: None,
        }
    }

    /// Writes a leaf: `verb` is `Add` or `Replace`.
    pub fn write(
        verb: Verb,
        uri: impl Into<String>,
        format: Format,
        data: impl Into<Value>,
    ) -> Self {
        Self {
            verb,
            uri: uri.into(),
            format: Some(format),
            data: Some(data.into()),
        }
    }

    /// Runs `uri`, which takes no argument.
    pub fn exec(uri: impl Into<String>) -> Self {
        Self {
            verb: Verb::Exec,
            uri: uri.into(),
            format: Some(Format::Null),
            data: None,
        }
    }

    /// Takes `uri` away.
    pub fn delete(uri: impl Into<String>) -> Self {
        Self {
            verb: Verb::Delete,
            uri: uri.into(),
            format: None,
            data: None,
        }
    }

    /// Reads `uri`.
    pub fn get(uri: impl Into<String>) -> Self {
        Self {
            verb: Verb::Get,
            uri: uri.into(),
            format: None,
            data: None,
        }
    }
}

/// Operations that stand or fall together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// All or none, in this order (OMA DM Representation Protocol 1.2.1 section 6.6.2). Holds neither `Get` nor another such unit: Windows answers 500 to either.
    Atomic(Vec<NodeOp>),
    /// One operation by itself.
    Single(NodeOp),
}

impl Unit {
    /// Its operations, in order.
    pub fn operations(&self) -> &[NodeOp] {
        match self {
            Self::Atomic(operations) => operations,
            Self::Single(operation) => std::slice::from_ref(operation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_kept_and_not_shown() {
        let unit = Unit::Atomic(vec![
            NodeOp::add_node("./a"),
            NodeOp::write(Verb::Add, "./a/b", Format::Chr, Secret::from("p&<é")),
            NodeOp::exec("./a/c"),
        ]);
        assert!(!format!("{unit:?}").contains("p&<é"));
        let json = serde_json::to_string(&unit).unwrap();
        assert_eq!(
            json,
            r#"{"atomic":[{"verb":"add","uri":"./a","format":"node","data":null},{"verb":"add","uri":"./a/b","format":"chr","data":{"secret":"p&<é"}},{"verb":"exec","uri":"./a/c","format":"null","data":null}]}"#
        );
        assert_eq!(serde_json::from_str::<Unit>(&json).unwrap(), unit);
    }

    #[test]
    fn names_are_those_of_the_wire() {
        for format in Format::ALL {
            let json = serde_json::to_value(format).unwrap();
            assert_eq!(json, format.as_str());
        }
    }
}
