//! Where the edge tells what it refused.

use std::net::{IpAddr, SocketAddr};

use super::{Conn, Role};

/// Receives what peers did wrong at the edge. Called on the connection's task: must return at once.
pub trait LimitSink: Send + Sync + 'static {
    /// A bound was hit. `rule` is dotted and stable, such as `limit.connections_total`.
    fn limit_hit(&self, rule: &'static str, peer: IpAddr);

    /// A TLS handshake failed; `why` is for people.
    fn handshake_failed(&self, role: Role, peer: SocketAddr, why: &str) {
        tracing::info!(%role, %peer, why, "TLS handshake failed");
    }

    /// A request was so malformed that no handler saw it; it was answered with a 4xx if an answer was possible.
    fn malformed_request(&self, conn: &Conn, why: &str) {
        tracing::info!(role = %conn.role, peer = %conn.peer, why, "malformed request refused");
    }

    /// A handler panicked; the request was answered with 500 and the connection goes on.
    fn handler_panicked(&self, conn: &Conn, what: &str) {
        tracing::error!(role = %conn.role, peer = %conn.peer, what, "request handler panicked");
    }
}
