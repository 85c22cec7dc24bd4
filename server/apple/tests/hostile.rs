//! Every message damaged in every way: an error or a value, never a panic, and soon.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::fs;
use std::path::Path;

use mdm_apple::checkin::CheckIn;
use mdm_apple::command::RawCommand;
use mdm_apple::plist::{Budget, Scalars, read, read_with, write};
use mdm_apple::report::CommandReport;

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/apple");
    let mut all = Vec::new();
    for folder in ["checkin", "report"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            all.push((path.display().to_string(), fs::read(path).unwrap()));
        }
    }
    assert!(all.len() > 25, "{} fixtures", all.len());
    all
}

/// All decoders; the answer is whether the body is a property list at all.
fn decode(body: &[u8]) -> bool {
    let budget = Budget::default();
    let _ = CheckIn::decode(body, budget).map(|d| format!("{d:?}"));
    let _ = RawCommand::decode(body, budget);
    if let Ok(report) = CommandReport::decode(body, budget) {
        let _ = (
            report.value.profiles(),
            report.value.certificates(),
            report.value.device_information(),
        );
    }
    let strict = read(body, budget);
    assert!(strict.is_err() || read_with(body, budget, Scalars::KeepAsText).is_ok());
    strict.is_ok()
}

#[test]
fn every_truncation_is_an_error() {
    for (name, body) in fixtures() {
        let end = body.windows(8).position(|w| w == b"</plist>").unwrap() + 8;
        for n in 0..body.len() {
            assert_eq!(decode(&body[..n]), n >= end, "{name} cut at {n}");
        }
    }
}

#[test]
fn a_flipped_bit_in_every_byte_is_survived_and_what_is_read_can_be_written() {
    for (_, mut body) in fixtures() {
        for at in 0..body.len() {
            let bit = 1 << (at % 8);
            body[at] ^= bit;
            if decode(&body) {
                let value = read(&body, Budget::default()).unwrap().value;
                assert!(read(&write(&value), Budget::default()).is_ok());
            }
            body[at] ^= bit;
        }
    }
}

#[test]
fn a_stack_of_a_worker_thread_is_enough_for_the_deepest_document() {
    let deepest = |n: usize| {
        format!(
            "<plist version=\"1.0\">{}<true/>{}</plist>",
            "<dict><key>k</key>".repeat(n),
            "</dict>".repeat(n)
        )
    };
    let done = std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(move || {
            let value = read(deepest(64).as_bytes(), Budget::default())
                .unwrap()
                .value;
            let copy = value.clone();
            assert_eq!(read(&write(&copy), Budget::default()).unwrap().value, value);
            read(
                deepest(1_000_000).as_bytes(),
                Budget {
                    bytes: 1 << 30,
                    ..Budget::default()
                },
            )
            .unwrap_err()
        });
    assert!(done.unwrap().join().unwrap().limit().is_some());
}
