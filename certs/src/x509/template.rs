//! What is signed, and the signing.

use openssl::hash::MessageDigest;
use openssl::pkey::Id;
use openssl::sign::Signer;

use super::{Extensions, SerialNumber, Validity};
use crate::der::{Writer, encode};
use crate::key::{Key, KeyError};
use crate::oid;

/// All of a certificate but the signature (RFC 5280 section 4.1.2).
pub(crate) struct Template<'a> {
    pub(crate) serial: &'a SerialNumber,
    pub(crate) issuer_der: &'a [u8],
    pub(crate) subject_der: &'a [u8],
    pub(crate) validity: Validity,
    pub(crate) spki_der: &'a [u8],
    pub(crate) extensions: Extensions,
}

impl Template<'_> {
    /// The certificate, DER, signed with `key`: one operation of that key.
    pub(crate) fn sign(&self, key: &Key) -> Result<Vec<u8>, KeyError> {
        let tbs = encode(|w| {
            w.sequence(|w| {
                w.context(0, |w| w.integer(2));
                w.unsigned_integer(self.serial.as_octets());
                signature_algorithm(key, w);
                w.raw(self.issuer_der);
                w.sequence(|w| {
                    w.time(self.validity.not_before);
                    w.time(self.validity.not_after);
                });
                w.raw(self.subject_der);
                w.raw(self.spki_der);
                self.extensions.write(3, w);
            });
        });
        seal(&tbs, key)
    }
}

/// The `AlgorithmIdentifier` of what `key` signs: SHA-256 with RSA or ECDSA.
pub(crate) fn signature_algorithm(key: &Key, w: &mut Writer) {
    w.sequence(|w| {
        if key.pkey().id() == Id::EC {
            w.oid(oid::ECDSA_WITH_SHA256);
        } else {
            w.oid(oid::SHA256_WITH_RSA);
            w.null();
        }
    });
}

/// `tbs`, the algorithm and the signature, as certificates and CRLs have them.
pub(crate) fn seal(tbs: &[u8], key: &Key) -> Result<Vec<u8>, KeyError> {
    let sign = || {
        let mut signer = Signer::new(MessageDigest::sha256(), key.pkey())?;
        signer.sign_oneshot_to_vec(tbs)
    };
    let signature = sign().map_err(KeyError::Sign)?;
    Ok(encode(|w| {
        w.sequence(|w| {
            w.raw(tbs);
            signature_algorithm(key, w);
            w.bit_string(&signature);
        });
    }))
}
