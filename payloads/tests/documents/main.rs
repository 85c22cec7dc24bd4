//! Documents as they leave: compiled from settings as users write them, checked against the schema, read by Python's `plistlib`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a fixture that cannot be made is a failed test"
)]

mod checks;
mod compile;
mod enrollment;
mod reach;
mod sample;
mod settings;
mod snapshot;
