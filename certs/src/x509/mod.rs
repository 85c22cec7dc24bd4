//! Certificates as RFC 5280 lays them out: their parts, their writing, the facts read from one.

mod extensions;
mod facts;
mod fingerprint;
mod key_usage;
mod name;
mod own;
mod san;
mod serial;
mod template;
mod validity;

pub(crate) use extensions::{Extensions, key_identifier};
pub use facts::{CertificateFacts, MAX_CERTIFICATE, MalformedCertificate};
pub use fingerprint::Fingerprint;
pub use key_usage::KeyUsage;
pub use name::{Attribute, Name};
pub(crate) use own::parameters;
pub use san::{San, SanError};
pub use serial::{BadSerialNumber, SerialNumber};
pub(crate) use template::{Template, seal, signature_algorithm};
pub use validity::Validity;
