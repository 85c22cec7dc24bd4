//! SOAP 1.2 with WS-Addressing and WS-Security, as far as enrollment uses them ([MS-MDE2] section 2).

mod action;
mod activity;
pub(crate) mod envelope;
mod fault;
pub(crate) mod field;
mod message_id;
mod reply;
mod request_error;
mod security;
mod timestamp;
mod token;
mod unknown;

pub use action::Action;
pub use activity::ActivityId;
pub use envelope::{Envelope, Unreadable};
pub use fault::{Fault, Refusal};
pub use message_id::{BadMessageId, MessageId};
pub use reply::Reply;
pub use request_error::RequestError;
pub use security::{Security, UsernameToken};
pub use timestamp::Timestamp;
pub use token::{SecurityToken, TokenKind};
pub use unknown::Unknown;
