//! What a key may do.

use std::ops::BitOr;

/// The `keyUsage` bits of a certificate (RFC 5280 section 4.2.1.3). Combined with `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// Verifying signatures other than those on certificates and CRLs.
    pub const DIGITAL_SIGNATURE: Self = Self(0x8000);
    /// `nonRepudiation`, later called `contentCommitment`.
    pub const NON_REPUDIATION: Self = Self(0x4000);
    /// Transporting keys: RSA key transport in CMS, SCEP and S/MIME.
    pub const KEY_ENCIPHERMENT: Self = Self(0x2000);
    /// Verifying signatures on certificates.
    pub const KEY_CERT_SIGN: Self = Self(0x0400);
    /// Verifying signatures on CRLs.
    pub const CRL_SIGN: Self = Self(0x0200);

    /// Whether all the bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits, the first named one highest.
    pub(crate) const fn bits(self) -> u16 {
        self.0
    }
}

impl BitOr for KeyUsage {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
