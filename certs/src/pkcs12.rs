//! PKCS#12 files: one identity and its chain under a password (RFC 7292).

use std::fmt;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::stack::Stack;
use openssl::x509::X509;

use crate::key::Key;

/// How the contents are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encryption {
    /// `pbeWithSHAAnd3-KeyTripleDES-CBC` and an HMAC-SHA-1 (RFC 7292 appendix C): what phones and
    /// older systems read. Newer forms fail there with the message for a wrong password.
    Legacy,
    /// PBES2 with AES-256-CBC (RFC 8018 section 6.2) and an HMAC-SHA-256.
    Modern,
}

/// What goes into the file.
#[derive(Clone, Copy)]
pub struct Contents<'a> {
    /// The private key.
    pub key: &'a Key,
    /// Its certificate, DER.
    pub certificate_der: &'a [u8],
    /// The certificates above it, DER, the issuer first. May be empty.
    pub chain_der: &'a [&'a [u8]],
    /// The name under which key stores list the identity (`friendlyName`).
    pub friendly_name: &'a str,
    /// The password of both encryption and MAC. May be empty; most importers then fail.
    pub password: &'a str,
    /// How it is protected.
    pub encryption: Encryption,
}

/// The password is left out.
impl fmt::Debug for Contents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents")
            .field("friendly_name", &self.friendly_name)
            .field("password", &"***")
            .field("encryption", &self.encryption)
            .finish_non_exhaustive()
    }
}

/// Why a PKCS#12 file could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Pkcs12Error {
    /// A zero octet would cut the text short on its way through OpenSSL.
    #[error("PKCS#12: {0} contains a zero octet")]
    ZeroOctet(&'static str),
    /// A certificate is not one.
    #[error("PKCS#12: reading a certificate")]
    Certificate(#[source] ErrorStack),
    /// OpenSSL could not build the file, for example because key and certificate differ.
    #[error("PKCS#12: building the file")]
    Build(#[source] ErrorStack),
}

/// Builds the file, DER. The salts come from OpenSSL's generator, so no two are equal.
pub fn build(contents: &Contents<'_>) -> Result<Vec<u8>, Pkcs12Error> {
    for (what, text) in [
        ("friendly name", contents.friendly_name),
        ("password", contents.password),
    ] {
        if text.contains('\0') {
            return Err(Pkcs12Error::ZeroOctet(what));
        }
    }
    let certificate = X509::from_der(contents.certificate_der).map_err(Pkcs12Error::Certificate)?;
    let mut chain = Stack::new().map_err(Pkcs12Error::Build)?;
    for der in contents.chain_der {
        let above = X509::from_der(der).map_err(Pkcs12Error::Certificate)?;
        chain.push(above).map_err(Pkcs12Error::Build)?;
    }
    let (algorithm, mac) = match contents.encryption {
        Encryption::Legacy => (
            Nid::PBE_WITHSHA1AND3_KEY_TRIPLEDES_CBC,
            MessageDigest::sha1(),
        ),
        Encryption::Modern => (Nid::AES_256_CBC, MessageDigest::sha256()),
    };
    let mut builder = Pkcs12::builder();
    builder
        .name(contents.friendly_name)
        .pkey(contents.key.pkey())
        .cert(&certificate)
        .ca(chain)
        .key_algorithm(algorithm)
        .cert_algorithm(algorithm)
        .mac_md(mac);
    builder
        .build2(contents.password)
        .and_then(|file| file.to_der())
        .map_err(Pkcs12Error::Build)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab;

    #[test]
    fn what_cannot_be_packed_is_refused_and_the_password_not_shown() {
        let device = lab::device(&lab::authority(), &[]).der;
        let key = lab::p256();
        let good = Contents {
            key: &key,
            certificate_der: &device,
            chain_der: &[],
            friendly_name: "x",
            password: "secret",
            encryption: Encryption::Modern,
        };
        assert!(!format!("{good:?}").contains("secret"), "{good:?}");
        let other = lab::rsa();
        for (contents, complaint) in [
            (
                Contents {
                    friendly_name: "a\0",
                    ..good
                },
                "PKCS#12: friendly name contains a zero octet",
            ),
            (
                Contents {
                    password: "\0",
                    ..good
                },
                "PKCS#12: password contains a zero octet",
            ),
            (
                Contents {
                    certificate_der: b"x",
                    ..good
                },
                "PKCS#12: reading a certificate",
            ),
            (
                Contents {
                    chain_der: &[b"x"],
                    ..good
                },
                "PKCS#12: reading a certificate",
            ),
            (
                Contents {
                    key: &other,
                    ..good
                },
                "PKCS#12: building the file",
            ),
        ] {
            assert_eq!(build(&contents).unwrap_err().to_string(), complaint);
        }
    }
}
