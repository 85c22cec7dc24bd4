//! Pushes: what is asked of APNs and what its answers mean. No I/O.

mod outcome;
mod push;
mod reason;

pub use outcome::{Outcome, Response};
pub use push::{Priority, Push, PushRequest};
pub use reason::PushReason;
