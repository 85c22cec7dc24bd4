//! What answers requests.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Response, request::Parts};
use http_body_util::Full;

use super::{BodyError, BodyLimit, Conn, Role};

/// Answers whole requests with whole responses.
///
/// A panic in either function is caught and answered with 500. `Content-Length` and `Date` are added by the edge.
#[async_trait::async_trait]
pub trait Handler: Send + Sync + 'static {
    /// How long this request's body may be; asked before any of it is read.
    fn body_limit(&self, conn: &Conn, head: &Parts) -> BodyLimit;

    /// Answers. `body` is empty for a request without one; when it is an error, the request still deserves an answer in
    /// the dialect of its route, and the connection is closed after it.
    async fn handle(
        &self,
        conn: Arc<Conn>,
        head: Parts,
        body: Result<Bytes, BodyError>,
    ) -> Response<Full<Bytes>>;
}

/// One side of the server.
#[derive(Clone)]
pub enum App {
    /// Requests and responses in one piece.
    Whole(Arc<dyn Handler>),
    /// A router that may stream. Its requests carry `Arc<Conn>` as an extension; bodies are bounded by
    /// [`App::ROUTER_BODY`] and the pace rule.
    Router(axum::Router),
}

impl App {
    /// The most bytes a request body to a router may have; routes set smaller limits themselves.
    pub const ROUTER_BODY: BodyLimit = BodyLimit(4 * 1024 * 1024);
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole(_) => "Whole",
            Self::Router(_) => "Router",
        })
    }
}

/// Which side answers which role.
#[derive(Debug, Clone)]
pub struct Apps {
    /// Answers bootstrap, device and mutual-TLS connections.
    pub devices: App,
    /// Answers admin connections.
    pub admin: App,
}

impl Apps {
    pub(super) fn of(&self, role: Role) -> &App {
        match role {
            Role::Bootstrap | Role::Device | Role::Mtls => &self.devices,
            Role::Admin => &self.admin,
        }
    }
}
