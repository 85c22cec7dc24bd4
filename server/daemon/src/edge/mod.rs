//! The network edge: sockets, TLS, HTTP with limits, and which path belongs to which listener.
//!
//! A connection travels `serve` (accept) -> `connection` (TLS, then hyper) -> `exchange` (one request) -> an [`App`].
//! Everything a peer can do wrong is bounded here, so that a [`Handler`] sees only whole, small, well-framed requests.

mod answer;
mod app;
mod body;
mod caught;
mod census;
mod client_verifier;
mod conn;
mod connection;
mod exchange;
mod limits;
mod network;
mod percent;
mod query;
mod role;
mod route;
mod serve;
mod sink;
mod sni;
mod stage;
mod tls;
mod watched;

#[cfg(test)]
mod tests;

pub use app::{App, Apps, Handler};
pub use body::{BodyError, BodyLimit};
pub use client_verifier::AnyClientCertificate;
pub use conn::{Absent, ClientCertificate, Conn, TlsFacts};
pub use limits::Limits;
pub use network::{Network, NetworkError};
pub use query::{Query, QueryError};
pub use role::Role;
pub use route::{LinkToken, NoRoute, Route};
pub use serve::{Drained, Listener, Serving, serve};
pub use sink::LimitSink;
pub use sni::SniMap;
pub use tls::{TlsPort, TlsSetupError};
