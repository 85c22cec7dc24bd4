//! Profiles for Windows: as users write them, as node operations, against the published tree, and judged by a reader in Python.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a fixture that cannot be made is a failed test"
)]

mod compile;
mod referee;
mod sample;
mod settings;
mod snapshot;
mod tree;
