//! Method, path and query of a request.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mdm_fuzz::edge::edge_route(bytes));
