//! Discovery: the device asks where and how to enroll ([MS-MDE2] 3.1).
//!
//! Before its POST a client probes the same address with GET, which wants status 200 and nothing in it.

mod auth_policy;
mod request;
mod request_version;
mod response;

pub use auth_policy::AuthPolicy;
pub use request::Discover;
pub use request_version::{BadRequestVersion, RequestVersion};
pub use response::{Authentication, DiscoverResult};
