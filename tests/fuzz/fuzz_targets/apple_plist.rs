//! The property list reader: what it reads can be written, and reads the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdm_apple::command::RawCommand;
use mdm_apple::plist::{Budget, Scalars, read, read_with, write};

fuzz_target!(|document: &[u8]| {
    let budget = Budget::default();
    let _ = RawCommand::decode(document, budget);
    let _ = read_with(document, budget, Scalars::KeepAsText);
    if let Ok(first) = read(document, budget) {
        // Twice, because the first writing replaces characters that XML cannot carry, which can make two keys equal.
        let once = again(&write(&first.value));
        assert_eq!(again(&once), once);
    }
});

fn again(written: &[u8]) -> Vec<u8> {
    let budget = Budget {
        bytes: written.len(),
        ..Budget::default()
    }; // it may be longer than what was read
    write(&read(written, budget).expect("what we write, we read").value)
}
