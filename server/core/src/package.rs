//! What passes between a device and the server in a session: packages in, replies out, in the domain's words.

use serde::{Deserialize, Serialize};

use crate::session::{Asked, Partial};
use crate::windows::LoginStatus;
use crate::work::Ask;

/// How a node fared, as far as a package tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeReport {
    /// Which message of ours asked.
    pub message: u32,
    /// Which number the question had in it; 0 for the message itself.
    pub number: u32,
    /// What it says.
    pub answer: NodeAnswer,
}

/// What a device answered about one node, or about a group of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeAnswer {
    /// The number, whatever it is; none where only a value came so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// What the number means, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
    /// The error beneath, as the device wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_error: Option<String>,
    /// The value that was asked for, at most [`NodeAnswer::LONGEST`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl NodeAnswer {
    /// Bytes of a value that are kept.
    pub const LONGEST: usize = 64 * 1024;

    /// Takes what is new in `other`.
    pub fn merge(&mut self, other: Self) {
        if other.code.is_some() {
            self.code = other.code;
            self.meaning = other.meaning;
        }
        if other.original_error.is_some() {
            self.original_error = other.original_error;
        }
        if other.value.is_some() {
            self.value = other.value;
        }
    }
}

/// Something a device tells unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Who is logged in.
    Login(LoginStatus),
    /// It leaves: nothing follows.
    Leaves,
    /// It breaks the session off.
    Aborts,
    /// The last part of a large value never came.
    NoEndOfData,
    /// It only wants to be kept waiting.
    Pending,
    /// Something else, kept for whoever looks.
    Other {
        /// Its number.
        code: u32,
        /// Its kind.
        kind: String,
        /// What it carried, at most 1024 characters.
        data: String,
    },
}

/// One message of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The session's name: opaque.
    pub session: String,
    /// Its number in the session.
    pub message: u32,
    /// Nothing more follows before the device listens.
    pub complete: bool,
    /// SHA-256 of its bytes: the same message again is known by it.
    pub digest: String,
    /// Bytes the device takes in one message, when it said so.
    pub room: Option<u64>,
    /// How what it was asked fared.
    pub reports: Vec<NodeReport>,
    /// What it says of itself, by node.
    pub facts: Vec<(String, String)>,
    /// What else it tells.
    pub notices: Vec<Notice>,
    /// A value of which parts are still to come.
    pub partial: Option<Partial>,
}

/// What a message proves about its sender beside a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// A certificate or a signature stands behind the message: nothing more is needed.
    Established,
    /// They hold.
    Right,
    /// There are none.
    Missing,
    /// They do not hold.
    Wrong,
    /// There is no certificate, and nothing else would be accepted.
    Refused,
}

/// What a reply says about the message it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Greeting {
    /// Known by certificate or signature.
    Known,
    /// Known by credentials, which hold for the session; the next session wants this nonce (base64), if any.
    Authenticated {
        /// Of the next digest.
        nonce: Option<String>,
    },
    /// Not known: try again with this nonce (base64).
    Challenge {
        /// Nothing was presented, or the wrong thing.
        missing: bool,
        /// Of the next digest.
        nonce: String,
    },
    /// Not known, and no more tries.
    Refused {
        /// Nothing was presented, or the wrong thing.
        missing: bool,
    },
    /// Known, but not managed any more.
    NotManaged,
}

impl Greeting {
    /// Whether the sender is let in.
    pub const fn lets_in(&self) -> bool {
        matches!(self, Self::Known | Self::Authenticated { .. })
    }
}

/// A question on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub ask: Ask,
    /// Only this part of it, counted from 0, because the whole does not fit.
    pub part: Option<usize>,
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// About the message it answers.
    pub greeting: Greeting,
    /// Its number.
    pub message: u32,
    /// The device is to go on with its package.
    pub more_wanted: bool,
    /// What is asked.
    pub questions: Vec<Question>,
    /// Bytes a message may have; parts are made for it.
    pub room: usize,
    /// Nothing more follows before the device answers.
    pub complete: bool,
}

/// A reply on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framed {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What each question will be answered under, in the order of the questions: one number, or as many as its author wrote commands.
    pub asked: Vec<Vec<Asked>>,
}

/// What the wire cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotFramed(pub String);

/// How much of a message a question takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// So many bytes.
    Fits(usize),
    /// It is sent in so many parts, each in a message of its own.
    Parts(usize),
}

/// One message of a device and the way to answer it, in a wire's own words.
///
/// It reads and writes; what is said is decided elsewhere.
pub trait Dialogue: Send + Sync {
    /// The message, in the light of a value of which parts came before.
    fn package(&self, pending: Option<&Partial>) -> Package;
    /// What it proves about its sender, where the next digest was to be made with `nonce` (base64).
    fn credentials(&self, nonce: &str) -> Credentials;
    /// How much room a question takes of a message of at most `room` bytes.
    fn extent(&self, ask: &Ask, room: usize) -> Result<Extent, NotFramed>;
    /// The reply in bytes. What is said to each part of the message is its own affair.
    fn frame(&self, reply: &Reply, pending: Option<&Partial>) -> Result<Framed, NotFramed>;
}
