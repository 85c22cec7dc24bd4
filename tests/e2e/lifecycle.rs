//! Starting, saying so, stopping, and starting again.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::environment::{Environment, Options};
use crate::http;

/// How long a server may take to stop.
const STOP: Duration = Duration::from_secs(10);
/// A run of `mockmdm` that ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// `mockmdm` with these arguments, and nothing of the configuration of whoever runs the tests.
pub(crate) fn mockmdm(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mockmdm"));
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null());
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR"] {
        command.env(name, folder);
    }
    command
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    let output = mockmdm(folder, arguments).output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A server and the line that says it is ready.
pub(crate) fn ready(mut command: Command) -> (Child, Value) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines
        .map(Result::unwrap)
        .find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
    let ready = serde_json::from_str(&line.expect("a line that begins with `ready`")).unwrap();
    (child, ready)
}

pub(crate) fn signal(child: u32, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn the_ready_line_and_both_files_say_the_same_and_it_is_true() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, ready) = ready(mockmdm(
        folder.path(),
        &["serve", "--ephemeral", "--ready-file", "said.json"],
    ));
    let data = Path::new(ready["ca_file"].as_str().unwrap())
        .parent()
        .unwrap();
    for file in [folder.path().join("said.json"), data.join("ready.json")] {
        let text = fs::read(&file).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), ready);
    }
    let names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("said"))
        .collect();
    assert_eq!(names, ["said.json"], "nothing half-written is left");
    assert_eq!(ready["pid"], child.id());
    for url in ["bootstrap_url", "device_url", "mtls_url", "admin_url"] {
        let port = ready[url].as_str().unwrap().rsplit(':').next().unwrap();
        assert_ne!(port, "0", "{url}");
        TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    }
    for (what, none) in [
        ("verify_url", &ready["verify_url"]),
        ("imaps", &ready["imaps"]),
    ] {
        assert!(none.is_null(), "{what} is not served yet");
    }
    signal(child.id(), "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(
        !data.exists(),
        "an ephemeral server takes its directory with it"
    );
    assert!(
        !folder.path().join("said.json").exists(),
        "nobody is ready any more"
    );
}

#[test]
fn trust_outlives_the_process() {
    let mut server = Environment::start(Options::kept());
    let facts = |server: &Environment| {
        let root = fs::read_to_string(server.ca_file()).unwrap();
        let codes = server.api_ok("GET", "/api/v1/codes", None);
        (root, server.token().to_owned(), codes["items"].clone())
    };
    let before = facts(&server);
    server.restart();
    assert_eq!(facts(&server), before, "root, token and printed code");
    server.kill9();
    assert_eq!(facts(&server), before, "root, token and printed code");
    let kinds = ["server.started", "server.stopping"].map(|kind| server.events_of(kind).len());
    assert_eq!(
        kinds,
        [3, 1],
        "the stop that was none is not recorded as one"
    );
}

#[test]
fn a_stop_waits_for_what_is_under_way() {
    let mut server = Environment::ephemeral();
    let admin = server.admin_url().replacen("http://", "", 1);
    let open = |head: String| {
        let mut socket = TcpStream::connect(&admin).unwrap();
        socket.set_read_timeout(Some(STOP)).unwrap();
        socket.write_all(head.as_bytes()).unwrap();
        socket
    };
    let mut follower = open(format!(
        "GET /api/v1/events/stream?since=0 HTTP/1.1\r\nHost: {admin}\r\n\r\n"
    ));
    let mut first = [0; 15];
    follower.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    let body = json!({ "label": "asked for before the stop" }).to_string();
    let (early, late) = body.split_at(5);
    let mut slow = open(format!(
        "POST /api/v1/codes HTTP/1.1\r\nHost: {admin}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{early}",
        body.len()
    ));
    // Answered after the slow request reached the server, which reads its connections in no order we know.
    assert_eq!(server.api("GET", "/api/v1/codes", None).0, 200);
    let begun = Instant::now();
    let status = std::thread::scope(|scope| {
        let stopped = scope.spawn(|| server.sigterm());
        let mut rest = Vec::new();
        follower.read_to_end(&mut rest).unwrap();
        assert!(
            String::from_utf8_lossy(&rest).contains("server.started"),
            "a stream of events, which ends by itself"
        );
        while TcpStream::connect(&admin).is_ok() {
            assert!(begun.elapsed() < STOP, "somebody new is let in");
        }
        slow.write_all(late.as_bytes()).unwrap();
        let mut answer = String::new();
        slow.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        stopped.join().unwrap()
    });
    assert_eq!(status.code(), Some(0));
    assert!(begun.elapsed() < STOP, "{:?}", begun.elapsed());
}

#[test]
fn a_request_that_never_ends_does_not_stop_the_stop() {
    let mut server = Environment::ephemeral();
    let bootstrap = server.bootstrap_url().replacen("http://", "", 1);
    let mut endless = TcpStream::connect(&bootstrap).unwrap();
    let head =
        format!("POST /scep HTTP/1.1\r\nHost: {bootstrap}\r\nContent-Length: 1000\r\n\r\nhalf");
    endless.write_all(head.as_bytes()).unwrap();
    let begun = Instant::now();
    assert_eq!(server.sigterm().code(), Some(0));
    assert!(begun.elapsed() < STOP, "{:?}", begun.elapsed());
}

#[test]
fn exec_gives_a_command_a_server_and_returns_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
        set -eu
        test -s "$MOCKMDM_CA_FILE"
        echo "$MOCKMDM_SERVER $MOCKMDM_TOKEN $MOCKMDM_DEVICE_URL $MOCKMDM_MTLS_URL $MOCKMDM_BOOTSTRAP_URL $MOCKMDM_CA_FILE"
        curl --silent --fail --cacert "$MOCKMDM_CA_FILE" "$MOCKMDM_DEVICE_URL/trust/ping" >&2
        curl --silent --fail -H "Authorization: Bearer $MOCKMDM_TOKEN" "$MOCKMDM_SERVER/api/v1/server" >&2
        exit 42
    "#;
    let ran = run(folder.path(), &["exec", "--", "sh", "-c", script]);
    assert_eq!(ran.code, Some(42), "{}\n{}", ran.out, ran.err);
    let words: Vec<&str> = ran.out.split_whitespace().collect();
    assert_eq!(words.len(), 6, "{}", ran.out);
    let authority = words[0].strip_prefix("http://").unwrap();
    assert!(
        TcpStream::connect(authority).is_err(),
        "the server ended with its command"
    );
    assert!(
        !Path::new(words[5]).exists(),
        "and took its directory with it"
    );
    let killed = run(folder.path(), &["exec", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(killed.code, Some(137), "{}", killed.err);
    let absent = run(folder.path(), &["exec", "--", "/nowhere/at all"]);
    assert_eq!(absent.code, Some(3), "{}", absent.err);
}

#[test]
fn an_interrupt_stops_the_server_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = mockmdm(folder.path(), &["serve", "--ephemeral", "--json"]);
    // A group of its own, as a shell gives it: the interrupt is for the server alone.
    command
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let base = ready["admin_url"].as_str().unwrap();
    assert_eq!(http::send("GET", base, "/readyz", &[], b"").status, 200);
    signal(child.id(), "INT");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
