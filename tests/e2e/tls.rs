//! TLS as OpenSSL sees it: which versions are spoken, which certificate is shown to whom, and what is in it (Apple's
//! "Requirements for trusted certificates in iOS 13 and macOS 10.15").

use std::fs;
use std::path::Path;

use crate::certificate::shown;
use crate::environment::{Environment, Options};
use crate::mobileconfig::path;
use crate::program::{Ran, openssl};

/// A handshake with the listener at `url`, which must show a certificate for `localhost` that leads to our root.
fn handshake(env: &Environment, url: &str, arguments: &[&str]) -> Ran {
    let authority = url.strip_prefix("https://").expect("an HTTPS address");
    let ca = env.ca_file();
    openssl([
        "s_client",
        "-connect",
        authority,
        "-servername",
        "localhost",
        "-CAfile",
        path(&ca),
    ])
    .args([
        "-verify_return_error",
        "-verify_hostname",
        "localhost",
        "-no_ign_eof",
    ])
    .args(arguments)
    .run()
}

#[test]
fn nothing_older_than_1_2_is_spoken() {
    let env = Environment::ephemeral();
    for url in [env.device_url(), env.mtls_url()] {
        for old in ["-tls1_1", "-tls1"] {
            // At this level OpenSSL itself would speak it.
            let tried = handshake(&env, &url, &[old, "-cipher", "DEFAULT@SECLEVEL=0"]);
            tried
                .failed()
                .says("SSL alert number")
                .says("Cipher is (NONE)");
        }
        for (new, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            let done = handshake(&env, &url, &[new, "-brief"]).ok();
            done.says(&format!("Protocol version: {name}"))
                .says("Verification: OK");
        }
    }
}

#[test]
fn version_1_2_is_bound_to_its_handshake_and_has_forward_secrecy() {
    let env = Environment::ephemeral();
    let done = handshake(&env, &env.device_url(), &["-tls1_2"]).ok();
    done.says("Extended master secret: yes")
        .says("Cipher is ECDHE-ECDSA-")
        .says("Secure Renegotiation IS supported");
    // Key transport by RSA, and CBC.
    for weak in ["AES128-GCM-SHA256", "AES128-SHA", "ECDHE-ECDSA-AES128-SHA"] {
        let weak = format!("{weak}@SECLEVEL=0");
        let tried = handshake(&env, &env.device_url(), &["-tls1_2", "-cipher", &weak]);
        tried.failed().says("SSL alert number");
    }
}

#[test]
fn who_cannot_verify_ecdsa_gets_the_rsa_certificate() {
    let env = Environment::ephemeral();
    for (arguments, signature) in [
        (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "RSA"),
        (
            ["-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256:RSA+SHA256"],
            "RSA",
        ),
        (
            ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
            "ECDSA",
        ),
        (
            [
                "-tls1_3",
                "-sigalgs",
                "ECDSA+SHA256:RSA+SHA256:rsa_pss_rsae_sha256",
            ],
            "ECDSA",
        ),
    ] {
        let done = handshake(&env, &env.device_url(), &arguments).ok();
        let line = done
            .text
            .lines()
            .find(|line| line.starts_with("Peer signature type:"));
        let kind = line.unwrap_or_else(|| panic!("{}", done.text));
        let kind = kind.trim_start_matches("Peer signature type: ");
        assert!(
            kind == signature || kind == format!("{signature}-PSS"),
            "{arguments:?}: {kind}"
        );
    }
}

#[test]
fn the_certificate_is_one_that_apple_devices_accept() {
    let env = Environment::ephemeral();
    let kinds = [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", "id-ecPublicKey"),
        ("ECDHE-RSA-AES128-GCM-SHA256", "rsaEncryption"),
    ];
    for (cipher, key) in kinds {
        let done = handshake(&env, &env.device_url(), &["-tls1_2", "-cipher", cipher]).ok();
        let start = done.text.find("-----BEGIN").expect("a certificate");
        let file = env.folder().join(key);
        fs::write(&file, &done.text[start..]).unwrap();

        let text = shown(&file, &["-text"]);
        assert!(
            text.contains(&format!("Public Key Algorithm: {key}")),
            "{text}"
        );
        assert!(text.contains("TLS Web Server Authentication"), "{text}");
        assert!(
            !text.contains("CRL Distribution Points"),
            "a CRL is served by this very certificate: {text}"
        );
        let names = shown(&file, &["-ext", "subjectAltName"]);
        for name in ["DNS:localhost", "IP Address:127.0.0.1"] {
            assert!(names.contains(name), "{names}");
        }
        let days_825 = "71280000";
        assert!(ends_within(&file, days_825), "valid for more than 825 days");
        assert!(!ends_within(&file, "86400"), "valid for less than a day");
    }
}

/// Whether a certificate ends within so many seconds.
fn ends_within(file: &Path, seconds: &str) -> bool {
    !openssl(["x509", "-noout", "-checkend", seconds, "-in", path(file)])
        .run()
        .succeeded
}

#[test]
fn only_the_mutual_listener_asks_for_a_client_certificate() {
    let env = Environment::ephemeral();
    handshake(&env, &env.device_url(), &[])
        .ok()
        .says("No client certificate CA names sent");
    let asked = handshake(&env, &env.mtls_url(), &[])
        .ok()
        .says("Acceptable client certificate CA names");
    asked.says("mockmdm TEST CA localhost");
}

#[test]
fn the_name_chooses_mutual_tls_on_a_shared_port() {
    let env = Environment::start(Options::with(&["--mtls", "none"]));
    assert!(
        env.mtls_url().starts_with("https://mtls.localhost:"),
        "{}",
        env.mtls_url()
    );
    for (name, says) in [
        ("localhost", "No client certificate CA names sent"),
        ("mtls.localhost", "Acceptable client certificate CA names"),
    ] {
        handshake(
            &env,
            &env.device_url(),
            &["-servername", name, "-verify_hostname", name],
        )
        .ok()
        .says(says)
        .says("Verification: OK");
    }
}
