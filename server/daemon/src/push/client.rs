//! The push service at the other end of one HTTP/2 connection.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mdm_apple::apns::{Outcome, PushRequest, Response};
use mdm_certs::push_certificate::PushCertificate;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::pace::Pace;
use super::setup_error::PushSetupError;

/// Apple's service (Apple, "Sending notification requests to APNs").
pub(super) const APPLE: &str = "https://api.push.apple.com:443";

/// The longest answer that is read; Apple's have less than 100 octets.
const LONGEST_ANSWER: usize = 4096;

/// Why a push got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum SendError {
    /// No connection, and none is tried for a while.
    #[error("the push service was lost a moment ago: {cause}")]
    Paused {
        /// For how long.
        wait: Duration,
        /// Why the last connection came to nothing.
        cause: String,
    },
    /// No connection.
    #[error("connecting to the push service at `{endpoint}`")]
    Connect {
        /// Where.
        endpoint: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The other end does not speak HTTP/2.
    #[error("`{0}` is no push service: it does not speak HTTP/2")]
    NotHttp2(String),
    /// The connection ended.
    #[error("speaking HTTP/2 with the push service")]
    Broken(#[source] hyper::Error),
    /// No answer in this time.
    #[error("the push service did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The push makes no request.
    #[error("making the request")]
    Request(#[source] http::Error),
}

impl SendError {
    /// The error and its causes on one line. A cause that its effect repeats is told once.
    pub(super) fn in_words(&self) -> String {
        let mut text = self.to_string();
        let mut next = self.source();
        while let Some(cause) = next {
            let words = cause.to_string();
            if !text.contains(&words) {
                text.push_str(": ");
                text.push_str(&words);
            }
            next = cause.source();
        }
        text
    }

    /// How long to wait at least.
    pub(super) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Paused { wait, .. } => Some(*wait),
            Self::Connect { .. }
            | Self::NotHttp2(_)
            | Self::Broken(_)
            | Self::TimedOut(_)
            | Self::Request(_) => None,
        }
    }
}

type Sender = SendRequest<Full<Bytes>>;

/// A client that keeps one connection, made when it is needed.
pub(super) struct Client {
    host: String,
    port: u16,
    name: ServerName<'static>,
    connector: TlsConnector,
    pace: Pace,
    link: Mutex<Link>,
}

/// The connection, or the way to one.
#[derive(Default)]
struct Link {
    /// Counts connections, so that who used an old one does not end the new one.
    number: u64,
    sender: Option<Sender>,
    /// When it was asked for last.
    used: Option<Instant>,
    /// Connections in a row that came to nothing.
    failures: u32,
    /// Why the last one did.
    cause: String,
    not_before: Option<Instant>,
}

