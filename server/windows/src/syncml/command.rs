//! The commands of a message that was received.

use super::alert::Alert;
use super::element::Element;
use super::identifier::{CmdId, CmdRef, decimal, excerpt};
use super::item::Item;
use super::meta::Meta;
use super::operation::{GroupKind, NodeOperation, Verb};
use super::problem::Problem;
use super::status::{Results, Status};

/// A command. One that cannot be understood is [`Command::Malformed`]: the others beside it still count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `Status`.
    Status(Status),
    /// `Results`.
    Results(Results),
    /// `Alert`.
    Alert {
        /// `CmdID`.
        id: CmdId,
        /// What it says.
        alert: Alert,
    },
    /// `Get`, `Add`, `Replace`, `Delete`, `Exec`.
    Node {
        /// `CmdID`.
        id: CmdId,
        /// What is to be done.
        operation: NodeOperation,
    },
    /// `Atomic`, `Sequence`.
    Group {
        /// `CmdID`.
        id: CmdId,
        /// Which.
        kind: GroupKind,
        /// The commands in it.
        commands: Vec<Self>,
    },
    /// Anything else.
    Malformed(Malformed),
}

/// A command that cannot be understood, or that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// What a `Status` refers to: its `CmdID` as it stands there, empty if there is none.
    pub cmd_ref: CmdRef,
    /// What is wrong.
    pub problem: Problem,
    /// All of it.
    pub element: Element,
}

impl Command {
    /// Reads any element of a `SyncBody`. The depth of `element` is bounded by the budget it was read under.
    pub(super) fn read(element: &Element) -> Self {
        Self::understood(element).unwrap_or_else(|problem| {
            Self::Malformed(Malformed {
                cmd_ref: CmdRef::read(element.child_text("CmdID").unwrap_or_default()),
                problem,
                element: element.clone(),
            })
        })
    }

    fn understood(element: &Element) -> Result<Self, Problem> {
        let name = if element.is(element.name()) {
            element.name()
        } else {
            return Err(Problem::Unknown);
        };
        Ok(match name {
            "Status" => Self::Status(Status::read(element, cmd_id(element)?)?),
            "Results" => Self::Results(Results::read(element, cmd_id(element)?)?),
            "Alert" => Self::Alert {
                id: cmd_id(element)?,
                alert: Alert::read(element)?,
            },
            "Copy" | "Map" | "Move" | "Put" | "Search" | "Sync" => {
                return Err(Problem::Unsupported);
            }
            _ => {
                if let Some(verb) = Verb::named(name) {
                    let id = cmd_id(element)?;
                    let operation = NodeOperation {
                        verb,
                        meta: Meta::within(element),
                        items: Item::within(element)?,
                    };
                    if operation.items.is_empty() {
                        return Err(Problem::Missing("Item"));
                    }
                    Self::Node { id, operation }
                } else if let Some(kind) = GroupKind::named(name) {
                    Self::Group {
                        id: cmd_id(element)?,
                        kind,
                        commands: element
                            .children()
                            .iter()
                            .filter(|child| {
                                !["CmdID", "NoResp", "Meta"].iter().any(|n| child.is(n))
                            })
                            .map(Self::read)
                            .collect(),
                    }
                } else {
                    return Err(Problem::Unknown);
                }
            }
        })
    }

    /// Its `CmdID`, as a `Status` refers to it.
    pub fn cmd_ref(&self) -> CmdRef {
        match self {
            Self::Status(Status { id, .. })
            | Self::Results(Results { id, .. })
            | Self::Alert { id, .. }
            | Self::Node { id, .. }
            | Self::Group { id, .. } => CmdRef::Command(*id),
            Self::Malformed(malformed) => malformed.cmd_ref.clone(),
        }
    }

    /// Its name, as a `Status` repeats it.
    pub fn name(&self) -> &str {
        match self {
            Self::Status(_) => "Status",
            Self::Results(_) => "Results",
            Self::Alert { .. } => "Alert",
            Self::Node { operation, .. } => operation.verb.name(),
            Self::Group { kind, .. } => kind.name(),
            Self::Malformed(malformed) => malformed.element.name(),
        }
    }
}

fn cmd_id(element: &Element) -> Result<CmdId, Problem> {
    match element.child_text("CmdID") {
        None | Some("") => Err(Problem::NoCmdId),
        Some(text) => decimal(text)
            .and_then(CmdId::new)
            .ok_or_else(|| Problem::CmdId(excerpt(text))),
    }
}
