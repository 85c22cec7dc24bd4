//! Profiles for Windows devices, as operations on nodes of their management tree (Microsoft, "Configuration service provider reference").
//!
//! [`compile()`] makes the [`Plan`] that puts a [`crate::Profile`] on a device, keeps it up to date, takes it away and reads it back. It
//! knows nothing of the SyncML the operations travel in. [`schema`] checks operations against the tree Microsoft publishes.

mod active_sync;
mod compile;
mod email2;
mod leaf;
mod operation;
mod pfx;
mod plan;
mod read_back;
mod root;
mod scep;
mod wait;

pub mod schema;

pub use compile::{CompileError, Input, compile};
pub use operation::{Format, NodeOp, Unit, Value, Verb};
pub use plan::{Plan, Rank, Scope};
pub use read_back::{Comparison, ReadBack};
pub use schema::{System, Target};
pub use wait::{Progress, StatusMeaning, Wait};
