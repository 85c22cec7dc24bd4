//! The number of the newest event, for whoever waits for it.

use async_trait::async_trait;
use mdm_core::ports::Follow;
use tokio::sync::watch;

/// The number of the newest event that is on disk.
#[derive(Debug)]
pub(crate) struct Newest {
    number: watch::Sender<u64>,
}

impl Newest {
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number: watch::Sender::new(number),
        }
    }

    /// Tells everybody, where it is a new one.
    pub(crate) fn publish(&self, number: u64) {
        self.number
            .send_if_modified(|known| std::mem::replace(known, number) != number);
    }
}

#[async_trait]
impl Follow for Newest {
    fn newest(&self) -> u64 {
        *self.number.borrow()
    }

    async fn beyond(&self, seen: u64) -> u64 {
        let mut following = self.number.subscribe();
        let found = following
            .wait_for(|number| *number > seen)
            .await
            .map(|number| *number);
        match found {
            Ok(number) => number,
            // Only when the sender is gone, and it is here.
            Err(_) => std::future::pending().await,
        }
    }
}
