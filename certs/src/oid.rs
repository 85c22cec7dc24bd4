//! Object identifiers: the ones this crate speaks of, and any other a peer may send.

use std::fmt;
use std::str::FromStr;

/// An object identifier by its encoded content octets (X.690 8.19), without tag and length.
///
/// An identifier that is not well formed is kept as it came and compares unequal to all of ours.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Oid<'a>(&'a [u8]);

impl<'a> Oid<'a> {
    /// An identifier from its content octets.
    pub const fn new(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// The content octets.
    pub const fn content(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Display for Oid<'_> {
    /// The dotted form; octets that are no identifier are written as `oid(hex)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(arcs) = arcs(self.0) else {
            f.write_str("oid(")?;
            for byte in self.0.iter().take(64) {
                write!(f, "{byte:02x}")?;
            }
            return f.write_str(")");
        };
        for (at, arc) in arcs.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(f, "{dot}{arc}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}

fn arcs(content: &[u8]) -> Option<Vec<u64>> {
    if content.len() > 64 || content.last().is_none_or(|last| last & 0x80 != 0) {
        return None;
    }
    let mut arcs = Vec::new();
    let mut value = 0_u64;
    for byte in content {
        value = value
            .checked_mul(128)?
            .checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 != 0 {
            continue;
        }
        if arcs.is_empty() {
            let first = (value / 40).min(2);
            arcs.push(first);
            value -= first * 40;
        }
        arcs.push(value);
        value = 0;
    }
    Some(arcs)
}

/// An object identifier that owns its octets; read from dotted text such as `1.3.6.1.5.5.7.3.2`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OidBuf(Vec<u8>);

impl OidBuf {
    /// The borrowed form.
    pub fn as_oid(&self) -> Oid<'_> {
        Oid(&self.0)
    }
}

impl From<Oid<'_>> for OidBuf {
    fn from(oid: Oid<'_>) -> Self {
        Self(oid.0.to_vec())
    }
}

impl fmt::Display for OidBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_oid().fmt(f)
    }
}

impl fmt::Debug for OidBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_oid(), f)
    }
}

/// Text that is not a dotted object identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a dotted object identifier")]
pub struct NotAnOid(String);

impl FromStr for OidBuf {
    type Err = NotAnOid;

    fn from_str(text: &str) -> Result<Self, NotAnOid> {
        let refuse = || NotAnOid(text.chars().take(64).collect());
        let arcs = text
            .split('.')
            .map(|arc| arc.parse::<u32>().ok().map(u64::from))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(refuse)?;
        let (first, second, rest) = match arcs.as_slice() {
            [first, second, rest @ ..] if rest.len() <= 30 => (*first, *second, rest),
            _ => return Err(refuse()),
        };
        if first > 2 || (first < 2 && second >= 40) {
            return Err(refuse());
        }
        let mut content = Vec::new();
        for arc in std::iter::once(&(first * 40 + second)).chain(rest) {
            push_arc(&mut content, *arc);
        }
        Ok(Self(content))
    }
}

