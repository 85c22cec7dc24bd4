//! A SCEP request with indefinite lengths, as Apple's devices send it, sent in each way that is known from clients.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use crate::certificate::{is_identity, serial};
use crate::environment::Environment;
use crate::mobileconfig::{enrollment_challenge, path};
use crate::scep_request::MadeRequest;

#[test]
fn whatever_way_a_request_comes_it_gets_its_certificate() {
    let env = Environment::ephemeral();
    let request = MadeRequest::new(&env, "streamed", &enrollment_challenge(&env));
    let base64 = STANDARD.encode(&request.message);
    assert!(
        base64.contains('+') && base64.contains('/'),
        "an envelope of this size has both"
    );
    let escaped = base64
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    let only_equals = base64.replace('=', "%3D");
    let spaces = escaped.replace("%2B", "%20");
    let url_safe = URL_SAFE.encode(&request.message);

    let mut serials = Vec::new();
    for (method, target, body) in [
        (
            "POST",
            "/scep?operation=PKIOperation".to_owned(),
            &request.message[..],
        ),
        (
            "POST",
            format!("/scep?operation=PKIOperation&message={escaped}"),
            &request.message,
        ),
        (
            "POST",
            format!("/scep?operation=PKIOperation&message={escaped}"),
            &[],
        ),
        (
            "GET",
            format!("/scep?operation=PKIOperation&message={escaped}"),
            &[],
        ),
        (
            "GET",
            format!("/scep?message={only_equals}&operation=PKIOperation"),
            &[],
        ),
        (
            "GET",
            format!("/scep/pkiclient.exe?operation=PKIOperation&message={url_safe}"),
            &[],
        ),
        (
            "GET",
            format!("/scep?operation=PKIOperation&message={spaces}"),
            &[],
        ),
    ] {
        let answer = env.bootstrap(method, &target, body);
        assert_eq!(answer.status, 200, "{method} {target}: {}", answer.text());
        assert_eq!(
            answer.header("content-type"),
            Some("application/x-pki-message"),
            "{method} {target}"
        );
        let certificate = request.certificate(&env, &answer.body);
        is_identity(&env, &certificate, "CN=streamed");
        serials.push(serial(&certificate));
    }

    // The same over TLS, where profiles send devices.
    let file = env.folder().join("request");
    fs::write(&file, &request.message).unwrap();
    let (data, url) = (
        format!("@{}", path(&file)),
        format!("{}/scep?operation=PKIOperation", env.device_url()),
    );
    let media = "Content-Type: application/x-pki-message";
    let answer = env
        .curl(&["--fail", "--data-binary", &data, "--header", media, &url])
        .ok();
    serials.push(serial(&request.certificate(&env, &answer.stdout)));

    serials.dedup();
    assert_eq!(
        serials.len(),
        1,
        "one request, one certificate: {serials:?}"
    );
    assert_eq!(env.events_of("certificate.issued").len(), 1);
}
