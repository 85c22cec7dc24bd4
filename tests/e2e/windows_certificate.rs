//! What a Windows device does with its certificate: renews it, shows it to enroll; and what is recorded of all that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::{chains, serial};
use crate::mobileconfig::path;
use crate::program::openssl;
use crate::windows_client::{Provisioned, Windows, fixture, new_key, replace_token};

const ID: &str = "00112233445566778899AABBCCDDEEFF";

#[test]
fn a_certificate_is_renewed_with_the_key_it_has() {
    let lab = Windows::start(&["--windows-certificate-lifetime", "30m"]);
    let own = lab.server.folder().join("own.pem");
    lab.enroll(ID).own(&own);
    openssl(["x509", "-noout", "-checkend", "1900", "-in", path(&own)])
        .run()
        .failed()
        .says("will expire");
    let before = lab.device(ID);
    for (name, turn) in [("renew.xml", 1), ("renew-other-type.xml", 2)] {
        let message = lab.renewal(name, &own, ID);
        let document = Provisioned::of(&lab.post("Enrollment.svc", &message));
        let new = lab.server.folder().join(format!("new{turn}.pem"));
        document.own(&new);
        chains(&lab.server, &new, "sslclient");
        assert_eq!(document.count("/wap-provisioningdoc/characteristic"), "2");
        assert_eq!(document.count("//parm"), "2");
        assert_eq!(document.parm(&["APPLICATION"], "PROVIDER-ID"), "mockmdm");
        // The old one was not seen to be given up: the same request gets the same answer.
        let again = Provisioned::of(&lab.post("Enrollment.svc", &message));
        let repeated = lab.server.folder().join("repeated.pem");
        again.own(&repeated);
        assert_eq!(serial(&repeated), serial(&new), "{name}");
    }
    let renewed = lab.server.events_of("enrollment.renewed");
    assert_eq!(renewed.len(), 1, "{renewed:#?}");
    assert_eq!(lab.device(ID)["id"], before["id"]);
    assert_eq!(lab.device(ID)["identity"], before["identity"]);
    assert_eq!(lab.device(ID)["windows"]["renewing_identity"], true);

    // The new one is renewed in turn, and with it the first one is over.
    let new = lab.server.folder().join("new1.pem");
    let message = lab.renewal("renew.xml", &new, ID);
    Provisioned::of(&lab.post("Enrollment.svc", &message));
    let late = lab.renewal("renew.xml", &own, ID);
    lab.post("Enrollment.svc", &late).refused(
        "given up",
        "0x80180016",
        "does not use the certificate",
    );
}

#[test]
fn who_may_not_renew_is_told() {
    let lab = Windows::start(&[]);
    let own = lab.server.folder().join("own.pem");
    lab.enroll(ID).own(&own);
    let good = lab.renewal("renew.xml", &own, ID);

    // A certificate of the same name that somebody else signed.
    let foreign = lab.server.folder().join("foreign.pem");
    openssl([
        "req",
        "-x509",
        "-new",
        "-subj",
        &format!("/CN={ID}"),
        "-days",
        "1",
        "-key",
        lab.key.to_str().unwrap(),
        "-out",
        foreign.to_str().unwrap(),
    ])
    .run()
    .ok();
    let message = lab.renewal("renew.xml", &foreign, ID);
    lab.post("Enrollment.svc", &message).refused(
        "foreign",
        "0x80180016",
        "no identity of a Windows device",
    );

    let plain = lab
        .issue("issue-onpremise.xml", "sha256", ID)
        .replace("/Issue<", "/Renew<");
    lab.post("Enrollment.svc", &plain)
        .refused("unsigned", "0x80180001", "PKCS7");

    let id = serial(&own).to_lowercase();
    let id = id.trim_start_matches('0');
    lab.server
        .api_ok("POST", &format!("/api/v1/certificates/{id}/revoke"), None);
    lab.post("Enrollment.svc", &good)
        .refused("revoked", "0x80180016", "was revoked");

    // After it enrolled anew, the old identity renews nothing.
    new_key(&lab.key);
    let next = lab.server.folder().join("next.pem");
    lab.enroll(ID).own(&next);
    lab.post("Enrollment.svc", &good)
        .refused("left behind", "0x80180016", "was revoked");
}

#[test]
fn its_time_passes_and_only_a_new_enrollment_helps() {
    let lab = Windows::start(&["--windows-certificate-lifetime", "3s"]);
    let own = lab.server.folder().join("own.pem");
    lab.enroll(ID).own(&own);
    let message = lab.renewal("renew.xml", &own, ID);
    std::thread::sleep(std::time::Duration::from_secs(4));
    lab.post("Enrollment.svc", &message)
        .refused("ended", "0x80180016", "ended at");
    new_key(&lab.key);
    lab.enroll(ID);
}

#[test]
fn a_certificate_lets_in_where_that_is_switched_on_and_says_what_was_not_checked() {
    let lab = Windows::start(&["--windows-policy", "certificate"]);
    let own = lab.server.folder().join("own.pem");
    lab.enroll(ID).own(&own);
    let told = lab.post("Discovery.svc", &fixture("discover-11-25h2.xml"));
    let policy = told.xpath("string(//*[local-name()='AuthPolicy'])");
    assert_eq!(policy, "Certificate");
    let der = openssl(["x509", "-outform", "DER", "-in", path(&own)])
        .run()
        .ok()
        .stdout;
    let foreign = fixture("policies-certificate.xml");
    let ours = replace_token(&foreign, "#X509v3\"", &STANDARD.encode(der));
    lab.post("Policy.svc", &foreign)
        .refused("a foreign one", "0x80180002", "not one of ours");
    assert_eq!(lab.post("Policy.svc", &ours).status, 200);
    let findings = lab.server.events_of("finding.reported");
    let rule = "wsse.signature-not-checked";
    assert!(
        findings.iter().any(|event| event["facts"]["rule"] == rule),
        "{findings:#?}"
    );
}

#[test]
fn what_lets_a_real_device_in_is_not_recorded() {
    let mut lab = Windows::start(&[]);
    lab.code = lab.server.code(false);
    let message = lab.issue("issue-onpremise.xml", "sha256", ID);
    let answer = lab.post("Enrollment.svc", &message);
    let secret = Provisioned::of(&answer).parm(&["APPLICATION"], "AAUTHSECRET");
    assert!(!secret.is_empty());
    let token = answer.xpath("string(//*[local-name()='RequestedSecurityToken']/*)");
    let form = format!("appru=ms-app%3A%2F%2Fx&code={}", lab.code);
    assert_eq!(lab.send("Login", &[], form.as_bytes()).status, 200);
    let listed = lab
        .server
        .api_ok("GET", "/api/v1/exchanges?limit=1000", None);
    let mut enrollments = 0;
    for item in listed["items"].as_array().unwrap() {
        let whole = format!("/api/v1/exchanges/{}", item["id"]);
        let whole = lab.server.api_ok("GET", &whole, None).to_string();
        for kept_out in [&lab.code, &token, &secret] {
            assert!(!whole.contains(kept_out), "{kept_out}: {whole}");
        }
        enrollments += usize::from(whole.contains("RequestSecurityToken issue"));
    }
    assert_eq!(enrollments, 1, "{listed:#}");
}
