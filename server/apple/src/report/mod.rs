//! What a device sends to its server URL: its status and the result of a command (Apple, "Commands and Queries").

mod certificate;
mod command_report;
mod device_information;
mod listed;
mod profile;

pub use certificate::InstalledCertificate;
pub use command_report::{CommandReport, ErrorEntry, Malformed, Status};
pub use listed::Listed;
pub use profile::{InstalledPayload, InstalledProfile};
