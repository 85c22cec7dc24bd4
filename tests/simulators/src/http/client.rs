//! Sending a request and receiving its answer whole.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{HttpError, client_config};
use crate::identity::Identity;

/// Idle connections kept per host and port.
const MAX_IDLE: usize = 8;

/// How host names become addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resolve {
    /// As the system does.
    #[default]
    System,
    /// Every name is at this address: for a server on this machine that is known under a name of its own.
    Always(IpAddr),
}

/// Which HTTP is spoken over TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// HTTP/1.1, as MDM clients speak it.
    #[default]
    Http1,
    /// HTTP/2, as APNs wants it.
    Http2,
}

/// How a client behaves.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Roots it trusts, in DER; none means that no https server is trusted.
    pub roots: Vec<Vec<u8>>,
    /// What it shows to a server that asks for a certificate.
    pub identity: Option<Identity>,
    /// How names become addresses.
    pub resolve: Resolve,
    /// Which HTTP it speaks.
    pub protocol: Protocol,
    /// Whether TLS goes beyond version 1.2.
    pub tls13: bool,
    /// From connecting to the last byte of the answer.
    pub timeout: Duration,
    /// Largest body accepted, in bytes.
    pub max_body: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            roots: Vec::new(),
            identity: None,
            resolve: Resolve::System,
            protocol: Protocol::Http1,
            tls13: true,
            timeout: Duration::from_mins(1),
            max_body: 16 << 20,
        }
    }
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status code.
    pub status: StatusCode,
    /// Header fields.
    pub headers: HeaderMap,
    /// The body, to its end.
    pub body: Bytes,
}

impl Response {
    /// A header field as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// An HTTP client; clones share their connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    tls: Arc<ClientConfig>,
    options: ClientOptions,
    idle: Mutex<HashMap<Target, Vec<Sender>>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

/// Where a connection goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Target {
    /// Reads scheme, host and port of a URL.
    pub(crate) fn of(url: &str) -> Result<(Self, Uri), HttpError> {
        let wrong = || HttpError::Url {
            url: url.to_owned(),
        };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let host = uri
            .host()
            .ok_or_else(wrong)?
            .trim_matches(['[', ']'])
            .to_owned();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok((Self { tls, host, port }, uri))
    }

    /// Opens a TCP connection without delay of small writes.
    pub(crate) async fn connect(&self, resolve: Resolve) -> std::io::Result<TcpStream> {
        let stream = match resolve {
            Resolve::System => TcpStream::connect((self.host.as_str(), self.port)).await?,
            Resolve::Always(address) => {
                TcpStream::connect(SocketAddr::new(address, self.port)).await?
            }
        };
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// The name TLS checks.
    pub(crate) fn server_name(&self) -> Result<ServerName<'static>, HttpError> {
        let wrong = |_| HttpError::Url {
            url: self.host.clone(),
        };
        ServerName::try_from(self.host.clone()).map_err(wrong)
    }
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Sender {
    fn is_closed(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        }
    }

    async fn send(
        &mut self,
        request: http::Request<Full<Bytes>>,
    ) -> hyper::Result<http::Response<hyper::body::Incoming>> {
        match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await
            }
        }
    }
}

impl Client {
    /// A client that behaves so.
    pub fn new(options: ClientOptions) -> Result<Self, HttpError> {
        let alpn: &[u8] = match options.protocol {
            Protocol::Http1 => b"http/1.1",
            Protocol::Http2 => b"h2",
        };
        let tls = client_config(
            &options.roots,
            options.identity.as_ref(),
            &[alpn],
            options.tls13,
        )?;
        Ok(Self(Arc::new(Inner {
            tls,
            options,
            idle: Mutex::default(),
        })))
    }

    /// How this client behaves.
    pub fn options(&self) -> &ClientOptions {
        &self.0.options
    }

