//! Listeners, identity, routes, adapters and the admin API of the MDM server, as a library.

pub mod banner;
pub mod config;
pub mod edge;
pub mod ready;
