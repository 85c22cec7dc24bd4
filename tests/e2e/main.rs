//! Stories over the whole program: the one integration-test binary of `mockmdm`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a story fails by panicking, wherever it is told"
)]

mod layers;
