//! What happened to a device, in order: what a test asserts on.

use std::time::SystemTime;

use super::device::Login;
use super::prompts::PromptKind;
use super::script::PromptAnswer;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An exchange of an enrollment was answered.
    Exchange {
        /// Which one.
        step: &'static str,
        /// HTTP status of the answer.
        status: u16,
    },
    /// The device is enrolled.
    Enrolled {
        /// `PROVIDER-ID` of the server.
        provider: String,
    },
    /// Its certificate was renewed.
    Renewed {
        /// SHA-1 of the new certificate.
        thumbprint: String,
    },
    /// The device is no longer enrolled, and what the server had brought is gone.
    Unenrolled {
        /// Why.
        reason: String,
    },
    /// A session began.
    Session {
        /// `SessionID`.
        id: String,
        /// Who is logged in.
        login: Login,
    },
    /// A session did not come to its end.
    SessionAborted {
        /// `SessionID`.
        id: String,
        /// Why.
        reason: String,
    },
    /// A command was carried out or refused.
    Command {
        /// Its name.
        verb: String,
        /// The node; empty for one of several commands.
        uri: String,
        /// Status reported.
        status: u16,
    },
    /// A user's node was set while somebody else was logged in: it is now that person's.
    LandedElsewhere {
        /// The node.
        uri: String,
    },
    /// The existing account was deleted because its GUID was added again.
    AccountTrapped {
        /// Address of the mailbox.
        address: String,
    },
    /// An account was made.
    AccountCreated {
        /// Address of the mailbox.
        address: String,
    },
    /// An account was changed in place.
    AccountUpdated {
        /// Address of the mailbox.
        address: String,
    },
    /// An account was removed.
    AccountRemoved {
        /// Address of the mailbox.
        address: String,
    },
    /// An account its owner had made was taken over by the server's, because host and address are the same.
    AccountOverwritten {
        /// Address of the mailbox.
        address: String,
    },
    /// An identity was obtained.
    IdentityObtained {
        /// The node it was asked for at.
        node: String,
        /// SHA-1 of its certificate.
        thumbprint: String,
    },
    /// An identity could not be obtained.
    IdentityFailed {
        /// The node it was asked for at.
        node: String,
        /// Why.
        reason: String,
    },
    /// The device asked its owner something.
    Prompted {
        /// What it asked.
        kind: PromptKind,
        /// Address of the mailbox.
        about: String,
    },
    /// The owner answered, or refused to.
    PromptAnswered {
        /// What was asked.
        kind: PromptKind,
        /// Address of the mailbox.
        about: String,
        /// The answer.
        answer: PromptAnswer,
    },
    /// The device was wiped.
    Wiped {
        /// The node that was run.
        node: String,
    },
    /// A node without a part in the simulation was run.
    Executed {
        /// The node.
        node: String,
    },
}

/// An event, numbered from 1 and with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Number, from 1, without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: SystemTime,
    /// What happened.
    pub event: Event,
}

/// All entries.
#[derive(Debug, Default)]
pub(super) struct Journal(Vec<Entry>);

impl Journal {
    pub(super) fn write(&mut self, at: SystemTime, event: Event) {
        let seq = self.0.last().map_or(1, |last| last.seq + 1);
        self.0.push(Entry { seq, at, event });
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.0
    }
}