impl Client {
    /// A client of the service at `endpoint`, vouched for by `roots`, that shows `certificate`.
    pub(super) fn new(
        endpoint: &Uri,
        roots: RootCertStore,
        certificate: &PushCertificate,
        pace: Pace,
    ) -> Result<Self, PushSetupError> {
        let illegal = || PushSetupError::Endpoint(endpoint.to_string());
        let host = endpoint.host().ok_or_else(illegal)?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if endpoint.scheme_str() != Some("https") {
            return Err(illegal());
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(PushSetupError::Tls)?
            .with_root_certificates(roots)
            .with_client_auth_cert(certificate.chain().to_vec(), certificate.key().clone_key())
            .map_err(PushSetupError::Tls)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            name: ServerName::try_from(host.clone()).map_err(|_| illegal())?,
            port: endpoint.port_u16().unwrap_or(443),
            host,
            connector: TlsConnector::from(Arc::new(config)),
            pace,
            link: Mutex::new(Link::default()),
        })
    }

    /// Sends one push and reads the answer.
    pub(super) async fn send(&self, push: &PushRequest) -> Result<Outcome, SendError> {
        let request = self.request(push)?;
        let (sender, number) = self.sender().await?;
        match timeout(self.pace.timeout, exchange(sender, request)).await {
            Ok(Ok(outcome)) => {
                self.link.lock().await.failures = 0;
                Ok(outcome)
            }
            Ok(Err(cause)) => Err(self.lost(number, SendError::Broken(cause)).await),
            Err(_) => Err(self
                .lost(number, SendError::TimedOut(self.pace.timeout))
                .await),
        }
    }

    fn request(&self, push: &PushRequest) -> Result<Request<Full<Bytes>>, SendError> {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        let authority = format!("{host}:{}", self.port);
        let uri = Uri::builder()
            .scheme("https")
            .authority(authority)
            .path_and_query(push.path.as_str())
            .build()
            .map_err(SendError::Request)?;
        let mut request = Request::builder().method(Method::POST).uri(uri);
        for (name, value) in &push.headers {
            request = request.header(*name, value);
        }
        request
            .body(Full::from(push.body.clone()))
            .map_err(SendError::Request)
    }

    /// The connection and its number; a new one where there is none, and it is time for one.
    async fn sender(&self) -> Result<(Sender, u64), SendError> {
        let mut link = self.link.lock().await;
        let now = Instant::now();
        let rested = link
            .used
            .replace(now)
            .is_some_and(|used| now.duration_since(used) > self.pace.idle);
        if let Some(sender) = link.sender.as_ref().filter(|s| !s.is_closed() && !rested) {
            return Ok((sender.clone(), link.number));
        }
        link.sender = None;
        if let Some(wait) = link
            .not_before
            .and_then(|at| at.checked_duration_since(now))
        {
            let cause = link.cause.clone();
            return Err(SendError::Paused { wait, cause });
        }
        match self.connect().await {
            Ok(sender) => {
                link.number += 1;
                link.sender = Some(sender.clone());
                Ok((sender, link.number))
            }
            Err(error) => {
                self.failed(&mut link, &error);
                Err(error)
            }
        }
    }

    async fn connect(&self) -> Result<Sender, SendError> {
        let endpoint = format!("{}:{}", self.host, self.port);
        let tls = async {
            let socket = TcpStream::connect((self.host.as_str(), self.port)).await?;
            socket.set_nodelay(true)?;
            self.connector.connect(self.name.clone(), socket).await
        };
        let failed = |source| SendError::Connect {
            endpoint: endpoint.clone(),
            source,
        };
        let tls = timeout(self.pace.timeout, tls)
            .await
            .map_err(|_| failed(io::ErrorKind::TimedOut.into()))?
            .map_err(failed)?;
        if tls.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(SendError::NotHttp2(endpoint));
        }
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(tls));
        let (sender, connection) = timeout(self.pace.timeout, handshake)
            .await
            .map_err(|_| SendError::TimedOut(self.pace.timeout))?
            .map_err(SendError::Broken)?;
        // Ends when the service closes it, or when its last sender is gone.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to the push service ended");
            }
        });
        Ok(sender)
    }

    /// The connection of this number is of no use any more, by this error.
    async fn lost(&self, number: u64, error: SendError) -> SendError {
        let mut link = self.link.lock().await;
        if link.number == number && link.sender.take().is_some() {
            self.failed(&mut link, &error);
        }
        error
    }

    fn failed(&self, link: &mut Link, error: &SendError) {
        link.failures = link.failures.saturating_add(1);
        link.cause = error.in_words();
        link.not_before = Instant::now().checked_add(self.pace.reconnect(link.failures));
    }
}

async fn exchange(
    mut sender: Sender,
    request: Request<Full<Bytes>>,
) -> Result<Outcome, hyper::Error> {
    sender.ready().await?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    // The status decides; a body that is too long or breaks off explains nothing.
    let body = Limited::new(body, LONGEST_ANSWER)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    Ok(Outcome::of(&Response {
        status: head.status.as_u16(),
        apns_id: text("apns-id"),
        retry_after: text("retry-after"),
        body: &body,
    }))
}
