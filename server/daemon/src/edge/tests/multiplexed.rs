//! HTTP/2.

use super::tls::{Identity, connect, lab};
use super::*;
use http::{Request, Version};
use http_body_util::BodyExt;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};

#[tokio::test]
async fn requests_share_a_connection_and_a_panic_is_one_of_them() {
    let server = Identity::server();
    let lab = lab(&server).await;
    let version = &rustls::version::TLS13;
    let stream = connect(&lab, &server, "mdm.lab.test", version, &[b"h2"], None).await;
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let long = "a".repeat(17_000);
    for (path, sent, code, words) in [
        ("/x", "abc", 200, "POST 2 abc"),
        ("/panic", "", 500, "failed"),
        ("/x", &long, 413, "longer than 1000 bytes"),
        (&format!("/{long}"), "", 414, "too long"),
        ("/x", "", 200, "POST 2 "),
    ] {
        let request = Request::post(format!("https://mdm.lab.test{path}"))
            .body(Full::<Bytes>::from(sent.to_owned()))
            .unwrap();
        let response = client.send_request(request).await.unwrap();
        assert_eq!(response.status().as_u16(), code, "{path}");
        assert_eq!(response.version(), Version::HTTP_2);
        assert!(response.headers().contains_key("date"));
        let length = response.headers()["content-length"].clone();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(length, body.len().to_string(), "{path}");
        assert!(String::from_utf8_lossy(&body).contains(words), "{path}");
    }
    // The server says goodbye, and the client's side ends without an error.
    assert_eq!(lab.serving.stop().await.cut_off, 0);
    tokio::time::timeout(PATIENCE, connection)
        .await
        .expect("no goodbye")
        .unwrap()
        .unwrap();
}

/// CVE-2023-44487: streams opened and reset at once. The connection ends early; the server stays.
#[tokio::test]
async fn rapid_resets_end_the_connection() {
    let server = Identity::server();
    let lab = lab(&server).await;
    let version = &rustls::version::TLS13;
    let stream = connect(&lab, &server, "mdm.lab.test", version, &[b"h2"], None).await;
    let (mut from, mut to) = tokio::io::split(stream);
    let mut flood = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for stream in (1_u32..20_000).step_by(2) {
        // HEADERS with END_STREAM and END_HEADERS: `GET https://lab/` from the static table (RFC 7541 appendix A).
        flood.extend_from_slice(b"\0\0\x08\x01\x05");
        flood.extend_from_slice(&stream.to_be_bytes());
        flood.extend_from_slice(b"\x82\x87\x84\x41\x03lab");
        // RST_STREAM, CANCEL.
        flood.extend_from_slice(b"\0\0\x04\x03\0");
        flood.extend_from_slice(&stream.to_be_bytes());
        flood.extend_from_slice(b"\0\0\0\x08");
    }
    let sending = async {
        let _refused_early = to.write_all(&flood).await;
    };
    let reading = async {
        let mut heard = Vec::new();
        let _closed_or_reset = from.read_to_end(&mut heard).await;
        heard
    };
    let ((), heard) = tokio::time::timeout(PATIENCE, async { tokio::join!(sending, reading) })
        .await
        .expect("the flood was served to its end");
    // GOAWAY with ENHANCE_YOUR_CALM (RFC 9113 sections 6.8 and 7).
    let calm = heard
        .windows(17)
        .any(|frame| frame[3..5] == [7, 0] && frame[13..17] == [0, 0, 0, 11]);
    assert!(calm, "{} bytes without GOAWAY", heard.len());
    lab.notes.hear("limit.stream_resets").await;
    connect(&lab, &server, "mdm.lab.test", version, &[], None).await;
}
