//! Certificate policies: what the device's certificate request shall look like ([MS-XCEP] 3.1.4.1).

mod request;
mod response;

pub use request::GetPolicies;
pub use response::{Hash, Policy};
