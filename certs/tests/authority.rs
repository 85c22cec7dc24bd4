//! What the authority makes, read by OpenSSL's command.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use mdm_certs::authority::{Authority, AuthorityParams};
use mdm_certs::cms::Signer;
use mdm_certs::crl::{Crl, Reason, Revoked};
use mdm_certs::issue::{Issued, Places, Request, issue};
use mdm_certs::key::Key;
use mdm_certs::leaf::{Leaf, LeafParams};
use mdm_certs::oid;
use mdm_certs::pem;
use mdm_certs::pkcs12::{self, Contents, Encryption};
use mdm_certs::x509::{Attribute, KeyUsage, Name, San, SerialNumber, Validity};
use tempfile::TempDir;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = datetime!(2026-11-21 10:00 UTC);

/// Files beside each other, and `openssl` run among them.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Whether it succeeded, and both its outputs.
    fn openssl(&self, arguments: &[&str]) -> (bool, String) {
        let run = Command::new("openssl")
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .expect("running openssl");
        let text = [run.stdout, run.stderr].concat();
        (
            run.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    fn openssl_ok(&self, arguments: &[&str]) -> String {
        let (ok, text) = self.openssl(arguments);
        assert!(ok, "openssl {arguments:?}: {text}");
        text
    }
}

fn key(name: &str) -> Key {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys");
    Key::from_pem(&fs::read_to_string(path.join(name)).unwrap()).unwrap()
}

fn serial(number: u8) -> SerialNumber {
    SerialNumber::from_random([number; 16])
}

fn authority() -> Authority {
    authority_at(NOW)
}

fn authority_at(now: OffsetDateTime) -> Authority {
    let params = AuthorityParams {
        host: "lab.test",
        now,
        valid_for: Authority::LIFE,
        serial: serial(1),
    };
    Authority::create(&params, key("authority.pem")).unwrap()
}

/// A device's certificate with everything in it and hostile text in every place that takes it.
fn device(authority: &Authority, number: u8, validity: Validity) -> Issued {
    let subject = Name::new()
        .with(Attribute::Organization, "R&D <\"é\">")
        .with(Attribute::CommonName, "first")
        .with(Attribute::CommonName, "& < \" é")
        .with(Attribute::Email, "a&b@lab.test");
    let request = Request {
        subject_der: &subject.to_der(),
        spki_der: &key("rsa.pem").public_der().unwrap(),
        names: &[
            San::Email("a&b@lab.test".into()),
            San::Upn("é<&\"@lab.test".into()),
            San::Dns("device.lab.test".into()),
            San::Uri("tag:lab.test,2026:sid:S-1-5".into()),
            San::Ip("2001:db8::7".parse().unwrap()),
        ],
        requested_names: None,
        purposes: &[oid::CLIENT_AUTH.into(), oid::EMAIL_PROTECTION.into()],
        key_usage: KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT,
        validity,
        serial: serial(number),
        copied: &[],
        places: Places {
            crl: Some("http://lab.test:8480/pki/crl"),
            ocsp: Some("http://lab.test:8480/pki/ocsp"),
            ca_issuers: Some("http://lab.test:8480/pki/ca.der"),
        },
    };
    issue(authority, &request).unwrap()
}

fn year(now: OffsetDateTime) -> Validity {
    Validity::starting(now, Validity::BACKDATE, Duration::days(365))
}

const TEXT: [&str; 6] = [
    "x509",
    "-noout",
    "-text",
    "-nameopt",
    "utf8,sep_comma_plus_space",
    "-certopt",
];

fn x509_text(bench: &Bench, der: &[u8]) -> String {
    bench.file("shown.pem", pem::encode(pem::CERTIFICATE, der));
    let mut arguments = TEXT.to_vec();
    arguments.extend(["no_pubkey,no_sigdump", "-in", "shown.pem"]);
    trimmed(&bench.openssl_ok(&arguments))
}

/// Without the spaces that OpenSSL leaves at the ends of lines.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

#[test]
fn openssl_reads_the_root() {
    let bench = Bench::new();
    insta::assert_snapshot!(x509_text(&bench, authority().certificate_der()), @r#"
    Certificate:
        Data:
            Version: 3 (0x2)
            Serial Number:
                41:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01
            Signature Algorithm: sha256WithRSAEncryption
            Issuer: CN=mockmdm TEST CA lab.test 2026-11
            Validity
                Not Before: Nov 19 10:00:00 2026 GMT
                Not After : Nov 20 10:00:00 2028 GMT
            Subject: CN=mockmdm TEST CA lab.test 2026-11
            X509v3 extensions:
                X509v3 Authority Key Identifier:
                    4D:A7:1E:41:E9:A0:FF:18:BE:29:44:E9:61:11:F9:D7:28:56:67:E0
                X509v3 Key Usage: critical
                    Digital Signature, Key Encipherment, Certificate Sign, CRL Sign
                X509v3 Subject Key Identifier:
                    4D:A7:1E:41:E9:A0:FF:18:BE:29:44:E9:61:11:F9:D7:28:56:67:E0
                X509v3 Basic Constraints: critical
                    CA:TRUE
    "#);
}

#[test]
fn openssl_reads_a_device_certificate() {
    let bench = Bench::new();
    let issued = device(&authority(), 2, year(NOW));
    insta::assert_snapshot!(x509_text(&bench, &issued.der), @r#"
    Certificate:
        Data:
            Version: 3 (0x2)
            Serial Number:
                42:02:02:02:02:02:02:02:02:02:02:02:02:02:02:02
            Signature Algorithm: sha256WithRSAEncryption
            Issuer: CN=mockmdm TEST CA lab.test 2026-11
            Validity
                Not Before: Nov 19 10:00:00 2026 GMT
                Not After : Nov 21 10:00:00 2027 GMT
            Subject: O=R&D <"é">, CN=first, CN=& < " é, emailAddress=a&b@lab.test
            X509v3 extensions:
                X509v3 Basic Constraints: critical
                    CA:FALSE
                X509v3 Key Usage: critical
                    Digital Signature, Key Encipherment
                X509v3 Extended Key Usage:
                    TLS Web Client Authentication, E-mail Protection
                X509v3 Subject Key Identifier:
                    C5:22:71:4F:3C:17:F6:BC:71:7B:3F:6A:4A:07:B9:88:6B:B7:48:B8
                X509v3 Authority Key Identifier:
                    4D:A7:1E:41:E9:A0:FF:18:BE:29:44:E9:61:11:F9:D7:28:56:67:E0
                X509v3 Subject Alternative Name:
                    email:a&b@lab.test, othername: UPN::é<&"@lab.test, DNS:device.lab.test, URI:tag:lab.test,2026:sid:S-1-5, IP Address:2001:DB8:0:0:0:0:0:7
                X509v3 CRL Distribution Points:
                    Full Name:
                      URI:http://lab.test:8480/pki/crl
                Authority Information Access:
                    OCSP - URI:http://lab.test:8480/pki/ocsp
                    CA Issuers - URI:http://lab.test:8480/pki/ca.der
    "#);
}

#[test]
fn openssl_reads_the_leaves() {
    let bench = Bench::new();
    let (ecdsa, _) = leaves(&authority());
    insta::assert_snapshot!(x509_text(&bench, ecdsa.certificate_der()), @r#"
    Certificate:
        Data:
            Version: 3 (0x2)
            Serial Number:
                43:03:03:03:03:03:03:03:03:03:03:03:03:03:03:03
            Signature Algorithm: sha256WithRSAEncryption
            Issuer: CN=mockmdm TEST CA lab.test 2026-11
            Validity
                Not Before: Nov 19 10:00:00 2026 GMT
                Not After : Feb 19 10:00:00 2027 GMT
            Subject: CN=lab.test
            X509v3 extensions:
                X509v3 Authority Key Identifier:
                    4D:A7:1E:41:E9:A0:FF:18:BE:29:44:E9:61:11:F9:D7:28:56:67:E0
                X509v3 Subject Alternative Name:
                    DNS:lab.test, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1
                X509v3 Key Usage: critical
                    Digital Signature
                X509v3 Extended Key Usage:
                    TLS Web Server Authentication
                X509v3 Subject Key Identifier:
                    B2:1F:C0:08:6C:F3:A7:16:BF:5F:EA:D6:DC:3E:38:39:FD:45:F4:D6
                X509v3 Basic Constraints: critical
                    CA:FALSE
    "#);
}

/// Names of several attributes, some of one type, are what a company's authority has.
#[test]
fn openssl_verifies_the_leaves_of_imported_authorities() {
    let bench = Bench::new();
    bench.file("ca.key", key("authority.pem").to_pem().unwrap());
    for subject in [
        "/CN=Lab CA",
        "/DC=test/DC=lab/OU=R&D/OU=<é>/CN=Lab CA",
        "/O=no common name",
    ] {
        bench.openssl_ok(&[
            "req",
            "-x509",
            "-key",
            "ca.key",
            "-days",
            "9000",
            "-utf8",
            "-subj",
            subject,
            "-addext",
            "keyUsage=critical,keyCertSign",
            "-out",
            "ca.pem",
        ]);
        let text = ["ca.key", "ca.pem"].map(|name| fs::read_to_string(bench.path(name)).unwrap());
        let authority = Authority::from_pem(&text.concat()).unwrap();
        let now = authority.facts().validity.not_before + Duration::days(3);
        let params = LeafParams {
            now,
            ..leaf_params(3)
        };
        let names = [San::Dns("lab.test".into()), San::Dns("lab.test".into())];
        let tls = Leaf::for_tls(&authority, key("rsa.pem"), &names, &params).unwrap();
        let signing = Leaf::for_profile_signing(&authority, key("p256.pem"), "lab", &params);
        for (leaf, purpose, usages, also) in [
            (
                tls,
                "sslserver",
                "Digital Signature, Key Encipherment",
                "DNS:lab.test",
            ),
            (
                signing.unwrap(),
                "smimesign",
                "Digital Signature",
                "E-mail Protection",
            ),
        ] {
            assert_eq!(leaf.facts().issuer_der, authority.facts().subject_der);
            let text = x509_text(&bench, leaf.certificate_der());
            for value in [usages, also] {
                assert!(text.lines().any(|line| line.trim() == value), "{text}");
            }
            let at = now.unix_timestamp().to_string();
            bench.openssl_ok(&[
                "verify",
                "-x509_strict",
                "-purpose",
                purpose,
                "-attime",
                &at,
                "-CAfile",
                "ca.pem",
                "shown.pem",
            ]);
        }
    }
}

#[test]
fn dates_change_their_form_in_2050() {
    let bench = Bench::new();
    let now = datetime!(2049-12-31 23:59:58 UTC);
    let authority = authority_at(now);
    for (life, shown) in [
        (1, "Dec 31 23:59:59 2049 GMT"),
        (2, "Jan  1 00:00:00 2050 GMT"),
    ] {
        let validity = Validity::starting(now, Duration::ZERO, Duration::seconds(life));
        let text = x509_text(&bench, &device(&authority, 2, validity).der);
        assert!(text.contains(&format!("Not After : {shown}")), "{text}");
    }
    bench.file("ca.pem", authority.certificate_pem());
    for (now, ok) in [
        (now - Duration::SECOND, false),
        (now, true),
        (now + Duration::seconds(1), true),
        // OpenSSL counts the last second as over.
        (now + Duration::seconds(2), false),
    ] {
        let at = now.unix_timestamp().to_string();
        let arguments = ["verify", "-CAfile", "ca.pem", "-attime", &at, "shown.pem"];
        let (verified, text) = bench.openssl(&arguments);
        assert_eq!(verified, ok, "{now}: {text}");
    }
}

#[test]
fn openssl_verifies_with_the_crl_and_sees_what_is_revoked() {
    let bench = Bench::new();
    let authority = authority();
    let entries: Vec<Revoked> = [
        (2, Reason::KeyCompromise),
        (3, Reason::Unspecified),
        (4, Reason::CertificateHold),
    ]
    .map(|(number, reason)| Revoked {
        serial: serial(number),
        at: NOW,
        reason,
    })
    .to_vec();
    bench.file("ca.pem", authority.certificate_pem());
    let at = NOW.unix_timestamp().to_string();
    for (entries, number) in [(&entries[..], 2_u64), (&[], 1)] {
        let list = Crl {
            entries,
            this_update: NOW - Duration::HOUR,
            next_update: NOW + Duration::DAY,
            number,
        };
        bench.file(
            "crl.pem",
            pem::encode("X509 CRL", &list.sign(&authority).unwrap()),
        );
        let read = ["crl", "-in", "crl.pem", "-CAfile", "ca.pem", "-noout"];
        assert_eq!(bench.openssl_ok(&read), "verify OK\n");
        for (device_number, ok) in [(2, entries.is_empty()), (9, true)] {
            let issued = device(&authority, device_number, year(NOW));
            bench.file("device.pem", pem::encode(pem::CERTIFICATE, &issued.der));
            let (verified, text) = bench.openssl(&[
                "verify",
                "-x509_strict",
                "-purpose",
                "sslclient",
                "-attime",
                &at,
                "-crl_check",
                "-CAfile",
                "ca.pem",
                "-CRLfile",
                "crl.pem",
                "device.pem",
            ]);
            assert_eq!(verified, ok, "{number} {device_number}: {text}");
            assert_eq!(text.contains("certificate revoked"), !ok, "{text}");
        }
    }
    let full = Crl {
        entries: &entries,
        this_update: NOW,
        next_update: NOW + Duration::DAY,
        number: 70_000,
    };
    bench.file(
        "crl.pem",
        pem::encode("X509 CRL", &full.sign(&authority).unwrap()),
    );
    let text = bench.openssl_ok(&["crl", "-in", "crl.pem", "-noout", "-text"]);
    let (text, _) = text
        .split_once("    Signature Algorithm: sha256WithRSAEncryption\n    Signature Value")
        .unwrap();
    insta::assert_snapshot!(trimmed(text), @r#"
    Certificate Revocation List (CRL):
            Version 2 (0x1)
            Signature Algorithm: sha256WithRSAEncryption
            Issuer: CN = mockmdm TEST CA lab.test 2026-11
            Last Update: Nov 21 10:00:00 2026 GMT
            Next Update: Nov 22 10:00:00 2026 GMT
            CRL extensions:
                X509v3 Authority Key Identifier:
                    4D:A7:1E:41:E9:A0:FF:18:BE:29:44:E9:61:11:F9:D7:28:56:67:E0
                X509v3 CRL Number:
                    70000
    Revoked Certificates:
        Serial Number: 42020202020202020202020202020202
            Revocation Date: Nov 21 10:00:00 2026 GMT
            CRL entry extensions:
                X509v3 CRL Reason Code:
                    Key Compromise
        Serial Number: 43030303030303030303030303030303
            Revocation Date: Nov 21 10:00:00 2026 GMT
        Serial Number: 44040404040404040404040404040404
            Revocation Date: Nov 21 10:00:00 2026 GMT
            CRL entry extensions:
                X509v3 CRL Reason Code:
                    Certificate Hold
    "#);
}

#[test]
fn openssl_opens_pkcs12_in_both_forms() {
    let bench = Bench::new();
    let authority = authority();
    let issued = device(&authority, 2, year(NOW));
    for (encryption, expected) in [
        (
            Encryption::Legacy,
            [
                "MAC: sha1, Iteration 2048",
                "PKCS7 Encrypted data: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048",
                "Shrouded Keybag: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048",
            ],
        ),
        (
            Encryption::Modern,
            [
                "MAC: sha256, Iteration 2048",
                "PKCS7 Encrypted data: PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256",
                "Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256",
            ],
        ),
    ] {
        let file = pkcs12::build(&Contents {
            key: &key("rsa.pem"),
            certificate_der: &issued.der,
            chain_der: &[authority.certificate_der()],
            friendly_name: "R&D <\"é\">",
            password: "p&<\"é",
            encryption,
        })
        .unwrap();
        bench.file("identity.p12", file);
        let open = |password| {
            bench.openssl(&[
                "pkcs12",
                "-info",
                "-nodes",
                "-in",
                "identity.p12",
                "-passin",
                password,
            ])
        };
        let (ok, text) = open("pass:p&<\"é");
        assert!(ok, "{text}");
        for line in expected {
            assert!(text.contains(line), "{encryption:?}: {line} not in {text}");
        }
        // OpenSSL writes the name as Latin-1.
        let name = "friendlyName: R&D <\"\u{fffd}\">\n";
        assert!(text.contains(name), "{text}");
        assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2, "{text}");
        assert!(
            text.contains(&pem::encode(pem::CERTIFICATE, &issued.der)),
            "{text}"
        );
        assert!(text.contains(&key("rsa.pem").to_pem().unwrap()), "{text}");
        assert!(!open("pass:other").0, "{encryption:?}");
    }
}

#[test]
fn a_signature_by_the_signing_leaf_passes_the_default_purpose() {
    let bench = Bench::new();
    let authority = authority();
    let leaf = Leaf::for_profile_signing(&authority, key("rsa.pem"), "lab & <é>", &leaf_params(5))
        .unwrap();
    assert_eq!(
        leaf.facts().common_name.as_deref(),
        Some("lab & <é> profile signing")
    );
    bench.file("ca.pem", authority.certificate_pem());
    let identity = Arc::new(leaf.identity().unwrap());
    let signer = Signer::new(identity, &[leaf.issuer_der()]);
    let signed = signer.sign_attached(b"<plist>&amp;</plist>", NOW).unwrap();
    bench.file("signed", signed);
    let at = NOW.unix_timestamp().to_string();
    let text = bench.openssl_ok(&[
        "cms", "-verify", "-binary", "-inform", "DER", "-in", "signed", "-CAfile", "ca.pem",
        "-attime", &at,
    ]);
    assert!(text.starts_with("<plist>&amp;</plist>"), "{text}");
}

fn leaf_params(number: u8) -> LeafParams {
    LeafParams {
        now: NOW,
        life: Leaf::LIFE,
        serial: serial(number),
    }
}

fn leaves(authority: &Authority) -> (Leaf, Leaf) {
    let names = [
        San::Dns("lab.test".into()),
        San::Dns("localhost".into()),
        San::Ip([127, 0, 0, 1].into()),
        San::Ip("::1".parse().unwrap()),
    ];
    let make =
        |file, number| Leaf::for_tls(authority, key(file), &names, &leaf_params(number)).unwrap();
    (make("p256.pem", 3), make("rsa.pem", 4))
}
