//! Writing signed messages.

use std::sync::Arc;

use openssl::error::ErrorStack;
use time::OffsetDateTime;

use super::{Digest, Identity};
use crate::der::{Tag, Writer, encode};
use crate::oid::{self, Oid};

/// What is signed, and whether it goes along.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// Signed and part of the message.
    Attached(&'a [u8]),
    /// Signed; the reader has it from elsewhere.
    Detached(&'a [u8]),
}

/// A signed attribute besides those that every message has: its name and its one value, encoded.
#[derive(Debug, Clone)]
pub struct SignedAttribute {
    /// The name.
    pub oid: Oid<'static>,
    /// The value, an encoded element.
    pub value: Vec<u8>,
}

/// OpenSSL could not sign.
#[derive(Debug, thiserror::Error)]
#[error("signing a cryptographic message")]
pub struct SignError(#[from] ErrorStack);

/// Signs messages as one identity. Cloning shares the key.
#[derive(Debug, Clone)]
pub struct Signer {
    identity: Arc<Identity>,
    /// The `[0] certificates` of every message.
    certificates: Arc<[u8]>,
}

impl Signer {
    /// A signer whose messages carry its certificate and then `chain`, as given.
    pub fn new<C: AsRef<[u8]>>(identity: Arc<Identity>, chain: &[C]) -> Self {
        let certificates = encode(|w| {
            w.context(0, |w| {
                w.raw(identity.certificate());
                for der in chain {
                    w.raw(der.as_ref());
                }
            });
        });
        Self {
            identity,
            certificates: certificates.into(),
        }
    }

    /// Who signs.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// A message that contains `content`, such as a signed profile: SHA-256, signing time `at`.
    pub fn sign_attached(&self, content: &[u8], at: OffsetDateTime) -> Result<Vec<u8>, SignError> {
        self.sign(Content::Attached(content), Digest::Sha256, Some(at), &[])
    }

    /// A signature apart from its `content`: SHA-256, signing time `at`.
    pub fn sign_detached(&self, content: &[u8], at: OffsetDateTime) -> Result<Vec<u8>, SignError> {
        self.sign(Content::Detached(content), Digest::Sha256, Some(at), &[])
    }

    /// A `SignedData` (RFC 5652 section 5) by one signer over content of type `id-data`, with signed
    /// attributes: `contentType`, `messageDigest`, `signingTime` if `at` is given, and `more`.
    pub fn sign(
        &self,
        content: Content<'_>,
        digest: Digest,
        at: Option<OffsetDateTime>,
        more: &[SignedAttribute],
    ) -> Result<Vec<u8>, SignError> {
        let (Content::Attached(octets) | Content::Detached(octets)) = content;
        let attributes = signed_attributes(digest.hash(octets).as_ref(), at, more);
        let signature = self.identity.sign(digest, &attributes)?;
        let algorithm = self.identity.signature_algorithm(digest);
        Ok(encode(|w| {
            w.sequence(|w| {
                w.oid(oid::SIGNED_DATA);
                w.context(0, |w| {
                    w.sequence(|w| {
                        w.integer(1);
                        w.set(|w| w.sequence(|w| w.oid(digest.oid())));
                        w.sequence(|w| {
                            w.oid(oid::DATA);
                            if let Content::Attached(octets) = content {
                                w.context(0, |w| w.octet_string(octets));
                            }
                        });
                        w.raw(&self.certificates);
                        w.set(|w| {
                            w.sequence(|w| {
                                w.integer(1);
                                w.raw(self.identity.issuer_and_serial());
                                w.sequence(|w| w.oid(digest.oid()));
                                // The same octets as signed, but for the tag (RFC 5652 section 5.4).
                                w.raw(&[Tag::context(0).0]);
                                w.raw(attributes.get(1..).unwrap_or_default());
                                w.sequence(|w| {
                                    w.oid(algorithm);
                                    if algorithm == oid::RSA_ENCRYPTION {
                                        w.null();
                                    }
                                });
                                w.octet_string(&signature);
                            });
                        });
                    });
                });
            });
        }))
    }
}

/// The `SET OF Attribute` that is signed.
fn signed_attributes(
    digest: &[u8],
    at: Option<OffsetDateTime>,
    more: &[SignedAttribute],
) -> Vec<u8> {
    let attribute = |oid: Oid<'_>, value: &dyn Fn(&mut Writer)| {
        encode(|w| {
            w.sequence(|w| {
                w.oid(oid);
                w.set(value);
            });
        })
    };
    let mut attributes = vec![
        attribute(oid::CONTENT_TYPE, &|w| w.oid(oid::DATA)),
        attribute(oid::MESSAGE_DIGEST, &|w| w.octet_string(digest)),
    ];
    if let Some(at) = at {
        attributes.push(attribute(oid::SIGNING_TIME, &|w| w.time(at)));
    }
    for extra in more {
        attributes.push(attribute(extra.oid, &|w| w.raw(&extra.value)));
    }
    encode(|w| w.set_of_sorted(attributes))
}

/// A `SignedData` without signer that only carries certificates and CRLs, in the order given (RFC 8894
/// section 3.4). Clients take the first certificate for theirs.
pub fn certificates_only<C: AsRef<[u8]>, L: AsRef<[u8]>>(
    certificates: &[C],
    lists: &[L],
) -> Vec<u8> {
    encode(|w| {
        w.sequence(|w| {
            w.oid(oid::SIGNED_DATA);
            w.context(0, |w| {
                w.sequence(|w| {
                    w.integer(1);
                    w.set(|_| {});
                    w.sequence(|w| w.oid(oid::DATA));
                    if !certificates.is_empty() {
                        w.context(0, |w| {
                            for der in certificates {
                                w.raw(der.as_ref());
                            }
                        });
                    }
                    if !lists.is_empty() {
                        w.context(1, |w| {
                            for der in lists {
                                w.raw(der.as_ref());
                            }
                        });
                    }
                    w.set(|_| {});
                });
            });
        });
    })
}
