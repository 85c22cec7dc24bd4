//! Signed and enveloped messages, exchanged with the `openssl` program.

use time::macros::datetime;

use super::*;
use crate::oid;
use crate::testdata::{OpenSsl, certificate, identity};

const CONTENT: &[u8] = "line one\nline two & < \" é\r\n".as_bytes();

/// Verifies the way every caller does.
fn verify(message: &[u8], detached: Option<&[u8]>) -> Result<Vec<u8>, String> {
    let signed = SignedData::parse(message).map_err(|error| error.to_string())?;
    let signer = signed.only_signer().map_err(|error| error.to_string())?;
    let certificate = signed
        .certificate_of(signer)
        .map_err(|error| error.to_string())?;
    let key = certificate
        .public_key()
        .map_err(|error| error.to_string())?;
    let content = detached
        .or(signed.content())
        .ok_or_else(|| "no content".to_owned())?;
    signer
        .verify(signed.content_type(), content, &key)
        .map_err(|error| error.to_string())?;
    Ok(content.to_vec())
}

#[test]
fn what_openssl_signs_verifies() {
    let openssl = OpenSsl::new();
    openssl.write("content", CONTENT);
    for command in [
        "cms -sign -md sha1 -signer device.pem -inkey device.key.pem -nodetach",
        "cms -sign -md sha256 -signer device.pem -inkey device.key.pem -nodetach",
        "cms -sign -md sha384 -signer device.pem -inkey device.key.pem -nodetach",
        "cms -sign -md sha512 -signer device.pem -inkey device.key.pem -nodetach",
        "cms -sign -md sha256 -signer device.pem -inkey device.key.pem -nodetach -stream",
        "cms -sign -md sha256 -signer device.pem -inkey device.key.pem -nodetach -keyid",
        "cms -sign -md sha256 -signer device.pem -inkey device.key.pem -nodetach -noattr",
        "cms -sign -md sha256 -signer device.pem -inkey device.key.pem -certfile ra.pem -nodetach",
        "cms -sign -md sha1 -signer p256.pem -inkey p256.key.pem -nodetach",
        "cms -sign -md sha256 -signer p256.pem -inkey p256.key.pem -nodetach -stream",
        "cms -sign -md sha512 -signer p256.pem -inkey p256.key.pem -nodetach",
        "cms -sign -md sha1 -signer weak.pem -inkey weak.key.pem -nodetach",
        "cms -sign -md sha256 -signer weak.pem -inkey weak.key.pem -nodetach",
        "smime -sign -md sha256 -signer device.pem -inkey device.key.pem -nodetach",
        "smime -sign -md sha1 -signer weak.pem -inkey weak.key.pem -nodetach -stream",
    ] {
        let command = format!("{command} -binary -in content -outform DER");
        let message = openssl.run(&command);
        assert_eq!(verify(&message, None).as_deref(), Ok(CONTENT), "{command}");
    }
}

#[test]
fn detached_signatures_cover_exactly_their_content() {
    let openssl = OpenSsl::new();
    openssl.write("content", CONTENT);
    let message = openssl
        .run("cms -sign -signer device.pem -inkey device.key.pem -binary -in content -outform DER");
    assert_eq!(verify(&message, Some(CONTENT)).as_deref(), Ok(CONTENT));
    assert_eq!(verify(&message, None).unwrap_err(), "no content");
    assert_eq!(
        verify(&message, Some(b"other")).unwrap_err(),
        "the content's digest is d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa, \
         the signer's was 3048c604ceab9a46095d8f1934941fefbbc1cbd02859f26fde6a9e2c7dae4d2d"
    );
}

#[test]
fn what_is_no_good_signature_is_told_apart() {
    let openssl = OpenSsl::new();
    openssl.write("content", CONTENT);
    let with = |options: &str| {
        openssl.run(&format!(
            "cms -sign -nodetach -binary -in content -outform DER {options}"
        ))
    };
    let mut forged = with("-signer device.pem -inkey device.key.pem");
    *forged.last_mut().unwrap() ^= 1;
    let mut forged_small = with("-signer weak.pem -inkey weak.key.pem");
    *forged_small.last_mut().unwrap() ^= 1;
    let bare = with("-signer device.pem -inkey device.key.pem -nocerts");
    let stranger = with("-signer device.pem -inkey device.key.pem -nocerts -certfile ra.pem");
    let two = with("-signer device.pem -inkey device.key.pem -signer p256.pem -inkey p256.key.pem");
    let digest = with("-md sha224 -signer device.pem -inkey device.key.pem");
    let pss = with("-signer device.pem -inkey device.key.pem -keyopt rsa_padding_mode:pss");
    let envelope = openssl.run("cms -encrypt -aes128 -in content -outform DER device.pem");
    for (message, complaint) in [
        (
            &forged,
            "the signature does not verify with the signer's key",
        ),
        (
            &forged_small,
            "the signature does not verify with the signer's key",
        ),
        (&bare, "the signer's certificate is not in the message"),
        (&stranger, "the signer's certificate is not in the message"),
        (&two, "the message has 2 signers where one was wanted"),
        (
            &digest,
            "digest algorithm 2.16.840.1.101.3.4.2.4 is not supported",
        ),
        (
            &pss,
            "signature algorithm 1.2.840.113549.1.1.10 is not supported",
        ),
        (
            &envelope,
            "a cryptographic message of type 1.2.840.113549.1.7.3 where signed data was wanted",
        ),
        (&b"<plist/>".to_vec(), "reading a cryptographic message"),
    ] {
        assert_eq!(verify(message, None).unwrap_err(), complaint);
    }
}

