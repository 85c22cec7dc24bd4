//! Reading a configuration profile that may be signed (Apple: "Configuration Profile Reference", signing).

use openssl::cms::{CMSOptions, CmsContentInfo};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509PurposeId};

use super::signed::Signed;
use crate::der::Reader;

/// What a device's settings say about the signature of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// Signed, and the signer chains to a root this device trusts.
    Verified,
    /// Signed by somebody this device does not trust; the text itself is intact.
    NotVerified,
    /// No signature.
    NotSigned,
    /// There is a signature, and it is not of this text.
    Broken,
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Verified => "Verified",
            Self::NotVerified => "Not Verified",
            Self::NotSigned => "Not Signed",
            Self::Broken => "Broken signature",
        })
    }
}

/// The property list inside a profile's bytes, and what its signature is worth.
#[derive(Debug, Clone)]
pub struct SignedProfile {
    /// The XML text, as it was signed.
    pub text: Vec<u8>,
    /// Verdict on the signature.
    pub signature: Signature,
    /// Certificates sent with it, in DER, in the order of the message.
    pub certificates: Vec<Vec<u8>>,
}

/// Takes the signature off a profile and judges it by the roots this device trusts. OpenSSL verifies.
pub fn profile(bytes: &[u8], roots: &[X509]) -> SignedProfile {
    if bytes.first() != Some(&0x30) {
        return SignedProfile {
            text: bytes.to_vec(),
            signature: Signature::NotSigned,
            certificates: Vec::new(),
        };
    }
    let certificates = match Reader(bytes).any().map(|outer| Signed::parse(outer.whole)) {
        Ok(Ok(signed)) => signed.certificates.iter().map(|der| der.to_vec()).collect(),
        _ => Vec::new(),
    };
    let (text, signature) = match verified(bytes, roots, CMSOptions::BINARY) {
        Some(text) => (text, Signature::Verified),
        None => match verified(
            bytes,
            roots,
            CMSOptions::BINARY | CMSOptions::NO_SIGNER_CERT_VERIFY,
        ) {
            Some(text) => (text, Signature::NotVerified),
            None => (Vec::new(), Signature::Broken),
        },
    };
    SignedProfile {
        text,
        signature,
        certificates,
    }
}

fn verified(bytes: &[u8], roots: &[X509], flags: CMSOptions) -> Option<Vec<u8>> {
    let mut store = X509StoreBuilder::new().ok()?;
    store.set_purpose(X509PurposeId::ANY).ok()?;
    store.set_flags(X509VerifyFlags::PARTIAL_CHAIN).ok()?;
    for root in roots {
        store.add_cert(root.clone()).ok()?;
    }
    let (store, none) = (store.build(), Stack::new().ok()?);
    let mut text = Vec::new();
    CmsContentInfo::from_der(bytes)
        .ok()?
        .verify(Some(&none), Some(&store), None, Some(&mut text), flags)
        .ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::testing::self_signed;

    #[test]
    fn the_four_verdicts() {
        let (identity, x509) = self_signed(0, "Signer");
        let (_, stranger) = self_signed(1, "Stranger");
        let text = b"<plist>\n<!-- & \" \xc3\xa9 -->\n</plist>";
        let cms = CmsContentInfo::sign(
            Some(&x509),
            Some(identity.key()),
            None,
            Some(text),
            CMSOptions::BINARY,
        )
        .unwrap();
        let signed = cms.to_der().unwrap();
        let mut broken = signed.clone();
        let at = signed
            .windows(5)
            .position(|window| window == b"plist")
            .unwrap();
        broken[at] ^= 1;
        for (bytes, roots, verdict) in [
            (&signed, vec![x509.clone()], Signature::Verified),
            (&signed, vec![stranger], Signature::NotVerified),
            (&text.to_vec(), vec![], Signature::NotSigned),
            (&broken, vec![x509.clone()], Signature::Broken),
        ] {
            let read = profile(bytes, &roots);
            assert_eq!(read.signature, verdict);
            assert_eq!(read.text == text, verdict != Signature::Broken);
        }
        assert_eq!(
            profile(&signed, &[]).certificates,
            [identity.certificate().to_vec()]
        );
    }
}
