//! Profiles in JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mdm_fuzz::payloads::profile(bytes));
