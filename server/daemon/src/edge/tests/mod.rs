//! The edge as its peers see it: raw sockets, TLS clients and HTTP/2 clients against a running server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

mod framing;
mod leaving;
mod multiplexed;
mod slow;
mod stopping;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::Full;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};

use super::{
    App, Apps, BodyError, BodyLimit, Conn, Handler, LimitSink, Limits, Listener, Role, Serving,
    TlsPort, serve,
};

/// Long enough for a loaded machine; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers what it saw. `/panic` and `/panic-early` panic, `/gate` waits for the gate, `/big` is large.
#[derive(Default)]
struct Mirror {
    arrived: Notify,
    gate: Notify,
    finished: Notify,
}

#[async_trait::async_trait]
impl Handler for Mirror {
    fn body_limit(&self, _conn: &Conn, head: &Parts) -> BodyLimit {
        assert_ne!(head.uri.path(), "/panic-early", "early");
        BodyLimit(1000)
    }

    async fn handle(
        &self,
        conn: Arc<Conn>,
        head: Parts,
        body: Result<Bytes, BodyError>,
    ) -> Response<Full<Bytes>> {
        let body = match body {
            Ok(body) => body,
            Err(error) => {
                let mut response = Response::new(Full::from(error.to_string()));
                *response.status_mut() = error.status();
                return response;
            }
        };
        match head.uri.path() {
            "/panic" => panic!("at the {}", "table"),
            "/big" => return Response::new(Full::from(vec![b'x'; 64 * 1024 * 1024])),
            "/conn" => {
                return Response::new(Full::from(format!(
                    "{} {:?} {:?}",
                    conn.role, conn.tls, conn.certificate
                )));
            }
            "/gate" => {
                self.arrived.notify_one();
                self.gate.notified().await;
                self.finished.notify_one();
            }
            _ => {}
        }
        Response::new(Full::from(format!(
            "{} {} {}",
            head.method,
            head.uri.path().len(),
            String::from_utf8_lossy(&body)
        )))
    }
}

/// Keeps what the edge told.
struct Notes {
    lines: Mutex<Vec<String>>,
    count: Semaphore,
}

impl Notes {
    fn note(&self, line: String) {
        self.lines.lock().unwrap().push(line);
        self.count.add_permits(1);
    }

    /// Waits until some line contains `words`.
    async fn hear(&self, words: &str) {
        let heard = async {
            loop {
                if self.lines.lock().unwrap().iter().any(|l| l.contains(words)) {
                    return;
                }
                self.count.acquire().await.unwrap().forget();
            }
        };
        let heard = tokio::time::timeout(PATIENCE, heard).await.is_ok();
        assert!(heard, "no {words} in {:?}", self.lines.lock().unwrap());
    }
}

impl LimitSink for Notes {
    fn limit_hit(&self, rule: &'static str, peer: IpAddr) {
        self.note(format!("{rule} {peer}"));
    }

    fn handshake_failed(&self, role: Role, _peer: SocketAddr, why: &str) {
        self.note(format!("handshake {role}: {why}"));
    }

    fn malformed_request(&self, conn: &Conn, why: &str) {
        self.note(format!("malformed {}: {why}", conn.role));
    }

    fn handler_panicked(&self, conn: &Conn, what: &str) {
        self.note(format!("panic {}: {what}", conn.role));
    }
}

/// A server with one port.
struct Lab {
    address: SocketAddr,
    mirror: Arc<Mirror>,
    notes: Arc<Notes>,
    serving: Serving,
}

impl Lab {
    async fn plain(limits: Limits) -> Self {
        Self::start(Role::Bootstrap, None, axum::Router::new(), limits).await
    }

    async fn start(role: Role, tls: Option<TlsPort>, admin: axum::Router, limits: Limits) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let mirror = Arc::new(Mirror::default());
        let notes = Arc::new(Notes {
            lines: Mutex::default(),
            count: Semaphore::new(0),
        });
        let tls = tls.map(|port| Arc::new(arc_swap::ArcSwap::from_pointee(port)));
        let serving = serve(
            vec![Listener { socket, role, tls }],
            Apps {
                devices: App::Whole(Arc::<Mirror>::clone(&mirror)),
                admin: App::Router(admin),
            },
            limits,
            Arc::<Notes>::clone(&notes),
        );
        Self {
            address,
            mirror,
            notes,
            serving,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a new connection and reads until the server closes it.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        let (mut from, mut to) = stream.split();
        let sent = async {
            // The server may answer and stop reading before it has everything.
            let _refused_early = to.write_all(bytes).await;
        };
        let ((), answer) = tokio::join!(sent, until_closed(&mut from));
        answer
    }
}

async fn until_closed(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("the server did not close the connection")
        .unwrap();
    String::from_utf8(answer).unwrap()
}

/// Reads one response whose body has the length it announces.
async fn one_response(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let read = async {
        let mut answer = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&answer).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length: usize = header(head, "content-length").parse().unwrap();
                if body.len() >= length {
                    return text;
                }
            }
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{text}");
        }
    };
    tokio::time::timeout(PATIENCE, read)
        .await
        .expect("no whole response came")
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("no {name} in {head}"))
}

fn status(answer: &str) -> StatusCode {
    answer
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or_else(|| panic!("no status in `{answer}`"))
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}
