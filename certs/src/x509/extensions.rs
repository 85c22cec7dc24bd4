//! The extensions of the certificates and CRLs that we write.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::KeyUsage;
use crate::der::{DerError, Element, Tag, Writer, encode};
use crate::oid::{self, Oid};

/// `id-ad-caIssuers` (RFC 5280 section 4.2.2.1).
const CA_ISSUERS: Oid<'static> = Oid::new(&[0x2b, 6, 1, 5, 5, 7, 0x30, 2]);

/// The key identifier of a `SubjectPublicKeyInfo`: SHA-1 over the key's bits (RFC 5280 section
/// 4.2.1.2, method 1).
pub(crate) fn key_identifier(spki_der: &[u8]) -> Result<Vec<u8>, DerError> {
    let mut whole = Element::parse(spki_der)?.children();
    whole.sequence("the algorithm of the public key")?;
    let bits = whole
        .expect(Tag::BIT_STRING, "the public key")?
        .bits("the public key")?;
    whole.end("the public key")?;
    Ok(digest(&SHA1_FOR_LEGACY_USE_ONLY, bits).as_ref().to_vec())
}

/// Extensions in the order added.
#[derive(Debug, Default)]
pub(crate) struct Extensions(Vec<u8>);

impl Extensions {
    /// Any extension; `value` writes what its octet string holds.
    pub(crate) fn add(&mut self, id: Oid<'_>, critical: bool, value: impl FnOnce(&mut Writer)) {
        self.0.extend(encode(|w| {
            w.sequence(|w| {
                w.oid(id);
                if critical {
                    w.boolean(true);
                }
                w.octet_string_of(value);
            });
        }));
    }

    /// This is no certificate authority.
    pub(crate) fn end_entity(&mut self) {
        self.add(oid::BASIC_CONSTRAINTS, true, |w| w.sequence(|_| {}));
    }

    pub(crate) fn key_usage(&mut self, usage: KeyUsage) {
        self.add(oid::KEY_USAGE, true, |w| w.named_bits(usage.bits()));
    }

    /// Nothing when the list is empty, which allows every purpose.
    pub(crate) fn purposes<'a>(&mut self, purposes: impl Iterator<Item = Oid<'a>>) {
        let mut purposes = purposes.peekable();
        if purposes.peek().is_some() {
            self.add(oid::EXTENDED_KEY_USAGE, false, |w| {
                w.sequence(|w| purposes.for_each(|purpose| w.oid(purpose)));
            });
        }
    }

    pub(crate) fn subject_key(&mut self, id: &[u8]) {
        self.add(oid::SUBJECT_KEY_IDENTIFIER, false, |w| w.octet_string(id));
    }

    pub(crate) fn authority_key(&mut self, id: &[u8]) {
        self.add(oid::AUTHORITY_KEY_IDENTIFIER, false, |w| {
            w.sequence(|w| w.primitive(Tag::context_primitive(0), id));
        });
    }

    /// `names` are encoded `GeneralNames`. Critical where they are all there is to name the subject.
    pub(crate) fn alternative_names(&mut self, names: &[u8], subject_is_empty: bool) {
        if !names.is_empty() {
            self.add(oid::SUBJECT_ALT_NAME, subject_is_empty, |w| {
                w.sequence(|w| w.raw(names));
            });
        }
    }

    /// Where the CRL is (section 4.2.1.13).
    pub(crate) fn crl_at(&mut self, url: &str) {
        self.add(oid::CRL_DISTRIBUTION_POINTS, false, |w| {
            w.sequence(|w| {
                w.sequence(|w| {
                    w.context(0, |w| {
                        w.context(0, |w| {
                            w.primitive(Tag::context_primitive(6), url.as_bytes());
                        });
                    });
                });
            });
        });
    }

    /// Where the responder and the issuer's certificate are (section 4.2.2.1).
    pub(crate) fn authority_information(&mut self, ocsp: Option<&str>, ca_issuers: Option<&str>) {
        let places: Vec<_> = [(oid::OCSP, ocsp), (CA_ISSUERS, ca_issuers)]
            .into_iter()
            .filter_map(|(method, url)| Some((method, url?)))
            .collect();
        if places.is_empty() {
            return;
        }
        self.add(oid::AUTHORITY_INFO_ACCESS, false, |w| {
            w.sequence(|w| {
                for (method, url) in places {
                    w.sequence(|w| {
                        w.oid(method);
                        w.primitive(Tag::context_primitive(6), url.as_bytes());
                    });
                }
            });
        });
    }

    /// The field `extensions`: `[3]` in a certificate, `[0]` in a CRL.
    pub(crate) fn write(&self, number: u8, w: &mut Writer) {
        w.context(number, |w| w.sequence(|w| w.raw(&self.0)));
    }
}
