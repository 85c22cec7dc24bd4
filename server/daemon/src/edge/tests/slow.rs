//! Peers that take their time, and peers that come in crowds.

use super::*;
use tokio::time::Instant;

fn short() -> Limits {
    Limits {
        header_time: Duration::from_millis(60),
        idle_time: Duration::from_millis(60),
        write_stall: Duration::from_millis(60),
        body_grace: Duration::from_millis(60),
        body_time: Duration::from_millis(200),
        ..Limits::default()
    }
}

/// Sends a byte every few milliseconds until the server has had enough.
async fn trickle(stream: &mut TcpStream, bytes: &[u8]) -> String {
    let (mut from, mut to) = stream.split();
    let slowly = async {
        for byte in bytes.iter().cycle() {
            if to.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let mut answer = Vec::new();
    tokio::select! {
        read = tokio::time::timeout(PATIENCE, from.read_to_end(&mut answer)) => {
            // A reset is an end as well: our bytes kept coming after the server closed.
            let _closed_or_reset = read.expect("the server kept a slow peer");
        }
        () = slowly => {}
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn slow_headers_end_the_connection() {
    let idle_time = Duration::from_mins(1);
    let lab = Lab::plain(Limits {
        idle_time,
        ..short()
    })
    .await;
    let mut stream = lab.connect().await;
    let start = "GET /x HTTP/1.1\r\nHost: lab\r\nx-";
    stream.write_all(start.as_bytes()).await.unwrap();
    let answer = trickle(&mut stream, b"slow").await;
    assert_eq!(answer, "");
    lab.notes.hear("limit.header_time 127.0.0.1").await;
}

#[tokio::test]
async fn silence_after_connecting_ends_the_connection() {
    let idle_time = Duration::from_mins(1);
    let lab = Lab::plain(Limits {
        idle_time,
        ..short()
    })
    .await;
    assert_eq!(until_closed(&mut lab.connect().await).await, "");
    lab.notes.hear("limit.header_time").await;
}

/// The time for headers starts again with each request, and waiting between requests is another clock.
#[tokio::test]
async fn slow_headers_of_a_second_request_end_the_connection() {
    let idle_time = Duration::from_mins(1);
    let lab = Lab::plain(Limits {
        idle_time,
        ..short()
    })
    .await;
    let mut stream = lab.connect().await;
    for _ in 0..3 {
        stream
            .write_all(b"GET /x HTTP/1.1\r\nHost: lab\r\n\r\n")
            .await
            .unwrap();
        one_response(&mut stream).await;
        tokio::time::sleep(short().header_time * 2).await;
    }
    stream.write_all(b"GET /x HT").await.unwrap();
    assert_eq!(until_closed(&mut stream).await, "");
    lab.notes.hear("limit.header_time").await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_without_complaint() {
    let lab = Lab::plain(short()).await;
    let mut stream = lab.connect().await;
    stream
        .write_all(b"GET /x HTTP/1.1\r\nHost: lab\r\n\r\n")
        .await
        .unwrap();
    one_response(&mut stream).await;
    let since = Instant::now();
    assert_eq!(until_closed(&mut stream).await, "");
    assert!(since.elapsed() >= Duration::from_millis(50), "too early");
    assert_eq!(lab.notes.lines.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_long_request_is_not_an_idle_connection() {
    let lab = Lab::plain(short()).await;
    let mut stream = lab.connect().await;
    stream
        .write_all(b"GET /gate HTTP/1.1\r\nHost: lab\r\n\r\n")
        .await
        .unwrap();
    lab.mirror.arrived.notified().await;
    tokio::time::sleep(short().idle_time * 4).await;
    lab.mirror.gate.notify_one();
    assert_eq!(status(&one_response(&mut stream).await), StatusCode::OK);
}

#[tokio::test]
async fn a_slow_body_is_answered_408() {
    let lab = Lab::plain(short()).await;
    for framing in ["Content-Length: 999", "Transfer-Encoding: chunked"] {
        let mut stream = lab.connect().await;
        let head = format!("POST /x HTTP/1.1\r\nHost: lab\r\n{framing}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = trickle(&mut stream, b"0").await;
        assert_eq!(status(&answer), StatusCode::REQUEST_TIMEOUT, "{answer}");
        assert_eq!(header(&answer, "connection"), "close");
    }
    lab.notes.hear("limit.body_pace").await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut_off() {
    let lab = Lab::plain(short()).await;
    let mut stream = lab.connect().await;
    stream
        .write_all(b"GET /big HTTP/1.1\r\nHost: lab\r\n\r\n")
        .await
        .unwrap();
    lab.notes.hear("limit.write_stall").await;
}

#[tokio::test]
async fn a_crowd_from_one_address_is_bounded() {
    let lab = Lab::plain(Limits {
        connections_per_address: 2,
        exempt_networks: Vec::new(),
        ..Limits::default()
    })
    .await;
    let request = b"GET /x HTTP/1.1\r\nHost: lab\r\n\r\n";
    let mut first = lab.connect().await;
    let mut second = lab.connect().await;
    for stream in [&mut first, &mut second] {
        stream.write_all(request).await.unwrap();
        one_response(stream).await;
    }
    let mut third = lab.connect().await;
    assert!(matches!(third.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    lab.notes
        .hear("limit.connections_per_address 127.0.0.1")
        .await;
    // Those who are in stay in, and a place that is left is free again.
    first.write_all(request).await.unwrap();
    one_response(&mut first).await;
    second
        .write_all(b"GET /x HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    until_closed(&mut second).await;
    drop(second);
    let admitted = async {
        loop {
            let mut fourth = lab.connect().await;
            let asked = fourth.write_all(request).await;
            if asked.is_ok() && matches!(fourth.read(&mut [0; 1]).await, Ok(1)) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, admitted)
        .await
        .expect("the place was not given back");
}

#[tokio::test]
async fn loopback_is_exempt_by_default() {
    let lab = Lab::plain(Limits {
        connections_per_address: 1,
        ..Limits::default()
    })
    .await;
    let _first = lab.connect().await;
    let answer = lab
        .say(b"GET /x HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(status(&answer), StatusCode::OK);
}
