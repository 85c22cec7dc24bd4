//! The lab's certificates: authority, issuing, CMS, SCEP, CRL, PKCS#12.

#![forbid(unsafe_code)]

pub mod cms;
pub mod der;
pub mod oid;

#[cfg(test)]
mod testdata;
