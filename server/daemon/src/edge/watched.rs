//! The stream under HTTP, with the clocks that end a connection which makes no progress.
//!
//! hyper has one timer for "waiting for the next request" and "receiving its headers"; we want 75 s for the first and
//! 10 s for the second, and a bound on peers that do not read. One timer per connection is kept and moved lazily, so a
//! request costs no timer operation.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;

/// How long and how much we go on reading after an early refusal, so that the peer sees the answer and not a reset
/// (RFC 9112 section 9.6).
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// What the stream and the requests on it tell each other.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    begun: AtomicU64,
    in_progress: AtomicUsize,
    refused: AtomicBool,
    rule: OnceLock<&'static str>,
    /// Rings when the connection has been idle for too long.
    pub(super) idle: Notify,
}

/// A request in progress; over when dropped.
#[derive(Debug)]
pub(super) struct InProgress(Arc<Pulse>);

impl Pulse {
    /// A request's headers are complete.
    pub(super) fn begin(self: &Arc<Self>) -> InProgress {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.in_progress.fetch_add(1, Ordering::Relaxed);
        InProgress(Arc::clone(self))
    }

    /// A request was answered before it was read to its end.
    pub(super) fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    /// The rule that ended the connection, if one did.
    pub(super) fn rule(&self) -> Option<&'static str> {
        self.rule.get().copied()
    }

    fn is_busy(&self) -> bool {
        self.in_progress.load(Ordering::Relaxed) > 0
    }

    fn break_off(&self, rule: &'static str) -> io::Error {
        let _first_rule_wins = self.rule.set(rule);
        io::Error::new(io::ErrorKind::TimedOut, rule)
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.in_progress.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that ends itself when its peer makes no progress.
#[derive(Debug)]
pub(super) struct Watched<IO> {
    io: IO,
    pulse: Arc<Pulse>,
    header_time: Duration,
    idle_time: Duration,
    write_stall: Duration,
    /// HTTP/1.1: bytes outside a request begin the next one's headers. In HTTP/2 they may be any frame.
    heads_only: bool,
    begun: u64,
    head_since: Option<Instant>,
    active: Instant,
    told_idle: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
    stall: Option<Pin<Box<Sleep>>>,
    at_end: bool,
    linger: Option<Linger>,
}

#[derive(Debug)]
struct Linger {
    until: Pin<Box<Sleep>>,
    left: usize,
}

enum Due {
    Later(Instant),
    Head(Instant),
    Idle(Instant),
    End(Instant),
}

impl<IO> Watched<IO> {
    /// `heads_only` is true for HTTP/1.1.
    pub(super) fn new(io: IO, pulse: Arc<Pulse>, limits: &Limits, heads_only: bool) -> Self {
        let now = Instant::now();
        Self {
            io,
            pulse,
            header_time: limits.header_time,
            idle_time: limits.idle_time,
            write_stall: limits.write_stall,
            heads_only,
            begun: 0,
            head_since: heads_only.then_some(now),
            active: now,
            told_idle: None,
            alarm: Box::pin(sleep_until(now + limits.header_time)),
            stall: None,
            at_end: false,
            linger: None,
        }
    }

    /// Forgets the start of a head that has become a request since.
    fn settle_head(&mut self) {
        let begun = self.pulse.begun.load(Ordering::Relaxed);
        if begun != self.begun {
            self.begun = begun;
            self.head_since = None;
        }
    }

    fn arrived(&mut self) {
        self.settle_head();
        if self.heads_only && self.head_since.is_none() && !self.pulse.is_busy() {
            self.head_since = Some(Instant::now());
        }
    }

    fn due(&mut self) -> Due {
        self.settle_head();
        if self.pulse.is_busy() {
            Due::Later(Instant::now() + self.idle_time)
        } else if let Some(told) = self.told_idle {
            Due::End(told + self.header_time)
        } else if let Some(since) = self.head_since {
            Due::Head(since + self.header_time)
        } else {
            Due::Idle(self.active + self.idle_time)
        }
    }

    /// Called whenever there is nothing to read. `Ready(Ok)` stands for the end of the stream.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let due = self.due();
            let (Due::Later(at) | Due::Head(at) | Due::Idle(at) | Due::End(at)) = due;
            if self.alarm.deadline() > at {
                self.alarm.as_mut().reset(at);
            }
            ready!(self.alarm.as_mut().poll(cx));
            let now = Instant::now();
            if at > now {
                self.alarm.as_mut().reset(at);
                continue;
            }
            match due {
                Due::Later(_) => self.alarm.as_mut().reset(now + self.idle_time),
                Due::Head(_) => {
                    return Poll::Ready(Err(self.pulse.break_off("limit.header_time")));
                }
                Due::Idle(_) => {
                    self.told_idle = Some(now);
                    self.pulse.idle.notify_one();
                    self.alarm.as_mut().reset(now + self.header_time);
                }
                Due::End(_) => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Watches a write: progress stops the clock, none starts it.
    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.active = Instant::now();
            self.stall = None;
            return outcome;
        }
        let limit = self.write_stall;
        let stall = self
            .stall
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(stall.as_mut().poll(cx));
        Poll::Ready(Err(self.pulse.break_off("limit.write_stall")))
    }
}

impl<IO: AsyncRead + Unpin> Watched<IO> {
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let linger = self.linger.get_or_insert_with(|| Linger {
            until: Box::pin(sleep_until(Instant::now() + LINGER)),
            left: LINGER_BYTES,
        });
        let mut scratch = [0; 8192];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.io).poll_read(cx, &mut buffer) {
                Poll::Pending => return linger.until.as_mut().poll(cx),
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {
                    let read = buffer.filled().len();
                    linger.left = linger.left.saturating_sub(read);
                    if read == 0 || linger.left == 0 {
                        return Poll::Ready(());
                    }
                }
            }
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Watched<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        match Pin::new(&mut this.io).poll_read(cx, buf) {
            Poll::Pending => this.poll_alarm(cx),
            Poll::Ready(Ok(())) if buf.filled().len() == before => {
                this.at_end = true;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Ok(())) => {
                this.arrived();
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.io).poll_write(cx, buf);
        this.watch_write(cx, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.io).poll_write_vectored(cx, bufs);
        this.watch_write(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.io).poll_flush(cx) {
            // An empty flush is no sign of life.
            ready @ Poll::Ready(_) => ready,
            Poll::Pending => this.watch_write(cx, Poll::Pending),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            let outcome = Pin::new(&mut this.io).poll_shutdown(cx);
            ready!(this.watch_write(cx, outcome))?;
            this.settle_head();
            let unread = this.head_since.is_some() || this.pulse.refused.load(Ordering::Relaxed);
            if this.at_end || !unread {
                return Poll::Ready(Ok(()));
            }
        }
        this.poll_linger(cx).map(Ok)
    }
}
