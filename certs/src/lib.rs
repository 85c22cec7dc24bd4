//! The lab's certificates: authority, issuing, CMS, SCEP, CRL, PKCS#12.

pub mod der;
pub mod oid;
