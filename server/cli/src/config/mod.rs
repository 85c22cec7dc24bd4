//! The configuration: one table of settings, four places a value can come from, one typed result.
//!
//! [`setting`] names every setting once; flags, environment variables and keys of the file follow from it. A value
//! travels as text with its [`Origin`](layer::Origin) until [`typed`] turns it into a value of the server.

pub(crate) mod complaint;
pub(crate) mod defaults;
pub(crate) mod duration;
pub(crate) mod env;
pub(crate) mod file;
pub(crate) mod flags;
pub(crate) mod layer;
pub(crate) mod setting;
pub(crate) mod suggestion;
pub(crate) mod typed;

pub(crate) use complaint::Complaint;
pub(crate) use env::Environment;
pub(crate) use layer::{Layer, Resolved};
