//! Reading a request body within its bounds.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{CONTENT_ENCODING, HeaderMap};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;

/// The most bytes a body may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BodyLimit(pub u64);

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// Too long, by its own declaration (then nothing was read) or by count.
    #[error("request body is longer than {limit} bytes")]
    TooLarge {
        /// The limit of the route.
        limit: u64,
        /// What `Content-Length` said.
        declared: Option<u64>,
    },
    /// Slower than the pace, or not complete in time.
    #[error("request body came too slowly: {received} bytes in {} ms", elapsed.as_millis())]
    TooSlow {
        /// Bytes that came.
        received: u64,
        /// How long we waited for them.
        elapsed: Duration,
    },
    /// A content coding other than `identity` (RFC 9110 section 8.4).
    #[error("request body has content coding `{0}`, only `identity` is accepted")]
    Encoding(String),
    /// The framing is wrong, such as a chunk size that is no number (RFC 9112 section 7.1).
    #[error("request body is not framed as announced")]
    Malformed(#[source] hyper::Error),
    /// The peer went away before the end.
    #[error("request body ended early")]
    Cut(#[source] hyper::Error),
}

impl BodyError {
    /// The status that tells the peer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Malformed(_) | Self::Cut(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// The limit that was hit, if it was one.
    pub fn rule(&self) -> Option<&'static str> {
        match self {
            Self::TooLarge { .. } => Some("limit.body_size"),
            Self::TooSlow { .. } => Some("limit.body_pace"),
            Self::Encoding(_) | Self::Malformed(_) | Self::Cut(_) => None,
        }
    }
}

/// A body that ends in an error as soon as it is too long or too slow.
#[derive(Debug)]
pub(super) struct Metered<B> {
    inner: B,
    limit: u64,
    received: u64,
    limits: Arc<Limits>,
    clock: Option<Clock>,
}

/// Starts at the first wait, so that a body which is there already costs no timer.
#[derive(Debug)]
struct Clock {
    started: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl<B: Body> Metered<B> {
    pub(super) fn new(inner: B, limit: BodyLimit, limits: Arc<Limits>) -> Self {
        Self {
            inner,
            limit: limit.0,
            received: 0,
            limits,
            clock: None,
        }
    }
}

/// When a body that has brought `received` bytes becomes too slow, counted from its start.
fn patience(received: u64, limits: &Limits) -> Duration {
    let earned = received.checked_div(limits.body_pace).unwrap_or(u64::MAX);
    limits
        .body_grace
        .saturating_add(Duration::from_secs(earned))
        .min(limits.body_time)
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Metered<B> {
    fn poll_pace(&mut self, cx: &mut Context<'_>) -> Poll<BodyError> {
        let patience = patience(self.received, &self.limits);
        let clock = self.clock.get_or_insert_with(|| {
            let started = Instant::now();
            Clock {
                started,
                alarm: Box::pin(sleep_until(started + patience)),
            }
        });
        loop {
            ready!(clock.alarm.as_mut().poll(cx));
            let elapsed = clock.started.elapsed();
            if elapsed >= patience {
                return Poll::Ready(BodyError::TooSlow {
                    received: self.received,
                    elapsed,
                });
            }
            clock.alarm.as_mut().reset(clock.started + patience);
        }
    }
}

impl<B: Body<Data = Bytes, Error = hyper::Error> + Unpin> Body for Metered<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Pending => this.poll_pace(cx).map(|error| Some(Err(error))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(broken(error)))),
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    this.received = this.received.saturating_add(data.len() as u64);
                }
                Poll::Ready(Some(if this.received > this.limit {
                    Err(BodyError::TooLarge {
                        limit: this.limit,
                        declared: this.inner.size_hint().exact(),
                    })
                } else {
                    Ok(frame)
                }))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// hyper reports wrong framing and a lost connection as the same error; the cause tells them apart.
fn broken(error: hyper::Error) -> BodyError {
    let wrong = std::error::Error::source(&error)
        .and_then(|cause| cause.downcast_ref::<std::io::Error>())
        .is_some_and(|cause| {
            matches!(
                cause.kind(),
                std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData
            )
        });
    if wrong {
        BodyError::Malformed(error)
    } else {
        BodyError::Cut(error)
    }
}

/// Reads a body to its end. One that declares too much is refused before a byte of it is read.
pub(super) async fn read<B>(
    body: B,
    headers: &HeaderMap,
    limit: BodyLimit,
    limits: &Arc<Limits>,
) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if let Some(declared) = body.size_hint().exact().filter(|length| *length > limit.0) {
        return Err(BodyError::TooLarge {
            limit: limit.0,
            declared: Some(declared),
        });
    }
    for coding in headers.get_all(CONTENT_ENCODING) {
        if !coding.as_bytes().eq_ignore_ascii_case(b"identity") {
            let coding = String::from_utf8_lossy(coding.as_bytes());
            return Err(BodyError::Encoding(coding.chars().take(64).collect()));
        }
    }
    let mut body = Metered::new(body, limit, Arc::clone(limits));
    let mut first = Bytes::new();
    while first.is_empty() {
        match body.frame().await {
            None => return Ok(first),
            Some(frame) => first = frame?.into_data().unwrap_or_default(),
        }
    }
    if body.is_end_stream() {
        return Ok(first);
    }
    // Grows with what comes: a declared length is no reason to set memory aside.
    let mut whole = BytesMut::from(first);
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_earned_by_bytes() {
        let limits = Limits::default();
        for (received, seconds) in [
            (0, 10),
            (1023, 10),
            (1024, 11),
            (40 * 1024, 50),
            (50 * 1024, 60),
            (u64::MAX, 60),
        ] {
            assert_eq!(
                patience(received, &limits),
                Duration::from_secs(seconds),
                "{received}"
            );
        }
    }

    #[test]
    fn each_error_has_its_status_and_words() {
        for (error, status, words) in [
            (
                BodyError::TooLarge {
                    limit: 10,
                    declared: None,
                },
                413,
                "request body is longer than 10 bytes",
            ),
            (
                BodyError::TooSlow {
                    received: 3,
                    elapsed: Duration::from_millis(1500),
                },
                408,
                "request body came too slowly: 3 bytes in 1500 ms",
            ),
            (
                BodyError::Encoding("br".to_owned()),
                415,
                "request body has content coding `br`, only `identity` is accepted",
            ),
        ] {
            assert_eq!(error.status().as_u16(), status);
            assert_eq!(error.to_string(), words);
        }
    }
}
