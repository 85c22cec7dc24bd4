//! Revocation, as OpenSSL checks it: the list over plain HTTP, and certificates against it (RFC 5280 sections 5 and 6.3).

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::certificate::{serial, shown};
use crate::environment::{Environment, Options};
use crate::http;
use crate::mobileconfig::{enrollment_challenge, path};
use crate::program::{Ran, openssl};
use crate::scep_request::MadeRequest;

/// A certificate that was asked for by SCEP.
fn issued(env: &Environment, name: &str) -> PathBuf {
    let request = MadeRequest::new(env, name, &enrollment_challenge(env));
    let answer = env.bootstrap("POST", "/scep?operation=PKIOperation", &request.message);
    request.certificate(env, &answer.body)
}

/// The list, fetched from where certificates say it is; its signature must be the root's.
fn list(env: &Environment, certificate: &Path) -> (PathBuf, String) {
    let where_it_is = shown(certificate, &["-ext", "crlDistributionPoints"]);
    let url = format!("URI:{}/pki/crl", env.bootstrap_url());
    assert!(where_it_is.contains(&url), "{where_it_is}");
    let answer = env.bootstrap("GET", "/pki/crl", b"");
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/pkix-crl"))
    );
    let file = env.folder().join("list.crl");
    fs::write(&file, &answer.body).unwrap();
    let ca = env.ca_file();
    let read = openssl([
        "crl",
        "-inform",
        "DER",
        "-in",
        path(&file),
        "-CAfile",
        path(&ca),
        "-noout",
        "-text",
    ])
    .run()
    .ok()
    .says("verify OK");
    (file, read.text)
}

/// The chain of a certificate, with its revocation.
fn verify(env: &Environment, list: &Path, certificate: &Path) -> Ran {
    let ca = env.ca_file();
    let arguments = [
        "verify",
        "-crl_check",
        "-CAfile",
        path(&ca),
        "-CRLfile",
        path(list),
        path(certificate),
    ];
    openssl(arguments).run()
}

fn number(text: &str) -> u64 {
    let at = text
        .lines()
        .position(|line| line.contains("X509v3 CRL Number"))
        .expect("a number");
    text.lines().nth(at + 1).unwrap().trim().parse().unwrap()
}

#[test]
fn a_revoked_certificate_is_listed_and_stays_listed() {
    let mut env = Environment::start(Options::kept());
    let (lost, kept) = (issued(&env, "lost"), issued(&env, "kept"));
    let (file, text) = list(&env, &lost);
    assert!(text.contains("No Revoked Certificates"), "{text}");
    let first = number(&text);
    verify(&env, &file, &lost).ok();
    verify(&env, &file, &kept).ok();

    let number_of_lost = serial(&lost);
    let revoke = format!(
        "/api/v1/certificates/{}/revoke",
        number_of_lost.to_lowercase()
    );
    let revoked = env.api_ok(
        "POST",
        &revoke,
        Some(&json!({ "reason": "key_compromise" })),
    );
    assert_eq!(
        revoked["revoked"]["reason"], "key_compromise",
        "{revoked:#}"
    );
    env.wait("kind=certificate.revoked&since=0");

    let check = |env: &Environment| {
        let (file, text) = list(env, &lost);
        assert!(
            text.contains(&format!("Serial Number: {number_of_lost}")),
            "{text}"
        );
        assert!(text.contains("Key Compromise"), "{text}");
        assert!(!text.contains(&serial(&kept)), "{text}");
        verify(env, &file, &lost)
            .failed()
            .says("certificate revoked");
        verify(env, &file, &kept).ok();
        number(&text)
    };
    let second = check(&env);
    assert!(
        second > first,
        "the list has number {second}, the one before had {first}"
    );
    env.restart();
    assert!(check(&env) >= second);
    env.kill9();
    assert!(check(&env) >= second);
}

#[test]
fn revoking_needs_the_token_and_a_certificate() {
    let env = Environment::ephemeral();
    let certificate = issued(&env, "safe");
    let path = format!(
        "/api/v1/certificates/{}/revoke",
        serial(&certificate).to_lowercase()
    );
    let answer = http::send(
        "POST",
        &env.admin_url(),
        &path,
        &[("Content-Type", "application/json")],
        b"{}",
    );
    assert!([401, 403].contains(&answer.status), "{answer:?}");
    let (status, problem) = env.api("POST", "/api/v1/certificates/00ff/revoke", Some(&json!({})));
    assert_eq!(status, 404, "{problem:#}");
    let (file, _) = list(&env, &certificate);
    verify(&env, &file, &certificate).ok();
}
