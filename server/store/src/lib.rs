//! SQLite storage behind the domain's ports, and one contract suite for every store.
//!
//! - [`SqliteStore`] keeps the domain's records and events: one writer with group commit, readers
//!   beside it that never wait for it.
//! - [`ExchangeStore`] keeps what was said on the wire: never waited for, pruned, and told apart
//!   from the records because losing some of it is allowed.
//! - `contract` (feature `contract`) is the suite that every implementation of
//!   [`mdm_core::ports::Store`] has to pass.

#![forbid(unsafe_code)]

#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod exchanges;
pub mod lock;
pub mod sqlite;

pub use exchanges::{Exchange, ExchangeStore, Summary};
pub use sqlite::{OpenError, SqliteStore};
