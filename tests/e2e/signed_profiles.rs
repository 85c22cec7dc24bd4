//! Profiles as they leave, read by programs of others: OpenSSL verifies their signature, libplist reads their text.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plist::Value;
use serde_json::json;

use crate::environment::Environment;
use crate::mobileconfig::{path, payloads, read, text, verified};
use crate::program::{Program, openssl};

/// An account whose texts are hostile to whoever writes XML by hand.
const MAIL: &str = r#"
id = "mail"
type = "ios_mail"
display_name = 'Mail & <é "1">'
account_name = 'A & B <ü>'
account_type = "imap"
[incoming_server]
host_name = "imap.example.com"
port = 993
[outgoing_server]
host_name = "smtp.example.com"
port = 465
"#;

/// libplist must read the same in it as the `plist` crate does.
fn libplist_agrees(env: &Environment, xml: &[u8]) {
    let Some(program) = Program::find("plistutil") else {
        return;
    };
    let (from, to) = (
        env.folder().join("in.plist"),
        env.folder().join("out.plist"),
    );
    fs::write(&from, xml).unwrap();
    program
        .with(["-i", path(&from), "-o", path(&to)])
        .run()
        .ok();
    let binary = fs::read(&to).unwrap();
    assert!(
        binary.starts_with(b"bplist00"),
        "plistutil turns XML into binary"
    );
    let theirs = Value::from_file(&to).unwrap();
    assert_eq!(theirs, Value::Dictionary(read(xml)));
}

#[test]
fn enrollment_profiles() {
    let env = Environment::ephemeral();
    for query in ["", "&identity=pkcs12", "&auth=mtls"] {
        let url = format!(
            "{}/enroll/apple?code={}{query}",
            env.device_url(),
            env.code(false)
        );
        let head = env.folder().join("head");
        let fetched = env
            .curl(&["--fail", "--dump-header", path(&head), &url])
            .ok()
            .stdout;
        let head = fs::read_to_string(&head).unwrap().to_lowercase();
        assert!(
            head.contains("content-type: application/x-apple-aspen-config\r\n"),
            "{head}"
        );

        let xml = verified(&env, &fetched);
        libplist_agrees(&env, &xml);
        let profile = read(&xml);
        let mdm = payloads(&profile, "com.apple.mdm");
        assert_eq!(mdm.len(), 1, "{query}");
        let listener = if query == "&auth=mtls" {
            env.mtls_url()
        } else {
            env.device_url()
        };
        assert_eq!(
            text(&mdm[0], "ServerURL"),
            format!("{listener}/mdm/connect")
        );

        // The signer's chain is inside, so that a device can tell who signed: the certificate is named and found.
        let file = env.folder().join("signed.mobileconfig");
        let shown = openssl([
            "cms",
            "-cmsout",
            "-print",
            "-inform",
            "DER",
            "-in",
            path(&file),
        ])
        .run()
        .ok();
        shown
            .says("mockmdm TEST CA localhost")
            .says("digestAlgorithm");
    }
}

#[test]
fn a_changed_profile_is_not_believed() {
    let env = Environment::ephemeral();
    let url = format!("{}/enroll/apple?code={}", env.device_url(), env.code(false));
    let mut signed = env.curl(&["--fail", &url]).ok().stdout;
    let at = signed
        .windows(9)
        .position(|nine| nine == b"localhost")
        .expect("the name of the server");
    signed[at] = b'L';
    let file = env.folder().join("changed");
    fs::write(&file, signed).unwrap();
    let ca = env.ca_file();
    openssl([
        "cms",
        "-verify",
        "-inform",
        "DER",
        "-binary",
        "-purpose",
        "any",
        "-in",
        path(&file),
        "-CAfile",
        path(&ca),
    ])
    .run()
    .failed()
    .says("Verification failure");
}

#[test]
fn the_trust_profile() {
    let env = Environment::ephemeral();
    let answer = env.bootstrap("GET", "/trust/root.mobileconfig", b"");
    assert_eq!(
        answer.header("content-type"),
        Some("application/x-apple-aspen-config")
    );
    libplist_agrees(&env, &answer.body);
    let roots = payloads(&read(&answer.body), "com.apple.security.root");
    let der = roots[0]["PayloadContent"]
        .as_data()
        .expect("a certificate")
        .to_vec();
    let ca = env.ca_file();
    let root = openssl(["x509", "-outform", "DER", "-in", path(&ca)])
        .run()
        .ok()
        .stdout;
    assert_eq!((roots.len(), der), (1, root));
}

#[test]
fn profiles_that_were_rendered_or_fetched_by_link() {
    let env = Environment::ephemeral();
    env.put_profile(MAIL);
    let user = json!({ "user_principal_name": "o'brien&co@example.com", "full_name": "Zoë <O'Brien> & \"Co\"" });

    let wanted = json!({ "signed": true, "user": user });
    let rendered = env.api_ok("POST", "/api/v1/profiles/mail/render", Some(&wanted));
    let signed = STANDARD
        .decode(rendered["signed"].as_str().expect("a signed profile"))
        .unwrap();
    let xml = verified(&env, &signed);
    assert_eq!(rendered["xml"].as_str().unwrap().as_bytes(), xml);
    libplist_agrees(&env, &xml);

    let link = env.link("mail", &user);
    let fetched = env.curl(&["--fail", &link]).ok().stdout;
    let xml = verified(&env, &fetched);
    libplist_agrees(&env, &xml);
    let profile = read(&xml);
    assert_eq!(text(&profile, "PayloadDisplayName"), "Mail & <é \"1\">");
    let account = &payloads(&profile, "com.apple.mail.managed")[0];
    assert_eq!(text(account, "EmailAccountDescription"), "A & B <ü>");
    assert_eq!(text(account, "EmailAccountName"), "Zoë <O'Brien> & \"Co\"");

    // The link gives the same bytes again, and what it is says what is known: fetched, no more.
    assert_eq!(env.curl(&["--fail", &link]).ok().stdout, fetched);
    let deliveries = env.api_ok("GET", "/api/v1/deliveries?profile=mail", None);
    assert_eq!(
        deliveries["items"][0]["state"], "downloaded",
        "{deliveries:#}"
    );
}
