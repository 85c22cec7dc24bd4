//! The corpora of the fuzz targets, replayed: whatever once was of interest to a fuzzer is read without a panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "helpers of tests fail the test, and the targets are public where they are fuzzed"
)]

use std::fs;
use std::path::Path;

#[path = "../../../tests/fuzz/src/windows.rs"]
mod targets;

fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let mut replayed = 0;
    for entry in fs::read_dir(folder.join(name)).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        target(&bytes);
        for length in 0..bytes.len().min(64) {
            target(&bytes[..length]);
        }
        replayed += 1;
    }
    assert!(replayed > 0, "no corpus `{name}`");
}

#[test]
fn every_corpus_is_survived() {
    replay("windows_discover", targets::windows_discover);
    replay("windows_policies", targets::windows_policies);
    replay("windows_enrollment", targets::windows_enrollment);
    replay("windows_syncml", targets::windows_syncml);
}
