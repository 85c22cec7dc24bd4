//! DER as opaque bytes, and the one question asked of a certificate here: is it self-issued?

use std::fmt;

/// Bytes in the Distinguished Encoding Rules: a certificate or a PKCS#12 file. `Debug` tells the length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Der(Vec<u8>);

impl Der {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Der {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Der {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Der({} bytes)", self.0.len())
    }
}

/// What a certificate is to a trust store, read from its issuer and subject (RFC 5280 section 4.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateKind {
    /// Issuer and subject are the same bytes: an anchor.
    SelfIssued,
    /// Issued by somebody else.
    Issued,
}

/// Says whether `der` is exactly one X.509 certificate, and of which kind.
///
/// Only the outline is read (RFC 5280 section 4.1); no signature is checked. `None` when the bytes do not have that outline.
pub fn certificate_kind(der: &[u8]) -> Option<CertificateKind> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    const VERSION: u8 = 0xA0;
    let (certificate, rest) = element(der, SEQUENCE)?;
    if !rest.is_empty() {
        return None;
    }
    let (mut tbs, _signature) = element(certificate, SEQUENCE)?;
    if let Some((_, after)) = element(tbs, VERSION) {
        tbs = after;
    }
    let (_serial, tbs) = element(tbs, INTEGER)?;
    let (_algorithm, tbs) = element(tbs, SEQUENCE)?;
    let (issuer, tbs) = element(tbs, SEQUENCE)?;
    let (_validity, tbs) = element(tbs, SEQUENCE)?;
    let (subject, tbs) = element(tbs, SEQUENCE)?;
    let (_public_key, _) = element(tbs, SEQUENCE)?;
    Some(if issuer == subject {
        CertificateKind::SelfIssued
    } else {
        CertificateKind::Issued
    })
}

/// The contents of the element of type `tag` that `bytes` begin with, and what follows it. Definite lengths of up to four octets.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, bytes) = bytes.split_first()?;
    let (&first, bytes) = bytes.split_first()?;
    if found != tag {
        return None;
    }
    if first < 0x80 {
        return bytes.split_at_checked(usize::from(first));
    }
    let count = usize::from(first & 0x7F);
    if !(1..=4).contains(&count) {
        return None;
    }
    let (octets, bytes) = bytes.split_at_checked(count)?;
    let length = octets
        .iter()
        .fold(0_u64, |length, &octet| length << 8 | u64::from(octet));
    bytes.split_at_checked(usize::try_from(length).ok()?)
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a fixture that does not decode is a failed test"
    )]
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use proptest::prelude::*;

    use super::*;

    /// Made with `openssl req -x509 -newkey ed25519 -nodes -subj "/CN=Test Root" -days 36500`.
    pub(crate) const ROOT: &str = "MIIBPjCB8aADAgECAhQPQthD/3UkbwcX6ofc73jsJfOfYDAFBgMrZXAwFDESMBAGA1UEAwwJVGVzdCBSb290MCAXDTI2MTEyMTAyNTYxMFoYDzIxMjYxMDI4MDI1NjEwWjAUMRIwEAYDVQQDDAlUZXN0IFJvb3QwKjAFBgMrZXADIQARhAux9PymoxHGUPfXY9E5D79CEjzH5lLrpC5ptqTloqNTMFEwHQYDVR0OBBYEFJ9cs9UomVHAnGinneluzbz8rFaOMB8GA1UdIwQYMBaAFJ9cs9UomVHAnGinneluzbz8rFaOMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EAGBRWf+XMQeYpMzG+WSOKJOhweiVixdRpotCkyfB+9EfoLZ5kE2A5y8yyYT4pOYCHMkjoe3/o6H7BAUaee8ILDQ==";
    /// A leaf `CN=leaf` signed by [`ROOT`].
    pub(crate) const LEAF: &str = "MIHfMIGSAhQ3Xok+gEADWh6D3tXWZgTBxfKs8zAFBgMrZXAwFDESMBAGA1UEAwwJVGVzdCBSb290MCAXDTI2MTEyMTAyNTYxMFoYDzIxMjYxMDI4MDI1NjEwWjAPMQ0wCwYDVQQDDARsZWFmMCowBQYDK2VwAyEAiIXSXW0o8J8fW51ju1ouYnoXm7qv4oml+cpYuXdwdfMwBQYDK2VwA0EASvKor6Q/7ZTX09uJVvzXx9q9QyZyUCs38BS4LORu7y+/P9nAAQaGmFnt3kXMv6dZ6blSkzi/K/RpR4TWiguTDA==";

    pub(crate) fn bytes(base64: &str) -> Vec<u8> {
        STANDARD.decode(base64).unwrap()
    }

    #[test]
    fn tells_roots_from_the_rest() {
        let root = bytes(ROOT);
        let mut trailing = root.clone();
        trailing.push(0);
        for (name, der, kind) in [
            ("root", root.clone(), Some(CertificateKind::SelfIssued)),
            ("leaf", bytes(LEAF), Some(CertificateKind::Issued)),
            ("trailing octet", trailing, None),
            ("cut", root[..root.len() - 1].to_vec(), None),
            ("indefinite length", vec![0x30, 0x80, 0, 0], None),
            (
                "length of 2^32-1",
                vec![0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
                None,
            ),
            ("nothing", vec![], None),
        ] {
            assert_eq!(certificate_kind(&der), kind, "{name}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = certificate_kind(&bytes);
        }
    }
}
