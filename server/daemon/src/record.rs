//! Recording of exchanges: both messages with their headers, once, at the edge. Secrets of real
//! devices are cut out before anything is written.

mod redact;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use mdm_core::id::DeviceId;
use mdm_core::time::Timestamp;
use mdm_store::exchanges::{Exchange, ExchangeStore, Headers};

use crate::edge::Conn;
use crate::respond::Reply;

/// Longer bodies came in pieces and were put together in memory of their own, bytes.
const READ_BUFFER: usize = 16 * 1024;

/// Writes exchanges.
#[derive(Clone)]
pub struct Recorder {
    store: Arc<ExchangeStore>,
    keep_secrets: bool,
}

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// When it was answered.
    pub at: Timestamp,
    /// On which connection.
    pub conn: &'a Conn,
    /// Its head.
    pub head: &'a Parts,
    /// Its body.
    pub body: &'a Bytes,
}

/// What is known of an exchange beside its bytes.
#[derive(Debug, Clone)]
pub struct About {
    /// Whose it is.
    pub device: Option<DeviceId>,
    /// Of a simulated device: kept whole.
    pub simulated: bool,
    /// What it was, in words.
    pub operation: String,
    /// False for a poll that changed nothing: only the last ones are kept.
    pub changed: bool,
}

impl Recorder {
    /// Writes to `store`; with `keep_secrets` nothing is cut out.
    pub fn new(store: Arc<ExchangeStore>, keep_secrets: bool) -> Self {
        Self {
            store,
            keep_secrets,
        }
    }

    /// Records one exchange. Never waits: what does not fit is counted as lost.
    pub fn record(&self, request: Request<'_>, reply: &Reply, about: &About, took: Duration) {
        let whole = self.keep_secrets || about.simulated;
        let cut = |bytes: Bytes| if whole { bytes } else { redact::body(bytes) };
        let path = request
            .head
            .uri
            .path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str);
        let conn = request.conn;
        self.store.record(Exchange {
            at: request.at,
            conn: conn.id,
            peer: conn.peer.to_string(),
            listener: conn.role.name().to_owned(),
            tls: conn
                .tls
                .as_ref()
                .map(|t| format!("{} {}", t.version, t.cipher)),
            method: request.head.method.as_str().to_owned(),
            path: if whole {
                path.to_owned()
            } else {
                redact::path(path)
            },
            request_headers: headers(&request.head.headers),
            request_body: own(cut(request.body.clone())),
            status: reply.status().as_u16(),
            response_headers: headers(reply.headers()),
            response_body: cut(body_of(reply)),
            device: about.device.clone(),
            simulated: about.simulated,
            operation: about.operation.clone(),
            changed: about.changed,
            duration_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        });
    }
}

/// A path as logs and events show it: without secrets, and no longer than a line.
pub(crate) fn shown(path: &str) -> String {
    redact::path(path).chars().take(200).collect()
}

/// A small body as it came is a slice of the buffer its connection reads into. An exchange that waits to be written must
/// not hold that whole buffer, nor make the connection take another one for its next request.
fn own(body: Bytes) -> Bytes {
    if body.len() <= READ_BUFFER {
        Bytes::copy_from_slice(&body)
    } else {
        body
    }
}

fn headers(map: &HeaderMap) -> Headers {
    let bytes = map
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    let mut headers = Headers::with_capacity(map.len(), bytes.sum());
    for (name, value) in map {
        // Nearly all are text, which one look tells faster than looking for what to replace.
        match std::str::from_utf8(value.as_bytes()) {
            Ok(text) => headers.push(name.as_str(), text),
            Err(_) => headers.push(name.as_str(), &String::from_utf8_lossy(value.as_bytes())),
        }
    }
    headers
}

/// The bytes of a whole body, without consuming it: they are shared.
fn body_of(reply: &Reply) -> Bytes {
    use std::task::{Context, Poll, Waker};

    use hyper::body::Body;

    let mut body = std::pin::pin!(reply.body().clone());
    match body
        .as_mut()
        .poll_frame(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        Poll::Ready(Some(Err(never))) => match never {},
        Poll::Ready(None) | Poll::Pending => Bytes::new(),
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("keep_secrets", &self.keep_secrets)
            .finish_non_exhaustive()
    }
}
