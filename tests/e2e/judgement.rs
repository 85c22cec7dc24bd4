//! Profiles are judged before anything is sent: `mockmdm profiles put`, `lint` and `diff`, as somebody runs them from a shell.

use std::process::Command;

use serde_json::Value;

use crate::environment::Environment;

/// The account before what it names, as people write it.
const LAB: &str = r#"
[[profile]]
id = "mail"
type = "ios_exchange"
display_name = "Mail & <é>"
description = "Lab"
host_name = "mail.example.com"
account_name = "Lab"
authentication_method = "certificate"
identity_certificate = "client"

[[profile]]
id = "client"
type = "scep_certificate"
display_name = "Client"
description = "Lab"
platform = "ios"
root_certificate = "root"

[[profile]]
id = "root"
type = "trusted_certificate"
display_name = "Root"
description = "Lab"
platform = "ios"
lab_root = true
"#;

/// Exit code, standard output, standard error of `mockmdm profiles ...` against a server.
fn profiles(env: &Environment, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_mockmdm"))
        .arg("profiles")
        .args(arguments)
        .current_dir(env.folder())
        .env("HOME", env.folder())
        .env("XDG_CONFIG_HOME", env.folder())
        .env("MOCKMDM_SERVER", env.admin_url())
        .env("MOCKMDM_TOKEN", env.token())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn r30_r52_profiles_are_judged_before_anything_is_sent() {
    let env = Environment::ephemeral();
    let write = |name: &str, text: String| std::fs::write(env.folder().join(name), text).unwrap();
    write("lab.toml", LAB.to_owned());
    write(
        "edited.toml",
        LAB.replace("mail.example.com", "new.example.com")
            .replace("root_certificate =", "key_size = 4096\nroot_certificate ="),
    );
    write(
        "wrong.toml",
        LAB.replace(
            "identity_certificate = \"client\"",
            "identity_certificate = \"root\"",
        ),
    );

    let (code, out, err) = profiles(&env, &["lint", "lab.toml"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let (code, out, err) = profiles(&env, &["put", "lab.toml"]);
    assert_eq!(code, Some(0), "{out}{err}");

    // R30: a trusted root is no identity, whether linted or put.
    let refused = "`root` of type trusted_certificate";
    let (code, out, err) = profiles(&env, &["lint", "wrong.toml"]);
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(
        out.contains("set.reference") && out.contains(refused),
        "{out}"
    );
    let (code, out, err) = profiles(&env, &["put", "wrong.toml"]);
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(err.contains(refused), "{err}");

    // R52: what each edit would do, against the server and against a file.
    for files in [vec!["edited.toml"], vec!["lab.toml", "edited.toml"]] {
        let (code, out, err) = profiles(&env, &[vec!["diff", "--json"], files.clone()].concat());
        assert_eq!(code, Some(0), "{out}{err}");
        let edits: Value = serde_json::from_str(&out).unwrap();
        let told: Vec<_> = edits["edits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|edit| {
                let rules: Vec<_> = edit["findings"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|f| f["rule"].as_str().unwrap())
                    .collect();
                format!("{} {} {rules:?}", edit["profile"], edit["class"])
            })
            .collect();
        assert_eq!(
            told,
            [
                r#""mail" "recreate" ["edit.recreates-account"]"#,
                r#""client" "recreate" ["edit.revokes-certificates"]"#,
                r#""root" "none" []"#,
            ],
            "{files:?}"
        );
    }
    let (code, out, err) = profiles(&env, &["diff", "edited.toml"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("new.example.com"), "{out}");
    assert!(
        err.contains("mail: recreate, on 0 devices; nobody is asked for anything"),
        "{err}"
    );
    let shown = env.api_ok("GET", "/api/v1/profiles/mail", None);
    assert_eq!(shown["revision"], 1, "{shown}");
}
