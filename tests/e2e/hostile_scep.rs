//! A SCEP message cut short at every byte, with bits flipped, sent again, and sent as something else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::hostile_siege::{Siege, refused};
use crate::http::Answer;

const POST: &str = "/scep?operation=PKIOperation";
/// `pkiStatus` and `failInfo`, 2.16.840.1.113733.1.9.3 and .4 (RFC 8894 section 3.2), and what stands before their value.
const PKI_STATUS: [u8; 13] = [6, 10, 0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x45, 1, 9, 3, 0x31];

/// Everything.
pub(crate) fn attack(siege: &Siege) {
    let message = message(siege);
    let issued = certificates(siege);
    replay(siege, &message);
    truncate(siege, &message);
    flip(siege, &message);
    elsewhere(siege, &message);
    let now = certificates(siege);
    assert_eq!(now, issued, "a damaged message led to a certificate");
    siege.offend_until_told(
        "request.refused",
        "a SCEP request cannot be understood",
        || {
            siege
                .bootstrap_line()
                .send("POST", POST, &[], b"no message");
        },
    );
    assert!(!siege.lab.server.events_of("certificate.refused").is_empty());
}

/// The request by which the device got its identity, as it was on the wire.
fn message(siege: &Siege) -> Vec<u8> {
    let server = &siege.lab.server;
    let list = server.api_ok("GET", "/api/v1/exchanges?limit=1000&after=0", None);
    let items = list["items"].as_array().unwrap();
    let found = items
        .iter()
        .find(|item| item["operation"] == "scep PKIOperation enroll");
    let id = &found.unwrap_or_else(|| panic!("{list:#}"))["id"];
    let exchange = server.api_ok("GET", &format!("/api/v1/exchanges/{id}"), None);
    let body = exchange["request"]["body"]["base64"].as_str().unwrap();
    STANDARD.decode(body).unwrap()
}

fn certificates(siege: &Siege) -> Vec<Value> {
    let list = siege.lab.server.api_ok("GET", "/api/v1/certificates", None);
    list["items"].as_array().unwrap().clone()
}

/// `pkiStatus` of an answer: "0" is success, "2" failure.
fn pki_status(answer: &Answer) -> String {
    assert_eq!(
        answer.header("content-type"),
        Some("application/x-pki-message")
    );
    let body = &answer.body;
    let at = body
        .windows(PKI_STATUS.len())
        .position(|part| part == PKI_STATUS);
    let value = at
        .and_then(|at| body.get(at + PKI_STATUS.len()..))
        .unwrap_or_else(|| panic!("no pkiStatus"));
    // The length of the set, then a PrintableString of one character.
    assert_eq!(&value[..3], &[3, 0x13, 1], "pkiStatus");
    char::from(value[3]).to_string()
}

/// Again and again, by both methods: the same answer, and one certificate.
fn replay(siege: &Siege, message: &[u8]) {
    let mut line = siege.bootstrap_line();
    for _ in 0..5 {
        assert_eq!(pki_status(&line.send("POST", POST, &[], message)), "0");
        let text = STANDARD
            .encode(message)
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D");
        assert_eq!(
            pki_status(&line.send("GET", &format!("{POST}&message={text}"), &[], b"")),
            "0"
        );
    }
}

fn truncate(siege: &Siege, message: &[u8]) {
    let mut line = siege.device_line();
    for length in 0..message.len() {
        let answer = line.send("POST", POST, &[], &message[..length]);
        refused(
            &format!("the first {length} bytes"),
            &answer,
            "a SCEP request cannot be understood",
        );
        assert_eq!(answer.status, 400);
    }
}

/// One bit in every seventh byte, each time another one. What is refused in the protocol has status 200 and `pkiStatus`
/// 2; where the bit protects nothing (the certificate that comes along is not what the answer depends on) the same
/// certificate comes again.
fn flip(siege: &Siege, message: &[u8]) {
    let mut line = siege.bootstrap_line();
    let mut damaged = message.to_vec();
    let mut in_protocol = 0;
    for at in (0..message.len()).step_by(7) {
        damaged[at] ^= 1 << (at % 8);
        let answer = line.send("POST", POST, &[], &damaged);
        match answer.status {
            200 if pki_status(&answer) == "2" => in_protocol += 1,
            200 => {}
            _ => refused(
                &format!("byte {at}"),
                &answer,
                "a SCEP request cannot be understood",
            ),
        }
        damaged[at] = message[at];
    }
    assert!(
        in_protocol > 20,
        "{in_protocol} of {} were refused in the protocol",
        message.len() / 7
    );
}

/// The right bytes in the wrong place, and the wrong bytes in the right place.
fn elsewhere(siege: &Siege, message: &[u8]) {
    let signature = STANDARD.encode(message);
    let deep = [0x30, 0x80].repeat(100_000);
    let long = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff].repeat(10);
    let many = [
        &[0x30, 0x83, 3, 0xd0, 0x90],
        [5, 0].repeat(125_000).as_slice(),
    ]
    .concat();
    for (what, method, path, body) in [
        (
            "an unknown operation",
            "GET",
            "/scep?operation=Sesame",
            b"".as_slice(),
        ),
        ("no operation", "GET", "/scep", b""),
        ("no message", "GET", POST, b""),
        (
            "a message that is no base64",
            "GET",
            "/scep?operation=PKIOperation&message=%%%",
            b"",
        ),
        ("nested sequences", "POST", POST, &deep),
        ("lengths beyond the end", "POST", POST, &long),
        ("many elements", "POST", POST, &many),
        ("twice in one", "POST", POST, &[message, message].concat()),
        ("as a report", "PUT", "/mdm/connect", message),
        ("as a check-in", "PUT", "/mdm/checkin", message),
    ] {
        let answer = siege.device_line().send(method, path, &[], body);
        refused(what, &answer, "");
    }
    let body = siege.report("");
    let answer = siege.device_line().put(
        "/mdm/connect",
        &[("Mdm-Signature", &signature)],
        body.as_bytes(),
    );
    refused("as a signature", &answer, "Mdm-Signature does not hold");
}
