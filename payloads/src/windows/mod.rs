//! Profiles for Windows devices, as operations on nodes of their management tree (Microsoft, "Configuration service provider reference").
//!
//! Compiling makes the [`Plan`] that puts a [`crate::Profile`] on a device, keeps it up to date, takes it away and reads it back. It
//! knows nothing of the SyncML the operations travel in. [`schema`] says which system they are for.

mod compile;
mod operation;
mod plan;
mod read_back;
mod wait;

pub mod schema;

pub use compile::{CompileError, Input};
pub use operation::{Format, NodeOp, Unit, Value, Verb};
pub use plan::{Plan, Rank, Scope};
pub use read_back::{Comparison, ReadBack};
pub use schema::{InvalidOsBuild, OsBuild, System, Target};
pub use wait::{Progress, StatusMeaning, Wait};
