//! Simulated PCs and phones with Windows: enrollment, OMA-DM sessions, and the tree of nodes they are about.

mod account;
mod accounts;
mod atomic;
mod credential;
mod device;
mod enrollment;
mod enrollment_body;
mod error;
mod facts;
mod install;
mod journal;
mod login;
mod name;
mod operation;
#[cfg(test)]
mod operation_tests;
mod path;
mod persona;
mod prepared;
mod prompts;
mod provisioning;
#[cfg(test)]
mod provisioning_tests;
mod request;
mod scep;
mod schema;
mod script;
mod session;
mod soap;
mod store;
mod syncml;
mod transport;
mod tree;
mod wbxml;
mod xml;

pub use accounts::{AccountKind, MailAccount, Origin};
pub use device::{Environment, Login, WindowsDevice};
pub use enrollment::{Credentials, Enrollment, Invitation};
pub use error::{DeviceError, EnrollError, Hresult};
pub use journal::{Entry, Event};
pub use persona::{Persona, RequestStyle, UnknownVersion, Version};
pub use prepared::{PreparedRequest, Services, Shown};
pub use prompts::{Prompt, PromptKind};
pub use provisioning::{Account, Context, Credential, Search};
pub use script::{Behaviour, PromptAnswer, PromptScript, Rule, Script};
pub use session::{Cause, SessionReport};
pub use store::{CertificateStores, Item, ItemKind, StoreName};
pub use syncml::Verb;
pub use wbxml::WbxmlError;
pub use xml::XmlError;
