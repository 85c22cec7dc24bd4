//! The body of a response: whole for devices, possibly a stream for the admin API.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::watch;

use super::stage::{Stage, reached};
use super::watched::InProgress;

/// A response body as hyper writes it. A whole one always has a `Content-Length`.
pub(super) enum Answer {
    Whole(Full<Bytes>),
    Stream(Streamed),
}

/// A body that comes in pieces. Its connection counts as busy until it ends, and one without a known end (server-sent
/// events) ends when the server stops.
pub(super) struct Streamed {
    body: axum::body::Body,
    stopped: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    _busy: InProgress,
}

impl Answer {
    /// The bytes, all of them.
    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Full::new(bytes.into()))
    }

    /// A body from a router.
    pub(super) fn stream(
        body: axum::body::Body,
        mut stage: watch::Receiver<Stage>,
        busy: InProgress,
    ) -> Self {
        let endless = body.size_hint().exact().is_none();
        Self::Stream(Streamed {
            body,
            stopped: endless.then(|| -> Pin<Box<dyn Future<Output = ()> + Send>> {
                Box::pin(async move { reached(&mut stage, Stage::Draining).await })
            }),
            _busy: busy,
        })
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole(_) => "Whole",
            Self::Stream(_) => "Stream",
        })
    }
}

fn never(frame: Result<Frame<Bytes>, Infallible>) -> Result<Frame<Bytes>, axum::Error> {
    frame.map_err(|never| match never {})
}

impl Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(cx).map(|frame| frame.map(never)),
            Self::Stream(streamed) => {
                let frame = Pin::new(&mut streamed.body).poll_frame(cx);
                match &mut streamed.stopped {
                    Some(stopped) if frame.is_pending() => stopped.as_mut().poll(cx).map(|()| None),
                    _ => frame,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Stream(streamed) => streamed.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Stream(streamed) => streamed.body.size_hint(),
        }
    }
}
