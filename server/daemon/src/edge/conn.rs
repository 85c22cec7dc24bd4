//! What is known about a connection before its first request.

use std::net::SocketAddr;

use super::Role;

/// One accepted connection. Shared by all requests that arrive on it.
#[derive(Debug)]
pub struct Conn {
    /// Counts up from 1 within this process.
    pub id: u64,
    /// The other end; an IPv4 address mapped into IPv6 is written as IPv4.
    pub peer: SocketAddr,
    /// Our end of the socket.
    pub local: SocketAddr,
    /// The role of the listener, or the one chosen by the SNI name.
    pub role: Role,
    /// `None` on a plain HTTP listener.
    pub tls: Option<TlsFacts>,
    /// What the client presented. Possession of the key is proven, trust is not decided.
    pub certificate: ClientCertificate,
}

/// What the TLS handshake settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFacts {
    /// As rustls names it: `TLSv1_2` or `TLSv1_3`.
    pub version: &'static str,
    /// As rustls names it, such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher: &'static str,
    /// The server name the client asked for (RFC 6066 section 3), lower case.
    pub sni: Option<String>,
    /// The protocol both ends agreed on (RFC 7301): `h2`, `http/1.1`, or `None` when the client offered no list.
    pub alpn: Option<&'static str>,
}

/// The client certificate of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientCertificate {
    /// The chain as sent, leaf first, each DER. The peer holds the leaf's key; nothing else was checked.
    Presented(Vec<Vec<u8>>),
    /// There is none.
    Absent(Absent),
}

/// Why there is no client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// This role does not ask for one.
    NotRequested,
    /// We asked and the client sent none.
    NotOffered,
}
