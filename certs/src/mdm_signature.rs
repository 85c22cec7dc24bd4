//! The `Mdm-Signature` header: which device sent this body (Apple, "Pass an Identity Certificate
//! Through a Proxy"; MDM protocol, `SignMessage`).

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::cms::{CmsError, PublicKey, PublicKeyError, SignedData, VerifyError};
use crate::x509::Fingerprint;

/// The longest header that is read, in octets. Devices send about 2.1 KB.
pub const MAX_HEADER: usize = 10 * 1024;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a header does not show who sent a body. Answer 400 to each, never 401.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MdmSignatureError {
    /// Longer than [`MAX_HEADER`].
    #[error("Mdm-Signature of {0} octets: at most {MAX_HEADER} are read")]
    TooLarge(usize),
    /// Not base64.
    #[error("Mdm-Signature is not base64")]
    NotBase64,
    /// Not signed data by exactly one signer whose certificate is embedded: the source says which.
    #[error("reading Mdm-Signature")]
    Message(#[from] CmsError),
    /// The signer's key is none that we can use.
    #[error("reading the key of the certificate in Mdm-Signature")]
    Key(#[from] PublicKeyError),
    /// The body is not what was signed, or the signature is wrong: the source says which.
    #[error("verifying Mdm-Signature")]
    Verify(#[from] VerifyError),
}

/// Who signed a body: a certificate whose key is proven. Whether to trust it is for the caller to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerCertificate {
    /// The certificate, DER, as embedded.
    pub der: Vec<u8>,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Its key, to be kept with the fingerprint once the certificate is trusted.
    pub public_key: Arc<PublicKey>,
}

/// Verifies a header over the body exactly as received; for a request without body, over nothing.
///
/// `known` gives the key of a certificate seen before, by fingerprint; `|_| None` does without.
/// `signingTime` is neither required nor looked at: macOS leaves it out.
pub fn verify(
    header: &[u8],
    body: &[u8],
    known: impl FnOnce(&Fingerprint) -> Option<Arc<PublicKey>>,
) -> Result<SignerCertificate, MdmSignatureError> {
    if header.len() > MAX_HEADER {
        return Err(MdmSignatureError::TooLarge(header.len()));
    }
    let text = if header.iter().any(u8::is_ascii_whitespace) {
        let words = header.split(u8::is_ascii_whitespace);
        Cow::Owned(words.collect::<Vec<_>>().concat())
    } else {
        Cow::Borrowed(header)
    };
    let message = BASE64
        .decode(text)
        .map_err(|_| MdmSignatureError::NotBase64)?;
    let signed = SignedData::parse(&message)?;
    let signer = signed.only_signer()?;
    let certificate = signed.certificate_of(signer)?;
    let fingerprint = Fingerprint::of(certificate.der());
    let public_key = match known(&fingerprint) {
        Some(key) => key,
        None => Arc::new(certificate.public_key()?),
    };
    signer.verify(signed.content_type(), body, &public_key)?;
    Ok(SignerCertificate {
        der: certificate.der().to_vec(),
        fingerprint,
        public_key,
    })
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::testdata::{OpenSsl, certificate};

    const BODY: &[u8] = "<plist>& < \" é</plist>\r\n".as_bytes();

    fn signed(options: &str) -> String {
        let openssl = OpenSsl::new();
        openssl.write("body", BODY);
        let message = openssl.run(&format!(
            "cms -sign -binary -in body -outform DER -signer device.pem -inkey device.key.pem {options}"
        ));
        STANDARD.encode(message)
    }

    #[test]
    fn signatures_by_openssl_verify() {
        for options in [
            "-md sha256",
            "-md sha1",
            "-md sha256 -stream",
            "-md sha256 -keyid -certfile ra.pem",
        ] {
            let header = signed(options);
            let lines: Vec<_> = header
                .as_bytes()
                .chunks(64)
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect();
            for header in [&header, &lines.join("\r\n "), &lines.join("\n")] {
                let signer = verify(header.as_bytes(), BODY, |_| None).unwrap();
                assert_eq!(signer.der, certificate("device"), "{options}");
                assert_eq!(signer.fingerprint, Fingerprint::of(&signer.der));
            }
        }
    }

    #[test]
    fn a_body_that_is_absent_is_signed_as_nothing() {
        let openssl = OpenSsl::new();
        openssl.write("body", b"");
        let message = openssl
            .run("cms -sign -binary -in body -outform DER -signer p256.pem -inkey p256.key.pem");
        let header = STANDARD.encode(message);
        assert!(verify(header.as_bytes(), b"", |_| None).is_ok());
    }

    #[test]
    fn a_known_key_is_used_instead_of_reading_the_certificate_again() {
        let header = signed("");
        let first = verify(header.as_bytes(), BODY, |_| None).unwrap();
        let kept = Arc::clone(&first.public_key);
        let second = verify(header.as_bytes(), BODY, |fingerprint| {
            assert_eq!(*fingerprint, first.fingerprint);
            Some(Arc::clone(&kept))
        });
        assert!(Arc::ptr_eq(&second.unwrap().public_key, &kept));
        let other = crate::cms::CertificateView::parse(&certificate("ra"))
            .unwrap()
            .public_key()
            .unwrap();
        let error = verify(header.as_bytes(), BODY, |_| Some(Arc::new(other))).unwrap_err();
        assert_eq!(error, MdmSignatureError::Verify(VerifyError::Signature));
    }

    #[test]
    fn each_refusal_says_exactly_why() {
        let good = signed("");
        let mut forged = STANDARD.decode(&good).unwrap();
        *forged.last_mut().unwrap() ^= 1;
        let forged = STANDARD.encode(forged);
        let large = "A".repeat(MAX_HEADER + 1);
        for (header, body, complaint, cause) in [
            (
                &*large,
                BODY,
                "Mdm-Signature of 10241 octets: at most 10240 are read",
                None,
            ),
            ("é", BODY, "Mdm-Signature is not base64", None),
            (
                "",
                BODY,
                "reading Mdm-Signature",
                Some("reading a cryptographic message"),
            ),
            (
                &*signed("-signer p256.pem -inkey p256.key.pem"),
                BODY,
                "reading Mdm-Signature",
                Some("the message has 2 signers where one was wanted"),
            ),
            (
                &*signed("-nocerts"),
                BODY,
                "reading Mdm-Signature",
                Some("the signer's certificate is not in the message"),
            ),
            (
                &*good,
                b"other",
                "verifying Mdm-Signature",
                Some(
                    "the content's digest is \
                     d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa, \
                     the signer's was \
                     36b2d73ebb6e64f1cbdf2933317c8f11aa7c0ddfcdacec6a15b9ff0644383b2e",
                ),
            ),
            (
                &*forged,
                BODY,
                "verifying Mdm-Signature",
                Some("the signature does not verify with the signer's key"),
            ),
        ] {
            let error = verify(header.as_bytes(), body, |_| None).unwrap_err();
            assert_eq!(error.to_string(), complaint);
            assert_eq!(error.source().map(ToString::to_string).as_deref(), cause);
        }
    }
}
