//! HTTP that no honest client speaks: framing, headers, targets, and bodies that are too long.

use crate::hostile_line::Line;
use crate::hostile_siege::{Siege, refused};
use crate::program::Program;

/// Whole heads; `{host}` becomes the right one.
const HEADS: &[(&str, &str)] = &[
    ("no Host", "GET /trust/ping HTTP/1.1\r\n"),
    ("no method", " /trust/ping HTTP/1.1\r\nHost: {host}\r\n"),
    ("garbage", "\u{1}\u{2}\u{3}garbage\r\n"),
    ("version 9", "GET /trust/ping HTTP/9.9\r\nHost: {host}\r\n"),
];

/// Methods and targets.
const TARGETS: &[(&str, &str)] = &[
    ("NUL", "GET /trust/\0ping"),
    ("encoded NUL", "GET /trust/ping%00.html"),
    ("encoded slash", "GET /trust/..%2fscep"),
    ("dot segments", "GET /trust/../../../../etc/passwd"),
    ("encoded dot segments", "GET /trust/%2e%2e/root.der"),
    ("backslash", "GET /trust\\root.der"),
    ("half an escape", "GET /trust/%4"),
    ("overlong UTF-8", "GET /trust/%c0%af"),
    ("a proxy's target", "CONNECT mail.example.com:443"),
    ("asterisk", "OPTIONS *"),
    ("an unknown method", "BREW /trust/ping"),
    ("nobody's request", "PUT /mdm/connect"),
];

/// Header lines of a PUT, and what follows the head.
const HEADERS: &[(&str, &str, &str)] = &[
    ("a second Host", "Host: localhost", ""),
    ("a space in a name", "X Y: z", ""),
    ("no colon", "nothing", ""),
    ("obsolete folding", "X: a\r\n b", ""),
    ("NUL in a value", "X: a\0b", ""),
    ("no number", "Content-Length: abc", ""),
    ("negative", "Content-Length: -1", ""),
    ("beyond 64 bits", "Content-Length: 99999999999999999999", ""),
    ("a sign", "Content-Length: +5", "hello"),
    (
        "two lengths",
        "Content-Length: 5\r\nContent-Length: 6",
        "hello!",
    ),
    ("too long", "Content-Length: 4194305", ""),
    ("absurdly long", "Content-Length: 9223372036854775807", ""),
    ("unknown coding", "Transfer-Encoding: gzip", ""),
    (
        "chunked not last",
        "Transfer-Encoding: chunked, gzip",
        "0\r\n\r\n",
    ),
    ("no chunk size", "Transfer-Encoding: chunked", "xyz\r\n"),
    (
        "chunk beyond 64 bits",
        "Transfer-Encoding: chunked",
        "fffffffffffffffff\r\n",
    ),
    (
        "compressed",
        "Content-Encoding: gzip\r\nContent-Length: 4",
        "\u{1f}abc",
    ),
];

/// All of them, with the empty line that ends a head.
fn requests(host: &str) -> Vec<(&'static str, String)> {
    let heads = HEADS
        .iter()
        .map(|(what, head)| (*what, format!("{head}\r\n").replace("{host}", host)));
    let targets = TARGETS
        .iter()
        .map(|(what, start)| (*what, format!("{start} HTTP/1.1\r\nHost: {host}\r\n\r\n")));
    let headers = HEADERS.iter().map(|(what, lines, rest)| {
        let head = format!("PUT /mdm/connect HTTP/1.1\r\nHost: {host}\r\n{lines}");
        (*what, format!("{head}\r\n\r\n{rest}"))
    });
    heads.chain(targets).chain(headers).collect()
}

/// Everything, on the listener for devices and on the one for what does not trust us yet.
pub(crate) fn attack(siege: &Siege) {
    for open in [Siege::device_line, Siege::bootstrap_line, Siege::admin_line] {
        for (what, text) in requests(open(siege).host()) {
            let mut line = open(siege);
            assert!(line.write(text.as_bytes()), "{what}");
            let answer = line
                .answer()
                .unwrap_or_else(|| panic!("{what} at {line:?}: no answer"));
            refused(what, &answer, "");
        }
        sizes(siege, open);
    }
    smuggling(siege);
    endless_bodies(siege);
    not_http(siege);
    for rule in ["limit.target_size", "limit.header_size", "limit.body_size"] {
        assert!(
            !siege.told("limit.hit", rule).is_empty(),
            "{rule} was not told"
        );
    }
}

