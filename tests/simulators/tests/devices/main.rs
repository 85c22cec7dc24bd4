//! Simulated devices against programs that were not written here: OpenSSL's command, Debian's `scepserver`, and a
//! server of canned answers that speaks real TLS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod apns;
mod canned;
mod commands;
mod load;
mod profiles;
mod programs;
mod scep;
