//! Cryptographic Message Syntax (RFC 5652) as a device needs it: signing a request, reading a signed profile,
//! opening what was encrypted to it.

mod digest;
mod envelope;
mod profile;
mod signature;
mod signed;

pub use digest::Digest;
pub use envelope::{Cipher, EnvelopeError};
pub use profile::{Signature, SignedProfile, profile};
pub use signature::{SigningTime, mdm_signature};
pub use signed::{Encoding, SignedError};

pub(crate) use envelope::{open, seal};
pub(crate) use signature::utc_time;
pub(crate) use signed::{Attribute, Signed, ToSign, sign};

#[cfg(test)]
pub(crate) mod testing;
