//! SCEP as micromdm's `scepclient` speaks it: single DES, SHA-1, constructed octet strings, whatever is offered.

use std::fs;
use std::path::{Path, PathBuf};

use crate::certificate::{is_identity, serial};
use crate::environment::Environment;
use crate::mobileconfig::enrollment_challenge;
use crate::program::{Program, Ran};

/// A client with files of its own: it reuses those it finds.
struct Client {
    program: Program,
    folder: PathBuf,
    url: String,
}

impl Client {
    fn new(env: &Environment, program: &Program, name: &str) -> Self {
        let url = format!("{}/scep", env.bootstrap_url());
        Self {
            program: program.clone(),
            folder: env.fresh(name),
            url,
        }
    }

    fn ask(&self, challenge: &str) -> Ran {
        let url = format!("-server-url={}", self.url);
        let challenge = format!("-challenge={challenge}");
        let files = ["-private-key", "key.pem", "-certificate", "certificate.pem"];
        let rest = [&url, &challenge, "-cn=lab & <1>", "-keySize=2048", "-debug"];
        self.program.with(files).args(rest).at(&self.folder).run()
    }

    fn certificate(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }
}

const SUBJECT: &str = "CN=lab & \\<1\\>,OU=MDM,O=scep-client,C=US";

fn forget(file: &Path) {
    fs::remove_file(file).unwrap();
}

#[test]
fn a_certificate_is_issued_and_issued_again_and_renewed() {
    let Some(program) = Program::find("scepclient") else {
        return;
    };
    let env = Environment::ephemeral();
    let client = Client::new(&env, &program, "client");
    let challenge = enrollment_challenge(&env);

    client.ask(&challenge).ok();
    is_identity(&env, &client.certificate(), SUBJECT);
    let first = serial(&client.certificate());
    env.wait("kind=enrollment.identity_issued&since=0");

    // The same request again, as a device sends it that lost the answer: the same certificate.
    forget(&client.certificate());
    client.ask(&challenge).ok();
    assert_eq!(serial(&client.certificate()), first);

    // With a certificate at hand it sends RenewalReq, and its certificate is authority enough.
    forget(&client.folder.join("csr.pem"));
    client.ask("").ok();
    is_identity(&env, &client.certificate(), SUBJECT);
    assert_ne!(serial(&client.certificate()), first);
}

#[test]
fn a_challenge_is_good_for_one_key() {
    let Some(program) = Program::find("scepclient") else {
        return;
    };
    let env = Environment::ephemeral();
    let challenge = enrollment_challenge(&env);
    Client::new(&env, &program, "first").ask(&challenge).ok();

    let second = Client::new(&env, &program, "second");
    second
        .ask(&challenge)
        .failed()
        .says("failInfo: badRequest (2)");
    assert!(!second.certificate().exists());
    let guessed = Client::new(&env, &program, "guessed");
    guessed
        .ask("guessed")
        .failed()
        .says("failInfo: badRequest (2)");
    let without = Client::new(&env, &program, "without");
    without.ask("").failed().says("failInfo: badRequest (2)");

    let refused = env.events_of("certificate.refused");
    let texts: Vec<_> = refused
        .iter()
        .filter_map(|event| event["text"].as_str())
        .collect();
    for (text, reason) in texts.iter().zip([
        "the challenge was used before with another key, in transaction",
        "the challenge is not known",
        "the request carries no challenge and is not signed by a certificate of ours",
    ]) {
        assert!(text.contains(reason), "{reason}: {text}");
        assert!(!text.contains(&challenge), "{text}");
    }
    assert_eq!(texts.len(), 3, "{texts:?}");
}
