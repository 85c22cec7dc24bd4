//! What each listener serves and to whom, and what nobody gets.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::environment::{Environment, Options};
use crate::http;

/// What the bootstrap listener serves, and nothing else.
const BOOTSTRAP: [&str; 8] = [
    "/",
    "/trust/root.der",
    "/trust/root.pem",
    "/trust/root.mobileconfig",
    "/trust/ping",
    "/pki/ca.der",
    "/pki/crl",
    "/scep?operation=GetCACaps",
];
/// What only other listeners serve.
const ELSEWHERE: [&str; 9] = [
    "/enroll",
    "/enroll/apple",
    "/enroll/windows",
    "/EnrollmentServer/Discovery.svc",
    "/ManagementServer/MDM.svc",
    "/MDMServiceConfig",
    "/mdm/checkin",
    "/mdm/connect",
    "/p/0123456789abcdef0123456789abcdef",
];
/// What comes later, and what it is called.
const LATER: [(&str, &str); 11] = [
    ("/pki/ocsp", "OCSP"),
    ("/enroll/android", "Android enrollment"),
    ("/acme/directory", "ACME"),
    ("/mdm/ota", "over-the-air profile delivery"),
    ("/mdm/ade", "automated device enrollment"),
    (
        "/.well-known/com.apple.remotemanagement",
        "account-driven enrollment",
    ),
    ("/portal", "the user portal"),
    ("/portal/", "the user portal"),
    ("/whoami", "the certificate verifier"),
    ("/Microsoft-Server-ActiveSync", "the certificate verifier"),
    ("/EWS/Exchange.asmx", "the certificate verifier"),
];
/// Where a careless server keeps its files.
const FILES: [&str; 12] = [
    "/ca.pem",
    "/root.pem",
    "/data/ca.pem",
    "/pki/ca.pem",
    "/pki/ca.key",
    "/trust/ca.pem",
    "/trust/../ca.pem",
    "/trust/%2e%2e/ca.pem",
    "/pki//ca.pem",
    "/admin.token",
    "/state.db",
    "/api/v1/ca.key",
];

#[test]
fn each_listener_serves_its_own_paths() {
    let server = Environment::ephemeral();
    for path in BOOTSTRAP {
        assert_eq!(server.bootstrap("GET", path, b"").status, 200, "{path}");
    }
    for path in ELSEWHERE {
        let answer = server.bootstrap("GET", path, b"");
        assert_eq!(answer.status, 404, "{path}");
        let words = "this path is served by the device listener";
        assert!(answer.text().contains(words), "{path}: {}", answer.text());
    }
    for path in ["/api/v1/server", "/livez", "/metrics", "/index.html"] {
        let answer = server.bootstrap("GET", path, b"");
        assert_eq!(answer.status, 404, "{path}");
    }
    let status = ["--write-out", "\n%{http_code}"];
    for (path, what) in LATER {
        let url = format!("{}{path}", server.device_url());
        let said = server.curl(&[&status[..], &[&url]].concat()).ok();
        said.says(&format!("{what} is not part of this version"))
            .says("\n404");
    }
    for path in ["/trust/ping", "/scep?operation=GetCACaps", "/enroll", "/"] {
        let url = format!("{}{path}", server.mtls_url());
        server
            .curl(&[&status[..], &[&url]].concat())
            .ok()
            .says("\n404");
    }
}

