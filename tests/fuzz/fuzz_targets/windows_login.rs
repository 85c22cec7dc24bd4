//! The form of the login page.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mdm_fuzz::login::windows_login(bytes));
