//! Configuration profiles for Apple devices (Apple, "Device Management", Profiles).
//!
//! [`compile()`] makes the document that puts a [`crate::Profile`] on a device, [`enrollment`] the documents that put the device under
//! management, and [`schema`] checks either, and commands, against Apple's published schema.

mod access_rights;
mod channel;
mod compile;
mod document;
mod exchange;
mod mail;
mod material;
mod smime;

pub mod enrollment;
pub mod schema;

pub use crate::{
    identifiers::{Identifiers, PayloadUuid},
    material::{
        IdentityMaterial, KeychainFlags, NotACertificate, Pkcs12Material, RootMaterial, RootName,
        ScepMaterial,
    },
};
pub use access_rights::AccessRights;
pub use channel::{Channel, channel};
pub use compile::{CompileError, Input, Options, compile};
pub use document::{Document, InnerPayload, Unwritable};
