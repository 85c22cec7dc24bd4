//! The `Mdm-Signature` request header: a detached CMS signature over the exact request body, in base64
//! (Apple: "Pass an identity certificate through a proxy").

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use time::macros::format_description;

use super::Digest;
use super::signed::{Attribute, Encoding, SignedError, ToSign, sign};
use crate::der::{element, oid, tag};
use crate::identity::Identity;

/// Whether a signature says when it was made: iOS says, macOS does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningTime {
    /// With the signingTime attribute.
    At(SystemTime),
    /// Without it.
    Absent,
}

/// Value of the `Mdm-Signature` header for a request with this body.
pub fn mdm_signature(
    body: &[u8],
    identity: &Identity,
    digest: Digest,
    when: SigningTime,
) -> Result<String, SignedError> {
    let attributes = match when {
        SigningTime::At(when) => vec![Attribute {
            oid: oid::SIGNING_TIME.to_vec(),
            value: utc_time(when),
        }],
        SigningTime::Absent => Vec::new(),
    };
    let signed = sign(ToSign {
        content: body,
        attached: false,
        attributes,
        certificate: identity.certificate(),
        others: &[],
        key: identity.key(),
        digest,
        encoding: Encoding::Der,
    })?;
    Ok(STANDARD.encode(signed))
}

/// A `UTCTime` (RFC 5652 section 11.3: years before 2050 are written so).
pub(crate) fn utc_time(when: SystemTime) -> Vec<u8> {
    let format = format_description!("[year repr:last_two][month][day][hour][minute][second]Z");
    let text = OffsetDateTime::from(when)
        .format(&format)
        .unwrap_or_default();
    element(tag::UTC_TIME, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::testing::{openssl, self_signed};
    use std::time::Duration;

    /// The proof: OpenSSL's command verifies each kind, and refuses it for another body.
    #[test]
    fn openssl_verifies_our_signatures() {
        let folder = tempfile::tempdir().unwrap();
        let (identity, x509) = self_signed(0, "Device & <Söhne>");
        std::fs::write(folder.path().join("ca.pem"), x509.to_pem().unwrap()).unwrap();
        std::fs::write(folder.path().join("body"), "<plist>\n</plist>").unwrap();
        std::fs::write(folder.path().join("other"), "<plist>\n\n</plist>").unwrap();
        let at = SigningTime::At(SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000));
        for (when, digest) in [
            (at, Digest::Sha256),
            (SigningTime::Absent, Digest::Sha1),
            (at, Digest::Sha512),
        ] {
            let header = mdm_signature(b"<plist>\n</plist>", &identity, digest, when).unwrap();
            std::fs::write(
                folder.path().join("sig.der"),
                STANDARD.decode(header).unwrap(),
            )
            .unwrap();
            let verify = "cms -verify -inform DER -in sig.der -binary -CAfile ca.pem -purpose any -out /dev/null -content";
            openssl(folder.path(), &format!("{verify} body")).unwrap();
            openssl(folder.path(), &format!("{verify} other")).unwrap_err();
        }
        let printed = openssl(folder.path(), "cms -cmsout -print -inform DER -in sig.der").unwrap();
        assert!(printed.contains("signingTime"), "{printed}");
        assert!(printed.contains("Sep 21 14:13:20 2026 GMT"), "{printed}");
    }
}
