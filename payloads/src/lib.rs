//! Profiles an MDM delivers: settings, one compiler per platform, checks against each platform's schema. Pure.
//!
//! A [`Profile`] says what an administrator asks for, in words an Intune administrator knows (Microsoft Graph's property names in
//! `snake_case`). [`apple`] turns it into what an Apple device installs, and checks property lists against Apple's schema; [`windows`]
//! turns it into what a Windows device is told to change in its management tree, and checks that against the tree. [`lint()`] says what will probably not do what was meant.
#![forbid(unsafe_code)]

pub mod android;
pub mod apple;
pub mod applicability;
pub mod certificate_fate;
pub mod certificate_names;
pub mod complaint;
pub mod der;
pub mod derived;
pub mod distinguished_name;
pub mod duplicate;
pub mod exchange;
pub mod extended_key_usage;
pub mod field_class;
pub mod finding;
pub mod identifiers;
pub mod identity;
pub mod imported;
pub mod intune;
pub mod knox;
pub mod lint;
pub mod mail;
pub mod material;
pub mod os_version;
pub mod platform;
pub mod profile;
pub mod profile_id;
pub mod reference;
pub mod secret;
pub mod semantics;
pub mod settings;
pub mod smime;
pub mod source;
pub mod spelling;
pub mod subject;
pub mod sync;
pub mod trusted;
pub mod user;
pub mod variable;
pub mod windows;
pub mod windows_exchange;
pub mod windows_mail;
pub mod windows_rule;
pub mod work_mail;

mod address;
mod properties;

pub use applicability::{NotApplicable, applicability};
pub use complaint::{Complaint, Complaints};
pub use der::Der;
pub use finding::{Finding, Level};
pub use lint::{lint, lint_edit, lint_edition, lint_rendering, lint_set};
pub use os_version::{InvalidOsVersion, OsVersion};
pub use platform::Platform;
pub use profile::Profile;
pub use profile_id::{InvalidProfileId, ProfileId};
pub use properties::Reader;
pub use secret::Secret;
pub use semantics::{Semantics, UnknownSemantics};
pub use settings::{Reference, ReferenceKind, Settings, SettingsType};
pub use spelling::nearest;
pub use subject::{DeviceFacts, Subject};
pub use user::User;
pub use variable::RenderError;
