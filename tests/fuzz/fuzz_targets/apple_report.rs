//! A report and each extractor of results.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdm_apple::plist::Budget;
use mdm_apple::report::CommandReport;

fuzz_target!(|body: &[u8]| {
    if let Ok(report) = CommandReport::decode(body, Budget::default()) {
        let report = report.value;
        let _ = report.profiles();
        let _ = report.certificates();
        let _ = report.device_information();
        let _ = report.security_info();
        let _ = format!("{report:?}");
    }
});
