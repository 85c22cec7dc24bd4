//! How many may wait for something at once: each waiter holds a connection and reads events.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Failure;

/// Places for those who wait or follow events.
#[derive(Debug, Clone)]
pub(super) struct Listeners(Arc<Semaphore>);

impl Listeners {
    /// Waiters and followers at once.
    pub(super) const MOST: usize = 256;

    /// As many free places.
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(Self::MOST)))
    }

    /// Takes a place until the permit is dropped.
    pub(super) fn join(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.0)
            .try_acquire_owned()
            .map_err(|_| Failure::Crowded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_allowed_is_refused_until_somebody_leaves() {
        let listeners = Listeners::new();
        let mut inside: Vec<_> = (0..Listeners::MOST)
            .map(|_| listeners.join().unwrap())
            .collect();
        assert_eq!(
            listeners.join().unwrap_err().to_string(),
            "256 wait or follow events already"
        );
        inside.pop();
        assert!(listeners.join().is_ok());
    }
}
