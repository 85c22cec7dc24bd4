//! The Mdm-Signature header.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mdm_fuzz::certs::mdm_signature(bytes));
