//! Simulated iPhones, iPads and Macs: what such a device does with profiles, commands and people.

mod accounts;
mod check;
mod command;
mod declarations;
mod device;
mod enrollment;
mod error;
mod install;
mod inventory;
mod journal;
mod keychain;
mod persona;
mod profile;
mod prompts;
mod script;
mod session;
mod store;
mod transport;

pub use accounts::{AccountKind, MailAccount, Origin};
pub use declarations::Declaration;
pub use device::{AppleDevice, Environment};
pub use enrollment::{Enrollment, MdmPayload};
pub use error::{DeviceError, ErrorChain, ErrorItem};
pub use install::How;
pub use journal::{Entry, Event};
pub use keychain::{Item, ItemKind, Keychain};
pub use persona::{Persona, Platform, User};
pub use profile::{Payload, Profile};
pub use prompts::{Prompt, PromptKind};
pub use script::{Behaviour, PromptAnswer, PromptScript, Rule, Script};
pub use session::{Channel, SessionReport};
pub use store::{InstalledProfile, Plan, ProfileStore};
pub use transport::{Presigned, Sign, Transport};
