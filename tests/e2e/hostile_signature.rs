//! `Mdm-Signature` headers that prove nothing (Apple, "Pass an Identity Certificate Through a Proxy").

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::hostile_siege::{Siege, refused};
use crate::program::openssl;

/// `Mdm-Signature` headers that prove nothing.
pub(crate) fn attack(siege: &Siege) {
    let body = siege.report("");
    let good = siege.signature(body.as_bytes());
    let foreign = foreign(siege, body.as_bytes());
    let crowd = crowd(body.as_bytes());
    let zeros = STANDARD.encode([0; 9000]);
    let deep = STANDARD.encode([0x30, 0x80].repeat(4500));
    let cut = &good[..good.len() / 2];
    for (what, signature, words) in [
        ("empty", "", "Mdm-Signature does not hold"),
        (
            "no base64",
            "!!!! not base64 !!!!",
            "Mdm-Signature does not hold",
        ),
        ("zeros", zeros.as_str(), "Mdm-Signature does not hold"),
        (
            "4 500 nested sequences",
            &deep,
            "Mdm-Signature does not hold",
        ),
        ("half of it", cut, "Mdm-Signature does not hold"),
        ("many signers", &crowd, "Mdm-Signature does not hold"),
        ("somebody else's", &foreign, "is not accepted"),
    ] {
        let answer = siege.device_line().put(
            "/mdm/connect",
            &[("Mdm-Signature", signature)],
            body.as_bytes(),
        );
        refused(what, &answer, words);
        assert_eq!(answer.status, 400, "{what}");
    }
    let huge = "A".repeat(1 << 20);
    let answer =
        siege
            .device_line()
            .put("/mdm/connect", &[("Mdm-Signature", &huge)], body.as_bytes());
    refused("1 MiB", &answer, "");
    let twice = [("Mdm-Signature", good.as_str()), ("Mdm-Signature", &good)];
    let answer = siege
        .device_line()
        .put("/mdm/connect", &twice, body.as_bytes());
    refused("twice", &answer, "more than one Mdm-Signature");
    let other = siege.report("<key>K</key><true/>");
    let answer = siege.device_line().put(
        "/mdm/connect",
        &[("Mdm-Signature", &good)],
        other.as_bytes(),
    );
    refused("of another body", &answer, "Mdm-Signature does not hold");
    let mut line = siege.device_line();
    for at in (0..good.len()).step_by(7) {
        let mut damaged = good.clone().into_bytes();
        damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
        let damaged = String::from_utf8(damaged).unwrap();
        let answer = line.put(
            "/mdm/connect",
            &[("Mdm-Signature", &damaged)],
            body.as_bytes(),
        );
        assert!(
            matches!(answer.status, 200 | 400),
            "character {at}: {} {}",
            answer.status,
            answer.text()
        );
    }
    siege.offend_until_told("request.refused", "Mdm-Signature does not hold", || {
        siege
            .device_line()
            .put("/mdm/connect", &[("Mdm-Signature", cut)], body.as_bytes());
    });
}

/// Signed by a certificate that says where to fetch its issuer and its revocation list: nobody should.
fn foreign(siege: &Siege, body: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let canary = siege.canary();
    let aia = format!(
        "authorityInfoAccess=caIssuers;URI:http://{canary}/ca,OCSP;URI:http://{canary}/ocsp"
    );
    let crl = format!("crlDistributionPoints=URI:http://{canary}/crl");
    make_certificate(folder.path(), &["-addext", &aia, "-addext", &crl]);
    sign(
        folder.path(),
        body,
        &["-signer", "c.pem", "-inkey", "k.pem"],
    )
}

/// Signed by twelve at once.
fn crowd(body: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    make_certificate(folder.path(), &[]);
    let signers = ["-signer", "c.pem", "-inkey", "k.pem"].repeat(12);
    sign(
        folder.path(),
        body,
        &[&["-nocerts"], signers.as_slice()].concat(),
    )
}

fn make_certificate(folder: &Path, more: &[&str]) {
    let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=x";
    openssl(make.split(' ').chain(more.iter().copied()))
        .at(folder)
        .run()
        .ok();
}

fn sign(folder: &Path, body: &[u8], signers: &[&str]) -> String {
    let start = ["cms", "-sign", "-binary", "-outform", "DER"];
    let signed = openssl(start.iter().chain(signers))
        .at(folder)
        .input(body)
        .run()
        .ok();
    STANDARD.encode(signed.stdout)
}
