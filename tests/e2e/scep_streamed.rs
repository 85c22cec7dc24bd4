//! A SCEP request with indefinite lengths, as Apple's devices send it, sent in each way that is known from clients.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use crate::certificate::{is_identity, serial};
use crate::environment::Environment;
use crate::mobileconfig::enrollment_challenge;
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
    let url_safe = URL_SAFE.encode(&request.message);

    let mut serials = Vec::new();
    for (method, path, body) in [
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
    ] {
        let answer = env.bootstrap(method, &path, body);
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        assert_eq!(
            answer.header("content-type"),
            Some("application/x-pki-message"),
            "{method} {path}"
        );
        let certificate = request.certificate(&env, &answer.body);
        is_identity(&env, &certificate, "CN=streamed");
        serials.push(serial(&certificate));
    }
    serials.dedup();
    assert_eq!(
        serials.len(),
        1,
        "one request, one certificate: {serials:?}"
    );
    assert_eq!(env.events_of("certificate.issued").len(), 1);
}
