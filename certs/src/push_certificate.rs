//! The MDM push certificate: what Apple issues to whoever may wake devices.

use std::fmt;

use openssl::error::ErrorStack;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use time::OffsetDateTime;

use crate::der::{DerError, Element, Tag};
use crate::key::{Key, KeyError};
use crate::oid::Oid;
use crate::pem;
use crate::x509::{CertificateFacts, MalformedCertificate};

/// The largest file that is read, in octets.
pub const MAX_FILE: usize = 256 * 1024;

/// The most certificates that are sent along: the push certificate and those above it.
const MAX_CHAIN: usize = 4;

/// What every topic of an MDM push certificate begins with.
const TOPIC_PREFIX: &str = "com.apple.mgmt.";

/// `UID` (RFC 4519 section 2.39), 0.9.2342.19200300.100.1.1.
const USER_ID: Oid<'static> =
    Oid::new(&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01]);

/// An MDM push certificate with its key (Apple, "Setting up push notifications for your MDM
/// customers").
///
/// That it has expired is a fact, not an error: whoever asks for it is told by [`Self::not_after`].
pub struct PushCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    topic: String,
    subject: String,
    not_after: OffsetDateTime,
}

/// Why a file gives no push certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushCertificateError {
    /// More than [`MAX_FILE`] octets.
    #[error("push certificate: a file of {0} octets; at most {MAX_FILE} are read")]
    TooLarge(usize),
    /// Neither PEM nor PKCS#12.
    #[error("push certificate: the file is neither PEM text nor PKCS#12")]
    Format(#[source] ErrorStack),
    /// The password does not open it.
    #[error("push certificate: the password does not open the file")]
    Password(#[source] ErrorStack),
    /// The key is encrypted and no password was given.
    #[error("push certificate: its key is encrypted; give its password")]
    PasswordNeeded,
    /// Protected by an algorithm that the installed OpenSSL refuses.
    #[error(
        "push certificate: the file is protected by an algorithm that OpenSSL no longer reads, as \
         Keychain Access exports it; convert it with `openssl pkcs12 -legacy -in FILE -out push.pem`"
    )]
    Outdated(#[source] ErrorStack),
    /// There is no private key in the file.
    #[error(
        "push certificate: the file has no private key; the certificate from Apple's portal has to \
         be joined with the key its request was made with"
    )]
    NoKey,
    /// The private key cannot be read.
    #[error("push certificate: reading its private key")]
    Key(#[from] KeyError),
    /// There is no certificate in the file.
    #[error("push certificate: the file has no certificate")]
    NoCertificate,
    /// A certificate cannot be read.
    #[error("push certificate: reading a certificate")]
    Certificate(#[from] MalformedCertificate),
    /// No certificate belongs to the key.
    #[error("push certificate: the private key does not belong to `{subject}`")]
    Mismatch {
        /// Whose certificate is in the file.
        subject: String,
    },
    /// The subject has no `UID`, or one of another kind of certificate.
    #[error(
        "push certificate: `{subject}` is not an MDM push certificate: its subject has no `UID` \
         that begins with `com.apple.mgmt.`"
    )]
    NotForMdm {
        /// Whose certificate it is.
        subject: String,
    },
}

impl PushCertificate {
    /// Reads a file as people have it: PEM text or PKCS#12. `password` decrypts the key.
    pub fn from_file(bytes: &[u8], password: Option<&str>) -> Result<Self, PushCertificateError> {
        let is_pem = bytes
            .windows(11)
            .take(MAX_FILE)
            .any(|w| w == b"-----BEGIN ");
        if is_pem {
            Self::from_pem(bytes, password)
        } else {
            Self::from_pkcs12(bytes, password.unwrap_or_default())
        }
    }

    /// Reads PEM text with the certificate, its key (encrypted or not) and, if they are there,
    /// certificates above it, in any order.
    pub fn from_pem(bytes: &[u8], password: Option<&str>) -> Result<Self, PushCertificateError> {
        bounded(bytes)?;
        let text = String::from_utf8_lossy(bytes);
        if !text.contains("PRIVATE KEY-----") {
            return Err(PushCertificateError::NoKey);
        }
        let mut asked = false;
        let key = PKey::private_key_from_pem_callback(bytes, |buffer| {
            asked = true;
            let secret = password.unwrap_or_default().as_bytes();
            match buffer.get_mut(..secret.len()) {
                Some(room) => room.copy_from_slice(secret),
                None => return Ok(0),
            }
            Ok(secret.len())
        });
        let key = match key {
            Ok(key) => key,
            Err(_) if asked && password.is_none() => {
                return Err(PushCertificateError::PasswordNeeded);
            }
            Err(cause) if asked => return Err(PushCertificateError::Password(cause)),
            Err(cause) => return Err(KeyError::Read(cause).into()),
        };
        Self::assemble(key, &pem::decode_all(pem::CERTIFICATE, &text))
    }

