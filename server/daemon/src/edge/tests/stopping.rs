//! The end of the server.

use super::*;
use axum::Extension;
use axum::routing::get;

#[tokio::test]
async fn a_request_in_progress_is_finished() {
    let lab = Lab::plain(Limits::default()).await;
    let mut idle = lab.connect().await;
    idle.write_all(b"GET /x HTTP/1.1\r\nHost: lab\r\n\r\n")
        .await
        .unwrap();
    one_response(&mut idle).await;
    let mut busy = lab.connect().await;
    busy.write_all(b"GET /gate HTTP/1.1\r\nHost: lab\r\n\r\n")
        .await
        .unwrap();
    lab.mirror.arrived.notified().await;
    let stopping = tokio::spawn(lab.serving.stop());
    assert_eq!(until_closed(&mut idle).await, "");
    let refused = async {
        while TcpStream::connect(lab.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, refused)
        .await
        .expect("still accepting");
    lab.mirror.gate.notify_one();
    let answer = until_closed(&mut busy).await;
    assert_eq!(body(&answer), "GET 5 ");
    assert_eq!(header(&answer, "connection"), "close");
    assert_eq!(stopping.await.unwrap().cut_off, 0);
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_off() {
    let lab = Lab::plain(Limits {
        drain_time: Duration::from_millis(50),
        ..Limits::default()
    })
    .await;
    let mut busy = lab.connect().await;
    busy.write_all(b"GET /gate HTTP/1.1\r\nHost: lab\r\n\r\n")
        .await
        .unwrap();
    lab.mirror.arrived.notified().await;
    let stopped = tokio::time::timeout(PATIENCE, lab.serving.stop()).await;
    assert_eq!(stopped.unwrap().cut_off, 1);
    assert_eq!(until_closed(&mut busy).await, "");
}

#[tokio::test]
async fn a_router_streams_until_the_server_stops() {
    async fn events(Extension(conn): Extension<Arc<Conn>>) -> axum::response::Response {
        let (sender, receiver) = tokio::sync::mpsc::channel::<Bytes>(1);
        sender
            .send(Bytes::from(format!("{}", conn.role)))
            .await
            .unwrap();
        axum::response::Response::new(axum::body::Body::new(Endless {
            receiver,
            _sender: sender,
        }))
    }
    let admin = axum::Router::new()
        .route("/events", get(events))
        .route("/panic", get(|| async { panic_now() }))
        .route(
            "/echo",
            axum::routing::post(|body: Bytes| async move { body }),
        );
    let limits = Limits {
        idle_time: Duration::from_millis(50),
        ..Limits::default()
    };
    let lab = Lab::start(Role::Admin, None, admin, limits).await;
    let answer = lab
        .say(b"GET /panic HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(status(&answer), StatusCode::INTERNAL_SERVER_ERROR);
    let answer = lab
        .say(
            b"POST /echo HTTP/1.1\r\nHost: lab\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
        )
        .await;
    assert_eq!(body(&answer), "hi");

    let mut stream = lab.connect().await;
    stream
        .write_all(b"GET /events HTTP/1.1\r\nHost: lab\r\n\r\n")
        .await
        .unwrap();
    let mut start = Vec::new();
    while !start.ends_with(b"admin\r\n") {
        assert_ne!(stream.read_buf(&mut start).await.unwrap(), 0);
    }
    // Longer than an idle connection may last: a stream is not idle.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let stopping = tokio::spawn(lab.serving.stop());
    assert_eq!(until_closed(&mut stream).await, "0\r\n\r\n");
    assert_eq!(stopping.await.unwrap().cut_off, 0);
}

fn panic_now() {
    panic!("in the router")
}

/// A stream that has something first and then waits for more.
struct Endless {
    receiver: tokio::sync::mpsc::Receiver<Bytes>,
    _sender: tokio::sync::mpsc::Sender<Bytes>,
}

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        self.receiver
            .poll_recv(cx)
            .map(|data| data.map(|data| Ok(hyper::body::Frame::data(data))))
    }
}
