//! Certificates, requests and messages in DER and BER.

use std::sync::LazyLock;

use mdm_certs::cms::{Cipher, EnvelopedData, Identity, SignedData};
use mdm_certs::csr::Csr;
use mdm_certs::der::{Element, MAX_DEPTH, MAX_NODES, Reader};
use mdm_certs::mdm_signature;
use mdm_certs::scep::{Query, Request};
use mdm_certs::x509::CertificateFacts;
use openssl::pkey::PKey;
use openssl::x509::X509;

/// To whom the envelopes of the corpora are addressed.
static AUTHORITY: LazyLock<Identity> = LazyLock::new(|| {
    let certificate = include_bytes!("../../../certs/src/testdata/ra.pem");
    let key = include_bytes!("../../../certs/src/testdata/ra.key.pem");
    let certificate = X509::from_pem(certificate).and_then(|c| c.to_der());
    let key = PKey::private_key_from_pem(key).expect("a key");
    Identity::new(certificate.expect("a certificate"), key).expect("an identity")
});
/// In the place of what must be random; here it must not be.
const FALLBACK: [u8; Cipher::MAX_KEY] = [7; Cipher::MAX_KEY];

/// The reader: an encoding that passes its walk can be read to its leaves.
pub fn der(bytes: &[u8]) {
    if let Ok(element) = Element::parse(bytes) {
        let mut left = MAX_NODES;
        descend(element, 0, &mut left);
    }
}

fn descend(element: Element<'_>, depth: usize, left: &mut usize) {
    assert!(
        depth <= MAX_DEPTH && *left > 0,
        "the walk was to refuse this"
    );
    *left -= 1;
    let _ = element.text();
    let _ = element.octets("octets");
    let _ = element.bits("bits");
    let _ = element.small_integer("integer");
    if element.tag().is_constructed() {
        let mut members: Reader<'_> = element.children();
        while !members.is_empty() {
            let member = members.next("member").expect("what was walked can be read");
            descend(member, depth + 1, left);
        }
    }
}

/// Signed data, whatever signs it.
pub fn cms_signed(bytes: &[u8]) {
    let Ok(signed) = SignedData::parse(bytes) else {
        return;
    };
    let content = signed.content().unwrap_or_default();
    for signer in signed.signers() {
        if let Ok(certificate) = signed.certificate_of(signer)
            && let Ok(key) = certificate.public_key()
        {
            let _ = signer.verify(signed.content_type(), content, &key);
        }
    }
}

/// An envelope, opened by its recipient.
pub fn cms_enveloped(bytes: &[u8]) {
    if let Ok(envelope) = EnvelopedData::parse(bytes) {
        let _ = envelope.open(&AUTHORITY, &FALLBACK);
    }
}

/// A SCEP message.
pub fn scep_request(bytes: &[u8]) {
    if let Ok(request) = Request::decode(bytes, &AUTHORITY, &FALLBACK) {
        let _ = format!("{:?}", request.into_body());
    }
}

/// The query of a SCEP request.
pub fn scep_query(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let query = Query::new(text);
    let _ = (query.operation(), query.message(), query.authority());
}

/// A certificate request.
pub fn csr(bytes: &[u8]) {
    if let Ok(request) = Csr::parse(bytes) {
        let _ = (request.subject_text(), request.alternative_names());
        let _ = (request.purposes(), request.key_usage());
        let _ = format!("{request:?}");
    }
}

/// A certificate.
pub fn certificate(bytes: &[u8]) {
    if let Ok(facts) = CertificateFacts::parse(bytes) {
        let _ = facts.serves(mdm_certs::oid::CLIENT_AUTH);
        let _ = format!("{facts:?}");
    }
}

/// An `Mdm-Signature` header, an empty line, and the body it is said to sign.
pub fn mdm_signature(bytes: &[u8]) {
    let split = bytes.windows(2).position(|two| two == b"\n\n");
    let (header, body) = match split {
        Some(at) => (&bytes[..at], &bytes[at + 2..]),
        None => (bytes, b"".as_slice()),
    };
    let _ = mdm_signature::verify(header, body, |_| None);
}
