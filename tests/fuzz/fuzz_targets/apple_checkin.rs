//! Check-in messages.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mdm_fuzz::apple::apple_checkin(bytes));
