//! Windows MDM wire types (MS-MDE2, MS-XCEP, MS-WSTEP, WAP, SyncML), the server half.
#![forbid(unsafe_code)]

pub mod xml;
