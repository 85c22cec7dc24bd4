//! SCEP as certmonger speaks it: `getcert` from request to renewal, and its helper `scep-submit` by itself.
//!
//! certmonger verifies answers against the certificates it was given and those it fetched. Where `GetCACert` returns one
//! certificate, as it must for Apple devices, 0.79 takes it for that of an RA and is left without a CA to verify it with:
//! `add-scep-ca -N` names the CA.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::{is_identity, serial};
use crate::environment::Environment;
use crate::mobileconfig::{enrollment_challenge, path};
use crate::program::{Program, Ran};
use crate::scep_request::MadeRequest;

/// What is asked of certmonger first. It passes none of its environment on.
const REQUEST: &str = r#"
set -e
getcert add-scep-ca -s -c lab -u "$URL" -N "$CA"
getcert request -s -I phone -c lab -k key.pem -f certificate.pem -N 'CN=phone,O=Lab' -L "$CHALLENGE" -w --wait-timeout 60 -v
getcert list -s
"#;

/// What is asked then. The request for the new key carries the challenge of the first, and is signed by its certificate.
const RENEWAL: &str = r"
cp certificate.pem first.pem
getcert rekey -s -i phone -w --wait-timeout 60 -v
getcert list -s
";

/// Runs certmonger until it did what a script asks of it; gives the directory with the files of both.
fn getcert(env: &Environment, script: &str) -> Option<PathBuf> {
    let certmonger = Program::find("certmonger")?;
    let bus = Program::find("dbus-run-session")?;
    Program::find("getcert")?;
    let folder = env.fresh("certmonger");
    for name in ["requests", "cas", "local", "tmp"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    let (url, ca) = (format!("{}/scep", env.bootstrap_url()), env.ca_file());
    let challenge = enrollment_challenge(env);
    let known = format!("URL={url}\nCA={}\nCHALLENGE={challenge}\n", path(&ca));
    fs::write(folder.join("script.sh"), known + script).unwrap();
    // A bus of its own and directories of its own: nothing of the machine's certmonger is touched.
    bus.with([
        "--",
        path(certmonger.file()),
        "-s",
        "-n",
        "-c",
        "sh script.sh",
    ])
    .at(&folder)
    .env("HOME", &folder)
    .env("TMPDIR", folder.join("tmp"))
    .env("CERTMONGER_CONFIG_DIR", &folder)
    .env("CERTMONGER_REQUESTS_DIR", folder.join("requests"))
    .env("CERTMONGER_CAS_DIR", folder.join("cas"))
    .env("CERTMONGER_LOCAL_CA_DIR", folder.join("local"))
    .env("CERTMONGER_TMPDIR", folder.join("tmp"))
    .run()
    .says("status: MONITORING")
    .says("stuck: no")
    .says_not("ca-error");
    Some(folder)
}

#[test]
fn getcert_gets_a_certificate() {
    let env = Environment::ephemeral();
    let Some(folder) = getcert(&env, REQUEST) else {
        return;
    };
    is_identity(&env, &folder.join("certificate.pem"), "O=Lab,CN=phone");
    assert_eq!(methods(&env), ["GET"]);
}

/// The methods by which certificates were asked for.
fn methods(env: &Environment) -> Vec<String> {
    let recorded = env.api_ok("GET", "/api/v1/exchanges", None);
    let all = recorded["items"].as_array().unwrap().iter();
    let asked = all.filter(|exchange| exchange["operation"] == "scep PKIOperation enroll");
    asked
        .map(|exchange| exchange["method"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn getcert_gets_a_certificate_for_a_new_key() {
    let env = Environment::ephemeral();
    let Some(folder) = getcert(&env, &(REQUEST.to_owned() + RENEWAL)) else {
        return;
    };
    let (first, last) = (folder.join("first.pem"), folder.join("certificate.pem"));
    is_identity(&env, &last, "O=Lab,CN=phone");
    assert_ne!(serial(&last), serial(&first));
}

/// The helper, and the server it is to ask.
fn helper(env: &Environment, program: &Program, arguments: &[&str]) -> Ran {
    let url = format!("{}/scep/pkiclient.exe", env.bootstrap_url());
    let ca = env.ca_file();
    let own = ["-u", &url, "-N", path(&ca), "-r", path(&ca), "-v"];
    program.with(own.iter().chain(arguments)).run()
}

#[test]
fn the_helper_is_told_what_the_authority_can_do_and_who_it_is() {
    let Some(program) = Program::find("scep-submit") else {
        return;
    };
    let env = Environment::ephemeral();
    let told = helper(&env, &program, &["-c"]).ok();
    for word in [
        "POSTPKIOperation",
        "Renewal",
        "SHA-256",
        "SHA-512",
        "AES",
        "DES3",
        "SCEPStandard",
    ] {
        assert!(
            told.text.lines().any(|line| line.trim() == word),
            "{word}: {}",
            told.text
        );
    }
    let root = fs::read_to_string(env.ca_file()).unwrap();
    helper(&env, &program, &["-C"]).ok().says(root.trim());
}

#[test]
fn the_helper_sends_a_prepared_request() {
    let Some(program) = Program::find("scep-submit") else {
        return;
    };
    let env = Environment::ephemeral();
    for (how, name) in [("-p", "request"), ("-g", "initial")] {
        let request = MadeRequest::new(&env, name, &enrollment_challenge(&env));
        let file = env.folder().join(format!("{name}.request"));
        fs::write(&file, STANDARD.encode(&request.message)).unwrap();
        let answer = helper(&env, &program, &[how, path(&file)]).ok();
        answer
            .says("SCEP status is \"success\".")
            .says("-----BEGIN PKCS7-----");
    }
    // Whatever it is told, this program asks by GET, in one line, escaped: other clients show POST.
    assert_eq!(methods(&env), ["GET", "GET"]);
}
