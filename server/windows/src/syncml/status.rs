//! Answers to commands.

use super::command::Command;
use super::credential::Chal;
use super::element::Element;
use super::identifier::{CmdId, CmdRef, MsgId, decimal, excerpt};
use super::item::Item;
use super::problem::Problem;
use super::status_code::{OriginalError, StatusCode};
use crate::xml::{Ns, Writer};

/// `Status`: how a command fared (OMA SyncML Representation Protocol, [MS-MDM]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// `CmdID`.
    pub id: CmdId,
    /// `MsgRef`: which message of ours.
    pub msg_ref: MsgId,
    /// What is answered, and how.
    pub answer: Answer,
    /// `TargetRef`: the nodes that are meant. Windows leaves it out where the command had one item.
    pub target_refs: Vec<String>,
    /// `SourceRef`: likewise.
    pub source_refs: Vec<String>,
    /// `msft:originalerror`.
    pub original_error: Option<OriginalError>,
}

/// What a `Status` says, without the numbers that its message gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `CmdRef`: which command of the message.
    pub cmd_ref: CmdRef,
    /// `Cmd`: the name of that command, or `SyncHdr`.
    pub cmd: String,
    /// `Chal`.
    pub chal: Option<Chal>,
    /// `Data`.
    pub code: StatusCode,
    /// `Item`.
    pub items: Vec<Item>,
}

impl Answer {
    /// Answers a command by nothing but a number.
    pub fn new(cmd_ref: CmdRef, cmd: impl Into<String>, code: StatusCode) -> Self {
        Self {
            cmd_ref,
            cmd: cmd.into(),
            chal: None,
            code,
            items: Vec::new(),
        }
    }

    /// Answers a command that was received. Of a name that is none, 64 characters are repeated.
    pub fn to(command: &Command, code: StatusCode) -> Self {
        Self::new(command.cmd_ref(), excerpt(command.name()), code)
    }

    pub(super) fn write(&self, id: CmdId, msg_ref: MsgId, w: &mut Writer) {
        w.element((Ns::SyncMl, "Status"), &[], |w| {
            w.leaf((Ns::SyncMl, "CmdID"), &id.to_string());
            w.leaf((Ns::SyncMl, "MsgRef"), &msg_ref.to_string());
            w.leaf((Ns::SyncMl, "CmdRef"), &self.cmd_ref.to_string());
            w.leaf((Ns::SyncMl, "Cmd"), &self.cmd);
            if let Some(chal) = &self.chal {
                chal.write(w);
            }
            w.leaf((Ns::SyncMl, "Data"), &self.code.0.to_string());
            for item in &self.items {
                item.write(w);
            }
        });
    }
}

impl Status {
    pub(super) fn read(element: &Element, id: CmdId) -> Result<Self, Problem> {
        let text = |name| element.child_text(name).ok_or(Problem::Missing(name));
        let msg_ref = text("MsgRef")?;
        let data = element.child("Data").ok_or(Problem::Missing("Data"))?;
        let code = data.text().trim();
        Ok(Self {
            id,
            msg_ref: msg_id("MsgRef", msg_ref)?,
            answer: Answer {
                cmd_ref: CmdRef::read(text("CmdRef")?),
                cmd: text("Cmd")?.to_owned(),
                chal: element.child("Chal").map(Chal::read),
                code: decimal(code)
                    .and_then(|n| u16::try_from(n).ok())
                    .map(StatusCode)
                    .ok_or_else(|| Problem::number("Data", code))?,
                items: Item::within(element)?,
            },
            target_refs: texts(element, "TargetRef"),
            source_refs: texts(element, "SourceRef"),
            original_error: data
                .attribute(Ns::MsftMdm, "originalerror")
                .map(OriginalError::new),
        })
    }
}

/// `Results`: what a `Get` found (OMA SyncML Representation Protocol).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    /// `CmdID`.
    pub id: CmdId,
    /// `MsgRef`: which message of ours; the first if it does not say.
    pub msg_ref: MsgId,
    /// `CmdRef`: which command of that message.
    pub cmd_ref: CmdRef,
    /// `Meta`: holds for each item that says nothing itself.
    pub meta: super::Meta,
    /// `Item`: the nodes as `Source`, and their values.
    pub items: Vec<Item>,
}

impl Results {
    pub(super) fn read(element: &Element, id: CmdId) -> Result<Self, Problem> {
        let cmd_ref = element
            .child_text("CmdRef")
            .ok_or(Problem::Missing("CmdRef"))?;
        Ok(Self {
            id,
            msg_ref: match element.child_text("MsgRef") {
                Some(text) => msg_id("MsgRef", text)?,
                None => MsgId::FIRST,
            },
            cmd_ref: CmdRef::read(cmd_ref),
            meta: super::Meta::within(element),
            items: Item::within(element)?,
        })
    }
}

fn msg_id(element: &'static str, text: &str) -> Result<MsgId, Problem> {
    decimal(text)
        .map(MsgId)
        .ok_or_else(|| Problem::number(element, text))
}

fn texts(element: &Element, name: &str) -> Vec<String> {
    element
        .children()
        .iter()
        .filter(|child| child.is(name))
        .map(|child| child.text().trim().to_owned())
        .collect()
}
