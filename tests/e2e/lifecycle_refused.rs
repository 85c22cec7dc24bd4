//! Starts that are refused, in words, with the exit code that says whose fault it is, and without touching anything.

use std::fs;
use std::path::Path;

use crate::environment::{Environment, Options};
use crate::lifecycle::{mockmdm, ready, run, signal};

/// Where a SQLite file keeps `user_version`, four bytes (SQLite, "Database File Format", section 1.3).
const USER_VERSION: usize = 60;

/// A run that must be refused at start, with this code and these words.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str], code: i32, words: &[&str]) {
    let ran = run(folder, arguments);
    assert_eq!(ran.code, Some(code), "{}", ran.err);
    assert_eq!(ran.out, "", "prose goes to standard error");
    for word in words {
        assert!(ran.err.contains(word), "`{word}` is not in:\n{}", ran.err);
    }
}

/// The arguments of a server that keeps its data in `data`, on any ports of this machine.
fn kept<'a>(name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let own = ["serve", "--data", "data", "--name", name];
    let listeners = ["bootstrap", "listen", "mtls", "admin"].map(|flag| match flag {
        "bootstrap" => "--bootstrap=127.0.0.1:0",
        "listen" => "--listen=127.0.0.1:0",
        "mtls" => "--mtls=127.0.0.1:0",
        _ => "--admin=127.0.0.1:0",
    });
    [&own[..], &listeners, more].concat()
}

#[test]
fn a_second_instance_is_refused_and_the_first_goes_on() {
    let server = Environment::start(Options::kept());
    let holder = format!("is in use by process {}", server.pid());
    refused(
        server.folder(),
        &kept("localhost", &[]),
        3,
        &[&holder, "stop the other server", "--data"],
    );
    assert_eq!(server.bootstrap("GET", "/trust/ping", b"").status, 200);
    let taken = server.admin_url().replacen("http://", "--admin=", 1);
    refused(
        server.folder(),
        &["serve", "--ephemeral", &taken],
        3,
        &["listening at", "another program listens there"],
    );
}

#[test]
fn a_database_of_a_later_release_is_refused_untouched() {
    let mut server = Environment::start(Options::kept());
    assert!(server.sigterm().success());
    let file = server.folder().join("data/state.db");
    let mut bytes = fs::read(&file).unwrap();
    assert!(bytes.starts_with(b"SQLite format 3\0"));
    bytes[USER_VERSION..USER_VERSION + 4].copy_from_slice(&9999_u32.to_be_bytes());
    fs::write(&file, &bytes).unwrap();
    refused(
        server.folder(),
        &kept("localhost", &[]),
        3,
        &["has schema 9999", "a newer release wrote it"],
    );
    assert_eq!(fs::read(&file).unwrap(), bytes);
    fs::write(
        &file,
        b"this is no database, and long enough to look like one. ".repeat(100),
    )
    .unwrap();
    refused(server.folder(), &kept("localhost", &[]), 3, &["state.db"]);
}

#[test]
fn everything_wrong_with_the_configuration_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    refused(
        folder.path(),
        &[
            "serve", "--listen", "nonsense", "--strict", "purple", "--admin", "here",
        ],
        1,
        &["3 things", "`nonsense`", "`purple`", "`here`"],
    );
    fs::write(
        folder.path().join("mockmdm.toml"),
        "lissten = 'x'\nname = 3\n",
    )
    .unwrap();
    refused(
        folder.path(),
        &["serve"],
        1,
        &[
            "2 things",
            "mockmdm.toml:1",
            "did you mean `listen`?",
            "mockmdm.toml:2",
        ],
    );
    assert!(!folder.path().join("data").exists());
}

#[test]
fn the_advertised_name_changes_only_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name, more: &[&str]| {
        let arguments = kept(name, more);
        let (mut child, ready) = ready(mockmdm(folder.path(), &arguments));
        signal(child.id(), "TERM");
        assert_eq!(child.wait().unwrap().code(), Some(0));
        ready["device_url"].as_str().unwrap().to_owned()
    };
    assert!(at("one.example", &[]).starts_with("https://one.example:"));
    let words = [
        "was made for `one.example`, not for `two.example`",
        "0 enrolled devices",
        "--change-name",
    ];
    refused(folder.path(), &kept("two.example", &[]), 3, &words);
    assert!(at("two.example", &["--change-name"]).starts_with("https://two.example:"));
    assert!(at("two.example", &[]).starts_with("https://two.example:"));
}