#[test]
fn openssl_verifies_what_we_sign() {
    let openssl = OpenSsl::new();
    let at = datetime!(2026-11-21 12:00 UTC);
    openssl.write("content", CONTENT);
    for name in ["ra", "device", "p256"] {
        let signer = Signer::new(identity(name), &[certificate("weak")]);
        openssl.write("attached", &signer.sign_attached(CONTENT, at).unwrap());
        openssl.write("detached", &signer.sign_detached(CONTENT, at).unwrap());
        for program in ["cms", "smime"] {
            let trust = format!("-binary -inform DER -CAfile {name}.pem -purpose any");
            let read = openssl.run(&format!("{program} -verify -in attached {trust}"));
            assert_eq!(read, CONTENT, "{program} {name}");
            let read = openssl.run(&format!(
                "{program} -verify -in detached -content content {trust}"
            ));
            assert_eq!(read, CONTENT, "{program} {name}");
        }
        let shown = openssl.run("cms -cmsout -print -noout -inform DER -in attached");
        let shown = String::from_utf8_lossy(&shown).into_owned();
        assert!(shown.contains("Nov 21 12:00:00 2026 GMT"), "{shown}");
        if name != "p256" {
            assert!(shown.contains("algorithm: rsaEncryption"), "{shown}");
        }
    }
}

#[test]
fn signing_is_the_same_each_time_and_keeps_certificates_in_order() {
    let at = datetime!(2026-11-21 12:00 UTC);
    let signer = Signer::new(
        identity("device"),
        &[certificate("ra"), certificate("p256")],
    );
    let message = signer.sign_attached(CONTENT, at).unwrap();
    assert_eq!(message, signer.clone().sign_attached(CONTENT, at).unwrap());
    let read = SignedData::parse(&message).unwrap();
    assert_eq!(
        read.certificates(),
        [
            certificate("device"),
            certificate("ra"),
            certificate("p256")
        ]
    );
    let bundle = certificates_only(
        &[certificate("device"), certificate("ra")],
        &[] as &[Vec<u8>],
    );
    let openssl = OpenSsl::new();
    openssl.write("bundle", &bundle);
    let subjects = openssl.run("pkcs7 -inform DER -in bundle -print_certs -noout");
    let subjects = String::from_utf8(subjects).unwrap();
    let first = subjects.lines().find(|line| line.starts_with("subject"));
    assert_eq!(first, Some("subject=CN = device"));
    let read = SignedData::parse(&bundle).unwrap();
    assert_eq!(
        read.certificates(),
        [certificate("device"), certificate("ra")]
    );
    assert!(read.signers().is_empty());
}

#[test]
fn envelopes_by_openssl_open() {
    let openssl = OpenSsl::new();
    openssl.write("content", CONTENT);
    let ra = identity("ra");
    for command in [
        "cms -encrypt -des3 -recip ra.pem",
        "cms -encrypt -aes128 -recip ra.pem",
        "cms -encrypt -aes192 -recip ra.pem",
        "cms -encrypt -aes256 -recip ra.pem",
        "cms -encrypt -aes256 -stream -recip ra.pem",
        "cms -encrypt -aes256 -keyid -recip ra.pem",
        "cms -encrypt -aes128 -recip device.pem -recip ra.pem",
        "cms -encrypt -aes128 -recip p256.pem -recip ra.pem",
        "cms -encrypt -des -provider legacy -provider default -recip ra.pem",
        "smime -encrypt -des3 ra.pem",
    ] {
        let command = command.replacen("-encrypt", "-encrypt -binary -in content -outform DER", 1);
        let message = openssl.run(&command);
        let envelope = EnvelopedData::parse(&message).unwrap();
        let opened = envelope.open(&ra, &[7; 32]);
        assert_eq!(opened.as_deref(), Ok(CONTENT), "{command}");
        let other = envelope.open(&identity("weak"), &[7; 32]).unwrap_err();
        assert_eq!(other, OpenError::OtherRecipient, "{command}");
    }
}

#[test]
fn envelopes_we_cannot_open_say_which_algorithm() {
    let openssl = OpenSsl::new();
    openssl.write("content", CONTENT);
    for (options, complaint) in [
        (
            "-camellia128 -recip ra.pem",
            "content encryption by 1.2.392.200011.61.1.1.1.2 is not supported",
        ),
        (
            "-aes128 -recip ra.pem -keyopt rsa_padding_mode:oaep",
            "key encryption by 1.2.840.113549.1.1.7 is not supported",
        ),
        (
            "-aes128 -recip p256.pem",
            "the envelope is not for this certificate",
        ),
    ] {
        let message = openssl.run(&format!(
            "cms -encrypt -binary -in content -outform DER {options}"
        ));
        let opened = EnvelopedData::parse(&message)
            .unwrap()
            .open(&identity("ra"), &[7; 32]);
        assert_eq!(opened.unwrap_err().to_string(), complaint, "{options}");
    }
}

