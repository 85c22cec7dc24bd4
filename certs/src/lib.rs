//! The lab's certificates: authority, issuing, CMS, SCEP, CRL, PKCS#12.

#![forbid(unsafe_code)]

pub mod apple_tls;
pub mod authority;
pub mod cms;
pub mod crl;
pub mod csr;
pub mod der;
pub mod issue;
pub mod key;
pub mod leaf;
pub mod leaf_pair;
pub mod md5;
pub mod mdm_signature;
pub mod oid;
pub mod pem;
pub mod pkcs12;
pub mod push_certificate;
pub mod renewal;
pub mod scep;
pub mod trust;
pub mod x509;

#[cfg(test)]
mod lab;
#[cfg(test)]
mod testdata;
