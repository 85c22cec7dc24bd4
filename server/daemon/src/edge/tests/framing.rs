//! Requests that are too big or wrongly framed.

use super::*;

fn post(rest: &str) -> String {
    format!("POST /x HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n{rest}")
}

#[tokio::test]
async fn each_malformed_request_gets_a_clear_4xx() {
    let lab = Lab::plain(Limits::default()).await;
    let headers = |count: usize, value: &str| -> String {
        (0..count).fold(String::new(), |all, n| all + &format!("x-{n}: {value}\r\n"))
    };
    let get = |target: &str, rest: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n{rest}\r\n")
    };
    let long = |length: usize| "a".repeat(length);
    for (name, request, code, words) in [
        ("plain", get("/x", ""), 200, "GET 2 "),
        (
            "length",
            post("Content-Length: 3\r\n\r\nabc"),
            200,
            "POST 2 abc",
        ),
        (
            "same length twice",
            post("Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
            200,
            "POST 2 abc",
        ),
        (
            "two lengths",
            post("Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
            400,
            "",
        ),
        (
            "length list",
            post("Content-Length: 3, 3\r\n\r\nabc"),
            400,
            "",
        ),
        (
            "length is no number",
            post("Content-Length: +3\r\n\r\nabc"),
            400,
            "",
        ),
        (
            "length is negative",
            post("Content-Length: -3\r\n\r\nabc"),
            400,
            "",
        ),
        (
            "length is huge",
            post("Content-Length: 99999999999999999999999\r\n\r\n"),
            400,
            "",
        ),
        (
            "too long by length",
            post("Content-Length: 1001\r\n\r\n"),
            413,
            "longer than 1000 bytes",
        ),
        (
            "too long by length, sent",
            post(&format!("Content-Length: 300000\r\n\r\n{}", long(300_000))),
            413,
            "longer than 1000 bytes",
        ),
        (
            "chunked",
            post("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
            200,
            "POST 2 abcde",
        ),
        (
            "too long by chunks",
            post(&format!(
                "Transfer-Encoding: chunked\r\n\r\n400\r\n{}\r\n0\r\n\r\n",
                long(1024)
            )),
            413,
            "longer than 1000 bytes",
        ),
        (
            "chunk size is no number",
            post("Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"),
            400,
            "not framed as announced",
        ),
        (
            "chunked is not last",
            post("Transfer-Encoding: chunked, gzip\r\n\r\n"),
            400,
            "",
        ),
        (
            "no Host",
            "GET /x HTTP/1.1\r\n\r\n".to_owned(),
            400,
            "exactly one Host",
        ),
        (
            "two Hosts",
            get("/x", "Host: other\r\n"),
            400,
            "exactly one Host",
        ),
        (
            "HTTP/1.0 needs no Host",
            "GET /x HTTP/1.0\r\n\r\n".to_owned(),
            200,
            "GET 2 ",
        ),
        ("NUL in path", get("/x\0y", ""), 400, ""),
        ("space in header name", get("/x", "a b: c\r\n"), 400, ""),
        ("folded header", get("/x", "a: b\r\n c\r\n"), 400, ""),
        (
            "not HTTP",
            "\x16\x03\x01\x02\x00\r\n\r\n".to_owned(),
            400,
            "",
        ),
        (
            "target of 1 MiB",
            get(&format!("/{}", long(1 << 20)), ""),
            431,
            "",
        ),
        (
            "long target",
            get(&format!("/{}", long(17_000)), ""),
            414,
            "target is too long",
        ),
        (
            "long SCEP target",
            get(&format!("/scep?message={}", long(60_000)), ""),
            200,
            "GET 5 ",
        ),
        (
            "long SCEP target, trailing slash",
            get(&format!("/SCEP/?message={}", long(60_000)), ""),
            200,
            "GET 6 ",
        ),
        (
            "too long SCEP target",
            get(&format!("/scep?message={}", long(65_600)), ""),
            414,
            "",
        ),
        (
            "not quite SCEP",
            get(&format!("/scepter?message={}", long(17_000)), ""),
            414,
            "target is too long",
        ),
        (
            "98 and 2 headers",
            get("/x", &headers(98, "v")),
            200,
            "GET 2 ",
        ),
        ("101 headers", get("/x", &headers(99, "v")), 431, ""),
        (
            "17 KiB of headers",
            get("/x", &headers(17, &long(1000))),
            431,
            "too large or too many",
        ),
        (
            "gzip",
            post("Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
            415,
            "content coding `gzip`",
        ),
        (
            "identity",
            post("Content-Encoding: Identity\r\nContent-Length: 3\r\n\r\nabc"),
            200,
            "POST 2 abc",
        ),
        (
            "empty gzip",
            post("Content-Encoding: gzip\r\n\r\n"),
            200,
            "POST 2 ",
        ),
    ] {
        let answer = lab.say(request.as_bytes()).await;
        assert_eq!(status(&answer).as_u16(), code, "{name}: {answer}");
        assert!(body(&answer).contains(words), "{name}: {answer}");
        let length: usize = header(&answer, "content-length").parse().unwrap();
        assert_eq!(length, body(&answer).len(), "{name}: {answer}");
        assert!(!answer.contains("transfer-encoding"), "{name}: {answer}");
        header(&answer, "date");
    }
    for rule in ["limit.body_size", "limit.header_size", "limit.target_size"] {
        lab.notes.hear(rule).await;
    }
    lab.notes.hear("malformed bootstrap: ").await;
}

/// RFC 9112 section 6.1: chunked wins, and nothing after it on this connection is believed.
#[tokio::test]
async fn both_framings_end_the_connection() {
    let lab = Lab::plain(Limits::default()).await;
    for both in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    ] {
        let smuggled = format!(
            "POST /x HTTP/1.1\r\nHost: lab\r\n{both}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: lab\r\n\r\n"
        );
        let answer = lab.say(smuggled.as_bytes()).await;
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
        assert_eq!(body(&answer), "POST 2 ");
        assert_eq!(header(&answer, "connection"), "close");
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_before_it_is_invited() {
    let lab = Lab::plain(Limits::default()).await;
    let expect = |length: usize| {
        format!(
            "PUT /x HTTP/1.1\r\nHost: lab\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let answer = lab.say(expect(5000).as_bytes()).await;
    assert_eq!(status(&answer), StatusCode::PAYLOAD_TOO_LARGE, "{answer}");
    assert_eq!(header(&answer, "connection"), "close");

    let mut stream = lab.connect().await;
    stream.write_all(expect(2).as_bytes()).await.unwrap();
    let mut invited = [0; 25];
    stream.read_exact(&mut invited).await.unwrap();
    assert_eq!(&invited, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"ok").await.unwrap();
    assert_eq!(body(&one_response(&mut stream).await), "PUT 2 ok");
}

#[tokio::test]
async fn a_head_answer_has_the_length_and_no_body() {
    let lab = Lab::plain(Limits::default()).await;
    let answer = lab
        .say(b"HEAD /x HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(header(&answer, "content-length"), "7");
    assert_eq!(body(&answer), "");
}

#[tokio::test]
async fn a_panic_is_one_answer_and_the_connection_goes_on() {
    let lab = Lab::plain(Limits::default()).await;
    let mut stream = lab.connect().await;
    for (path, code) in [
        ("/panic", 500),
        ("/x", 200),
        ("/panic-early", 500),
        ("/y", 200),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: lab\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = one_response(&mut stream).await;
        assert_eq!(status(&answer).as_u16(), code, "{path}");
    }
    lab.notes.hear("panic bootstrap: at the table").await;
    lab.notes.hear("early").await;
}
