//! The whole API of a running server, over sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test"
)]

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Running;
use crate::config::{Config, Data, Push};

struct Lab {
    running: Running,
    address: String,
    token: String,
    _directory: tempfile::TempDir,
}

impl Lab {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = Data {
            path: directory.path().join("data"),
            ephemeral: true,
        };
        let mut config = Config::new(data, "localhost");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        (config.bootstrap, config.listen, config.mtls, config.admin) =
            (Some(any), vec![any], Some(any), any);
        config.push = Push::None;
        let running = crate::start(config).await.unwrap();
        let address = running
            .ready
            .admin_url
            .strip_prefix("http://")
            .unwrap()
            .to_owned();
        let token = std::fs::read_to_string(&running.ready.token_file)
            .unwrap()
            .trim()
            .to_owned();
        Self {
            running,
            address,
            token,
            _directory: directory,
        }
    }

    async fn connect(&self, request: &str, headers: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let host = if headers.contains("host:") {
            String::new()
        } else {
            format!("host: {}\r\n", self.address)
        };
        let length = body.len();
        let head = format!(
            "{request} HTTP/1.1\r\n{host}connection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        stream
            .write_all(format!("{head}{body}").as_bytes())
            .await
            .unwrap();
        stream
    }

    async fn raw(&self, request: &str, headers: &str, body: &str) -> (u16, String) {
        let mut answer = String::new();
        self.connect(request, headers, body)
            .await
            .read_to_string(&mut answer)
            .await
            .unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (
            head.split(' ').nth(1).unwrap().parse().unwrap(),
            body.to_owned(),
        )
    }

    /// As the command line asks: with token and JSON.
    async fn ask(&self, request: &str, body: Option<Value>) -> (u16, Value) {
        let headers = format!(
            "authorization: Bearer {}\r\ncontent-type: application/json\r\n",
            self.token
        );
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let (status, text) = self.raw(request, &headers, &body).await;
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }
}

