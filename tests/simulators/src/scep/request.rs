//! PKCS#10 requests (RFC 2986) with SCEP's challenge, and the self-signed certificate of a first request.

use std::time::{Duration, SystemTime};

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKeyRef, Private};
use openssl::sign::Signer;

use super::{Enrollment, Subject};
use crate::cms::utc_time;
use crate::der::{algorithm, dotted, element, joined, object, oid, sequence, set_of, tag};

const DAY: Duration = Duration::from_hours(24);

/// A certificate request in DER: subject, public key, challengePassword, and the extensions asked for.
pub fn certificate_request(
    ask: &Enrollment,
    key: &PKeyRef<Private>,
) -> Result<Vec<u8>, ErrorStack> {
    let mut attributes = Vec::new();
    if let Some(challenge) = &ask.challenge {
        let printable = challenge
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b));
        let string = if printable {
            tag::PRINTABLE_STRING
        } else {
            tag::UTF8_STRING
        };
        let value = element(tag::SET, &element(string, challenge.as_bytes()));
        attributes.push(sequence(&[&object(oid::CHALLENGE_PASSWORD), &value]));
    }
    let mut extensions = Vec::new();
    if let Some(bits) = key_usage(ask.key_usage) {
        extensions.extend(extension(oid::KEY_USAGE, true, &bits));
    }
    let purposes: Vec<u8> = ask
        .extended_key_usage
        .iter()
        .filter_map(|purpose| dotted(purpose))
        .flat_map(|purpose| object(&purpose))
        .collect();
    if !purposes.is_empty() {
        let purposes = element(tag::SEQUENCE, &purposes);
        extensions.extend(extension(oid::EXTENDED_KEY_USAGE, false, &purposes));
    }
    if let Some(names) = ask.alt_names.to_der() {
        extensions.extend(extension(oid::SUBJECT_ALT_NAME, false, &names));
    }
    if !extensions.is_empty() {
        let value = element(tag::SET, &element(tag::SEQUENCE, &extensions));
        attributes.push(sequence(&[&object(oid::EXTENSION_REQUEST), &value]));
    }
    let info = sequence(&[
        &element(tag::INTEGER, &[0]),
        &ask.subject.to_der(),
        &key.public_key_to_der()?,
        &set_of(attributes, tag::CONTEXT_0),
    ]);
    signed(&info, key)
}

/// A certificate for a key, signed by that key: what signs a first request (RFC 8894 section 2.3).
pub(crate) fn self_signed_certificate(
    subject: &Subject,
    key: &PKeyRef<Private>,
    now: SystemTime,
    serial: &[u8; 16],
) -> Result<Vec<u8>, ErrorStack> {
    let mut positive = *serial;
    positive[0] = (positive[0] & 0x7f) | 0x40;
    let name = subject.to_der();
    let usage = key_usage(5)
        .map(|bits| extension(oid::KEY_USAGE, true, &bits))
        .unwrap_or_default();
    let tbs = sequence(&[
        &element(tag::CONTEXT_0, &element(tag::INTEGER, &[2])),
        &element(tag::INTEGER, &positive),
        &algorithm(oid::SHA256_WITH_RSA),
        &name,
        &sequence(&[&utc_time(now - DAY), &utc_time(now + 365 * DAY)]),
        &name,
        &key.public_key_to_der()?,
        &element(0xa3, &element(tag::SEQUENCE, &usage)),
    ]);
    signed(&tbs, key)
}

fn signed(body: &[u8], key: &PKeyRef<Private>) -> Result<Vec<u8>, ErrorStack> {
    let signature = Signer::new(MessageDigest::sha256(), key)?.sign_oneshot_to_vec(body)?;
    Ok(sequence(&[
        body,
        &algorithm(oid::SHA256_WITH_RSA),
        &joined(tag::BIT_STRING, &[&[0], &signature]),
    ]))
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical {
        element(tag::BOOLEAN, &[0xff])
    } else {
        Vec::new()
    };
    sequence(&[&object(oid), &critical, &element(tag::OCTET_STRING, value)])
}

/// digitalSignature is bit 0, keyEncipherment bit 2 (RFC 5280 section 4.2.1.3).
fn key_usage(usage: u8) -> Option<Vec<u8>> {
    let (bits, unused) = match usage {
        1 => (0x80, 7),
        4 => (0x20, 5),
        5 => (0xa0, 5),
        _ => return None,
    };
    Some(element(tag::BIT_STRING, &[unused, bits]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::testing::openssl;
    use crate::keys::KeyPool;
    use crate::scep::AltNames;

    #[test]
    fn openssl_reads_our_requests() {
        let folder = tempfile::tempdir().unwrap();
        let json =
            r#"[[["C","DE"]],[["O","Müller & <Söhne>"]],[["CN","a \"b\""]],[["E","x@y.example"]]]"#;
        let subject = Subject::from_payload(&serde_json::from_str(json).unwrap()).unwrap();
        let mut ask = Enrollment::new("http://x", subject);
        ask.challenge = Some("s3cret & é".to_owned());
        ask.key_usage = 5;
        ask.extended_key_usage = vec!["1.3.6.1.5.5.7.3.2".to_owned()];
        ask.alt_names = AltNames {
            mail: vec!["x@y.example".into()],
            dns: vec!["h.example".into()],
            uri: vec!["urn:x".into()],
            principal: vec!["u@d".into()],
        };
        let der = certificate_request(&ask, &KeyPool::committed().key(3).unwrap()).unwrap();
        std::fs::write(folder.path().join("r.der"), der).unwrap();
        let command = "req -inform DER -in r.der -noout -verify -text -nameopt utf8,sep_comma_plus";
        let printed = openssl(folder.path(), command).unwrap();
        let lines = [
            "C=DE,O=Müller & <Söhne>,CN=a \"b\",emailAddress=x@y.example",
            "challengePassword",
        ];
        let extensions = [
            "Digital Signature, Key Encipherment",
            "TLS Web Client Authentication",
            "email:x@y.example, DNS:h.example, URI:urn:x",
            "othername",
        ];
        for line in lines.into_iter().chain(extensions) {
            assert!(printed.contains(line), "{line}\n{printed}");
        }
    }
}
