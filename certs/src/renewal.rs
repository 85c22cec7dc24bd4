//! A request for a new certificate that is signed with the one it renews: CMS `SignedData` around PKCS#10, as the
//! enrollment client of Windows sends it ([MS-WSTEP] 3.1.4.1.3.3).

use crate::cms::{CmsError, PublicKeyError, SignedData, VerifyError};
use crate::csr::{Csr, CsrError};

/// The request and who signed it. Both signatures hold; whether the signer may renew is for the caller to say.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// The request, signed by the key it names.
    pub request: Csr,
    /// The certificate that signed it, DER.
    pub signer: Vec<u8>,
}

/// Why bytes are no renewal that can be granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenewalError {
    /// Not signed data by exactly one signer whose certificate is embedded: the source says which.
    #[error("reading the renewal of a certificate")]
    Message(#[from] CmsError),
    /// Nothing is signed.
    #[error("the renewal of a certificate holds no request")]
    Detached,
    /// The signer's key is none that we can use.
    #[error("reading the key that signed the renewal of a certificate")]
    Key(#[from] PublicKeyError),
    /// It is not what was signed, or the signature is wrong: the source says which.
    #[error("verifying the renewal of a certificate")]
    Verify(#[from] VerifyError),
    /// What was signed is no request that can be granted.
    #[error("reading the request inside the renewal of a certificate")]
    Request(#[from] CsrError),
}

impl Renewal {
    /// Reads a renewal and verifies both signatures.
    pub fn parse(der: &[u8]) -> Result<Self, RenewalError> {
        let signed = SignedData::parse(der)?;
        let signer = signed.only_signer()?;
        let certificate = signed.certificate_of(signer)?;
        let content = signed.content().ok_or(RenewalError::Detached)?;
        signer.verify(signed.content_type(), content, &certificate.public_key()?)?;
        Ok(Self {
            request: Csr::parse(content)?,
            signer: certificate.der().to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::testdata::{OpenSsl, certificate};

    fn message(options: &str) -> (OpenSsl, Vec<u8>) {
        let openssl = OpenSsl::new();
        let request = openssl.run("req -new -key p256.key.pem -subj /CN=new -outform DER");
        openssl.write("request", &request);
        let message = openssl.run(&format!(
            "cms -sign -binary -in request -outform DER -signer device.pem -inkey device.key.pem {options}"
        ));
        (openssl, message)
    }

    #[test]
    fn what_openssl_signs_is_read() {
        for options in [
            "-nodetach",
            "-nodetach -md sha1 -noattr",
            "-nodetach -stream",
        ] {
            let renewal = Renewal::parse(&message(options).1).unwrap();
            assert_eq!(renewal.signer, certificate("device"), "{options}");
            assert_eq!(renewal.request.subject_text(), "CN=new", "{options}");
        }
    }

    #[test]
    fn what_does_not_hold_is_refused() {
        let (openssl, good) = message("-nodetach");
        let (_, detached) = message("");
        let (_, nameless) = message("-nodetach -nocerts");
        openssl.write("text", b"no request");
        let text = openssl.run(
            "cms -sign -binary -nodetach -in text -outform DER -signer device.pem -inkey device.key.pem",
        );
        // The last octet is the signature's; one in the name of the request is what it covers.
        let mut forged = good.clone();
        *forged.last_mut().unwrap() ^= 1;
        let mut changed = good.clone();
        let at = changed.windows(3).position(|w| w == b"new").unwrap();
        changed[at] = b'm';
        for (message, complaint, cause) in [
            (
                detached,
                "the renewal of a certificate holds no request",
                None,
            ),
            (
                nameless,
                "reading the renewal of a certificate",
                Some("the signer's certificate is not in the message"),
            ),
            (
                text,
                "reading the request inside the renewal of a certificate",
                Some("reading a certification request"),
            ),
            (
                forged,
                "verifying the renewal of a certificate",
                Some("the signature does not verify with the signer's key"),
            ),
            (changed, "verifying the renewal of a certificate", None),
            (
                good[..good.len() / 2].to_vec(),
                "reading the renewal of a certificate",
                None,
            ),
        ] {
            let error = Renewal::parse(&message).unwrap_err();
            assert_eq!(error.to_string(), complaint);
            if let Some(cause) = cause {
                assert_eq!(error.source().unwrap().to_string(), cause, "{complaint}");
            }
        }
    }
}
