//! What the server asks of a device (Apple, "Commands and Queries").

mod raw;
mod request;
mod request_type;

pub use raw::{RawCommand, RawError};
pub use request::{Command, DEFAULT_QUERIES, Request};
pub use request_type::Family;
