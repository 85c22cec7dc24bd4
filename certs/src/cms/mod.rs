//! Cryptographic messages (RFC 5652): signed and enveloped data, as far as SCEP, signed profiles and
//! `Mdm-Signature` need them.

mod certificate;
mod cipher;
mod digest;
mod enveloped;
mod identity;
mod public_key;
mod seal;
mod sign;
mod signed;
mod signer_info;

pub use certificate::CertificateView;
pub use cipher::Cipher;
pub use digest::Digest;
pub use enveloped::{EnvelopedData, OpenError};
pub use identity::{Identity, IdentityError};
pub use public_key::{PublicKey, PublicKeyError};
pub use seal::{ContentSeed, SealError, seal};
pub use sign::{Content, SignError, SignedAttribute, Signer, certificates_only};
pub use signed::{CmsError, SignedData};
pub use signer_info::{SignerId, SignerInfo, VerifyError};

#[cfg(test)]
mod openssl_tests;
