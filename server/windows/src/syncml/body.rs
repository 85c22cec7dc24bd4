//! A message of the server.

use super::alert::Alert;
use super::credential::Chal;
use super::encoding::{EncodeError, Encoding};
use super::header::SyncHdr;
use super::identifier::{CmdId, CmdRef, MsgId};
use super::operation::{Operation, Sent};
use super::status::Answer;
use super::status_code::StatusCode;
use crate::xml::{Ns, Writer};

/// The body of a message of the server. It alone hands out the `CmdID`s of the message, so that no two are equal, and
/// it begins with what is said about the header of the message that it answers ([MS-MDM]).
///
/// However it was filled, it is written in this order: statuses, alerts, commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    next: CmdId,
    msg_ref: MsgId,
    answers: Vec<(CmdId, Answer)>,
    alerts: Vec<(CmdId, Alert)>,
    operations: Vec<(Sent, Operation)>,
}

impl Body {
    /// Answers a message, and first of all its header: [`StatusCode::AUTHENTICATED`] or [`StatusCode::OK`] where its
    /// sender is known, with a challenge where it is not.
    pub fn answering(msg_ref: MsgId, code: StatusCode, chal: Option<Chal>) -> Self {
        let mut body = Self {
            next: CmdId::FIRST,
            msg_ref,
            answers: Vec::new(),
            alerts: Vec::new(),
            operations: Vec::new(),
        };
        body.answer(Answer {
            chal,
            ..Answer::new(CmdRef::Header, "SyncHdr", code)
        });
        body
    }

    /// Answers one command of that message.
    pub fn answer(&mut self, answer: Answer) -> CmdId {
        let id = self.number();
        self.answers.push((id, answer));
        id
    }

    /// Adds an alert.
    pub fn alert(&mut self, alert: Alert) -> CmdId {
        let id = self.number();
        self.alerts.push((id, alert));
        id
    }

    /// Adds a command. What it returns is what the statuses of the device will refer to, together with the `MsgID`.
    pub fn push(&mut self, operation: Operation) -> Sent {
        let sent = operation.numbered(&mut || self.number());
        self.operations.push((sent.clone(), operation));
        sent
    }

    /// Whether it asks for anything, so that the session goes on.
    pub fn has_operations(&self) -> bool {
        !self.operations.is_empty()
    }

    fn number(&mut self) -> CmdId {
        let id = self.next;
        self.next = id.next();
        id
    }

    fn write(&self, is_final: bool, w: &mut Writer) {
        w.element((Ns::SyncMl, "SyncBody"), &[], |w| {
            for (id, answer) in &self.answers {
                answer.write(*id, self.msg_ref, w);
            }
            for (id, alert) in &self.alerts {
                alert.write(*id, w);
            }
            for (sent, operation) in &self.operations {
                operation.write(sent, w);
            }
            if is_final {
                w.empty((Ns::SyncMl, "Final"), &[]);
            }
        });
    }
}

/// A message of the server, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerMessage {
    /// `SyncHdr`; see [`SyncHdr::reply`].
    pub header: SyncHdr,
    /// `SyncBody`.
    pub body: Body,
    /// `Final`. Left out only where a large object goes on in the next message.
    pub is_final: bool,
}

impl ServerMessage {
    /// The message as an HTTP body. In XML there is no declaration and no white space between elements.
    pub fn encode(&self, encoding: Encoding) -> Result<Vec<u8>, EncodeError> {
        let document = Writer::document((Ns::SyncMl, "SyncML"), &[], &[], |w| {
            self.header.write(w);
            self.body.write(self.is_final, w);
        })
        .map_err(EncodeError::Xml)?;
        match encoding {
            Encoding::Xml => Ok(document.into_bytes()),
            Encoding::Wbxml => super::wbxml::from_xml(&document),
        }
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