fn profile(host: &str) -> Value {
    json!({"id": "mail", "type": "ios_exchange", "display_name": "Mail & <é>", "host_name": host,
        "account_name": "Example", "username_source": "user_principal_name",
        "email_address_source": "user_principal_name"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_driven_by_its_api() {
    let lab = Lab::start().await;
    assert_eq!(
        lab.raw("GET /livez", "", "").await,
        (200, "ok\n".to_owned())
    );
    assert_eq!(
        lab.raw("GET /readyz", "", "").await,
        (200, "ready\n".to_owned())
    );
    let (status, server) = lab.ask("GET /api/v1/server", None).await;
    assert_eq!(
        (status, &server["devices"], &server["ephemeral"]),
        (200, &json!(0), &json!(true)),
        "{server}"
    );
    assert_eq!(server["push"]["configured"], json!(false));
    assert!(
        lab.raw("GET /api/v1/ca.pem", "", "")
            .await
            .1
            .starts_with("-----BEGIN CERTIFICATE-----")
    );

    // Profiles.
    let (status, made) = lab
        .ask(
            "PUT /api/v1/profiles/mail",
            Some(profile("mail.example.com")),
        )
        .await;
    assert_eq!((status, &made["revision"]), (201, &json!(1)), "{made}");
    assert_eq!(
        lab.ask(
            "PUT /api/v1/profiles/mail",
            Some(profile("mail.example.com"))
        )
        .await
        .0,
        200
    );
    let (status, changed) = lab
        .ask("PUT /api/v1/profiles/mail", Some(profile("mx.example.com")))
        .await;
    assert_eq!((status, &changed["revision"]), (200, &json!(2)));
    let (status, wrong) = lab
        .ask(
            "PUT /api/v1/profiles/mail",
            Some(json!({"type": "ios_exchange", "hostname": 1})),
        )
        .await;
    assert_eq!(status, 400);
    assert!(wrong["errors"].as_array().unwrap().len() >= 3, "{wrong}");
    let user = json!({"user_principal_name": "ada@example.com"});
    let (status, shown) = lab
        .ask(
            "POST /api/v1/profiles/mail/render",
            Some(json!({"user": user, "signed": true})),
        )
        .await;
    assert_eq!(status, 200, "{shown}");
    assert!(
        shown["xml"].as_str().unwrap().contains("mx.example.com") && shown["signed"].is_string()
    );
    let (_, lint) = lab
        .ask(
            "POST /api/v1/profiles/lint",
            Some(profile("mx.example.com")),
        )
        .await;
    assert!(
        lint["findings"]
            .as_array()
            .unwrap()
            .iter()
            .all(|f| f["level"] != "error"),
        "{lint}"
    );

    // What a profile names must be there and serve.
    let root = json!({"type": "trusted_certificate", "display_name": "Root", "platform": "ios", "lab_root": true});
    assert_eq!(
        lab.ask("PUT /api/v1/profiles/root", Some(root)).await.0,
        201
    );
    for (named, found) in [
        ("nobody", "`nobody`, which does not exist"),
        ("root", "`root` of type trusted_certificate"),
    ] {
        let mut by_certificate = profile("mx.example.com");
        by_certificate["authentication_method"] = json!("certificate");
        by_certificate["identity_certificate"] = json!(named);
        let (status, refused) = lab
            .ask("PUT /api/v1/profiles/mail", Some(by_certificate))
            .await;
        assert_eq!(status, 400, "{refused}");
        assert!(refused.to_string().contains(found), "{refused}");
    }

    // What an edit would do, and what profiles do together.
    let edited = json!({"new": profile("new.example.com")});
    let (status, edit) = lab.ask("POST /api/v1/profiles/diff", Some(edited)).await;
    assert_eq!(status, 200, "{edit}");
    assert_eq!(
        (
            &edit["class"],
            &edit["prompt"],
            &edit["fields"][0]["before"]
        ),
        (
            &json!("recreate"),
            &json!("password_reentry"),
            &json!("mx.example.com")
        ),
        "{edit}"
    );
    let mut twin = profile("mx.example.com");
    twin["id"] = json!("twin");
    let (status, set) = lab
        .ask(
            "POST /api/v1/profiles/lint-set",
            Some(json!({"profiles": [twin]})),
        )
        .await;
    assert_eq!(status, 200, "{set}");
    assert_eq!(set["findings"][0]["rule"], "set.same-account", "{set}");

    // Codes, links, deliveries.
    let (status, code) = lab
        .ask(
            "POST /api/v1/codes",
            Some(json!({"simulated": true, "uses": 1, "qr": true})),
        )
        .await;
    assert_eq!(
        (status, &code["reality"]),
        (201, &json!("simulated")),
        "{code}"
    );
    assert!(code["qr_svg"].as_str().unwrap().contains("<svg"));
    assert_eq!(
        lab.ask("POST /api/v1/codes", None).await.0,
        201,
        "all of it may be left out"
    );
    let (status, link) = lab
        .ask(
            "POST /api/v1/links",
            Some(json!({"profile": "mail", "user": user})),
        )
        .await;
    assert_eq!(
        (status, &link["delivery"]["target"]),
        (201, &json!({"kind": "link"})),
        "{link}"
    );
    let token = link["url"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let (_, deliveries) = lab.ask("GET /api/v1/deliveries?state=queued", None).await;
    assert_eq!(deliveries["items"].as_array().unwrap().len(), 1);
    assert!(
        !deliveries.to_string().contains(&token),
        "the link is told once"
    );
    let (status, none) = lab
        .ask(
            "POST /api/v1/deliveries",
            Some(json!({"device": "d-1", "profile": "mail"})),
        )
        .await;
    assert_eq!(
        (status, &none["detail"]),
        (404, &json!("there is no device `d-1`"))
    );

    // Lists that are empty, things that are not there.
    for path in ["devices", "certificates", "exchanges"] {
        let (status, list) = lab.ask(&format!("GET /api/v1/{path}"), None).await;
        assert_eq!(
            (status, &list["items"]),
            (200, &json!([])),
            "{path}: {list}"
        );
    }
    for request in [
        "GET /api/v1/devices/d-1",
        "DELETE /api/v1/devices/d-1",
        "POST /api/v1/devices/d-1/push",
        "POST /api/v1/devices/d-1/renew",
        "GET /api/v1/devices/d-1/commands",
        "GET /api/v1/commands/U",
        "DELETE /api/v1/commands/U",
        "GET /api/v1/profiles/none",
        "DELETE /api/v1/profiles/none",
        "GET /api/v1/deliveries/y-1",
        "DELETE /api/v1/deliveries/y-1",
        "POST /api/v1/deliveries/y-1/redeliver",
        "POST /api/v1/certificates/0a/revoke",
        "GET /api/v1/exchanges/1",
        "GET /api/v1/wait?delivery=y-1&state=installed",
        "GET /none",
        "GET /api/v1/none",
    ] {
        let (status, problem) = lab.ask(request, None).await;
        assert_eq!(
            (status, &problem["status"]),
            (404, &json!(404)),
            "{request}: {problem}"
        );
    }
    let (_, doctor) = lab.ask("GET /api/v1/doctor", None).await;
    let findings = doctor["findings"].as_array().unwrap();
    assert!(findings.iter().all(|f| f["level"] != "error"), "{doctor}");
    assert!(findings.iter().any(|f| f["rule"] == "push.off"), "{doctor}");
    lab.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_read_followed_and_waited_for() {
    let lab = Lab::start().await;
    let (status, page) = lab.ask("GET /api/v1/events?limit=500", None).await;
    let since = page["next_since"].as_u64().unwrap();
    assert_eq!(
        (status, page["items"].as_array().unwrap().len() as u64),
        (200, since),
        "{page}"
    );
    let (status, ahead) = lab
        .ask(&format!("GET /api/v1/events?since={}", since + 1), None)
        .await;
    assert_eq!((status, &ahead["newest"]), (400, &json!(since)));
    let mut stream = lab
        .connect(&format!("GET /api/v1/events/stream?since={since}"), "", "")
        .await;

    // A wait sees what happens after it began. When it began nobody can tell, so codes are minted until it is answered.
    let (_, waited) = {
        let wait = lab.ask("GET /api/v1/wait?kind=code.minted&timeout=60", None);
        tokio::pin!(wait);
        let mut answer = None;
        while answer.is_none() {
            // Each is seen to its end: one that is dropped half way would still be minted, later.
            let mint = lab.ask("POST /api/v1/codes", Some(json!({"label": "é & <b>"})));
            tokio::pin!(mint);
            loop {
                tokio::select! {
                    waited = &mut wait, if answer.is_none() => answer = Some(waited),
                    _ = &mut mint => break,
                }
            }
        }
        answer.unwrap()
    };
    let minted = waited["event"]["seq"].as_u64().unwrap();
    assert!(minted > since, "{waited}");
    let (_, at_once) = lab
        .ask(
            &format!("GET /api/v1/wait?kind=code.&since={}", minted - 1),
            None,
        )
        .await;
    assert_eq!(
        (&at_once["matched"], &at_once["event"]["seq"]),
        (&json!(true), &json!(minted))
    );

    // One that is in vain says what came closest.
    let now = lab.ask("GET /api/v1/events?limit=500", None).await.1["next_since"].clone();
    let (_, vain) = lab
        .ask(
            &format!("GET /api/v1/wait?kind=link.minted&since={now}&timeout=0"),
            None,
        )
        .await;
    assert_eq!(
        (&vain["matched"], &vain["since"], &vain["near_misses"]),
        (&json!(false), &now, &json!([])),
        "{vain}"
    );
    lab.ask("POST /api/v1/codes", None).await;
    let now = lab.ask("GET /api/v1/events?limit=500", None).await.1["next_since"].clone();
    let (_, vain) = lab
        .ask(
            &format!("GET /api/v1/wait?kind=code.minted&since={now}&timeout=0"),
            None,
        )
        .await;
    assert_eq!(
        vain["near_misses"][0]["failed_criteria"][0]["criterion"], "since",
        "{vain}"
    );

    // The same for deliveries.
    lab.ask(
        "PUT /api/v1/profiles/mail",
        Some(profile("mail.example.com")),
    )
    .await;
    let (_, link) = lab
        .ask("POST /api/v1/links", Some(json!({"profile": "mail"})))
        .await;
    let id = link["delivery"]["id"].as_str().unwrap();
    let (_, queued) = lab
        .ask(
            &format!("GET /api/v1/wait?delivery={id}&state=queued"),
            None,
        )
        .await;
    assert_eq!(
        (&queued["matched"], &queued["delivery"]["id"]),
        (&json!(true), &json!(id))
    );
    let (_, vain) = lab
        .ask(
            &format!("GET /api/v1/wait?delivery={id}&evidence=read_back&timeout=0"),
            None,
        )
        .await;
    assert_eq!(
        vain["near_misses"][0]["text"],
        json!(format!(
            "delivery {id} of `mail` is queued; evidence `read_back` does not hold"
        ))
    );
    let open = format!("GET /api/v1/wait?delivery={id}&state=removed&timeout=20");
    let (gone, _) = tokio::join!(lab.ask(&open, None), async {
        lab.ask(&format!("DELETE /api/v1/deliveries/{id}"), None)
            .await
    });
    assert_eq!(gone.1["delivery"]["state"], "removed", "{}", gone.1);

    let mut seen = String::new();
    while !seen.contains("\"kind\":\"link.minted\"") {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the stream ended early: {seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    assert!(
        seen.contains("content-type: text/event-stream")
            && seen.contains(&format!("id: {minted}\n")),
        "{seen}"
    );
    lab.running.stop().await;
    stream.read_to_end(&mut Vec::new()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_right_is_refused() {
    let lab = Lab::start().await;
    let json_type = "content-type: application/json\r\n";
    for (request, headers, body, status, part) in [
        (
            "GET /api/v1/server",
            "host: evil.example\r\n",
            "",
            403,
            "`Host` is `evil.example`",
        ),
        (
            "GET /livez",
            "host: evil.example:8481\r\n",
            "",
            403,
            "which is not this server",
        ),
        (
            "POST /api/v1/codes",
            "origin: http://evil.example\r\n",
            "",
            403,
            "`Origin` is `http://evil.example`",
        ),
        (
            "GET /api/v1/server",
            "authorization: Bearer x\r\n",
            "",
            401,
            "the token is not this server's",
        ),
        (
            "POST /api/v1/certificates/0a/revoke",
            "",
            "",
            401,
            "revoking a certificate needs the token",
        ),
        (
            "PATCH /api/v1/devices",
            "",
            "",
            405,
            "does not know this method",
        ),
        (
            "POST /api/v1/codes",
            json_type,
            "{\"use\":1}",
            400,
            "unknown field `use`",
        ),
        (
            "POST /api/v1/codes",
            json_type,
            "{\"uses\":\"x\"}",
            400,
            "uses: invalid type",
        ),
        (
            "POST /api/v1/codes",
            json_type,
            "{",
            400,
            "Failed to parse the request body as JSON",
        ),
        (
            "POST /api/v1/codes",
            "",
            "{}",
            415,
            "the content type is `missing`",
        ),
        (
            "POST /api/v1/links",
            json_type,
            "",
            400,
            "expected struct New",
        ),
        (
            "GET /api/v1/events?sinse=1",
            "",
            "",
            400,
            "unknown field `sinse`",
        ),
        (
            "GET /api/v1/events?kind=no.such",
            "",
            "",
            400,
            "`no.such` is no kind of event",
        ),
        (
            "GET /api/v1/deliveries?state=done",
            "",
            "",
            400,
            "unknown variant `done`",
        ),
        (
            "GET /api/v1/devices/a%20b",
            "",
            "",
            400,
            "is not a legal device id",
        ),
        (
            "GET /api/v1/exchanges/x",
            "",
            "",
            400,
            "the path: invalid digit",
        ),
        (
            "POST /api/v1/devices/d-1/commands",
            json_type,
            "{\"item\":{\"type\":\"erase\"}}",
            403,
            "`EraseDevice` is destructive",
        ),
    ] {
        let (found, text) = lab.raw(request, headers, body).await;
        let problem: Value =
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{request}: {text}"));
        assert_eq!(found, status, "{request}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(part), "{request}: {detail}");
    }
    let large = format!("{{\"label\":\"{}\"}}", "x".repeat(super::BODY_LIMIT));
    let headers = format!("{json_type}expect: \r\n");
    assert_eq!(lab.raw("POST /api/v1/codes", &headers, &large).await.0, 413);
    lab.running.stop().await;
}
