//! The life of one accepted connection: TLS, then HTTP until either side ends it.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Request;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulConnection;
use rustls::ServerConnection;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::census::{Census, Counted};
use super::conn::{Absent, ClientCertificate, TlsFacts};
use super::exchange::{Link, exchange};
use super::serve::Port;
use super::stage::{Stage, reached};
use super::watched::{Pulse, Watched};
use super::{Apps, Conn, LimitSink, Limits, Role, TlsPort};

/// Room for body pieces beyond the headers, in hyper's read buffer.
const READ_AHEAD: usize = 64 * 1024;

/// What all connections share.
pub(super) struct Shared {
    pub(super) apps: Apps,
    pub(super) limits: Arc<Limits>,
    pub(super) sink: Arc<dyn LimitSink>,
    pub(super) census: Arc<Census>,
    pub(super) stage: watch::Receiver<Stage>,
    http1: http1::Builder,
    http2: http2::Builder<Tracked>,
    last_id: AtomicU64,
}

/// Runs the requests of HTTP/2 connections as tasks that the end of the server waits for, and stops.
#[derive(Debug, Clone)]
struct Tracked(watch::Receiver<Stage>);

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Tracked {
    fn execute(&self, request: F) {
        let mut stage = self.0.clone();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                _ = request => {}
                () = reached(&mut stage, Stage::Ended) => {}
            }
        });
    }
}

impl Shared {
    pub(super) fn new(
        apps: Apps,
        limits: Limits,
        sink: Arc<dyn LimitSink>,
        stage: watch::Receiver<Stage>,
    ) -> Self {
        // hyper cannot know the route, so it gets the sum; `exchange` applies the parts.
        let head_bytes = limits.header_bytes + limits.scep_target_bytes;
        let mut http1 = http1::Builder::new();
        http1
            .header_read_timeout(None)
            .max_headers(limits.headers)
            .max_header_size(head_bytes)
            .max_buf_size(head_bytes + READ_AHEAD);
        let mut http2 = http2::Builder::new(Tracked(stage.clone()));
        http2
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
            .max_pending_accept_reset_streams(limits.pending_resets)
            .max_local_error_reset_streams(limits.pending_resets.saturating_mul(4));
        Self {
            apps,
            limits: Arc::new(limits),
            sink,
            census: Arc::default(),
            stage,
            http1,
            http2,
            last_id: AtomicU64::new(0),
        }
    }
}

/// Serves `socket` until it is closed. `counted` is held as long.
pub(super) async fn run(
    shared: Arc<Shared>,
    port: Arc<Port>,
    socket: TcpStream,
    peer: SocketAddr,
    counted: Counted,
) {
    let _slower_without = socket.set_nodelay(true);
    let Ok(local) = socket.local_addr() else {
        return; // Reset before we looked.
    };
    let id = shared.last_id.fetch_add(1, Ordering::Relaxed) + 1;
    let conn = |role, tls, certificate| Conn {
        id,
        peer,
        local,
        role,
        tls,
        certificate,
    };
    let Some(tls) = &port.tls else {
        let nobody = ClientCertificate::Absent(Absent::NotRequested);
        return http(&shared, conn(port.role, None, nobody), socket, false).await;
    };
    let handshaking = match counted.handshake(&shared.limits) {
        Ok(handshaking) => handshaking,
        Err(rule) => return shared.sink.limit_hit(rule, peer.ip()),
    };
    let mut stage = shared.stage.clone();
    let outcome = tokio::select! {
        biased;
        outcome = tokio::time::timeout(shared.limits.handshake_time, handshake(tls.load_full(), socket)) => outcome,
        () = reached(&mut stage, Stage::Draining) => return,
    };
    drop(handshaking);
    match outcome {
        Ok(Ok((role, stream))) => {
            let (tls, certificate) = facts(role, stream.get_ref().1);
            let multiplexed = tls.alpn == Some("h2");
            http(
                &shared,
                conn(role, Some(tls), certificate),
                stream,
                multiplexed,
            )
            .await;
        }
        Ok(Err(error)) => shared
            .sink
            .handshake_failed(port.role, peer, &error.to_string()),
        Err(_) => shared.sink.limit_hit("limit.handshake_time", peer.ip()),
    }
}

