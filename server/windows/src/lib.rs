//! Windows MDM wire types (MS-MDE2, MS-XCEP, MS-WSTEP, WAP, SyncML), the server half.
//!
//! An enrollment is three questions: [`discovery::Discover::decode`], [`policy::GetPolicies::decode`] and
//! [`enrollment::RequestSecurityToken::decode`] read them, `encode` of [`discovery::DiscoverResult`], [`policy::Policy`] and
//! [`enrollment::Issued`] answers them, and [`soap::Fault`] refuses them. Management follows in [`syncml`]. Nothing here
//! does I/O, reads a clock or hands out an identifier; what a device says is read under an [`xml::Budget`].
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
