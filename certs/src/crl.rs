//! The list of revoked certificates.

use time::OffsetDateTime;

use crate::authority::Authority;
use crate::der::encode;
use crate::key::KeyError;
use crate::oid;
use crate::x509::{Extensions, SerialNumber, seal, signature_algorithm};

/// Why a certificate was revoked (RFC 5280 section 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// No reason given; the entry then has no reason code, as the section asks.
    Unspecified,
    /// The private key is known to others.
    KeyCompromise,
    /// The holder's affiliation changed.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// It is no longer needed.
    CessationOfOperation,
    /// For the time being.
    CertificateHold,
    /// What it allowed was taken back.
    PrivilegeWithdrawn,
}

impl Reason {
    const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
            Self::PrivilegeWithdrawn => 9,
        }
    }
}

/// One revoked certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Its serial number.
    pub serial: SerialNumber,
    /// Since when.
    pub at: OffsetDateTime,
    /// Why.
    pub reason: Reason,
}

/// A list to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Crl<'a> {
    /// What is revoked, in any order.
    pub entries: &'a [Revoked],
    /// When the list was made.
    pub this_update: OffsetDateTime,
    /// When the next one will be there at the latest; readers distrust this one from then on.
    pub next_update: OffsetDateTime,
    /// Which list this is; each is greater than the one before (section 5.2.3).
    pub number: u64,
}

impl Crl<'_> {
    /// The list signed by `authority`, DER, version 2 (RFC 5280 section 5).
    pub fn sign(&self, authority: &Authority) -> Result<Vec<u8>, KeyError> {
        let mut extensions = Extensions::default();
        extensions.authority_key(authority.key_id());
        extensions.add(oid::CRL_NUMBER, false, |w| w.integer(self.number));
        let tbs = encode(|w| {
            w.sequence(|w| {
                w.integer(1);
                signature_algorithm(authority.key(), w);
                w.raw(&authority.facts().subject_der);
                w.time(self.this_update);
                w.time(self.next_update);
                // An empty list must be absent (section 5.1.2.6).
                if !self.entries.is_empty() {
                    let entries = encode(|w| self.entries.iter().for_each(|entry| entry.write(w)));
                    w.sequence(|w| w.raw(&entries));
                }
                extensions.write(0, w);
            });
        });
        seal(&tbs, authority.key())
    }
}

impl Revoked {
    fn write(&self, w: &mut crate::der::Writer) {
        w.sequence(|w| {
            w.unsigned_integer(self.serial.as_octets());
            w.time(self.at);
            if self.reason != Reason::Unspecified {
                w.sequence(|w| {
                    w.sequence(|w| {
                        w.oid(oid::CRL_REASON);
                        w.octet_string_of(|w| w.enumerated(self.reason.code()));
                    });
                });
            }
        });
    }
}
