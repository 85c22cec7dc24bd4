//! Discovery requests.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mdm_fuzz::windows::windows_discover(bytes));
