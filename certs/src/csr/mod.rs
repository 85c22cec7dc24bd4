//! Certification requests (PKCS#10, RFC 2986) from devices, read leniently.

mod certification_request;
mod challenge_password;
mod distinguished_name;

pub use certification_request::{Csr, CsrError, RequestedExtension};
pub use challenge_password::ChallengePassword;
pub use distinguished_name::distinguished_name;

#[cfg(test)]
mod openssl_tests;