#[test]
fn private_files_are_private_and_no_listener_serves_them() {
    let server = Environment::start(Options::kept());
    let data = server.folder().join("data");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&data), 0o700);
    let mut keys = 0;
    let mut waiting = vec![data];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let content = fs::read(&path).unwrap();
        let secret = content.windows(12).any(|part| part == b" PRIVATE KEY");
        keys += usize::from(secret);
        if secret || path.ends_with("admin.token") || path.extension().is_some_and(|e| e == "db") {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
    assert!(keys >= 3, "the root's, two leaves', the signer's: {keys}");
    assert!(
        !fs::read_to_string(server.ca_file())
            .unwrap()
            .contains("PRIVATE")
    );
    let bearer = format!("Bearer {}", server.token());
    for path in FILES
        .into_iter()
        .chain(BOOTSTRAP)
        .chain(["/api/v1/ca.pem", "/api/v1/server"])
    {
        let device = server.curl(&["--path-as-is", &format!("{}{path}", server.device_url())]);
        let token = [("Authorization", bearer.as_str())];
        let admin = http::send("GET", &server.admin_url(), path, &token, b"");
        for text in [
            server.bootstrap("GET", path, b"").text(),
            admin.text(),
            device.text,
        ] {
            assert!(!text.contains("PRIVATE"), "{path}: {text}");
            assert!(!text.contains(server.token()), "{path}: {text}");
            assert!(!text.contains("SQLite"), "{path}: {text}");
        }
    }
}

#[test]
fn pages_of_other_sites_reach_no_admin_api() {
    let server = Environment::ephemeral();
    let base = server.admin_url();
    let authority = base.strip_prefix("http://").unwrap();
    let port = authority.rsplit(':').next().unwrap();
    let bearer = format!("Bearer {}", server.token());
    let raw = |host: &str, headers: &[(&str, &str)]| {
        use std::io::{Read as _, Write as _};
        let mut socket = std::net::TcpStream::connect(authority).unwrap();
        let headers: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let head = format!(
            "GET /api/v1/devices HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{}\r\n",
            headers.concat()
        );
        socket.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(
            !answer.to_ascii_lowercase().contains("access-control-allow"),
            "{answer}"
        );
        answer[9..12].parse::<u16>().unwrap()
    };
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "192.0.2.1",
        "0.0.0.0",
        "user@localhost",
    ] {
        let token = [("Authorization", bearer.as_str())];
        assert_eq!(raw(host, &[]), 403, "{host}");
        assert_eq!(
            raw(&format!("{host}:{port}"), &token),
            403,
            "{host}, even with the token"
        );
    }
    for host in [
        authority.to_owned(),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
    ] {
        assert_eq!(raw(&host, &[]), 200, "{host}");
        assert_eq!(
            raw(&host, &[("Origin", &format!("http://{host}"))]),
            200,
            "{host}"
        );
        for origin in [
            "null",
            "http://evil.example",
            &format!("https://{host}"),
            "http://localhost:1",
        ] {
            assert_eq!(raw(&host, &[("Origin", origin)]), 403, "{origin}");
            let both = [("Origin", origin), ("Authorization", bearer.as_str())];
            assert_eq!(raw(&host, &both), 403, "{origin}, even with the token");
        }
    }
    for wrong in [
        "Bearer x",
        "Bearer ",
        "Basic x",
        &format!("{bearer}x"),
        &bearer[..bearer.len() - 1],
    ] {
        assert_eq!(raw(authority, &[("Authorization", wrong)]), 401, "{wrong}");
    }
}

#[test]
fn what_cannot_be_undone_needs_the_token_even_here() {
    let server = Environment::ephemeral();
    let base = server.admin_url();
    let json = ("Content-Type", "application/json");
    let body = json!({ "reason": "key_compromise" }).to_string();
    let path = "/api/v1/certificates/01/revoke";
    let answer = http::send("POST", &base, path, &[json], body.as_bytes());
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert!(
        answer.text().contains("needs the token"),
        "{}",
        answer.text()
    );
    let bearer = format!("Bearer {}", server.token());
    let answer = http::send(
        "POST",
        &base,
        path,
        &[json, ("Authorization", &bearer)],
        body.as_bytes(),
    );
    assert_eq!(answer.status, 404, "{}", answer.text());
    let plain = ("Content-Type", "text/plain");
    let answer = http::send(
        "POST",
        &base,
        "/api/v1/codes",
        &[plain, ("Authorization", &bearer)],
        b"{}",
    );
    assert_eq!(
        answer.status,
        415,
        "a form of another site cannot send JSON: {}",
        answer.text()
    );
}