/// Targets and headers that are too long; what is refused may be answered before all of it was read.
fn sizes(siege: &Siege, open: fn(&Siege) -> Line) {
    let many: Vec<String> = (0..101).map(|n| format!("X-{n}: y\r\n")).collect();
    let long = |n: usize| format!("X: {}\r\n", "a".repeat(n));
    for (what, target, headers) in [
        (
            "20 KB of target",
            format!("/{}", "a".repeat(20_000)),
            String::new(),
        ),
        (
            "1 MiB of target",
            format!("/{}", "a".repeat(1 << 20)),
            String::new(),
        ),
        (
            "1 MiB of message",
            format!("/scep?message={}", "A".repeat(1 << 20)),
            String::new(),
        ),
        ("20 KB of header", "/".to_owned(), long(20_000)),
        ("1 MiB of header", "/".to_owned(), long(1 << 20)),
        ("101 headers", "/".to_owned(), many.concat()),
    ] {
        let mut line = open(siege);
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n",
            line.host()
        );
        let _ = line.write(head.as_bytes());
        let answer = line
            .answer()
            .unwrap_or_else(|| panic!("{what} at {line:?}: no answer"));
        refused(what, &answer, "");
    }
}

/// Where two programs could disagree on where a request ends, nothing after it is read.
fn smuggling(siege: &Siege) {
    let hidden = "GET /trust/root.der HTTP/1.1\r\nHost: x\r\n\r\n";
    for framing in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked",
    ] {
        let mut line = siege.bootstrap_line();
        let text = format!(
            "POST /scep?operation=PKIOperation HTTP/1.1\r\nHost: {}\r\n{framing}\r\n\r\n0\r\n\r\n{hidden}",
            line.host()
        );
        assert!(line.write(text.as_bytes()));
        let answer = line.answer().expect("an answer to the first request");
        refused(framing, &answer, "");
        assert_eq!(answer.header("connection"), Some("close"), "{framing}");
        assert!(
            line.is_closed(),
            "{framing}: the second request was answered"
        );
    }
}

/// A body without announced end is cut off at its limit; a compressed one is not looked into.
fn endless_bodies(siege: &Siege) {
    for (path, limit) in [
        ("/mdm/connect", 4 << 20),
        ("/mdm/checkin", 4 << 20),
        ("/scep?operation=PKIOperation", 256 << 10),
    ] {
        let mut line = siege.device_line();
        let method = if path.starts_with("/scep") {
            "POST"
        } else {
            "PUT"
        };
        let host = line.host().to_owned();
        assert!(
            line.write(
                format!(
                    "{method} {path} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                .as_bytes()
            )
        );
        let chunk = [b"4000\r\n".as_slice(), &[b'A'; 0x4000], b"\r\n"].concat();
        let mut sent = 0;
        while sent <= 4 * limit && line.write(&chunk) {
            sent += 0x4000;
        }
        let answer = line.answer().unwrap_or_else(|| panic!("{path}: no answer"));
        refused(path, &answer, &format!("longer than {limit} bytes"));
        assert_eq!(answer.status, 413);
    }
    let zeros = vec![0; 4 << 20];
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("zeros"), &zeros).unwrap();
    let gzip = Program::find("gzip").expect("gzip");
    let small = gzip
        .with(["--best", "--stdout", "zeros"])
        .at(folder.path())
        .run()
        .ok()
        .stdout;
    assert!(small.len() * 500 < zeros.len(), "{}", small.len());
    let answer = siege
        .device_line()
        .put("/mdm/connect", &[("Content-Encoding", "gzip")], &small);
    refused("gzip", &answer, "content coding `gzip`");
    assert_eq!(answer.status, 415);
}

/// Bytes that are no HTTP and no TLS, and connections that end in the middle.
fn not_http(siege: &Siege) {
    let device = siege.lab.server.device_url();
    let port = device.rsplit(':').next().unwrap();
    for bytes in [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0x16, 3, 1, 0xff, 0xff],
        vec![0; 1000],
        Vec::new(),
    ] {
        use std::io::{Read as _, Write as _};
        let mut socket = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        socket.write_all(&bytes).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    }
    for mut line in [
        siege.device_line(),
        siege.bootstrap_line(),
        siege.admin_line(),
    ] {
        assert!(line.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
        assert!(line.is_closed(), "HTTP/2 that was not negotiated");
    }
    let mut line = siege.device_line();
    assert!(line.write(b"PUT /mdm/connect HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"));
    drop(line);
}
