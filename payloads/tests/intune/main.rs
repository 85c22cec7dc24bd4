//! What Intune promises, as far as profiles alone show it: each test is named after the requirement it shows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a fixture that cannot be made is a failed test"
)]

mod android;
mod applicability;
mod edits;
mod lints;
mod references;
mod sample;
mod settings;
