//! A panic as a value.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The words of a panic.
#[derive(Debug)]
pub(super) struct Panic(pub(super) String);

impl From<Box<dyn Any + Send>> for Panic {
    fn from(payload: Box<dyn Any + Send>) -> Self {
        Self(match payload.downcast::<String>() {
            Ok(words) => *words,
            Err(payload) => payload
                .downcast_ref::<&str>()
                .copied()
                .unwrap_or("a panic without words")
                .to_owned(),
        })
    }
}

/// Runs `work`, catching a panic.
///
/// What `work` borrowed may be left half-changed; handlers share nothing but locks that recover from poisoning.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(work)).map_err(Panic::from)
}

/// A future whose panics are caught. Must not be polled again after one.
#[derive(Debug)]
pub(super) struct Caught<F>(pub(super) F);

impl<F: Future + Unpin> Future for Caught<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match caught(|| Pin::new(&mut self.0).poll(cx)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}
