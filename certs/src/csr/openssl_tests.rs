//! Certification requests made by the `openssl` program.

use super::*;
use crate::der::{Tag, Writer, encode};
use crate::oid::{self, Oid};
use crate::testdata::{OpenSsl, identity};
use crate::x509::{KeyUsage, San};

const CONFIG: &str = r#"
[req]
distinguished_name = name
attributes = attributes
req_extensions = extensions
prompt = no
utf8 = yes
[name]
C = DE
O = Lab & <Söhne>
0.OU = one
1.OU = two
CN = "it's \" quoted"
[attributes]
challengePassword = s3cret & é
unstructuredName = ignored
[extensions]
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = clientAuth, emailProtection, 1.2.3.4
subjectAltName = email:a@lab.test, DNS:host.lab.test, URI:http://lab.test/x, IP:192.0.2.1, IP:2001:db8::1, otherName:1.3.6.1.4.1.311.20.2.3;UTF8:user@lab.test, RID:1.2.3
"#;

fn request(options: &str) -> Vec<u8> {
    let openssl = OpenSsl::new();
    openssl.write("config", CONFIG.as_bytes());
    openssl.run(&format!("req -new -config config -outform DER {options}"))
}

#[test]
fn every_part_of_a_request_is_read() {
    let csr = Csr::parse(&request("-key device.key.pem")).unwrap();
    assert_eq!(
        csr.subject_text(),
        "CN=it's \\\" quoted,OU=two,OU=one,O=Lab & \\<Söhne\\>,C=DE"
    );
    let password = csr.challenge_password().unwrap();
    assert_eq!(password.expose(), "s3cret & é");
    assert_eq!(
        csr.alternative_names(),
        [
            San::Email("a@lab.test".into()),
            San::Dns("host.lab.test".into()),
            San::Uri("http://lab.test/x".into()),
            San::Ip("192.0.2.1".parse().unwrap()),
            San::Ip("2001:db8::1".parse().unwrap()),
            San::Upn("user@lab.test".into()),
        ]
    );
    let purposes: Vec<_> = csr.purposes().iter().map(ToString::to_string).collect();
    assert_eq!(
        purposes,
        ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4", "1.2.3.4"]
    );
    assert_eq!(
        csr.key_usage(),
        Some(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT)
    );
    assert!(csr.extension(oid::KEY_USAGE).unwrap().critical);
    assert!(!csr.extension(oid::SUBJECT_ALT_NAME).unwrap().critical);
    let key = identity("device").key().public_key_to_der().unwrap();
    assert_eq!(csr.public_key().info(), key);
    assert_eq!(csr.public_key_sha256(), openssl::sha::sha256(&key));
    let shown = format!("{csr:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn every_signature_that_clients_use_verifies() {
    for options in [
        "-key device.key.pem -sha1",
        "-key device.key.pem -sha256",
        "-key device.key.pem -sha384",
        "-key device.key.pem -sha512",
        "-key weak.key.pem -sha1",
        "-key p256.key.pem -sha256",
        "-key p256.key.pem -sha1",
        "-key p256.key.pem -sha512",
        "-newkey rsa:1024 -nodes -keyout new.pem",
        "-newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout new.pem -sha384",
        "-newkey ec -pkeyopt ec_paramgen_curve:P-521 -nodes -keyout new.pem -sha512",
    ] {
        assert!(Csr::parse(&request(options)).is_ok(), "{options}");
    }
}

#[test]
fn requests_that_prove_nothing_are_refused() {
    let good = request("-key device.key.pem");
    let mut forged = good.clone();
    *forged.last_mut().unwrap() ^= 1;
    let mut renamed = good.clone();
    let at = good.windows(3).position(|window| window == b"one").unwrap();
    renamed[at] = b'O';
    for (der, complaint) in [
        (
            &forged,
            "the certification request is not signed by the key it names",
        ),
        (
            &renamed,
            "the certification request is not signed by the key it names",
        ),
        (
            &request("-newkey ed25519 -nodes -keyout new.pem"),
            "reading the public key of a certification request",
        ),
        (
            &request("-key device.key.pem -sigopt rsa_padding_mode:pss"),
            "certification requests signed with 1.2.840.113549.1.1.10 are not supported",
        ),
        (
            &b"\x30\x03\x02\x01\x00".to_vec(),
            "reading a certification request",
        ),
        (&Vec::new(), "reading a certification request"),
    ] {
        assert_eq!(Csr::parse(der).unwrap_err().to_string(), complaint);
    }
}

/// A request as our own writer makes it, for the forms that `openssl` has no words for.
fn written(attributes: impl Fn(&mut Writer)) -> Vec<u8> {
    let device = identity("device");
    let info = encode(|w| {
        w.sequence(|w| {
            w.integer(0);
            w.sequence(|_| {});
            w.raw(&device.key().public_key_to_der().unwrap());
            attributes(w);
        });
    });
    let key = device.key();
    let mut signer =
        openssl::sign::Signer::new(openssl::hash::MessageDigest::sha256(), key).unwrap();
    let signature = signer.sign_oneshot_to_vec(&info).unwrap();
    encode(|w| {
        w.sequence(|w| {
            w.raw(&info);
            w.sequence(|w| w.oid(oid::SHA256_WITH_RSA));
            w.bit_string(&signature);
        });
    })
}

#[test]
fn passwords_of_every_string_type_are_read() {
    for (tag, octets) in [
        (Tag::PRINTABLE_STRING, &b"abc"[..]),
        (Tag::UTF8_STRING, b"abc"),
        (Tag::IA5_STRING, b"abc"),
        (Tag::TELETEX_STRING, b"abc"),
        (Tag::BMP_STRING, b"\0a\0b\0c"),
    ] {
        let der = written(|w| {
            w.context(0, |w| {
                w.sequence(|w| {
                    w.oid(oid::CHALLENGE_PASSWORD);
                    w.set(|w| w.primitive(tag, octets));
                });
            });
        });
        let csr = Csr::parse(&der).unwrap();
        assert!(csr.challenge_password().unwrap().is("abc"), "{tag}");
        assert_eq!(csr.subject_text(), "");
    }
}

#[test]
fn requests_with_missing_or_strange_attributes_are_read() {
    let without = Csr::parse(&written(|_| {})).unwrap();
    assert!(without.challenge_password().is_none());
    assert!(without.extensions().is_empty());
    let strange = written(|w| {
        w.context(0, |w| {
            w.sequence(|w| {
                w.oid(Oid::new(&[0x2a, 3]));
                w.set(|_| {});
            });
            w.sequence(|w| {
                w.oid(oid::MICROSOFT_EXTENSION_REQUEST);
                w.set(|w| {
                    w.sequence(|w| {
                        w.sequence(|w| {
                            w.oid(oid::SUBJECT_ALT_NAME);
                            w.octet_string(b"not names");
                        });
                    });
                });
            });
        });
    });
    let csr = Csr::parse(&strange).unwrap();
    assert_eq!(csr.extensions().len(), 1);
    assert!(csr.alternative_names().is_empty());
    assert!(csr.purposes().is_empty());
    assert_eq!(csr.key_usage(), None);
}

#[test]
fn the_requests_of_windows_are_read() {
    let id = "0123456789ABCDEF0123456789ABCDEF";
    for (variant, der, end, purposes) in [
        (
            "sha1",
            &include_bytes!("../../../tests/fixtures/windows/requests/sha1.der")[..],
            "\\00",
            0,
        ),
        (
            "sha256",
            &include_bytes!("../../../tests/fixtures/windows/requests/sha256.der")[..],
            "",
            1,
        ),
    ] {
        let csr = Csr::parse(der).unwrap();
        assert_eq!(
            csr.subject_text(),
            format!("CN=3f6c1d1e-8f0a-4b77-9c55-0e2d3b!{id}{end}"),
            "{variant}"
        );
        let named = csr.extension(oid::WINDOWS_DEVICE_ID).unwrap();
        assert_eq!(named.value, format!("{id}\0").as_bytes(), "{variant}");
        assert_eq!(csr.purposes().len(), purposes, "{variant}");
        let mut forged = der.to_vec();
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(Csr::parse(&forged).unwrap_err(), CsrError::Signature);
    }
}
