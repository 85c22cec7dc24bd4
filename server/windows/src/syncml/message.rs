//! A message that was received.

use std::collections::HashSet;

use super::command::Command;
use super::element::Element;
use super::encoding::{DecodeError, Encoding};
use super::header::SyncHdr;
use super::identifier::{CmdRef, excerpt};
use super::problem::Structure;
use crate::xml::Budget;

/// A message of a device, understood as far as it can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `SyncHdr`.
    pub header: SyncHdr,
    /// What is in `SyncBody`, in its order, without `Final`.
    pub body: Vec<Command>,
    /// `Final`: nothing more follows in this package. Without it the device waits to be asked for the next message.
    pub is_final: bool,
}

impl Message {
    /// Reads a message. Header and body may come in any order, and so may what is in them; prefixes mean nothing.
    ///
    /// Differs: [MS-MDM] has the order of the DTD; not every client keeps to it.
    pub fn decode(body: &[u8], encoding: Encoding, budget: Budget) -> Result<Self, DecodeError> {
        let root = match encoding {
            Encoding::Xml => Element::read(body, budget).map_err(DecodeError::Xml)?,
            Encoding::Wbxml => {
                let document = super::wbxml::to_xml(body, budget)?;
                // the budget was spent on what came; escaped it is longer
                let escaped = Budget {
                    bytes: usize::MAX,
                    nodes: usize::MAX,
                    ..budget
                };
                Element::read(document.as_bytes(), escaped).map_err(DecodeError::Xml)?
            }
        };
        Self::understood(&root).map_err(DecodeError::Structure)
    }

    fn understood(root: &Element) -> Result<Self, Structure> {
        if !root.is("SyncML") {
            return Err(Structure::Root {
                name: excerpt(root.name()),
                namespace: root.ns(),
            });
        }
        let header = SyncHdr::read(only(root, "SyncHdr")?)?;
        let body = only(root, "SyncBody")?;
        Ok(Self {
            header,
            body: body
                .children()
                .iter()
                .filter(|child| !child.is("Final"))
                .map(Command::read)
                .collect(),
            is_final: body.child("Final").is_some(),
        })
    }

    /// The `CmdID` that more than one command has, groups looked into; a `Status` cannot tell those apart.
    pub fn repeated_cmd_ref(&self) -> Option<CmdRef> {
        let mut seen = HashSet::new();
        repeated(&self.body, &mut seen)
    }
}

fn repeated(commands: &[Command], seen: &mut HashSet<CmdRef>) -> Option<CmdRef> {
    commands.iter().find_map(|command| {
        let cmd_ref = command.cmd_ref();
        if cmd_ref.command().is_some() && !seen.insert(cmd_ref.clone()) {
            return Some(cmd_ref);
        }
        match command {
            Command::Group { commands, .. } => repeated(commands, seen),
            Command::Status(_)
            | Command::Results(_)
            | Command::Alert { .. }
            | Command::Node { .. }
            | Command::Malformed(_) => None,
        }
    })
}

fn only<'a>(root: &'a Element, name: &'static str) -> Result<&'a Element, Structure> {
    let mut found = root.children().iter().filter(|child| child.is(name));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Structure::Missing {
            element: name,
            within: "SyncML",
        }),
        (Some(_), Some(_)) => Err(Structure::Twice(name)),
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
