//! The bounds of connections and of HTTP, with their defaults.

use std::net::IpAddr;
use std::time::Duration;

use super::Network;

/// What a peer may use. Body sizes are not here: each route has its own ([`super::Route::body_limit`]).
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections open at once, of all peers together.
    pub connections: usize,
    /// Connections open at once from one address (IPv6: one /64).
    pub connections_per_address: usize,
    /// TLS handshakes in progress from one address (IPv6: one /64).
    pub handshakes_per_address: usize,
    /// Networks to which the two bounds per address do not apply.
    pub exempt_networks: Vec<Network>,
    /// From accepting a connection to the end of its TLS handshake.
    pub handshake_time: Duration,
    /// From the first byte of a request (or the start of the connection) to the end of its headers.
    pub header_time: Duration,
    /// Bytes of request line and headers together.
    pub header_bytes: usize,
    /// Header lines.
    pub headers: usize,
    /// Bytes of the request target on `/scep`, whose GET carries a whole message (RFC 8894 section 4.1); replaces
    /// `header_bytes` for that part. hyper accepts at most 65 534.
    pub scep_target_bytes: usize,
    /// How long a connection may be open without a request.
    pub idle_time: Duration,
    /// How long a peer may refuse to take a byte of an answer.
    pub write_stall: Duration,
    /// How long a body may be slow before `body_pace` applies.
    pub body_grace: Duration,
    /// Bytes a second that a body must bring, averaged over the time after `body_grace`.
    pub body_pace: u64,
    /// From the first byte of a body to its last.
    pub body_time: Duration,
    /// Requests at once on one HTTP/2 connection (RFC 9113 section 5.1.2).
    pub streams: u32,
    /// Streams a client may reset before we looked at them, before the connection is ended (CVE-2023-44487).
    pub pending_resets: usize,
    /// How long requests in progress may take after the stop signal.
    pub drain_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: 256,
            handshakes_per_address: 64,
            exempt_networks: Network::LOOPBACK.to_vec(),
            handshake_time: Duration::from_secs(10),
            header_time: Duration::from_secs(10),
            header_bytes: 16 * 1024,
            headers: 100,
            scep_target_bytes: 64 * 1024,
            idle_time: Duration::from_secs(75),
            write_stall: Duration::from_mins(1),
            body_grace: Duration::from_secs(10),
            body_pace: 1024,
            body_time: Duration::from_mins(1),
            streams: 100,
            pending_resets: 20,
            drain_time: Duration::from_secs(8),
        }
    }
}

impl Limits {
    /// Whether the bounds per address do not apply to `peer`.
    pub fn exempts(&self, peer: IpAddr) -> bool {
        self.exempt_networks
            .iter()
            .any(|network| network.contains(peer))
    }
}
