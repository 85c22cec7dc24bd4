//! Profiles an MDM delivers: settings, one compiler per platform, checks against each platform's schema. Pure.
//!
//! A [`Profile`] says what an administrator asks for, in words an Intune administrator knows (Microsoft Graph's property names in
//! `snake_case`). [`apple`] turns it into what an Apple device installs, and checks property lists against Apple's schema; [`windows`]
//! turns it into what a Windows device is told to change in its management tree, and checks that against the tree. [`lint()`] says what will probably not do what was meant.
#![forbid(unsafe_code)]

pub mod apple;
pub mod certificate_names;
pub mod complaint;
pub mod der;
pub mod distinguished_name;
pub mod exchange;
pub mod extended_key_usage;
pub mod finding;
pub mod identifiers;
pub mod identity;
pub mod lint;
pub mod mail;
pub mod material;
pub mod platform;
pub mod profile;
pub mod profile_id;
pub mod secret;
pub mod semantics;
pub mod settings;
pub mod smime;
pub mod source;
pub mod subject;
pub mod trusted;
pub mod user;
pub mod variable;
pub mod windows;

mod address;
mod properties;

pub use complaint::{Complaint, Complaints};
pub use der::Der;
pub use finding::{Finding, Level};
pub use lint::lint;
pub use platform::Platform;
pub use profile::Profile;
pub use profile_id::{InvalidProfileId, ProfileId};
pub use secret::Secret;
pub use semantics::{Semantics, UnknownSemantics};
pub use settings::{Reference, ReferenceKind, Settings, SettingsType};
pub use subject::{DeviceFacts, Subject};
pub use user::User;
pub use variable::RenderError;
