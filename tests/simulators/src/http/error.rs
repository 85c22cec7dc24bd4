//! What can go wrong on the way to a server and back.

use crate::identity::IdentityError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The URL cannot be used.
    #[error("`{url}` is not an http or https URL with a host")]
    Url {
        /// What was given.
        url: String,
    },
    /// A trusted root cannot be used.
    #[error("a trusted root certificate cannot be used")]
    Root(#[source] rustls::Error),
    /// The client certificate cannot be used.
    #[error("the client certificate cannot be used")]
    ClientCertificate(#[source] rustls::Error),
    /// The key of the client certificate cannot be used.
    #[error("the key of the client certificate cannot be used")]
    ClientKey(#[source] IdentityError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    TlsSetup(#[source] rustls::Error),
    /// No connection.
    #[error("connecting to {host}:{port} failed")]
    Connect {
        /// Host of the URL.
        host: String,
        /// Port of the URL.
        port: u16,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// No TLS session: an untrusted certificate ends here.
    #[error("TLS handshake with {host}:{port} failed")]
    Handshake {
        /// Host of the URL.
        host: String,
        /// Port of the URL.
        port: u16,
        /// What TLS says.
        #[source]
        source: std::io::Error,
    },
    /// A header that cannot be sent.
    #[error("request cannot be written")]
    Request(#[source] http::Error),
    /// The connection broke.
    #[error("exchange with {host}:{port} failed")]
    Exchange {
        /// Host of the URL.
        host: String,
        /// Port of the URL.
        port: u16,
        /// What hyper says.
        #[source]
        source: hyper::Error,
    },
    /// The body broke or is over its bound.
    #[error("answer's body was not received within {limit} bytes")]
    Body {
        /// Bound on the body.
        limit: usize,
        /// What the reader says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Too slow.
    #[error("no answer from {host}:{port} within {seconds} s")]
    Timeout {
        /// Host of the URL.
        host: String,
        /// Port of the URL.
        port: u16,
        /// The limit.
        seconds: u64,
    },
}
