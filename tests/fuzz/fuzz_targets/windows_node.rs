//! Operations on nodes of Windows, and what devices say of nodes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mdm_fuzz::payloads::windows_node(bytes));
