//! Property lists of devices.

use mdm_apple::checkin::CheckIn;
use mdm_apple::command::RawCommand;
use mdm_apple::plist::{Budget, Scalars, read, read_with, write};
use mdm_apple::report::CommandReport;

/// The property list reader: what it reads can be written, and reads the same again.
pub fn apple_plist(document: &[u8]) {
    let budget = Budget::default();
    let _ = RawCommand::decode(document, budget);
    let _ = read_with(document, budget, Scalars::KeepAsText);
    if let Ok(first) = read(document, budget) {
        // Twice, because the first writing replaces characters that XML cannot carry, which can make two keys equal.
        let once = again(&write(&first.value));
        assert_eq!(again(&once), once);
    }
}

fn again(written: &[u8]) -> Vec<u8> {
    // It may be longer than what was read.
    let budget = Budget {
        bytes: written.len(),
        ..Budget::default()
    };
    write(&read(written, budget).expect("what we write, we read").value)
}

/// A check-in message from anybody.
pub fn apple_checkin(body: &[u8]) {
    if let Ok(message) = CheckIn::decode(body, Budget::default()) {
        let _ = format!("{:?}", message.value);
    }
}

/// A report and each extractor of results.
pub fn apple_report(body: &[u8]) {
    if let Ok(report) = CommandReport::decode(body, Budget::default()) {
        let report = report.value;
        let _ = report.profiles();
        let _ = report.certificates();
        let _ = report.device_information();
        let _ = report.security_info();
        let _ = format!("{report:?}");
    }
}
