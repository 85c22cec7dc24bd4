//! Requests by real clients, requests put together here, and what they are answered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::cms::{
    CertificateView, Cipher, Content, ContentSeed, Digest, SignedAttribute, SignedData, Signer,
    seal,
};
use crate::der::{Tag, encode};
use crate::oid;
use crate::testdata::{OpenSsl, certificate, identity};
use crate::x509::{Fingerprint, San};

const AT: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
const FALLBACK: [u8; 32] = [7; 32];
const SCEPCLIENT: &[u8] = include_bytes!("../testdata/scepclient-pkcsreq.der");
const SCEPCLIENT_RENEWAL: &[u8] = include_bytes!("../testdata/scepclient-renewalreq.der");
const STRONGSWAN: &[u8] = include_bytes!("../testdata/strongswan-pkcsreq.der");

fn decode(message: &[u8]) -> Result<Request, DecodeError> {
    Request::decode(message, &identity("ra"), &FALLBACK)
}

fn refusal(message: &[u8]) -> Refusal {
    match decode(message) {
        Err(DecodeError::Refused(refusal)) => *refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn ra() -> Signer {
    let chain: [Vec<u8>; 0] = [];
    Signer::new(identity("ra"), &chain)
}

fn seed() -> ReplySeed {
    ReplySeed::new([0x11; 16], ContentSeed::new([0x22; 32], [0x33; 16]))
}

/// A certification request by `device`.
fn csr() -> Vec<u8> {
    let openssl = OpenSsl::new();
    openssl.run("req -new -key device.key.pem -subj /CN=device -outform DER")
}

fn text(oid: oid::Oid<'static>, text: &str) -> SignedAttribute {
    SignedAttribute {
        oid,
        value: encode(|w| w.printable_string(text)),
    }
}

/// A message of `message_type` around `content`, signed by `device`.
fn signed(message_type: &str, content: &[u8], digest: Digest) -> Vec<u8> {
    let attributes = [
        text(oid::SCEP_MESSAGE_TYPE, message_type),
        text(oid::SCEP_TRANSACTION_ID, "a+/="),
        SignedAttribute {
            oid: oid::SCEP_SENDER_NONCE,
            value: encode(|w| w.octet_string(b"0123456789abcdef")),
        },
    ];
    let chain: [Vec<u8>; 0] = [];
    Signer::new(identity("device"), &chain)
        .sign(Content::Attached(content), digest, None, &attributes)
        .unwrap()
}

fn sealed(inner: &[u8], cipher: Cipher) -> Vec<u8> {
    let ra = certificate("ra");
    let ra = CertificateView::parse(&ra).unwrap();
    seal(inner, cipher, &ra, &ContentSeed::new([1; 32], [2; 16])).unwrap()
}

fn request(message_type: &str, inner: &[u8], cipher: Cipher) -> Vec<u8> {
    signed(message_type, &sealed(inner, cipher), Digest::Sha256)
}

#[test]
fn requests_of_real_clients_are_read() {
    for (message, enrollment, cipher, digest, self_issued, subject) in [
        (
            SCEPCLIENT,
            Enrollment::New,
            Cipher::Des,
            Digest::Sha1,
            true,
            "CN=lab1,OU=MDM,O=scep-client,C=US",
        ),
        (
            SCEPCLIENT_RENEWAL,
            Enrollment::Renewal,
            Cipher::Des,
            Digest::Sha1,
            false,
            "CN=lab1,OU=MDM,O=scep-client,C=US",
        ),
        (
            STRONGSWAN,
            Enrollment::New,
            Cipher::Aes128,
            Digest::Sha256,
            true,
            "CN=lab2,O=Lab,C=DE",
        ),
    ] {
        let request = decode(message).unwrap();
        assert_eq!(request.cipher(), Some(cipher), "{subject}");
        assert_eq!(request.digest(), Some(digest), "{subject}");
        assert_eq!(request.signer_is_self_issued(), self_issued, "{subject}");
        assert_eq!(request.sender_nonce().len(), 16, "{subject}");
        let Body::Enroll {
            enrollment: read,
            csr,
        } = request.body()
        else {
            panic!("not an enrollment: {:?}", request.body());
        };
        assert_eq!(*read, enrollment, "{subject}");
        assert_eq!(csr.subject_text(), subject);
        assert!(csr.challenge_password().unwrap().is("SECRET"), "{subject}");
        assert_eq!(csr.public_key(), request.signer_key(), "{subject}");
    }
    let Body::Enroll { csr, .. } = decode(STRONGSWAN).unwrap().into_body() else {
        panic!("not an enrollment");
    };
    assert_eq!(csr.alternative_names(), [San::Dns("lab2.test".into())]);
}

#[test]
fn every_type_of_request_is_read() {
    let name = |text: &str| {
        let name = crate::x509::Name::new().with(crate::x509::Attribute::CommonName, text);
        name.to_der()
    };
    let query = encode(|w| {
        w.sequence(|w| {
            w.raw(&name("issuer"));
            w.unsigned_integer(&[0xf3, 1]);
        });
    });
    let poll = encode(|w| {
        w.sequence(|w| {
            w.raw(&name("issuer"));
            w.raw(&name("subject"));
        });
    });
    let csr = csr();
    for (message_type, inner, expected) in [
        ("19", &csr, "Enroll { enrollment: New"),
        ("17", &csr, "Enroll { enrollment: Renewal"),
        ("18", &csr, "Enroll { enrollment: Update"),
        ("20", &poll, "Poll {"),
        ("21", &query, "GetCertificate {"),
        ("22", &query, "GetCrl {"),
        ("3", &query, "Unknown { message_type: CertRep"),
        ("99", &query, "Unknown { message_type: Unknown(99)"),
    ] {
        for cipher in [
            Cipher::Des,
            Cipher::TripleDes,
            Cipher::Aes128,
            Cipher::Aes256,
        ] {
            let request = decode(&request(message_type, inner, cipher)).unwrap();
            let shown = format!("{:?}", request.body());
            assert!(shown.starts_with(expected), "{message_type}: {shown}");
            assert_eq!(request.transaction_id().as_str(), "a+/=");
            let device = Fingerprint::of(&certificate("device"));
            assert_eq!(request.signer_fingerprint(), device);
        }
    }
    let Body::GetCrl { issuer, serial } = decode(&request("22", &query, Cipher::Aes128))
        .unwrap()
        .into_body()
    else {
        panic!("not GetCRL");
    };
    assert_eq!(
        (issuer, serial.to_string()),
        (name("issuer"), "f301".into())
    );
}

/// As Apple's encoder writes: indefinite lengths outside, the content in pieces.
#[test]
fn indefinite_lengths_and_pieces_are_read() {
    let message = request("19", &csr(), Cipher::Aes128);
    let read = SignedData::parse(&message).unwrap();
    let content = read.content().unwrap();
    let outer = crate::der::Element::parse(&message).unwrap();
    let explicit = {
        let mut members = outer.children();
        members.oid("type").unwrap();
        members.expect(Tag::context(0), "content").unwrap()
    };
    let mut members = explicit.children().sequence("signed data").unwrap();
    let mut streamed = vec![0x30, 0x80];
    streamed.extend(encode(|w| w.oid(oid::SIGNED_DATA)));
    streamed.extend([0xa0, 0x80, 0x30, 0x80]);
    for _ in 0..2 {
        streamed.extend(members.next("version and digests").unwrap().raw());
    }
    members.next("content").unwrap();
    streamed.extend([0x30, 0x80]);
    streamed.extend(encode(|w| w.oid(oid::DATA)));
    streamed.extend([0xa0, 0x80, 0x24, 0x80]);
    for piece in content.chunks(100) {
        streamed.extend(encode(|w| w.octet_string(piece)));
    }
    streamed.extend([0; 6]);
    streamed.extend(members.rest());
    streamed.extend([0; 6]);
    assert!(matches!(
        decode(&streamed).unwrap().body(),
        Body::Enroll { .. }
    ));
}

#[test]
fn each_refusal_has_its_fail_info() {
    let openssl = OpenSsl::new();
    let csr = csr();
    openssl.write("csr", &csr);
    let encrypted = |options: &str| {
        openssl.run(&format!(
            "cms -encrypt -binary -in csr -outform DER {options}"
        ))
    };
    let mut forged = request("19", &csr, Cipher::Aes128);
    *forged.last_mut().unwrap() ^= 1;
    let mut forged_csr = csr.clone();
    *forged_csr.last_mut().unwrap() ^= 1;
    let mut broken = sealed(&csr, Cipher::Aes128);
    *broken.last_mut().unwrap() ^= 1;
    let sign = |content: &[u8]| signed("19", content, Digest::Sha256);
    let decrypts = "the envelope does not decrypt to a valid request";
    for (message, fail_info, complaint) in [
        (
            forged,
            FailInfo::BadMessageCheck,
            "the signature does not verify with the signer's key",
        ),
        (
            signed("x", b"", Digest::Sha256),
            FailInfo::BadRequest,
            "the SCEP message has no messageType",
        ),
        (
            sign(b""),
            FailInfo::BadRequest,
            "reading the envelope of the SCEP message",
        ),
        (
            sign(&encrypted("-camellia128 ra.pem")),
            FailInfo::BadAlg,
            "content encryption by 1.2.392.200011.61.1.1.1.2 is not supported",
        ),
        (
            sign(&encrypted(
                "-aes128 -recip ra.pem -keyopt rsa_padding_mode:oaep",
            )),
            FailInfo::BadAlg,
            "key encryption by 1.2.840.113549.1.1.7 is not supported",
        ),
        (
            sign(&encrypted("-aes128 weak.pem")),
            FailInfo::BadMessageCheck,
            "the envelope is not for this certificate",
        ),
        (sign(&broken), FailInfo::BadMessageCheck, decrypts),
        (
            sign(&sealed(b"no request", Cipher::Aes128)),
            FailInfo::BadMessageCheck,
            decrypts,
        ),
        (
            sign(&sealed(&forged_csr, Cipher::Aes128)),
            FailInfo::BadMessageCheck,
            decrypts,
        ),
        (
            request("20", b"no names", Cipher::Aes128),
            FailInfo::BadMessageCheck,
            decrypts,
        ),
    ] {
        let refusal = refusal(&message);
        let reason = refusal.reason();
        assert_eq!(
            (reason.fail_info(), &*reason.text()),
            (fail_info, complaint)
        );
        assert_eq!(refusal.transaction_id().as_str(), "a+/=");
    }
}

#[test]
fn messages_without_a_transaction_cannot_be_answered() {
    let chain: [Vec<u8>; 0] = [];
    let plain = Signer::new(identity("device"), &chain)
        .sign_attached(b"", AT)
        .unwrap();
    for (message, complaint) in [
        (&b""[..], "reading the SCEP message"),
        (b"<html>", "reading the SCEP message"),
        (&plain, "the SCEP message has no usable transactionID"),
    ] {
        match decode(message) {
            Err(DecodeError::Unreadable(why)) => assert_eq!(why.to_string(), complaint),
            other => panic!("{other:?}"),
        }
    }
}

/// A sender of altered copies must not tell a broken key from broken content (RFC 3218).
#[test]
fn no_reply_tells_a_broken_key_from_broken_content() {
    let good = sealed(&csr(), Cipher::Aes128);
    let key_at = good
        .windows(4)
        .position(|at| at == [4, 0x82, 1, 0])
        .unwrap()
        + 4;
    let mut broken_key = good.clone();
    broken_key[key_at + 99] ^= 4;
    let mut broken_padding = good.clone();
    *broken_padding.last_mut().unwrap() ^= 1;
    let mut broken_start = good.clone();
    let start = good.len() - 64;
    broken_start[start] ^= 1;
    let replies: Vec<_> = [broken_key, broken_padding, broken_start]
        .iter()
        .map(|content| {
            let refusal = refusal(&signed("19", content, Digest::Sha256));
            refusal.reply(&ra(), AT, &seed()).unwrap()
        })
        .collect();
    assert_eq!(replies[0], replies[1]);
    assert_eq!(replies[0], replies[2]);
}

/// The signed attributes of a reply, as `openssl` reads them.
fn attributes(openssl: &OpenSsl) -> String {
    let shown = openssl.run("asn1parse -inform DER -in reply");
    let shown = String::from_utf8(shown).unwrap();
    let lines: Vec<_> = shown
        .lines()
        .filter_map(|line| line.split_once(": ").map(|(_, after)| after.trim()))
        .skip_while(|line| !line.starts_with("OBJECT            :2.16.840.1.113733"))
        .filter(|line| !line.starts_with("SEQUENCE") && !line.starts_with("SET"))
        .take_while(|line| !line.starts_with("OBJECT            :rsaEncryption"))
        .collect();
    lines.join("\n")
}

#[test]
fn replies_without_content_are_signed_and_say_their_status() {
    let openssl = OpenSsl::new();
    let request = decode(&request("19", &csr(), Cipher::Aes128)).unwrap();
    let write = |reply: &Reply<'_>| {
        let message = request.reply(reply, &ra(), AT, &seed()).unwrap();
        openssl.write("reply", &message);
        for program in ["cms", "smime"] {
            let content = openssl.run(&format!(
                "{program} -verify -inform DER -in reply -CAfile ra.pem"
            ));
            assert!(content.is_empty());
        }
    };
    write(&Reply::Pending);
    insta::assert_snapshot!(attributes(&openssl), @r#"
        OBJECT            :2.16.840.1.113733.1.9.2
        PRINTABLESTRING   :3
        OBJECT            :2.16.840.1.113733.1.9.3
        PRINTABLESTRING   :3
        OBJECT            :2.16.840.1.113733.1.9.7
        PRINTABLESTRING   :a+/=
        OBJECT            :contentType
        OBJECT            :pkcs7-data
        OBJECT            :signingTime
        UTCTIME           :261121120000Z
        OBJECT            :2.16.840.1.113733.1.9.5
        OCTET STRING      [HEX DUMP]:11111111111111111111111111111111
        OBJECT            :2.16.840.1.113733.1.9.6
        OCTET STRING      :0123456789abcdef
        OBJECT            :messageDigest
        OCTET STRING      [HEX DUMP]:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855
        "#);
    write(&Reply::Failure {
        fail_info: FailInfo::BadRequest,
        text: Some("the challenge of & < \" é is wrong"),
    });
    insta::assert_snapshot!(attributes(&openssl), @r#"
        OBJECT            :2.16.840.1.113733.1.9.2
        PRINTABLESTRING   :3
        OBJECT            :2.16.840.1.113733.1.9.3
        PRINTABLESTRING   :2
        OBJECT            :2.16.840.1.113733.1.9.4
        PRINTABLESTRING   :2
        OBJECT            :2.16.840.1.113733.1.9.7
        PRINTABLESTRING   :a+/=
        OBJECT            :contentType
        OBJECT            :pkcs7-data
        OBJECT            :signingTime
        UTCTIME           :261121120000Z
        OBJECT            :2.16.840.1.113733.1.9.5
        OCTET STRING      [HEX DUMP]:11111111111111111111111111111111
        OBJECT            :2.16.840.1.113733.1.9.6
        OCTET STRING      :0123456789abcdef
        OBJECT            :messageDigest
        OCTET STRING      [HEX DUMP]:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855
        OBJECT            :1.3.6.1.5.5.7.24.1
        UTF8STRING        :the challenge of & < " é is wrong
        "#);
}

#[test]
fn certificates_reach_the_requester_in_order() {
    let openssl = OpenSsl::new();
    for (cipher, digest, shown_cipher, shown_digest) in [
        (Cipher::Des, Digest::Sha1, "des-cbc", "sha256"),
        (Cipher::TripleDes, Digest::Sha256, "des-ede3-cbc", "sha256"),
        (Cipher::Aes128, Digest::Sha384, "aes-128-cbc", "sha384"),
        (Cipher::Aes256, Digest::Sha512, "aes-256-cbc", "sha512"),
    ] {
        let message = signed("19", &sealed(&csr(), cipher), digest);
        let request = decode(&message).unwrap();
        let certificates = [certificate("weak"), certificate("ra")];
        let success = Reply::Success {
            certificates: &certificates,
        };
        let reply = request.reply(&success, &ra(), AT, &seed()).unwrap();
        openssl.write("reply", &reply);
        let print = |file: &str| {
            let shown = openssl.run(&format!("cms -cmsout -print -noout -inform DER -in {file}"));
            String::from_utf8(shown).unwrap()
        };
        let shown = print("reply");
        assert!(
            shown.contains(&format!("algorithm: {shown_digest} ")),
            "{shown}"
        );
        assert!(shown.contains("algorithm: rsaEncryption"), "{shown}");
        openssl.run("cms -verify -binary -inform DER -in reply -CAfile ra.pem -out envelope");
        let shown = print("envelope");
        assert!(
            shown.contains(&format!("algorithm: {shown_cipher} ")),
            "{shown}"
        );
        openssl.run(
            "cms -decrypt -binary -inform DER -in envelope -recip device.pem \
             -inkey device.key.pem -provider legacy -provider default -out bundle",
        );
        let subjects = openssl.run("pkcs7 -inform DER -in bundle -print_certs -noout");
        let subjects = String::from_utf8(subjects).unwrap();
        let first = subjects.lines().find(|line| line.starts_with("subject"));
        assert_eq!(first, Some("subject=CN = weak"), "{cipher:?}");
    }
}

#[test]
fn a_revocation_list_reaches_the_requester() {
    let openssl = OpenSsl::new();
    openssl.write("index.txt", b"");
    openssl.write(
        "config",
        b"[ca]\ndefault_ca = a\n[a]\ndatabase = index.txt\ndefault_md = sha256\n",
    );
    openssl
        .run("ca -config config -gencrl -cert ra.pem -keyfile ra.key.pem -crldays 1 -out crl.pem");
    let list = openssl.run("crl -in crl.pem -outform DER");
    let query = encode(|w| {
        w.sequence(|w| {
            w.sequence(|_| {});
            w.integer(1);
        });
    });
    let request = decode(&request("22", &query, Cipher::Aes128)).unwrap();
    let reply = Reply::Crl { list: &list };
    let reply = request.reply(&reply, &ra(), AT, &seed()).unwrap();
    openssl.write("reply", &reply);
    openssl.run("cms -verify -binary -inform DER -in reply -CAfile ra.pem -out envelope");
    let bundle = openssl.run(
        "cms -decrypt -binary -inform DER -in envelope -recip device.pem -inkey device.key.pem",
    );
    let bundle = SignedData::parse(&bundle).unwrap();
    assert_eq!(bundle.revocation_lists(), [&*list]);
}

#[test]
fn no_truncation_and_no_flipped_bit_makes_it_panic() {
    let authority = identity("ra");
    let good = request("19", &csr(), Cipher::Aes128);
    for message in [&*good, SCEPCLIENT] {
        let step = if message.len() == good.len() { 1 } else { 7 };
        for end in (0..message.len()).step_by(step) {
            let cut = Request::decode(&message[..end], &authority, &FALLBACK);
            assert!(
                matches!(cut, Err(DecodeError::Unreadable(_))),
                "cut at {end}"
            );
        }
        let mut copy = message.to_vec();
        for bit in (0..message.len() * 8).step_by(step) {
            copy[bit / 8] ^= 1 << (bit % 8);
            // A few bits are not signed: they may well be read.
            let _ = Request::decode(&copy, &authority, &FALLBACK);
            copy[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(copy, message);
    }
}