fn push_arc(content: &mut Vec<u8>, arc: u64) {
    for group in (0..10).rev() {
        let shifted = arc >> (7 * group);
        if group > 0 && shifted == 0 {
            continue;
        }
        let more = if group > 0 { 0x80 } else { 0 };
        content.push(u8::try_from(shifted & 0x7f).unwrap_or(0) | more);
    }
}

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $($byte:literal)*;)*) => {
        $($(#[$doc])* pub const $name: Oid<'static> = Oid(&[$($byte),*]);)*
    };
}

oids! {
    /// `id-data`, RFC 5652 section 4.
    DATA = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x07 0x01;
    /// `id-signedData`, RFC 5652 section 5.1.
    SIGNED_DATA = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x07 0x02;
    /// `id-envelopedData`, RFC 5652 section 6.1.
    ENVELOPED_DATA = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x07 0x03;
    /// Attribute `contentType`, RFC 5652 section 11.1.
    CONTENT_TYPE = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x09 0x03;
    /// Attribute `messageDigest`, RFC 5652 section 11.2.
    MESSAGE_DIGEST = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x09 0x04;
    /// Attribute `signingTime`, RFC 5652 section 11.3.
    SIGNING_TIME = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x09 0x05;
    /// CSR attribute `challengePassword`, RFC 2985 section 5.4.1.
    CHALLENGE_PASSWORD = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x09 0x07;
    /// CSR attribute `extensionRequest`, RFC 2985 section 5.4.2.
    EXTENSION_REQUEST = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x09 0x0e;
    /// Microsoft's older name for `extensionRequest` ([MS-WCCE] 2.2.2.7.7).
    MICROSOFT_EXTENSION_REQUEST = 0x2b 0x06 0x01 0x04 0x01 0x82 0x37 0x02 0x01 0x0e;
    /// The extension in which Windows names the device that enrolls ([MS-MDE2] 3.3.4.1.1.1).
    WINDOWS_DEVICE_ID = 0x2b 0x06 0x01 0x04 0x01 0x82 0x37 0x42 0x01 0x00;

    /// `rsaEncryption`, RFC 8017 appendix C.
    RSA_ENCRYPTION = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x01 0x01;
    /// `sha1WithRSAEncryption`.
    SHA1_WITH_RSA = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x01 0x05;
    /// `sha256WithRSAEncryption`.
    SHA256_WITH_RSA = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x01 0x0b;
    /// `sha384WithRSAEncryption`.
    SHA384_WITH_RSA = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x01 0x0c;
    /// `sha512WithRSAEncryption`.
    SHA512_WITH_RSA = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x01 0x01 0x0d;
    /// `id-ecPublicKey`, RFC 5480 section 2.1.1.
    EC_PUBLIC_KEY = 0x2a 0x86 0x48 0xce 0x3d 0x02 0x01;
    /// Curve P-256.
    P256 = 0x2a 0x86 0x48 0xce 0x3d 0x03 0x01 0x07;
    /// Curve P-384.
    P384 = 0x2b 0x81 0x04 0x00 0x22;
    /// `ecdsa-with-SHA1`.
    ECDSA_WITH_SHA1 = 0x2a 0x86 0x48 0xce 0x3d 0x04 0x01;
    /// `ecdsa-with-SHA256`.
    ECDSA_WITH_SHA256 = 0x2a 0x86 0x48 0xce 0x3d 0x04 0x03 0x02;
    /// `ecdsa-with-SHA384`.
    ECDSA_WITH_SHA384 = 0x2a 0x86 0x48 0xce 0x3d 0x04 0x03 0x03;
    /// `ecdsa-with-SHA512`.
    ECDSA_WITH_SHA512 = 0x2a 0x86 0x48 0xce 0x3d 0x04 0x03 0x04;

    /// The older name of `sha1WithRSAEncryption` (OIW `sha-1WithRSASignature`), which Windows writes.
    OIW_SHA1_WITH_RSA = 0x2b 0x0e 0x03 0x02 0x1d;

    /// SHA-1.
    SHA1 = 0x2b 0x0e 0x03 0x02 0x1a;
    /// SHA-256.
    SHA256 = 0x60 0x86 0x48 0x01 0x65 0x03 0x04 0x02 0x01;
    /// SHA-384.
    SHA384 = 0x60 0x86 0x48 0x01 0x65 0x03 0x04 0x02 0x02;
    /// SHA-512.
    SHA512 = 0x60 0x86 0x48 0x01 0x65 0x03 0x04 0x02 0x03;

    /// `DES-CBC`.
    DES_CBC = 0x2b 0x0e 0x03 0x02 0x07;
    /// `des-EDE3-CBC`.
    DES_EDE3_CBC = 0x2a 0x86 0x48 0x86 0xf7 0x0d 0x03 0x07;
    /// `id-aes128-CBC`.
    AES128_CBC = 0x60 0x86 0x48 0x01 0x65 0x03 0x04 0x01 0x02;
    /// `id-aes192-CBC`.
    AES192_CBC = 0x60 0x86 0x48 0x01 0x65 0x03 0x04 0x01 0x16;
    /// `id-aes256-CBC`.
    AES256_CBC = 0x60 0x86 0x48 0x01 0x65 0x03 0x04 0x01 0x2a;

    /// SCEP `messageType`, RFC 8894 section 3.2.1.2.
    SCEP_MESSAGE_TYPE = 0x60 0x86 0x48 0x01 0x86 0xf8 0x45 0x01 0x09 0x02;
    /// SCEP `pkiStatus`, RFC 8894 section 3.2.1.3.
    SCEP_PKI_STATUS = 0x60 0x86 0x48 0x01 0x86 0xf8 0x45 0x01 0x09 0x03;
    /// SCEP `failInfo`, RFC 8894 section 3.2.1.4.
    SCEP_FAIL_INFO = 0x60 0x86 0x48 0x01 0x86 0xf8 0x45 0x01 0x09 0x04;
    /// SCEP `senderNonce`, RFC 8894 section 3.2.1.5.
    SCEP_SENDER_NONCE = 0x60 0x86 0x48 0x01 0x86 0xf8 0x45 0x01 0x09 0x05;
    /// SCEP `recipientNonce`, RFC 8894 section 3.2.1.5.
    SCEP_RECIPIENT_NONCE = 0x60 0x86 0x48 0x01 0x86 0xf8 0x45 0x01 0x09 0x06;
    /// SCEP `transactionID`, RFC 8894 section 3.2.1.1.
    SCEP_TRANSACTION_ID = 0x60 0x86 0x48 0x01 0x86 0xf8 0x45 0x01 0x09 0x07;
    /// SCEP `failInfoText`, RFC 8894 section 3.2.1.4 (`id-scep-failInfoText`).
    SCEP_FAIL_INFO_TEXT = 0x2b 0x06 0x01 0x05 0x05 0x07 0x18 0x01;

    /// `id-ce-subjectKeyIdentifier`, RFC 5280 section 4.2.1.2.
    SUBJECT_KEY_IDENTIFIER = 0x55 0x1d 0x0e;
    /// `id-ce-keyUsage`, RFC 5280 section 4.2.1.3.
    KEY_USAGE = 0x55 0x1d 0x0f;
    /// `id-ce-subjectAltName`, RFC 5280 section 4.2.1.6.
    SUBJECT_ALT_NAME = 0x55 0x1d 0x11;
    /// `id-ce-basicConstraints`, RFC 5280 section 4.2.1.9.
    BASIC_CONSTRAINTS = 0x55 0x1d 0x13;
    /// `id-ce-cRLNumber`, RFC 5280 section 5.2.3.
    CRL_NUMBER = 0x55 0x1d 0x14;
    /// `id-ce-cRLReasons`, RFC 5280 section 5.3.1.
    CRL_REASON = 0x55 0x1d 0x15;
    /// `id-ce-cRLDistributionPoints`, RFC 5280 section 4.2.1.13.
    CRL_DISTRIBUTION_POINTS = 0x55 0x1d 0x1f;
    /// `id-ce-authorityKeyIdentifier`, RFC 5280 section 4.2.1.1.
    AUTHORITY_KEY_IDENTIFIER = 0x55 0x1d 0x23;
    /// `id-ce-extKeyUsage`, RFC 5280 section 4.2.1.12.
    EXTENDED_KEY_USAGE = 0x55 0x1d 0x25;
    /// `id-pe-authorityInfoAccess`, RFC 5280 section 4.2.2.1.
    AUTHORITY_INFO_ACCESS = 0x2b 0x06 0x01 0x05 0x05 0x07 0x01 0x01;
    /// `id-ad-ocsp`, RFC 5280 section 4.2.2.1.
    OCSP = 0x2b 0x06 0x01 0x05 0x05 0x07 0x30 0x01;
    /// `id-kp-serverAuth`, RFC 5280 section 4.2.1.12.
    SERVER_AUTH = 0x2b 0x06 0x01 0x05 0x05 0x07 0x03 0x01;
    /// `id-kp-clientAuth`.
    CLIENT_AUTH = 0x2b 0x06 0x01 0x05 0x05 0x07 0x03 0x02;
    /// `id-kp-emailProtection`.
    EMAIL_PROTECTION = 0x2b 0x06 0x01 0x05 0x05 0x07 0x03 0x04;
    /// The `userPrincipalName` of a certificate ([MS-WCCE] 2.2.2.7.7.3), an `otherName`.
    USER_PRINCIPAL_NAME = 0x2b 0x06 0x01 0x04 0x01 0x82 0x37 0x14 0x02 0x03;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_text_round_trips_through_the_octets() {
        for (text, oid) in [
            ("1.2.840.113549.1.7.1", DATA),
            ("2.16.840.1.113733.1.9.7", SCEP_TRANSACTION_ID),
            ("1.3.6.1.5.5.7.24.1", SCEP_FAIL_INFO_TEXT),
            ("1.3.14.3.2.7", DES_CBC),
            ("1.3.14.3.2.29", OIW_SHA1_WITH_RSA),
            ("2.16.840.1.101.3.4.1.42", AES256_CBC),
            ("2.16.840.1.101.3.4.2.1", SHA256),
            ("1.2.840.10045.4.3.2", ECDSA_WITH_SHA256),
            ("1.3.132.0.34", P384),
            ("1.3.6.1.4.1.311.2.1.14", MICROSOFT_EXTENSION_REQUEST),
            ("1.3.6.1.4.1.311.20.2.3", USER_PRINCIPAL_NAME),
            ("1.3.6.1.4.1.311.66.1.0", WINDOWS_DEVICE_ID),
            ("2.5.29.17", SUBJECT_ALT_NAME),
        ] {
            let read: OidBuf = text.parse().unwrap();
            assert_eq!(read.as_oid(), oid, "{text}");
            assert_eq!(oid.to_string(), text);
        }
    }

    #[test]
    fn octets_that_are_no_identifier_are_shown_in_hex() {
        for (content, shown) in [
            (&[][..], "oid()"),
            (&[0x2a, 0x86], "oid(2a86)"),
            (&[0xff; 12], "oid(ffffffffffffffffffffffff)"),
        ] {
            assert_eq!(Oid::new(content).to_string(), shown);
        }
    }

    #[test]
    fn text_that_is_no_identifier_is_refused() {
        for text in [
            "",
            "1",
            "3.1",
            "1.40.1",
            "1.2.x",
            "1..2",
            "1.2.-1",
            "1.2.4294967296",
        ] {
            assert_eq!(
                text.parse::<OidBuf>().unwrap_err().to_string(),
                format!("`{text}` is not a dotted object identifier")
            );
        }
    }
}
