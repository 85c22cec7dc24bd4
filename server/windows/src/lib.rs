//! Windows MDM wire types (MS-MDE2, MS-XCEP, MS-WSTEP, WAP, SyncML), the server half.
#![forbid(unsafe_code)]

pub mod discovery;
pub mod enrollment;
pub mod hresult;
pub mod policy;
pub mod provisioning;
pub mod secret;
pub mod soap;
pub mod syncml;
pub mod xml;