async fn handshake(
    port: Arc<TlsPort>,
    socket: TcpStream,
) -> io::Result<(Role, TlsStream<TcpStream>)> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), socket).await?;
    let (role, config) = port.choose(start.client_hello().server_name());
    Ok((role, start.into_stream(config).await?))
}

fn facts(role: Role, session: &ServerConnection) -> (TlsFacts, ClientCertificate) {
    let certificate = match session.peer_certificates() {
        Some(chain) => {
            ClientCertificate::Presented(chain.iter().map(|cert| cert.to_vec()).collect())
        }
        None if role.asks_for_certificate() => ClientCertificate::Absent(Absent::NotOffered),
        None => ClientCertificate::Absent(Absent::NotRequested),
    };
    let facts = TlsFacts {
        version: session
            .protocol_version()
            .and_then(|version| version.as_str())
            .unwrap_or("unknown"),
        cipher: session
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str())
            .unwrap_or("unknown"),
        sni: session.server_name().map(str::to_ascii_lowercase),
        alpn: match session.alpn_protocol() {
            Some(b"h2") => Some("h2"),
            Some(b"http/1.1") => Some("http/1.1"),
            Some(_) | None => None,
        },
    };
    (facts, certificate)
}

/// Speaks HTTP. ALPN has chosen the version (RFC 9113 section 3.2); plain HTTP is always HTTP/1.1, which leaves nothing to
/// guess from the first bytes.
async fn http<IO>(shared: &Shared, conn: Conn, stream: IO, multiplexed: bool)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let pulse = Arc::new(Pulse::default());
    let stream = Watched::new(stream, Arc::clone(&pulse), &shared.limits, !multiplexed);
    let link = Arc::new(Link {
        app: shared.apps.of(conn.role).clone(),
        conn: Arc::new(conn),
        limits: Arc::clone(&shared.limits),
        sink: Arc::clone(&shared.sink),
        pulse,
        stage: shared.stage.clone(),
    });
    let requests = Arc::clone(&link);
    let service = service_fn(move |request: Request<Incoming>| {
        let busy = requests.pulse.begin();
        exchange(Arc::clone(&requests), request, busy)
    });
    let stream = TokioIo::new(stream);
    let outcome = if multiplexed {
        drive(shared.http2.serve_connection(stream, service), &link).await
    } else {
        drive(shared.http1.serve_connection(stream, service), &link).await
    };
    if let Some(rule) = link.pulse.rule() {
        link.sink.limit_hit(rule, link.conn.peer.ip());
    } else if let Err(error) = outcome {
        report(&link, &error);
    }
}

/// Runs a connection to its end; asks it to finish when it has been idle for too long or the server stops.
async fn drive<C>(conn: C, link: &Link) -> hyper::Result<()>
where
    C: GracefulConnection<Error = hyper::Error>,
{
    let mut conn = pin!(conn);
    let mut stage = link.stage.clone();
    tokio::select! {
        biased;
        outcome = conn.as_mut() => return outcome,
        () = link.pulse.idle.notified() => {}
        () = reached(&mut stage, Stage::Draining) => {}
    }
    conn.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        outcome = conn => outcome,
        () = reached(&mut stage, Stage::Ended) => Ok(()),
    }
}

/// Tells what hyper refused by itself: it answers 400, 414 or 431 and closes.
fn report(link: &Link, error: &hyper::Error) {
    if error.is_parse_too_large() {
        link.sink
            .limit_hit("limit.header_size", link.conn.peer.ip());
    }
    if error.is_parse() {
        link.sink.malformed_request(&link.conn, &error.to_string());
    } else if too_calm(error) {
        link.sink
            .limit_hit("limit.stream_resets", link.conn.peer.ip());
    } else {
        tracing::debug!(peer = %link.conn.peer, %error, "connection ended");
    }
}

/// Whether HTTP/2 was ended for too many resets: `ENHANCE_YOUR_CALM` (RFC 9113 section 7).
fn too_calm(error: &hyper::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| {
        let words = cause.to_string();
        words.contains("too_many_resets") || words.contains("detected excessive load")
    })
}
