//! Listeners, identity, routes, adapters and the admin API of the MDM server, as a library.
//!
//! [`start()`] is the way in: it takes a [`config::Config`] and gives a [`Running`] server.
//! A request travels [`edge`] (TLS, HTTP, limits) -> `devices` (adapters) -> the domain's services;
//! `respond` alone chooses what a failure looks like, `record` alone writes exchanges.

#![forbid(unsafe_code)]

pub mod admin;
pub mod advertised;
pub mod announce;
pub mod banner;
pub mod chain;
pub mod clock;
pub mod config;
pub mod devices;
pub mod digest;
pub mod directory;
pub mod doctor;
pub mod edge;
pub mod encode;
pub mod enrollment;
pub mod identity;
pub mod ids;
pub mod issuer;
pub mod pki;
pub mod push;
pub mod ready;
pub mod record;
pub mod render;
pub mod respond;
pub mod seen;
pub mod server;
mod start;
pub mod windows;

pub use start::{Running, StartError, start};
