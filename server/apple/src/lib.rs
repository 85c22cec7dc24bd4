//! Apple MDM wire types, the server's half.
//!
//! Bytes come in through [`checkin::CheckIn::decode`] and [`report::CommandReport::decode`]; they leave through
//! [`checkin::Reply::answer`], [`command::Command::encode`], [`forbidden::Forbidden::answer`],
//! [`service_config::ServiceConfig::answer`] and [`apns::Push::request`]. Nothing here does I/O, reads a clock or
//! hands out an identifier. Whatever a device says is read under a [`plist::Budget`], and what deviates from Apple's
//! description without making the message unusable is returned beside the value as [`finding::Findings`].
#![forbid(unsafe_code)]

pub mod answer;
pub mod apns;
pub mod checkin;
pub mod command;
pub mod errors;
pub mod finding;
pub mod forbidden;
pub mod identifier;
pub mod media;
pub mod plist;
pub mod report;
pub mod secret;
pub mod service_config;
