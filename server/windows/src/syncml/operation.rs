//! What is asked of a node, or of several together.

use super::element::Element;
use super::identifier::{CmdId, LocUri};
use super::item::{Data, Item};
use super::meta::{Format, Meta};
use super::problem::Problem;
use crate::xml::{Budget, Ns, ReadError, WriteError, Writer};

macro_rules! words {
    ($(#[$doc:meta])* $type:ident: $($(#[$variant_doc:meta])* $variant:ident)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $type {
            /// The name of the element.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)*
                }
            }

            /// By the name of the element.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($variant) => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// What is to be done with a node (OMA SyncML Representation Protocol, [MS-MDM]).
    Verb:
    /// Create it; where it exists the answer is 418.
    Add
    /// Remove it; where it is missing the answer is 404.
    Delete
    /// Run it.
    Exec
    /// Read it.
    Get
    /// Give it another value; where it is missing the answer is mostly 404.
    Replace
}

words! {
    /// How commands belong together.
    GroupKind:
    /// All or none. Windows refuses one within another, and a `Get` in it ("OMA DM protocol support").
    Atomic
    /// One after the other.
    Sequence
}

/// A command to nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeOperation {
    /// What is to be done.
    pub verb: Verb,
    /// Holds for each item that says nothing itself.
    pub meta: Meta,
    /// The nodes. Ours name one, so that there is no doubt which one a `Status` is about.
    pub items: Vec<Item>,
}

/// What the server asks for. Its number comes from [`super::Body::push`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// A command to nodes.
    Node(NodeOperation),
    /// Commands that belong together.
    Group {
        /// How.
        kind: GroupKind,
        /// In their order.
        operations: Vec<Self>,
    },
}

/// The number that a command got in its message, and those of the commands in it: each gets its own `Status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Of the command.
    pub id: CmdId,
    /// Of the commands in it, in their order.
    pub children: Vec<Self>,
}

impl Operation {
    fn node(verb: Verb, item: Item) -> Self {
        Self::Node(NodeOperation {
            verb,
            meta: Meta::default(),
            items: vec![item],
        })
    }

    /// Reads a node.
    pub fn get(uri: LocUri) -> Self {
        Self::node(Verb::Get, Item::node(uri))
    }

    /// Removes a node.
    pub fn delete(uri: LocUri) -> Self {
        Self::node(Verb::Delete, Item::node(uri))
    }

    /// Runs a node.
    pub fn exec(uri: LocUri) -> Self {
        Self::node(Verb::Exec, Item::node(uri))
    }

    /// Creates a node.
    pub fn add(uri: LocUri, format: Format, text: impl Into<String>) -> Self {
        Self::node(Verb::Add, Item::value(uri, format, text))
    }

    /// Creates an interior node.
    pub fn add_interior(uri: LocUri) -> Self {
        let meta = Meta::format(Format::Node);
        Self::node(
            Verb::Add,
            Item {
                meta,
                ..Item::node(uri)
            },
        )
    }

    /// Gives a node another value.
    pub fn replace(uri: LocUri, format: Format, text: impl Into<String>) -> Self {
        Self::node(Verb::Replace, Item::value(uri, format, text))
    }

    /// All of them or none.
    pub const fn atomic(operations: Vec<Self>) -> Self {
        Self::Group {
            kind: GroupKind::Atomic,
            operations,
        }
    }

    /// Every node it names, with what would be done to it, groups included.
    pub fn nodes(&self) -> Vec<(Verb, &LocUri)> {
        match self {
            Self::Node(NodeOperation { verb, items, .. }) => items
                .iter()
                .filter_map(|item| Some((*verb, &item.target.as_ref()?.uri)))
                .collect(),
            Self::Group { operations, .. } => operations.iter().flat_map(Self::nodes).collect(),
        }
    }

    /// How many bytes of a message it takes up, at most.
    pub fn size(&self) -> Result<usize, WriteError> {
        let sent = self.numbered(&mut || CmdId::new(u32::MAX).unwrap_or(CmdId::FIRST));
        let document = Writer::document((Ns::SyncMl, "SyncBody"), &[], &[], |w| {
            self.write(&sent, w);
        })?;
        Ok(document.len())
    }

    pub(super) fn numbered(&self, next: &mut impl FnMut() -> CmdId) -> Sent {
        let id = next();
        let children = match self {
            Self::Node(_) => Vec::new(),
            Self::Group { operations, .. } => operations
                .iter()
                .map(|inner| inner.numbered(next))
                .collect(),
        };
        Sent { id, children }
    }

    pub(super) fn write(&self, sent: &Sent, w: &mut Writer) {
        match self {
            Self::Node(NodeOperation { verb, meta, items }) => {
                w.element((Ns::SyncMl, verb.name()), &[], |w| {
                    w.leaf((Ns::SyncMl, "CmdID"), &sent.id.to_string());
                    meta.write(w);
                    for item in items {
                        item.write(w);
                    }
                });
            }
            Self::Group { kind, operations } => {
                w.element((Ns::SyncMl, kind.name()), &[], |w| {
                    w.leaf((Ns::SyncMl, "CmdID"), &sent.id.to_string());
                    for (operation, sent) in operations.iter().zip(&sent.children) {
                        operation.write(sent, w);
                    }
                });
            }
        }
    }

