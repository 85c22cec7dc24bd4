//! The domain of an MDM server: devices, commands, deliveries, certificates, events.
//!
//! Nothing here does I/O: decisions are pure functions of state, input and time; storage, time,
//! identifiers and encoders come in through [`ports`]. The [`service`]s load, decide and commit.

#![forbid(unsafe_code)]

pub mod certificate;
pub mod challenge;
pub mod channel;
pub mod code;
pub mod command;
pub mod delivery;
pub mod device;
pub mod event;
pub mod id;
pub mod link;
pub mod package;
pub mod ports;
pub mod profile;
pub mod report;
pub mod service;
pub mod session;
pub mod time;
pub mod windows;
pub mod work;