#[test]
fn openssl_opens_our_envelopes() {
    let openssl = OpenSsl::new();
    let recipient = certificate("device");
    let recipient = CertificateView::parse(&recipient).unwrap();
    let seed = ContentSeed::new([0x5a; 32], [0xa5; 16]);
    for cipher in [
        Cipher::Des,
        Cipher::TripleDes,
        Cipher::Aes128,
        Cipher::Aes192,
        Cipher::Aes256,
    ] {
        openssl.write(
            "envelope",
            &seal(CONTENT, cipher, &recipient, &seed).unwrap(),
        );
        let read = openssl.run(
            "cms -decrypt -binary -inform DER -in envelope -recip device.pem \
             -inkey device.key.pem -provider legacy -provider default",
        );
        assert_eq!(read, CONTENT, "{cipher:?}");
    }
    let elliptic = certificate("p256");
    let elliptic = CertificateView::parse(&elliptic).unwrap();
    assert_eq!(
        seal(CONTENT, Cipher::Aes128, &elliptic, &seed)
            .unwrap_err()
            .to_string(),
        "the recipient's key is not RSA and cannot be encrypted to"
    );
}

/// The encrypted content of scepclient: a constructed `[0]` of several pieces.
#[test]
fn encrypted_content_in_pieces_is_joined() {
    let recipient = certificate("ra");
    let recipient = CertificateView::parse(&recipient).unwrap();
    let seed = ContentSeed::new([0x5a; 32], [0xa5; 16]);
    let whole = seal(CONTENT, Cipher::Des, &recipient, &seed).unwrap();
    let encrypted = Cipher::Des
        .encrypt(&[0x5a; 8], &[0xa5; 8], CONTENT)
        .unwrap();
    let outer = crate::der::Element::parse(&whole).unwrap();
    let head = &outer.raw()[4..outer.raw().len() - 2 - encrypted.len()];
    // Indefinite lengths above, so that they need no correction.
    let mut message = vec![0x30, 0x80];
    let mut at = 0;
    let oid_end = 2 + oid::ENVELOPED_DATA.content().len();
    message.extend_from_slice(&head[..oid_end]);
    at += oid_end + 4 + 4;
    message.extend_from_slice(&[0xa0, 0x80, 0x30, 0x80]);
    let info_header =
        2 + 2 + oid::DATA.content().len() + 2 + 2 + oid::DES_CBC.content().len() + 2 + 8;
    message.extend_from_slice(&head[at..head.len() - info_header]);
    message.extend_from_slice(&[0x30, 0x80]);
    message.extend_from_slice(&head[head.len() - info_header + 2..]);
    message.extend_from_slice(&[0xa0, 0x80]);
    for piece in encrypted.chunks(8) {
        message.extend_from_slice(&[4, 8]);
        message.extend_from_slice(piece);
    }
    message.extend_from_slice(&[0; 10]);
    let envelope = EnvelopedData::parse(&message).unwrap();
    assert_eq!(
        envelope.open(&identity("ra"), &[7; 32]).as_deref(),
        Ok(CONTENT)
    );
}

/// RFC 3218: a broken key and a broken content must look the same.
#[test]
fn broken_keys_and_broken_content_give_one_answer() {
    let openssl = OpenSsl::new();
    openssl.write("content", CONTENT);
    let ra = identity("ra");
    for cipher in ["aes128", "des3"] {
        let good = openssl.run(&format!(
            "cms -encrypt -{cipher} -binary -in content -outform DER -recip ra.pem"
        ));
        let mut broken_content = good.clone();
        *broken_content.last_mut().unwrap() ^= 1;
        // The encrypted key is the one octet string of 256 octets.
        let key_at = good
            .windows(4)
            .position(|at| at == [4, 0x82, 1, 0])
            .unwrap()
            + 4;
        let mut broken_key = good.clone();
        broken_key[key_at + 100] ^= 1;
        let mut too_large = good.clone();
        too_large[key_at..key_at + 256].fill(0xff);
        for message in [&broken_content, &broken_key, &too_large] {
            let envelope = EnvelopedData::parse(message).unwrap();
            let opened = envelope.open(&ra, &[7; 32]);
            assert_eq!(opened, Err(OpenError::Undecryptable), "{cipher}");
        }
    }
}

#[test]
fn an_identity_is_a_key_with_its_own_certificate() {
    let other = identity("device").key().clone();
    let error = Identity::new(certificate("ra"), other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the private key does not belong to the certificate"
    );
    let shown = format!("{:?}", identity("ra"));
    assert!(shown.contains("***"), "{shown}");
}