    /// Reads commands that a person wrote: one or more of them, in a `SyncBody` or not, with or without `CmdID`
    /// (they are numbered anew) and without a namespace if they like. What could not be sent on exactly is refused.
    pub fn read(text: &str, budget: Budget) -> Result<Vec<Self>, OperationError> {
        let wrapped = format!("<SyncBody xmlns=\"{}\">{text}</SyncBody>", Ns::SyncMl.uri());
        let root = Element::read(wrapped.as_bytes(), budget).map_err(OperationError::Xml)?;
        let body = match root.children() {
            [only] if only.is("SyncBody") => only,
            _ => &root,
        };
        let commands = body.children().iter().filter(|child| !child.is("Final"));
        let operations = commands.map(Self::command).collect::<Result<Vec<_>, _>>()?;
        if operations.is_empty() || !root.text().trim().is_empty() {
            return Err(OperationError::None);
        }
        Ok(operations)
    }

    fn command(element: &Element) -> Result<Self, OperationError> {
        let name = element.name();
        let known = element.is(name);
        if let Some(verb) = Verb::named(name).filter(|_| known) {
            sent_on(element, name, &["CmdID", "Meta", "Item"])?;
            let items = Item::within(element).map_err(|source| OperationError::Command {
                name: name.to_owned(),
                source,
            })?;
            let inner = element.children().iter().filter(|child| child.is("Item"));
            for (item, inner) in items.iter().zip(inner) {
                sent_on(
                    inner,
                    name,
                    &["Target", "Source", "Meta", "Data", "MoreData"],
                )?;
                for address in ["Target", "Source"] {
                    if let Some(address) = inner.child(address) {
                        sent_on(address, name, &["LocURI", "LocName"])?;
                    }
                }
                said(&item.meta, name)?;
                if matches!(item.data, Some(Data::Markup(_))) {
                    return Err(OperationError::Markup(name.to_owned()));
                }
            }
            if items.is_empty() || items.iter().any(|item| item.target.is_none()) {
                return Err(OperationError::NoTarget(name.to_owned()));
            }
            let meta = Meta::within(element);
            said(&meta, name)?;
            Ok(Self::Node(NodeOperation { verb, meta, items }))
        } else if let Some(kind) = GroupKind::named(name).filter(|_| known) {
            let inner = element.children().iter().filter(|child| !child.is("CmdID"));
            Ok(Self::Group {
                kind,
                operations: inner.map(Self::command).collect::<Result<_, _>>()?,
            })
        } else {
            Err(OperationError::NoOperation(name.to_owned()))
        }
    }
}

fn said(meta: &Meta, command: &str) -> Result<(), OperationError> {
    match meta.other.first() {
        None => Ok(()),
        Some(other) => Err(OperationError::NotSentOn {
            command: command.to_owned(),
            element: other.name().to_owned(),
        }),
    }
}

/// Refuses what is not `known`, and a second one of what there can be only one of.
fn sent_on(element: &Element, command: &str, known: &[&str]) -> Result<(), OperationError> {
    let children = element.children();
    let lost = children.iter().enumerate().find(|(n, child)| {
        let second = children.iter().take(*n).any(|c| c.name() == child.name());
        let is_known = known.iter().any(|name| child.is(name));
        !is_known || (second && !child.is("Item"))
    });
    match lost {
        None => Ok(()),
        Some((_, lost)) => Err(OperationError::NotSentOn {
            command: command.to_owned(),
            element: lost.name().to_owned(),
        }),
    }
}

/// Why commands that a person wrote cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperationError {
    /// Not XML, or too much of it.
    #[error("commands cannot be read as XML")]
    Xml(#[source] ReadError),
    /// Nothing to send.
    #[error("there is no command, or there is text beside the commands")]
    None,
    /// An element that a server cannot send as a command.
    #[error(
        "`{0}` is no command for a node; expected Add, Atomic, Delete, Exec, Get, Replace or Sequence"
    )]
    NoOperation(String),
    /// An address that cannot be one.
    #[error("`{name}` cannot be used")]
    Command {
        /// The command.
        name: String,
        /// Why.
        #[source]
        source: Problem,
    },
    /// An item without a node.
    #[error("`{0}` has an item without `Target/LocURI`, or no item")]
    NoTarget(String),
    /// Elements in `Data`.
    #[error("`{0}` has elements in `Data`; escape them, a device takes text only")]
    Markup(String),
    /// An element that would be lost; of `Meta`, one that is not of the namespace `syncml:metinf` or not understood.
    #[error("`{command}` has `{element}`, which cannot be sent on")]
    NotSentOn {
        /// The command.
        command: String,
        /// The element.
        element: String,
    },
}
