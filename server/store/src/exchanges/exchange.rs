//! One request and its response, as they were on the wire.

use bytes::Bytes;
use mdm_core::id::DeviceId;
use mdm_core::time::Timestamp;

use super::headers::Headers;

/// One request and its response. Secrets in it were cut out by whoever recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// When the request came.
    pub at: Timestamp,
    /// Counts connections.
    pub conn: u64,
    /// Address and port of the peer.
    pub peer: String,
    /// The listener, by name.
    pub listener: String,
    /// Version, cipher and server name of TLS; none on plain HTTP.
    pub tls: Option<String>,
    /// Request method.
    pub method: String,
    /// Request path with its query.
    pub path: String,
    /// Request headers, in order.
    pub request_headers: Headers,
    /// Request body.
    pub request_body: Bytes,
    /// Response status.
    pub status: u16,
    /// Response headers, in order.
    pub response_headers: Headers,
    /// Response body.
    pub response_body: Bytes,
    /// The device, where it is known.
    pub device: Option<DeviceId>,
    /// Whether that device is a simulated one.
    pub simulated: bool,
    /// What it was about, in a word or two: `connect Idle`.
    pub operation: String,
    /// Whether it changed anything. Of polls that change nothing only the last few are kept.
    pub changed: bool,
    /// From the request's last byte to the response's first, in microseconds.
    pub duration_us: u64,
}

impl Exchange {
    /// Bytes it holds in memory, roughly.
    pub fn size(&self) -> usize {
        size_of::<Self>()
            + self.peer.len()
            + self.listener.len()
            + self.tls.as_ref().map_or(0, String::len)
            + self.method.len()
            + self.path.len()
            + self.operation.len()
            + self.request_headers.size()
            + self.response_headers.size()
            + self.request_body.len()
            + self.response_body.len()
    }
}

/// What a list shows of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its number: later ones are higher.
    pub id: u64,
    /// When the request came.
    pub at: Timestamp,
    /// Counts connections.
    pub conn: u64,
    /// Address and port of the peer.
    pub peer: String,
    /// The listener, by name.
    pub listener: String,
    /// Version, cipher and server name of TLS; none on plain HTTP.
    pub tls: Option<String>,
    /// Request method.
    pub method: String,
    /// Request path with its query.
    pub path: String,
    /// Response status.
    pub status: u16,
    /// The device, where it is known.
    pub device: Option<DeviceId>,
    /// Whether that device is a simulated one.
    pub simulated: bool,
    /// What it was about.
    pub operation: String,
    /// Whether it changed anything.
    pub changed: bool,
    /// From the request's last byte to the response's first, in microseconds.
    pub duration_us: u64,
    /// Length of the request body.
    pub request_size: u64,
    /// Length of the response body.
    pub response_size: u64,
}