    /// Sends a request and waits for the whole answer. A kept connection that the server has closed, or closes before it
    /// answers, is replaced once: every message of MDM and SCEP may be repeated.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response, HttpError> {
        let (target, uri) = Target::of(url)?;
        let timeout = self.0.options.timeout;
        let late = HttpError::Timeout {
            host: target.host.clone(),
            port: target.port,
            seconds: timeout.as_secs(),
        };
        tokio::time::timeout(timeout, self.exchange(target, uri, method, headers, body))
            .await
            .map_err(|_| late)?
    }

    /// GET without further headers.
    pub async fn get(&self, url: &str) -> Result<Response, HttpError> {
        self.send(Method::GET, url, &[], Bytes::new()).await
    }

    async fn exchange(
        &self,
        target: Target,
        uri: Uri,
        method: Method,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response, HttpError> {
        let failed = |source| HttpError::Exchange {
            host: target.host.clone(),
            port: target.port,
            source,
        };
        if let Some(mut kept) = self.kept(&target) {
            let request = self.request(&target, &uri, &method, headers, body.clone())?;
            match kept.send(request).await {
                Ok(answer) => return self.receive(answer, target, kept).await,
                Err(error)
                    if error.is_canceled()
                        || error.is_closed()
                        || error.is_incomplete_message() => {}
                Err(error) => return Err(failed(error)),
            }
        }
        let mut fresh = self.connect(&target).await?;
        let request = self.request(&target, &uri, &method, headers, body)?;
        let answer = fresh.send(request).await.map_err(failed)?;
        self.receive(answer, target, fresh).await
    }

    fn request(
        &self,
        target: &Target,
        uri: &Uri,
        method: &Method,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<http::Request<Full<Bytes>>, HttpError> {
        let mut request = http::Request::builder().method(method);
        request = match self.protocol(target) {
            Protocol::Http1 => {
                let path = uri
                    .path_and_query()
                    .map_or("/", http::uri::PathAndQuery::as_str);
                let authority = uri
                    .authority()
                    .map(http::uri::Authority::as_str)
                    .unwrap_or_default();
                request.uri(path).header("host", authority)
            }
            Protocol::Http2 => request.uri(uri.clone()),
        };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Full::new(body)).map_err(HttpError::Request)
    }

    async fn receive(
        &self,
        answer: http::Response<hyper::body::Incoming>,
        target: Target,
        sender: Sender,
    ) -> Result<Response, HttpError> {
        let limit = self.0.options.max_body;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, limit).collect().await;
        let body = body
            .map_err(|source| HttpError::Body { limit, source })?
            .to_bytes();
        if !sender.is_closed() {
            let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = idle.entry(target).or_default();
            if kept.len() < MAX_IDLE {
                kept.push(sender);
            }
        }
        Ok(Response {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }

    fn kept(&self, target: &Target) -> Option<Sender> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.get_mut(target)?;
        kept.retain(|sender| !sender.is_closed());
        kept.pop()
    }

    fn protocol(&self, target: &Target) -> Protocol {
        if target.tls {
            self.0.options.protocol
        } else {
            Protocol::Http1
        }
    }

    async fn connect(&self, target: &Target) -> Result<Sender, HttpError> {
        let (host, port) = (target.host.clone(), target.port);
        let tcp = target.connect(self.0.options.resolve).await;
        let tcp = tcp.map_err(|source| HttpError::Connect {
            host: host.clone(),
            port,
            source,
        })?;
        let failed = |source| HttpError::Exchange {
            host: host.clone(),
            port,
            source,
        };
        if !target.tls {
            let (sender, connection) = http1::handshake(TokioIo::new(tcp)).await.map_err(failed)?;
            tokio::spawn(connection);
            return Ok(Sender::Http1(sender));
        }
        let tls = TlsConnector::from(Arc::clone(&self.0.tls))
            .connect(target.server_name()?, tcp)
            .await;
        let tls = tls.map_err(|source| HttpError::Handshake {
            host: host.clone(),
            port,
            source,
        })?;
        match self.0.options.protocol {
            Protocol::Http1 => {
                let (sender, connection) =
                    http1::handshake(TokioIo::new(tls)).await.map_err(failed)?;
                tokio::spawn(connection);
                Ok(Sender::Http1(sender))
            }
            Protocol::Http2 => {
                let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await;
                let (sender, connection) = handshake.map_err(failed)?;
                tokio::spawn(connection);
                Ok(Sender::Http2(sender))
            }
        }
    }
}

/// Text as part of a query: everything but unreserved characters as `%XX` (RFC 3986 section 2.1).
pub fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&crate::entropy::hex(&[byte]).to_uppercase());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_cannot_be_used_are_told() {
        for url in ["", "mdm.example", "ftp://x/", "https://", "/path"] {
            let error = Target::of(url).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("`{url}` is not an http or https URL with a host")
            );
        }
        let (target, _) = Target::of("https://[::1]:8443/x").unwrap();
        assert_eq!(
            (target.host.as_str(), target.port, target.tls),
            ("::1", 8443, true)
        );
    }

    #[test]
    fn queries_are_encoded() {
        assert_eq!(percent_encode("a+/=é"), "a%2B%2F%3D%C3%A9");
    }
}
