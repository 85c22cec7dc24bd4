//! The certificate request of an enrollment, with every peculiarity of Windows, and the signed one of a renewal.

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKeyRef, Private};
use openssl::sign::Signer;

use super::Persona;
use super::persona::RequestStyle;
use crate::cms::{Attribute, Digest, Encoding, SignedError, ToSign, sign, utc_time};
use crate::der::{algorithm, element, joined, object, oid, sequence, tag};
use crate::identity::Identity;

/// 1.3.6.1.4.1.311.66.1.0: the device's identity ([MS-MDE2] 3.3.4.1.1.1).
const DEVICE_IDENTITY: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 66, 1, 0];
/// 1.3.14.3.2.29: SHA-1 with RSA, as ISO once named it.
const ISO_SHA1_WITH_RSA: &[u8] = &[0x2b, 14, 3, 2, 29];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
const COMMON_NAME: &[u8] = &[0x55, 4, 3];

/// A PKCS#10 request in DER: a common name made of 30 characters of a GUID, `!` and the `DeviceID`; the `DeviceID` and a NUL
/// as the bare octets of its extension.
pub(crate) fn certificate_request(
    persona: &Persona,
    style: RequestStyle,
    key: &PKeyRef<Private>,
) -> Result<Vec<u8>, ErrorStack> {
    let guid = persona.request_guid();
    let mut name = format!(
        "{}!{}",
        guid.get(..30).unwrap_or_default(),
        persona.device_id
    );
    let (string, digest, signature) = match style {
        RequestStyle::Sha1 => {
            name.push('\0');
            (
                tag::PRINTABLE_STRING,
                MessageDigest::sha1(),
                ISO_SHA1_WITH_RSA,
            )
        }
        RequestStyle::Sha256 => (
            tag::UTF8_STRING,
            MessageDigest::sha256(),
            oid::SHA256_WITH_RSA,
        ),
    };
    let identity = format!("{}\0", persona.device_id);
    let mut extensions = sequence(&[
        &object(DEVICE_IDENTITY),
        &element(tag::OCTET_STRING, identity.as_bytes()),
    ]);
    if style == RequestStyle::Sha256 {
        let usage = sequence(&[&object(CLIENT_AUTH)]);
        extensions.extend(sequence(&[
            &object(oid::EXTENDED_KEY_USAGE),
            &element(tag::OCTET_STRING, &usage),
        ]));
    }
    let wanted = element(tag::SET, &element(tag::SEQUENCE, &extensions));
    let attributes = sequence(&[&object(oid::EXTENSION_REQUEST), &wanted]);
    let common_name = sequence(&[&object(COMMON_NAME), &element(string, name.as_bytes())]);
    let info = sequence(&[
        &element(tag::INTEGER, &[0]),
        &sequence(&[&element(tag::SET, &common_name)]),
        &key.public_key_to_der()?,
        &element(tag::CONTEXT_0, &attributes),
    ]);
    let signed = Signer::new(digest, key)?.sign_oneshot_to_vec(&info)?;
    Ok(sequence(&[
        &info,
        &algorithm(signature),
        &joined(tag::BIT_STRING, &[&[0], &signed]),
    ]))
}

/// A renewal: the request inside a CMS `SignedData` of the current certificate ([MS-WSTEP] 3.1.4.1.3.1).
pub(crate) fn renewal_request(
    request: &[u8],
    current: &Identity,
    now: std::time::SystemTime,
) -> Result<Vec<u8>, SignedError> {
    sign(ToSign {
        content: request,
        attached: true,
        attributes: vec![Attribute {
            oid: oid::SIGNING_TIME.to_vec(),
            value: utc_time(now),
        }],
        certificate: current.certificate(),
        others: &[],
        key: current.key(),
        digest: Digest::Sha256,
        encoding: Encoding::Der,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::testing::{openssl, self_signed};
    use crate::keys::KeyPool;
    use crate::windows::Version;

    /// The proof: OpenSSL verifies the newer request, and takes the older one apart.
    #[test]
    fn openssl_reads_our_requests() {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPool::committed().key(3).unwrap();
        let persona = Persona::from_seed(Version::Windows11, 7);
        for (style, file) in [
            (RequestStyle::Sha256, "new.der"),
            (RequestStyle::Sha1, "old.der"),
        ] {
            let der = certificate_request(&persona, style, &key).unwrap();
            std::fs::write(folder.path().join(file), der).unwrap();
        }
        let printed = openssl(
            folder.path(),
            "req -inform DER -in new.der -noout -verify -text",
        )
        .unwrap();
        let name = format!(
            "CN = {}!{}",
            &persona.request_guid()[..30],
            persona.device_id
        );
        for line in [
            name.as_str(),
            "sha256WithRSAEncryption",
            "TLS Web Client Authentication",
            "1.3.6.1.4.1.311.66.1.0",
        ] {
            assert!(printed.contains(line), "{line}\n{printed}");
        }
        let printed = openssl(folder.path(), "asn1parse -inform DER -in old.der").unwrap();
        for line in [
            "PRINTABLESTRING",
            "hl=2 l=  64",
            "sha1WithRSA",
            "1.3.6.1.4.1.311.66.1.0",
        ] {
            assert!(printed.contains(line), "{line}\n{printed}");
        }
        // OpenSSL knows the old identifier and verifies it, too.
        openssl(folder.path(), "req -inform DER -in old.der -noout -verify").unwrap();
    }

    #[test]
    fn openssl_verifies_a_renewal() {
        let folder = tempfile::tempdir().unwrap();
        let (identity, x509) = self_signed(0, "Device");
        let persona = Persona::from_seed(Version::Windows10, 7);
        let request = certificate_request(&persona, RequestStyle::Sha256, identity.key()).unwrap();
        let now = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_790_000_000);
        let signed = renewal_request(&request, &identity, now).unwrap();
        std::fs::write(folder.path().join("r.p7"), signed).unwrap();
        std::fs::write(folder.path().join("ca.pem"), x509.to_pem().unwrap()).unwrap();
        openssl(
            folder.path(),
            "cms -verify -inform DER -in r.p7 -CAfile ca.pem -purpose any -out inner.der",
        )
        .unwrap();
        assert_eq!(
            std::fs::read(folder.path().join("inner.der")).unwrap(),
            request
        );
    }
}
