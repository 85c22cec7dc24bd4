//! Simulated devices against programs that were not written here: OpenSSL's command, Debian's `scepserver`, and a
//! server of canned answers that speaks real TLS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::needless_pass_by_value,
    reason = "helpers of tests"
)]

mod apns;
mod canned;
mod commands;
mod enrolling;
mod load;
mod profiles;
mod programs;
mod scep;
mod windows;
mod windows_server;