    /// Reads a PKCS#12 file (RFC 7292).
    pub fn from_pkcs12(der: &[u8], password: &str) -> Result<Self, PushCertificateError> {
        bounded(der)?;
        let file = Pkcs12::from_der(der).map_err(PushCertificateError::Format)?;
        let contents = file.parse2(password).map_err(|cause| {
            let says = |words: &str| {
                cause
                    .errors()
                    .iter()
                    .any(|e| e.reason().is_some_and(|reason| reason.contains(words)))
            };
            if says("mac verify") {
                PushCertificateError::Password(cause)
            } else if says("unsupported") || says("unknown") {
                PushCertificateError::Outdated(cause)
            } else {
                PushCertificateError::Format(cause)
            }
        })?;
        let key = contents.pkey.ok_or(PushCertificateError::NoKey)?;
        let above = contents.ca.iter().flatten();
        let found: Vec<Vec<u8>> = contents
            .cert
            .iter()
            .map(AsRef::as_ref)
            .chain(above)
            .map(openssl::x509::X509Ref::to_der)
            .collect::<Result<_, ErrorStack>>()
            .map_err(PushCertificateError::Format)?;
        Self::assemble(key, &found)
    }

    fn assemble(key: PKey<Private>, found: &[Vec<u8>]) -> Result<Self, PushCertificateError> {
        let found = found
            .iter()
            .map(|der| CertificateFacts::parse(der))
            .collect::<Result<Vec<_>, _>>()?;
        let first = found.first().ok_or(PushCertificateError::NoCertificate)?;
        let own = found
            .iter()
            .find(|facts| belongs(facts, &key))
            .ok_or_else(|| PushCertificateError::Mismatch {
                subject: first.subject.clone(),
            })?;
        let topic = user_id(&own.subject_der)
            .ok()
            .flatten()
            .filter(|uid| uid.starts_with(TOPIC_PREFIX) && uid.len() > TOPIC_PREFIX.len())
            .ok_or_else(|| PushCertificateError::NotForMdm {
                subject: own.subject.clone(),
            })?;
        let mut chain = vec![own];
        let mut top = own;
        while chain.len() < MAX_CHAIN {
            let above = found.iter().find(|facts| {
                facts.subject_der == top.issuer_der && facts.subject_der != facts.issuer_der
            });
            let Some(above) = above else { break };
            chain.push(above);
            top = above;
        }
        Ok(Self {
            chain: chain
                .iter()
                .map(|facts| CertificateDer::from(facts.der.clone()))
                .collect(),
            key: Key::from_pkey(key).to_pkcs8()?,
            topic,
            subject: own.subject.clone(),
            not_after: own.validity.not_after,
        })
    }

    /// The certificate, then those above it that the file has, without the root.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The key, PKCS#8.
    pub fn key(&self) -> &PrivateKeyDer<'static> {
        &self.key
    }

    /// The topic that devices enroll with: `UID` of the subject. It stays the same when the
    /// certificate is renewed; a new certificate has another one, and orphans every device.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The subject in words.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Until when Apple accepts it.
    pub fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }
}

/// The key is left out.
impl fmt::Debug for PushCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushCertificate")
            .field("topic", &self.topic)
            .field("subject", &self.subject)
            .field("not_after", &self.not_after)
            .field("key", &"***")
            .finish_non_exhaustive()
    }
}

fn bounded(bytes: &[u8]) -> Result<(), PushCertificateError> {
    if bytes.len() > MAX_FILE {
        return Err(PushCertificateError::TooLarge(bytes.len()));
    }
    Ok(())
}

fn belongs(facts: &CertificateFacts, key: &PKey<Private>) -> bool {
    X509::from_der(&facts.der)
        .and_then(|certificate| certificate.public_key())
        .is_ok_and(|public| public.public_eq(key))
}

