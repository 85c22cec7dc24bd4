//! The domain of an MDM server: devices, commands, deliveries, certificates, events.
//!
//! Nothing here does I/O: decisions are pure functions of state, input and time; storage, time,
//! identifiers and encoders come in through [`ports`]. The [`service`]s load, decide and commit.

#![forbid(unsafe_code)]

pub mod assignment;
pub mod candidate;
pub mod certificate;
pub mod challenge;
pub mod channel;
pub mod code;
pub mod command;
pub mod delivery;
pub mod device;
pub mod evaluation;
pub mod event;
pub mod group;
pub mod id;
pub mod lab;
pub mod lifecycle;
pub mod link;
pub mod lint;
pub mod package;
pub mod plan;
pub mod ports;
pub mod profile;
pub mod prompt;
pub mod report;
pub mod service;
pub mod session;
pub mod settings;
pub mod standing;
pub mod time;
pub mod user;
pub mod windows;
pub mod work;
