//! A certificate that comes only after a while: PENDING and `CertPoll` (RFC 8894 section 3.2.2), polled by strongSwan.

use std::fs;

use serde_json::json;

use crate::certificate::is_identity;
use crate::environment::Environment;
use crate::mobileconfig::{enrollment, path, scep};
use crate::program::{Program, openssl};

#[test]
fn a_client_polls_until_its_certificate_comes() {
    let Some(pki) = Program::find("pki") else {
        return;
    };
    let env = Environment::ephemeral();
    let minted = env.api_ok(
        "POST",
        "/api/v1/codes",
        Some(&json!({ "pending_polls": 2 })),
    );
    let code = minted["code"].as_str().unwrap();
    let challenge = scep(&enrollment(&env, code, "")).challenge;

    let url = format!("{}/scep", env.bootstrap_url());
    let (key, ca) = (env.folder().join("key"), env.ca_file());
    openssl(["genrsa", "-out", path(&key), "2048"]).run().ok();
    let asked = pki
        .with([
            "--scep",
            "--url",
            &url,
            "--in",
            path(&key),
            "--dn",
            "CN=patient",
            "--password",
            &challenge,
        ])
        .args([
            "--cacert-enc",
            path(&ca),
            "--cacert-sig",
            path(&ca),
            "--outform",
            "pem",
        ])
        .args(["--interval", "1", "--maxpolltime", "60"])
        .run()
        .ok();
    let certificate = env.folder().join("certificate.pem");
    fs::write(&certificate, asked.stdout).unwrap();
    is_identity(&env, &certificate, "CN=patient");

    let recorded = env.api_ok("GET", "/api/v1/exchanges", None);
    let operations: Vec<_> = recorded["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|exchange| {
            exchange["operation"]
                .as_str()?
                .strip_prefix("scep PKIOperation ")
        })
        .collect();
    assert_eq!(operations, ["enroll", "poll", "poll"]);
    assert_eq!(env.events_of("certificate.pending").len(), 2);
    assert_eq!(env.events_of("certificate.issued").len(), 1);
}
