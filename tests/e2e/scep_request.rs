//! A SCEP request made by OpenSSL: key, request, envelope, digest and signature are the work of its commands, and what
//! they give is put together here, with indefinite lengths wherever BER allows them (RFC 8894 section 3, RFC 5652).

use std::fs;
use std::path::PathBuf;

use crate::environment::Environment;
use crate::mobileconfig::path;
use crate::program::{Ran, openssl};

/// A request that is ready to be sent, and what is needed to read the answer.
pub(crate) struct MadeRequest {
    folder: PathBuf,
    /// The pkiMessage.
    pub(crate) message: Vec<u8>,
}

const DATA: &str = "2a864886f70d010701";
const SIGNED_DATA: &str = "2a864886f70d010702";
const CONTENT_TYPE: &str = "2a864886f70d010903";
const MESSAGE_DIGEST: &str = "2a864886f70d010904";
const RSA: &str = "2a864886f70d010101";
const SHA_256: &str = "608648016503040201";
const COMMON_NAME: &str = "550403";
const MESSAGE_TYPE: &str = "6086480186f845010902";
const SENDER_NONCE: &str = "6086480186f845010905";
const TRANSACTION_ID: &str = "6086480186f845010907";
const NULL: &[u8] = &[5, 0];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTET_STRING: u8 = 0x04;
const PRINTABLE_STRING: u8 = 0x13;
const UTF8_STRING: u8 = 0x0c;
const CONTEXT_0: u8 = 0xa0;

fn definite(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..=0x7f => out.push(u8::try_from(length).unwrap()),
        0x80..=0xff => out.extend([0x81, u8::try_from(length).unwrap()]),
        0x100..=0xffff => {
            out.push(0x82);
            out.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        _ => panic!("{length} bytes are more than a request has"),
    }
    out.extend(content);
    out
}

/// Indefinite length: BER only.
fn streamed(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[tag, 0x80], &parts.concat()[..], &[0, 0]].concat()
}

fn oid(hex: &str) -> Vec<u8> {
    let bytes = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
    definite(6, &[&bytes.collect::<Vec<_>>()])
}

fn attribute(kind: &str, tag: u8, value: &[u8]) -> Vec<u8> {
    definite(
        SEQUENCE,
        &[&oid(kind), &definite(SET, &[&definite(tag, &[value])])],
    )
}

impl MadeRequest {
    /// A request for `CN=streamed` under a challenge. Its files go into a new directory of that name.
    pub(crate) fn new(env: &Environment, name: &str, challenge: &str) -> Self {
        let folder = env.fresh(name);
        let config = format!(
            "[req]\nprompt = no\ndistinguished_name = dn\nattributes = more\n[dn]\nCN = streamed\n[more]\nchallengePassword = {challenge}\n"
        );
        fs::write(folder.join("request.conf"), config).unwrap();
        let tool = |command: &str| openssl(command.split(' ')).at(&folder).run().ok().stdout;
        tool(
            "req -new -newkey rsa:2048 -nodes -keyout key.pem -config request.conf -outform DER -out request.der",
        );
        tool("req -x509 -key key.pem -subj /CN=streamed -set_serial 1 -days 2 -out self.pem");
        let own = tool("x509 -in self.pem -outform DER");
        let envelope = openssl([
            "cms",
            "-encrypt",
            "-binary",
            "-stream",
            "-aes-256-cbc",
            "-outform",
            "DER",
        ])
        .args(["-in", "request.der", path(&env.ca_file())])
        .at(&folder)
        .run()
        .ok()
        .stdout;
        assert_eq!(
            envelope[..2],
            [SEQUENCE, 0x80],
            "OpenSSL streams with indefinite lengths"
        );

        fs::write(folder.join("envelope"), &envelope).unwrap();
        let digest = tool("dgst -sha256 -binary envelope");
        let mut attributes = [
            definite(
                SEQUENCE,
                &[&oid(CONTENT_TYPE), &definite(SET, &[&oid(DATA)])],
            ),
            attribute(MESSAGE_DIGEST, OCTET_STRING, &digest),
            attribute(MESSAGE_TYPE, PRINTABLE_STRING, b"19"),
            attribute(SENDER_NONCE, OCTET_STRING, b"0123456789abcdef"),
            attribute(TRANSACTION_ID, PRINTABLE_STRING, name.as_bytes()),
        ];
        attributes.sort();
        let attributes = attributes.concat();
        fs::write(folder.join("attributes"), definite(SET, &[&attributes])).unwrap();
        let signature = tool("dgst -sha256 -sign key.pem attributes");

        let digest_algorithm = definite(SEQUENCE, &[&oid(SHA_256), NULL]);
        let issuer = definite(
            SEQUENCE,
            &[&oid(COMMON_NAME), &definite(UTF8_STRING, &[b"streamed"])],
        );
        let issuer = definite(SEQUENCE, &[&definite(SET, &[&issuer])]);
        let signer = streamed(
            SEQUENCE,
            &[
                &[2, 1, 1],
                &definite(SEQUENCE, &[&issuer, &[2, 1, 1]]),
                &digest_algorithm,
                &definite(CONTEXT_0, &[&attributes]),
                &definite(SEQUENCE, &[&oid(RSA), NULL]),
                &definite(OCTET_STRING, &[&signature]),
            ],
        );
        let (front, back) = envelope.split_at(envelope.len() / 3);
        let pieces = [
            definite(OCTET_STRING, &[front]),
            definite(OCTET_STRING, &[back]),
        ]
        .concat();
        let content = streamed(CONTEXT_0, &[&streamed(OCTET_STRING | 0x20, &[&pieces])]);
        let signed = streamed(
            SEQUENCE,
            &[
                &[2, 1, 1],
                &definite(SET, &[&digest_algorithm]),
                &streamed(SEQUENCE, &[&oid(DATA), &content]),
                &streamed(CONTEXT_0, &[&own]),
                &streamed(SET, &[&signer]),
            ],
        );
        let message = streamed(
            SEQUENCE,
            &[&oid(SIGNED_DATA), &streamed(CONTEXT_0, &[&signed])],
        );
        Self { folder, message }
    }

    /// Reads the answer with OpenSSL: signature, envelope, certificate. Gives the file the certificate is in.
    #[track_caller]
    pub(crate) fn certificate(&self, env: &Environment, answer: &[u8]) -> PathBuf {
        let folder = &self.folder;
        fs::write(folder.join("answer"), answer).unwrap();
        let ran = |command: &str| -> Ran { openssl(command.split(' ')).at(folder).run().ok() };
        openssl([
            "cms",
            "-verify",
            "-inform",
            "DER",
            "-binary",
            "-in",
            "answer",
            "-out",
            "answer.envelope",
        ])
        .args([
            "-purpose",
            "any",
            "-certfile",
            path(&env.ca_file()),
            "-CAfile",
            path(&env.ca_file()),
        ])
        .at(folder)
        .run()
        .ok();
        ran(
            "cms -decrypt -binary -inform DER -in answer.envelope -inkey key.pem -recip self.pem -out answer.p7",
        );
        ran("pkcs7 -inform DER -in answer.p7 -print_certs -out certificate.pem");
        folder.join("certificate.pem")
    }
}
