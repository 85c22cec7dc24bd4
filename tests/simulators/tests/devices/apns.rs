//! The mock of APNs, asked by HTTP/2 and HTTP/1.1, and a device it wakes.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use mdm_simulators::apns::{MockApns, Scripted};
use mdm_simulators::apple::{AppleDevice, Channel, Event, Persona, Platform};
use mdm_simulators::entropy::Clock;
use mdm_simulators::http::{Client, ClientOptions, Protocol, Resolve, Response};
use mdm_simulators::identity::Identity;
use serde_json::json;

use crate::canned::{Canned, dictionary, enrollment};
use crate::programs::{certificates, openssl};

const GOOD: [(&str, &str); 2] = [
    ("apns-topic", "com.apple.mgmt.test"),
    ("apns-push-type", "mdm"),
];

async fn mock() -> MockApns {
    MockApns::start("127.0.0.1:0".parse().unwrap(), Clock::system().now())
        .await
        .unwrap()
}

/// A push certificate whose subject names a topic, made by OpenSSL's command.
fn push_identity(topic: &str) -> Identity {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path(), false);
    let run = |arguments: &str| openssl(folder.path(), arguments).unwrap();
    run(&format!(
        "req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 9 -subj /UID={topic}/CN=Push"
    ));
    run("pkcs12 -export -in c.pem -inkey k.pem -out push.p12 -passout file:password");
    Identity::from_pkcs12(
        &std::fs::read(folder.path().join("push.p12")).unwrap(),
        "p & w",
    )
    .unwrap()
}

fn client(mock: &MockApns, protocol: Protocol, identity: Option<Identity>) -> Client {
    let options = ClientOptions {
        roots: vec![mock.root().to_vec()],
        identity,
        resolve: Resolve::Always([127, 0, 0, 1].into()),
        protocol,
        ..ClientOptions::default()
    };
    Client::new(options).unwrap()
}

async fn push(
    client: &Client,
    mock: &MockApns,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    let body = Bytes::from(body.to_owned());
    client
        .send(
            Method::POST,
            &format!("{}{path}", mock.url()),
            headers,
            body,
        )
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_wrong_with_a_push_is_told() {
    let mock = mock().await;
    let identity = push_identity("com.apple.mgmt.test");
    let h2 = client(&mock, Protocol::Http2, Some(identity.clone()));
    let no_topic = [("apns-push-type", "mdm")];
    let alert = [
        ("apns-topic", "com.apple.mgmt.test"),
        ("apns-push-type", "alert"),
    ];
    let foreign = [
        ("apns-topic", "com.apple.mgmt.other"),
        ("apns-push-type", "mdm"),
    ];
    let magic = r#"{"mdm":"M"}"#;
    let big = format!(r#"{{"mdm":"{}"}}"#, "x".repeat(5_000));
    for (path, headers, body, status, reason) in [
        ("/3/device/aabb", &GOOD[..], magic, 200, ""),
        ("/3/device/xx", &GOOD[..], magic, 400, "BadDeviceToken"),
        ("/3/dev/aabb", &GOOD[..], magic, 404, "BadPath"),
        ("/3/device/aabb", &no_topic[..], magic, 400, "MissingTopic"),
        ("/3/device/aabb", &alert[..], magic, 400, "InvalidPushType"),
        (
            "/3/device/aabb",
            &foreign[..],
            magic,
            400,
            "TopicDisallowed",
        ),
        ("/3/device/aabb", &GOOD[..], "", 400, "PayloadEmpty"),
        ("/3/device/aabb", &GOOD[..], &big, 413, "PayloadTooLarge"),
        (
            "/3/device/aabb",
            &GOOD[..],
            r#"{"mdm":"M","aps":{}}"#,
            400,
            "BadPayload",
        ),
    ] {
        let answer = push(&h2, &mock, path, headers, body).await;
        let said: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let found = (
            answer.status.as_u16(),
            said["reason"].as_str().unwrap_or_default(),
        );
        assert_eq!(found, (status, reason), "{path} {headers:?}");
        assert!(answer.header("apns-id").is_some());
    }
    let nobody = client(&mock, Protocol::Http2, None);
    assert_eq!(
        push(&nobody, &mock, "/3/device/aabb", &GOOD, magic)
            .await
            .status
            .as_u16(),
        403
    );
    let h1 = client(&mock, Protocol::Http1, Some(identity.clone()));
    assert_eq!(
        push(&h1, &mock, "/3/device/AABB", &GOOD, magic)
            .await
            .status
            .as_u16(),
        200
    );
    let requests = mock.requests();
    assert_eq!(
        (requests.len(), requests[0].http2, requests[10].http2),
        (11, true, false)
    );
    assert_eq!(
        requests[0].certificate.as_deref(),
        Some(identity.certificate())
    );
    assert_eq!(requests[10].token().as_deref(), Some("aabb"));
}

#[tokio::test]
async fn scripted_answers_are_used_up() {
    let mock = mock().await;
    let h2 = client(
        &mock,
        Protocol::Http2,
        Some(push_identity("com.apple.mgmt.test")),
    );
    let script = |token: Option<&str>, status, reason: &str, retry_after| {
        mock.script(Scripted {
            token: token.map(str::to_owned),
            times: 1,
            status,
            reason: reason.to_owned(),
            retry_after,
            since: None,
        });
    };
    script(Some("CC"), 410, "Unregistered", None);
    script(None, 503, "ServiceUnavailable", Some(7));
    let mut found = Vec::new();
    for token in ["aa", "aa", "cc"] {
        let answer = push(
            &h2,
            &mock,
            &format!("/3/device/{token}"),
            &GOOD,
            r#"{"mdm":"M"}"#,
        )
        .await;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        found.push(format!(
            "{} {} {body}",
            answer.status.as_u16(),
            answer.header("retry-after").unwrap_or("-")
        ));
    }
    let unregistered = r#"410 - {"reason":"Unregistered","timestamp":1000}"#;
    assert_eq!(
        found,
        [
            r#"503 7 {"reason":"ServiceUnavailable"}"#,
            "200 - ",
            unregistered
        ]
    );
}

#[tokio::test]
async fn a_push_with_the_right_magic_wakes_a_device() {
    let (mock, server) = (mock().await, Canned::start().await);
    let h2 = client(
        &mock,
        Protocol::Http2,
        Some(push_identity("com.apple.mgmt.test")),
    );
    let mut phone = AppleDevice::new(
        Persona::from_seed(Platform::Ios, 3),
        server.environment.clone(),
    );
    phone.enroll(&enrollment(&server, 8191)).await.unwrap();
    let path = phone
        .push_token(Channel::Device)
        .iter()
        .fold("/3/device/".to_owned(), |path, byte| {
            format!("{path}{byte:02x}")
        });
    let magic = phone.push_magic(Channel::Device);

    let line = mock.subscribe(&phone.push_token(Channel::Device), &magic);
    assert_eq!(
        push(&h2, &mock, &path, &GOOD, r#"{"mdm":"other"}"#)
            .await
            .status
            .as_u16(),
        200
    );
    let ignored = tokio::time::timeout(Duration::from_millis(20), line.pushed()).await;
    assert!(ignored.is_err(), "a push with another magic wakes nobody");

    server.command("erase", dictionary(json!({"RequestType": "EraseDevice"})));
    push(&h2, &mock, &path, &GOOD, &format!(r#"{{"mdm":"{magic}"}}"#)).await;
    tokio::time::timeout(Duration::from_secs(20), phone.serve(&mock))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(phone.journal().last().unwrap().event, Event::Erased);
}
