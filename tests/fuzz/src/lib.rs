//! The bodies of the fuzz targets: one function for each decoder of bytes from outside.
//!
//! Each file is also compiled into the ordinary tests of the crate whose decoders it feeds, where it replays the corpora.

pub mod apple;
pub mod certs;
pub mod edge;
pub mod login;
pub mod payloads;
pub mod windows;
