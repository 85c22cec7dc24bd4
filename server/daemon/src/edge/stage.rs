//! How far the server is from its end. Every task holds a receiver, so that the last one to leave is noticed.

use tokio::sync::watch;

/// Only ever moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Accepting.
    Serving,
    /// No new connections; requests in progress are finished.
    Draining,
    /// What is still open is dropped.
    Ended,
}

/// Waits until `stage` is reached. A server whose owner is gone counts as ended.
pub(super) async fn reached(now: &mut watch::Receiver<Stage>, stage: Stage) {
    let _gone = now.wait_for(|now| *now >= stage).await.is_err();
}
