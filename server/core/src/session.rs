//! A session: what was asked of a device and not answered yet, kept from one of its messages to the next.

use mdm_payloads::Secret;
use serde::{Deserialize, Serialize};

use crate::id::{CommandUuid, DeviceId, Version};
use crate::package::NodeAnswer;
use crate::time::Timestamp;
use crate::windows::LoginStatus;

/// A question that went out, or a part of one: what it is answered under, and the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its number in its message.
    pub number: u32,
    /// What was asked: `Add`, `Atomic`.
    pub verb: String,
    /// The node; none for a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// What it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Self>,
    /// What came back.
    #[serde(default)]
    pub answer: NodeAnswer,
}

impl Asked {
    /// The one with this number, in here.
    pub fn find(&mut self, number: u32) -> Option<&mut Self> {
        if self.number == number {
            return Some(self);
        }
        self.children.iter_mut().find_map(|c| c.find(number))
    }

    /// This one and all in it, in order.
    pub fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        all.extend(self.children.iter().flat_map(Self::all));
        all
    }
}

/// A question of one of our messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Which message.
    pub message: u32,
    /// The question.
    pub asked: Asked,
}

/// How far the work of a command got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It is asked.
    First,
    /// It is asked the other way.
    Otherwise,
    /// The device goes on by itself, and is asked how far it is.
    Waiting {
        /// Since when.
        since: Timestamp,
        /// It was asked in the present session.
        asked: bool,
    },
}

/// A command under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The command.
    pub command: CommandUuid,
    /// How far its work got.
    pub phase: Phase,
    /// The next of the questions of this phase.
    pub next: usize,
    /// The next part of that question, where it is sent in parts.
    #[serde(default)]
    pub part: usize,
    /// The questions of this phase that went out.
    pub sent: Vec<Sent>,
}

impl Running {
    /// A command of which nothing was asked yet.
    pub const fn new(command: CommandUuid) -> Self {
        Self {
            command,
            phase: Phase::First,
            next: 0,
            part: 0,
            sent: Vec::new(),
        }
    }

    /// Goes over to another phase, in which nothing was asked yet.
    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.next = 0;
        self.part = 0;
        self.sent = Vec::new();
    }

    /// Whether something was asked and not answered.
    pub fn is_unanswered(&self) -> bool {
        self.sent.iter().any(|s| s.asked.answer.code.is_none())
    }
}

/// A value of which parts came. `Debug` does not show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// Its node.
    pub uri: String,
    /// How long the whole is, in bytes.
    pub size: u64,
    /// What came so far.
    pub text: Secret,
}

/// Tries of a device to prove itself that failed, kept beside a session that they do not touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenges {
    /// In which session.
    pub session: String,
    /// How many.
    pub count: u32,
}

/// The last session of a device in which anything had to be remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whose it is.
    pub device: DeviceId,
    /// Times written.
    pub version: Version,
    /// What the device calls it: opaque.
    pub id: String,
    /// The number of the last message of the device that was answered.
    pub answered: u32,
    /// SHA-256 of that message.
    pub digest: String,
    /// The number of our last message.
    pub message: u32,
    /// Credentials were right: they hold to its end.
    pub authenticated: bool,
    /// Tries to prove itself that failed; none since one succeeded.
    #[serde(default)]
    pub challenges: Option<Challenges>,
    /// Who is logged in, as said in this session.
    pub login: Option<LoginStatus>,
    /// Bytes the device takes in one message, as said in this session.
    pub room: Option<u64>,
    /// A value of which parts came.
    pub partial: Option<Partial>,
    /// The commands under way.
    pub running: Vec<Running>,
    /// When our last message went out.
    pub at: Timestamp,
}

impl Session {
    /// Times a device is asked for credentials before it is refused for the rest of a session.
    pub const CHALLENGES: u32 = 3;

    /// One of which nothing is known yet.
    pub fn begun(device: DeviceId, id: String, now: Timestamp) -> Self {
        Self {
            device,
            version: Version(0),
            id,
            answered: 0,
            digest: String::new(),
            message: 0,
            authenticated: false,
            challenges: None,
            login: None,
            room: None,
            partial: None,
            running: Vec::new(),
            at: now,
        }
    }

    /// A new session of the same device. What runs goes on: it is for the caller to say what becomes of what was not answered.
    #[must_use]
    pub fn follows(self, id: String, now: Timestamp) -> Self {
        Self {
            version: self.version,
            running: self.running,
            challenges: self.challenges,
            ..Self::begun(self.device, id, now)
        }
    }

    /// The key under which its last reply is kept.
    pub fn reply_key(device: &DeviceId) -> String {
        format!("session:{device}")
    }
}
