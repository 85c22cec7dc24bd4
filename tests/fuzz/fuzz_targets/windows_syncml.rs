//! Messages of management sessions.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mdm_fuzz::windows::windows_syncml(bytes));
