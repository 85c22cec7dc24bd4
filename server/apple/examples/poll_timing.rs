//! How long reading an idle poll takes: `cargo run --release --example poll_timing -p mdm-apple`.
#![allow(clippy::print_stdout, reason = "an example for people")]

use std::hint::black_box;
use std::time::Instant;

use mdm_apple::plist::Budget;
use mdm_apple::report::CommandReport;

const ROUNDS: u32 = 200_000;

fn main() {
    for (name, body) in [
        (
            "idle",
            &include_bytes!("../../../tests/fixtures/apple/report/idle.plist")[..],
        ),
        (
            "idle of a user",
            include_bytes!("../../../tests/fixtures/apple/report/idle-mac-user.plist"),
        ),
        (
            "device information",
            include_bytes!("../../../tests/fixtures/apple/report/deviceinformation.plist"),
        ),
    ] {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            let _ = black_box(CommandReport::decode(black_box(body), Budget::default()));
        }
        println!(
            "{name}, {} bytes: {:?}",
            body.len(),
            start.elapsed() / ROUNDS
        );
    }
}
