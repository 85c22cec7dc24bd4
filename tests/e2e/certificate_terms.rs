//! What a certificate is good for is said by its profile, not by who asks: a device's request cannot say it (Apple,
//! "SCEP" has no key for validity or extended key usage), and what it says besides does not count.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::certificate::{chains, shown};
use crate::environment::Environment;
use crate::mobileconfig::{Scep, path, read, scep, verified};
use crate::program::{Program, openssl};

const IDENTITY: &str = r#"
id = "smime"
type = "scep_certificate"
platform = "ios"
display_name = "S/MIME & <é>"
subject_name_format_string = "CN={{UserPrincipalName}}"
extended_key_usages = ["email_protection", "1.3.6.1.4.1.311.20.2.2"]
key_usage = ["digital_signature"]
certificate_validity_period_value = 90
certificate_validity_period_scale = "minutes"
custom_subject_alternative_names = [
    { san_type = "email_address", name = "{{EmailAddress}}" },
    { san_type = "user_principal_name", name = "{{UserPrincipalName}}" },
]
"#;

const MAIL: &str = r#"
id = "exchange"
type = "ios_exchange"
display_name = "Exchange"
host_name = "mail.example.com"
account_name = "Example"
authentication_method = "certificate"
identity_certificate = "smime"
"#;

/// Stores the profiles and fetches the account by a link, as Ada would.
fn fetched(env: &Environment) -> Scep {
    env.put_profile(IDENTITY);
    env.put_profile(MAIL);
    let user = json!({ "user_principal_name": "ada@example.com", "mail": "ada.l@example.com" });
    let signed = env
        .curl(&["--fail", &env.link("exchange", &user)])
        .ok()
        .stdout;
    scep(&read(&verified(env, &signed)))
}

/// What the profile says, whatever the request said.
fn as_the_profile_says(env: &Environment, file: &Path) {
    chains(env, file, "any");
    let names = shown(file, &["-ext", "subjectAltName"]);
    assert!(names.contains("email:ada.l@example.com"), "{names}");
    assert!(names.contains("othername: UPN::ada@example.com"), "{names}");
    let uses = shown(file, &["-ext", "extendedKeyUsage"]);
    assert_eq!(
        uses.lines().nth(1).unwrap().trim(),
        "E-mail Protection, Microsoft Smartcard Login"
    );
    let key = shown(file, &["-ext", "keyUsage"]);
    assert_eq!(key.lines().nth(1).unwrap().trim(), "Digital Signature");
    let ends = |seconds: &str| {
        !openssl(["x509", "-noout", "-checkend", seconds, "-in", path(file)])
            .run()
            .succeeded
    };
    assert!(ends("5400"), "90 minutes are more than promised");
    assert!(!ends("4500"), "75 minutes are less than promised");
}

/// The delivery has its identity; that is no acknowledgement.
fn the_delivery_knows(env: &Environment) {
    env.wait("kind=certificate.issued&since=0");
    let deliveries = env.api_ok("GET", "/api/v1/deliveries?profile=exchange", None);
    let delivery = &deliveries["items"][0];
    assert_eq!(delivery["state"], "downloaded", "{delivery:#}");
    assert!(
        delivery["evidence"]["identity_issued"].is_object(),
        "{delivery:#}"
    );
    assert!(
        delivery["evidence"]["acknowledged"].is_null(),
        "{delivery:#}"
    );
}

#[test]
fn scepclient_asks_for_less_and_strongswan_for_more() {
    let (Some(scepclient), Some(pki)) = (Program::find("scepclient"), Program::find("pki")) else {
        return;
    };

    let env = Environment::ephemeral();
    let Scep { url, challenge } = fetched(&env);
    assert_eq!(url, format!("{}/scep", env.device_url()));
    let plain = format!("{}/scep", env.bootstrap_url());
    let folder = env.fresh("scepclient");
    let certificate: PathBuf = folder.join("certificate.pem");
    scepclient
        .with([
            "-private-key",
            "key.pem",
            "-certificate",
            "certificate.pem",
            "-server-url",
            &plain,
        ])
        .args(["-challenge", &challenge])
        .at(&folder)
        .run()
        .ok();
    as_the_profile_says(&env, &certificate);
    the_delivery_knows(&env);

    let env = Environment::ephemeral();
    let Scep { challenge, .. } = fetched(&env);
    let plain = format!("{}/scep", env.bootstrap_url());
    let (key, ca) = (env.folder().join("key"), env.ca_file());
    openssl(["genrsa", "-out", path(&key), "2048"]).run().ok();
    let issued = pki
        .with([
            "--scep",
            "--url",
            &plain,
            "--in",
            path(&key),
            "--dn",
            "CN=ada@example.com",
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
        .args(["--profile", "server", "--san", "ada.l@example.com"])
        .run()
        .ok();
    let certificate = env.folder().join("certificate.pem");
    fs::write(&certificate, issued.stdout).unwrap();
    as_the_profile_says(&env, &certificate);
    the_delivery_knows(&env);
}
