//! The WAP provisioning document that ends an enrollment: certificates, the management account and how often the device
//! asks for work ([MS-MDE2] 2.2.9.1; pages "`CertificateStore` CSP", "w7 APPLICATION CSP", "`DMClient` CSP").

mod application;
mod certificate;
mod credential;
mod dm_client;
mod document;
mod node;
mod poll;
mod provider_id;

pub use application::{Application, Encoding, Retry};
pub use certificate::{Certificate, Identity, RenewalPlan, Store, Thumbprint};
pub use credential::{ClientCredential, Scheme, ServerCredential};
pub use dm_client::{CompletePage, DmClient, Help};
pub use document::{Document, Enrolled, Renewed};
pub use poll::{NoPoll, Poll, PollSet};
pub use provider_id::{BadProviderId, ProviderId};
