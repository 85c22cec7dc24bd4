//! What happened to a device, in order: what a test asserts on.

use std::time::SystemTime;

use super::prompts::PromptKind;
use super::script::PromptAnswer;
use super::session::Channel;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A check-in message was answered.
    CheckIn {
        /// `MessageType`.
        message: String,
        /// Channel it was sent for.
        channel: Channel,
        /// HTTP status of the answer.
        status: u16,
    },
    /// The device is enrolled, or enrolled again.
    Enrolled,
    /// The device is no longer enrolled.
    Unenrolled {
        /// Why.
        reason: String,
    },
    /// A command was carried out, refused or put off.
    Command {
        /// Channel it came on.
        channel: Channel,
        /// `CommandUUID`.
        uuid: String,
        /// `RequestType`.
        request_type: String,
        /// `Status` reported.
        status: String,
    },
    /// A report was sent again because its answer was lost or refused.
    ReportRepeated {
        /// `CommandUUID`.
        uuid: String,
    },
    /// A profile was installed or replaced.
    ProfileInstalled {
        /// Its identifier.
        identifier: String,
        /// Whether one with the same identifier was there.
        replaced: bool,
        /// What the settings say about its signature.
        signature: String,
    },
    /// A profile was removed.
    ProfileRemoved {
        /// Its identifier.
        identifier: String,
    },
    /// An account was made; made again if the same mailbox was removed in the same step (its mail is fetched anew).
    AccountCreated {
        /// Address of the mailbox.
        address: String,
        /// Whether it was made again.
        again: bool,
    },
    /// An account was changed in place.
    AccountUpdated {
        /// Address of the mailbox.
        address: String,
    },
    /// An account was removed with its messages.
    AccountRemoved {
        /// Address of the mailbox.
        address: String,
    },
    /// An identity was obtained.
    IdentityObtained {
        /// Common name.
        common_name: String,
        /// SHA-256 fingerprint.
        fingerprint: String,
    },
    /// The device asked its owner something. Devices never report that.
    Prompted {
        /// What it asked.
        kind: PromptKind,
        /// Address of the mailbox, or name of the profile.
        about: String,
    },
    /// The owner answered, or refused to.
    PromptAnswered {
        /// What was asked.
        kind: PromptKind,
        /// Address of the mailbox, or name of the profile.
        about: String,
        /// The answer.
        answer: PromptAnswer,
    },
    /// A round of declarations was taken.
    Declarations {
        /// `DeclarationsToken` that was reached.
        token: String,
        /// How many declarations are held now.
        held: usize,
    },
    /// The device was erased.
    Erased,
    /// The device was restarted.
    Restarted,
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
