//! Enrollment messages that no client sends: each is refused with a fault that says why, and the server goes on.

use crate::windows_client::{Provisioned, Windows, fixture, named, replace_token};

const ID: &str = "00112233445566778899AABBCCDDEEFF";

#[test]
fn what_cannot_be_read_is_refused_in_the_dialect_of_the_client() {
    let lab = Windows::start(&[]);
    let discover = fixture("discover-11-25h2.xml");
    let soap = "http://www.w3.org/2003/05/soap-envelope";
    let deep = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
    for (what, body, code, words) in [
        (
            "nothing",
            String::new(),
            "0x80180001",
            "cannot be read as XML",
        ),
        (
            "no XML",
            "\u{feff}{}".to_owned(),
            "0x80180001",
            "cannot be read as XML",
        ),
        (
            "the right prefix of a wrong namespace",
            discover.replace(soap, "urn:not-soap"),
            "0x80180001",
            "`Envelope` expected, not `Envelope` of another namespace",
        ),
        (
            "another action",
            discover.replace("IDiscoveryService/Discover<", "IDiscoveryService/Other<"),
            "0x80180008",
            "action is not",
        ),
        (
            "unescaped XML in a text",
            discover.replace("adele@lab.example", "a & b"),
            "0x80180001",
            "cannot be read as XML",
        ),
        (
            "an entity",
            format!("<!DOCTYPE x [<!ENTITY e \"x\">]>{discover}"),
            "0x80180001",
            "cannot be read as XML",
        ),
        (
            "5 000 levels",
            discover.replace("<OSEdition>", &format!("{}<OSEdition>", deep(5_000))),
            "0x80180001",
            "cannot be read as XML",
        ),
        (
            "version 0",
            discover.replace(">9.0<", ">0.5<"),
            "0x80180001",
            "`RequestVersion` is not a number from 1.0 to 99.9",
        ),
        (
            "only ways that are not served",
            discover
                .replace(">OnPremise<", ">Kerberos<")
                .replace(">Federated<", ">Pin<"),
            "0x80180015",
            "the device offers Kerberos, Pin, Certificate, Passkey",
        ),
    ] {
        lab.post("Discovery.svc", &body).refused(what, code, words);
    }
    // Odd prefixes of the right namespaces are nobody's business.
    let odd = discover
        .replace("xmlns:s=", "xmlns:ns0=")
        .replace("<s:", "<ns0:")
        .replace("</s:", "</ns0:");
    let odd = odd.replace(" s:mustUnderstand", " ns0:mustUnderstand");
    assert_eq!(lab.post("Discovery.svc", &odd).status, 200);

    for (what, path, body, code, words) in [
        (
            "a wrong code",
            "Policy.svc",
            named(&fixture("policies-onpremise.xml"), "a", "NO-SUCH"),
            "0x80180002",
            "this enrollment code is not known",
        ),
        (
            "a password that is no code",
            "Policy.svc",
            fixture("policies-onpremise.xml"),
            "0x80180002",
            "not known",
        ),
        (
            "a token of nobody",
            "Policy.svc",
            fixture("policies-federated.xml"),
            "0x80180002",
            "not known",
        ),
        (
            "Entra ID",
            "Policy.svc",
            fixture("policies-entra.xml"),
            "0x80180015",
            "Entra ID",
        ),
        (
            "a certificate",
            "Policy.svc",
            fixture("policies-certificate.xml"),
            "0x80180015",
            "a certificate is not accepted",
        ),
        (
            "a device id with markup",
            "Enrollment.svc",
            lab.issue("issue-onpremise.xml", "sha256", ID)
                .replace(ID, "a&lt;b"),
            "0x80180019",
            "`DeviceID` of the device",
        ),
        (
            "a request signed by nobody",
            "Enrollment.svc",
            replace_token(
                &lab.issue("issue-onpremise.xml", "sha256", ID),
                "#PKCS10\"",
                "AAAA",
            ),
            "0x80180004",
            "the certificate request is refused",
        ),
        (
            "discovery at another address",
            "Enrollment.svc",
            discover.clone(),
            "0x80180008",
            "action is not",
        ),
    ] {
        lab.post(path, &body).refused(what, code, words);
    }
    let told = lab.server.events_of("request.refused");
    assert!(
        told.iter().any(|event| event["facts"]["status"] == 500),
        "{told:#?}"
    );
    assert!(
        lab.server
            .events_of("limit.hit")
            .iter()
            .any(|event| event["facts"]["rule"] == "soap.budget"),
        "the 5 000 levels are told as a limit"
    );
    lab.enroll(ID);
}

#[test]
fn what_is_too_long_is_refused_and_nothing_is_kept() {
    let lab = Windows::start(&[]);
    let nested = format!("{}{}", "<a>".repeat(1_000_001), "</a>".repeat(1_000_001));
    let issue = lab.issue("issue-onpremise.xml", "sha256", ID);
    let huge = replace_token(&issue, "#PKCS10\"", &"QUJD".repeat(25 << 20));
    for (what, body) in [("1 000 001 elements", nested), ("100 MB of base64", huge)] {
        let before = lab.server.rss_kib();
        for flag in ["--http1.1", "--http2"] {
            // curl may be cut off while it still sends: then there is no answer, and the server goes on.
            let file = lab.server.folder().join("huge");
            std::fs::write(&file, &body).unwrap();
            let url = format!(
                "{}/EnrollmentServer/Enrollment.svc",
                lab.server.device_url()
            );
            let data = format!("@{}", file.display());
            let ran = lab
                .server
                .curl(&[flag, "-H", "Expect:", "--data-binary", &data, &url]);
            assert!(
                ran.text.contains("0x80180001") || ran.text.contains("curl: ("),
                "{what} {flag}: {}",
                ran.text
            );
        }
        let grown = lab.server.rss_kib().saturating_sub(before);
        assert!(grown < 64 * 1024, "{what}: {grown} KiB more");
    }
    Provisioned::of(&lab.post("Enrollment.svc", &issue));
}

#[test]
fn every_truncation_is_refused() {
    let lab = Windows::start(&[]);
    let issue = lab.issue("issue-onpremise.xml", "sha256", ID);
    for end in (0..issue.len()).step_by(50) {
        let answer = lab.send("Enrollment.svc", &[], &issue.as_bytes()[..end]);
        // Cut inside the security header, it is that which cannot be read.
        let told = ["0x80180001", "0x80180007"].map(|code| answer.body.contains(code));
        assert!(
            answer.status == 500 && told.contains(&true),
            "{end}: {}",
            answer.body
        );
    }
    assert!(lab.server.events_of("certificate.issued").is_empty());
    lab.enroll(ID);
}
