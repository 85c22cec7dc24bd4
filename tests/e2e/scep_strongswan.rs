//! SCEP as strongSwan's `pki --scep` speaks it, which checks algorithms, attributes and the chain of each answer.

use std::fs;
use std::path::{Path, PathBuf};

use crate::certificate::{chains, is_identity, serial};
use crate::environment::Environment;
use crate::mobileconfig::{enrollment_challenge, path};
use crate::program::{Program, Ran, openssl};

struct Client {
    program: Program,
    url: String,
    ca: PathBuf,
    folder: PathBuf,
}

impl Client {
    fn new(env: &Environment, program: Program) -> Self {
        let url = format!("{}/scep", env.bootstrap_url());
        Self {
            program,
            url,
            ca: env.ca_file(),
            folder: env.folder().to_owned(),
        }
    }

    fn key(&self, name: &str) -> PathBuf {
        let key = self.folder.join(name);
        openssl(["genrsa", "-out", path(&key), "2048"]).run().ok();
        key
    }

    fn ask(&self, key: &Path, more: &[&str]) -> Ran {
        let ca = path(&self.ca);
        self.program
            .with([
                "--scep",
                "--url",
                &self.url,
                "--in",
                path(key),
                "--dn",
                "C=DE, O=Lab & <1>, CN=phone",
            ])
            .args(["--cacert-enc", ca, "--cacert-sig", ca, "--outform", "pem"])
            .args(more)
            .run()
    }

    fn save(&self, name: &str, ran: Ran) -> PathBuf {
        let file = self.folder.join(name);
        fs::write(&file, ran.ok().stdout).unwrap();
        file
    }
}

#[test]
fn each_cipher_and_digest_that_is_offered_is_understood() {
    let Some(program) = Program::find("pki") else {
        return;
    };
    let env = Environment::ephemeral();
    let client = Client::new(&env, program);
    for (cipher, digest) in [
        ("aes", "sha256"),
        ("des3", "sha256"),
        ("aes", "sha512"),
        ("aes", "sha384"),
        ("des3", "sha1"),
    ] {
        let name = format!("{cipher}-{digest}");
        let key = client.key(&format!("{name}.key"));
        let challenge = enrollment_challenge(&env);
        let asked = client.ask(
            &key,
            &[
                "--password",
                &challenge,
                "--cipher",
                cipher,
                "--digest",
                digest,
            ],
        );
        let issued = client.save(&name, asked.says("Issued certificate is trusted"));
        is_identity(&env, &issued, "CN=phone,O=Lab & \\<1\\>,C=DE");
    }
}

#[test]
fn a_wrong_password_is_a_bad_request() {
    let Some(program) = Program::find("pki") else {
        return;
    };
    let env = Environment::ephemeral();
    let client = Client::new(&env, program);
    let key = client.key("key");
    client
        .ask(&key, &["--password", "wrong"])
        .failed()
        .says("badRequest");
}

#[test]
fn a_certificate_is_renewed_for_a_new_key() {
    let Some(program) = Program::find("pki") else {
        return;
    };
    let env = Environment::ephemeral();
    let client = Client::new(&env, program);
    let old_key = client.key("old.key");
    let old = client.save(
        "old",
        client.ask(&old_key, &["--password", &enrollment_challenge(&env)]),
    );
    let new_key = client.key("new.key");
    let renewal = ["--cert", path(&old), "--key", path(&old_key)];
    let new = client.save("new", client.ask(&new_key, &renewal));
    is_identity(&env, &new, "CN=phone,O=Lab & \\<1\\>,C=DE");
    assert_ne!(serial(&new), serial(&old));

    // A revoked certificate renews nothing.
    let serial = serial(&new).to_lowercase();
    env.api_ok(
        "POST",
        &format!("/api/v1/certificates/{serial}/revoke"),
        Some(&serde_json::json!({})),
    );
    let third_key = client.key("third.key");
    let revoked = ["--cert", path(&new), "--key", path(&new_key)];
    client.ask(&third_key, &revoked).failed().says("badRequest");
}

#[test]
fn the_authority_is_fetched_and_is_the_root() {
    let Some(program) = Program::find("pki") else {
        return;
    };
    let env = Environment::ephemeral();
    let client = Client::new(&env, program);
    let out = env.folder().join("fetched");
    client
        .program
        .with([
            "--scepca",
            "--url",
            &client.url,
            "--outform",
            "pem",
            "--caout",
            path(&out),
        ])
        .run()
        .ok();
    assert_eq!(serial(&out), serial(&env.ca_file()));
    chains(&env, &out, "any");
}
