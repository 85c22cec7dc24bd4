//! The Simple Certificate Enrolment Protocol on the wire (RFC 8894): requests in, replies out.

mod fail_info;
mod message_type;
mod query;
mod reply;
mod request;
mod transaction_id;

pub use fail_info::FailInfo;
pub use message_type::MessageType;
pub use query::{GET_CA_CAPS, MAX_MESSAGE, MessageError, Operation, Query};
pub use reply::{Reply, ReplyError, ReplySeed};
pub use request::{Body, DecodeError, Enrollment, Reason, Refusal, Request, Unreadable};
pub use transaction_id::{NotATransactionId, TransactionId};

#[cfg(test)]
mod tests;