/// The first `UID` of a `Name`.
fn user_id(name: &[u8]) -> Result<Option<String>, DerError> {
    let mut names = Element::parse(name)?.children();
    while !names.is_empty() {
        let mut attributes = names.expect(Tag::SET, "relative name")?.children();
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence("attribute")?;
            let oid = attribute.oid("attribute type")?;
            let value = attribute.next("attribute value")?;
            if oid == USER_ID {
                return Ok(Some(value.text()));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;

    const TOPIC: &str = "com.apple.mgmt.External.11111111-2222-3333-4444-555555555555";

    /// Runs `openssl` in a folder.
    fn openssl(folder: &Path, arguments: &[&str]) {
        let run = Command::new("openssl")
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "openssl {arguments:?}: {said}");
    }

    /// A folder with a root, `ca.pem`, and a certificate of this subject, `cert.pem` and `key.pem`.
    fn folder(subject: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let curve = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ];
        let run = |arguments: &[&str]| openssl(folder.path(), arguments);
        run(&[
            &[
                "req", "-x509", "-subj", "/CN=root", "-keyout", "ca.key", "-out", "ca.pem",
            ],
            &curve[..],
        ]
        .concat());
        run(&[
            &[
                "req", "-new", "-utf8", "-subj", subject, "-keyout", "key.pem", "-out", "csr",
            ],
            &curve[..],
        ]
        .concat());
        run(&[
            "x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "-1",
            "-out", "cert.pem",
        ]);
        folder
    }

    fn read(folder: &Path, names: &[&str]) -> Vec<u8> {
        names
            .iter()
            .flat_map(|name| std::fs::read(folder.join(name)).unwrap())
            .collect()
    }

    fn mdm_subject() -> String {
        format!("/UID={TOPIC}/CN=APSP <&\"é/C=US")
    }

    #[test]
    fn pem_and_pkcs12_give_the_same() {
        let folder = folder(&mdm_subject());
        let dir = folder.path();
        openssl(
            dir,
            &[
                "ec",
                "-in",
                "key.pem",
                "-aes128",
                "-passout",
                "pass:geheim",
                "-out",
                "locked.pem",
            ],
        );
        let pack = [
            "pkcs12",
            "-export",
            "-inkey",
            "key.pem",
            "-in",
            "cert.pem",
            "-certfile",
            "ca.pem",
        ];
        openssl(
            dir,
            &[&pack[..], &["-passout", "pass:geheim", "-out", "push.p12"]].concat(),
        );
        for (what, bytes, password) in [
            ("pem", read(dir, &["cert.pem", "key.pem"]), None),
            (
                "root first",
                read(dir, &["ca.pem", "key.pem", "cert.pem"]),
                None,
            ),
            (
                "unneeded password",
                read(dir, &["key.pem", "cert.pem"]),
                Some("x"),
            ),
            (
                "locked",
                read(dir, &["locked.pem", "cert.pem"]),
                Some("geheim"),
            ),
            ("pkcs12", read(dir, &["push.p12"]), Some("geheim")),
        ] {
            let push = PushCertificate::from_file(&bytes, password).unwrap();
            assert_eq!(push.topic(), TOPIC, "{what}");
            assert_eq!(
                push.subject(),
                format!("C=US,CN=APSP \\<&\\\"é,UID={TOPIC}"),
                "{what}"
            );
            assert_eq!(push.chain().len(), 1, "{what}: the root is not sent");
            let expected = pem::decode_all(
                pem::CERTIFICATE,
                &String::from_utf8(read(dir, &["cert.pem"])).unwrap(),
            );
            assert_eq!(push.chain()[0].as_ref(), expected[0], "{what}");
            let key = PKey::private_key_from_der(push.key().secret_der()).unwrap();
            let own = PKey::private_key_from_pem(&read(dir, &["key.pem"])).unwrap();
            assert!(key.public_eq(&own), "{what}");
            let shown = format!("{push:?}");
            assert!(shown.contains("key: \"***\""), "{shown}");
        }
    }

    #[test]
    fn an_expired_one_is_read() {
        let folder = folder(&mdm_subject());
        let bytes = read(folder.path(), &["cert.pem", "key.pem"]);
        let push = PushCertificate::from_pem(&bytes, None).unwrap();
        // OpenSSL was told "-days -1", so it ended before it was made; its own reading is the proof.
        let ended = X509::from_pem(&read(folder.path(), &["cert.pem"])).unwrap();
        let epoch = openssl::asn1::Asn1Time::from_unix(push.not_after().unix_timestamp()).unwrap();
        assert_eq!(
            ended.not_after().compare(&epoch).unwrap(),
            std::cmp::Ordering::Equal
        );
        assert!(ended.not_after() < openssl::asn1::Asn1Time::days_from_now(0).unwrap());
    }

    #[test]
    fn what_is_no_push_certificate_is_refused_with_the_reason() {
        let good = folder(&mdm_subject());
        let dir = good.path();
        let other = folder("/CN=web <é");
        let app = folder("/UID=com.example.app/CN=app");
        openssl(
            dir,
            &[
                "ec",
                "-in",
                "key.pem",
                "-aes128",
                "-passout",
                "pass:geheim",
                "-out",
                "locked.pem",
            ],
        );
        openssl(
            dir,
            &[
                "pkcs12", "-export", "-inkey", "key.pem", "-in", "cert.pem", "-passout", "pass:a",
                "-out", "push.p12",
            ],
        );
        openssl(
            dir,
            &[
                "pkcs12", "-export", "-nokeys", "-in", "cert.pem", "-passout", "pass:a", "-out",
                "bare.p12",
            ],
        );
        openssl(
            dir,
            &[
                "pkcs12", "-export", "-legacy", "-inkey", "key.pem", "-in", "cert.pem", "-passout",
                "pass:a", "-out", "old.p12",
            ],
        );
        let mixed = [read(dir, &["cert.pem"]), read(other.path(), &["key.pem"])].concat();
        let cut = read(dir, &["push.p12"]);
        for (bytes, password, complaint) in [
            (
                Vec::new(),
                None,
                "push certificate: the file is neither PEM text nor PKCS#12",
            ),
            (
                cut[..200].to_vec(),
                Some("a"),
                "push certificate: the file is neither PEM text nor PKCS#12",
            ),
            (
                vec![0; MAX_FILE + 1],
                None,
                "push certificate: a file of 262145 octets; at most 262144 are read",
            ),
            (
                read(dir, &["cert.pem"]),
                None,
                "push certificate: the file has no private key; the certificate from Apple's portal has to be joined \
                 with the key its request was made with",
            ),
            (
                read(dir, &["bare.p12"]),
                Some("a"),
                "push certificate: the file has no private key; the certificate from Apple's portal has to be joined \
                 with the key its request was made with",
            ),
            (
                read(dir, &["key.pem"]),
                None,
                "push certificate: the file has no certificate",
            ),
            (
                mixed,
                None,
                &format!(
                    "push certificate: the private key does not belong to `C=US,CN=APSP \\<&\\\"é,UID={TOPIC}`"
                ),
            ),
            (
                read(dir, &["locked.pem", "cert.pem"]),
                None,
                "push certificate: its key is encrypted; give its password",
            ),
            (
                read(dir, &["locked.pem", "cert.pem"]),
                Some("falsch"),
                "push certificate: the password does not open the file",
            ),
            (
                read(dir, &["push.p12"]),
                Some("b"),
                "push certificate: the password does not open the file",
            ),
            (
                read(dir, &["push.p12"]),
                None,
                "push certificate: the password does not open the file",
            ),
            (
                read(dir, &["old.p12"]),
                Some("a"),
                "push certificate: the file is protected by an algorithm that OpenSSL no longer reads, as Keychain \
                 Access exports it; convert it with `openssl pkcs12 -legacy -in FILE -out push.pem`",
            ),
            (
                read(other.path(), &["cert.pem", "key.pem"]),
                None,
                "push certificate: `CN=web \\<é` is not an MDM push certificate: its subject has no `UID` that begins \
                 with `com.apple.mgmt.`",
            ),
            (
                read(app.path(), &["cert.pem", "key.pem"]),
                None,
                "push certificate: `CN=app,UID=com.example.app` is not an MDM push certificate: its subject has no \
                 `UID` that begins with `com.apple.mgmt.`",
            ),
        ] {
            let found = PushCertificate::from_file(&bytes, password).unwrap_err();
            assert_eq!(found.to_string(), complaint);
        }
    }
}
