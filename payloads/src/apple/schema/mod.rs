//! Apple's published schema of profiles and commands, and checks against it.
//!
//! The facts come from `tests/fixtures/apple-keys/apple-keys.json`, compiled in. A finding is never a reason not to send: a test may
//! well want to see what a device does with it.

mod command;
mod os;
mod profile;
mod rule;
mod table;
mod walk;

pub use crate::os_version::{InvalidOsVersion, OsVersion};
pub use command::check_command;
pub use os::Target;
pub use profile::check_profile;
pub use table::{payload_keys, payload_types, request_types};
