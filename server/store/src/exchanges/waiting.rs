//! Exchanges that wait to be written, bounded by number and by bytes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mdm_core::id::DeviceId;
use tokio::sync::oneshot;

use super::exchange::Exchange;

/// What waits to be written.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Exchanges in their order.
    pub(crate) exchanges: Vec<Exchange>,
    /// Devices whose exchanges are to be deleted, those of this batch too.
    pub(crate) forgotten: Vec<DeviceId>,
    /// Told when all of the above is done.
    pub(crate) done: Vec<oneshot::Sender<()>>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.exchanges.is_empty() && self.forgotten.is_empty() && self.done.is_empty()
    }
}

#[derive(Debug, Default)]
struct State {
    batch: Batch,
    bytes: usize,
    closed: bool,
}

/// The queue between whoever records and the writer.
///
/// Nobody waits to put something in, and the writer is woken once per batch, not once per exchange:
/// waking a thread costs more than writing an exchange.
#[derive(Debug)]
pub(crate) struct Waiting {
    state: Mutex<State>,
    changed: Condvar,
    max_count: usize,
    max_bytes: usize,
}

impl Waiting {
    pub(crate) fn new(max_count: usize, max_bytes: usize) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            max_count,
            max_bytes,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an exchange in; false where there is no room.
    pub(crate) fn push(&self, exchange: Exchange) -> bool {
        let size = exchange.size();
        let mut state = self.state();
        if state.batch.exchanges.len() >= self.max_count
            || state.bytes + size > self.max_bytes
            || state.closed
        {
            return false;
        }
        let first = state.batch.is_empty();
        let half = self.max_bytes / 2;
        let filled = state.bytes <= half && state.bytes + size > half;
        state.bytes += size;
        state.batch.exchanges.push(exchange);
        drop(state);
        if first || filled {
            self.changed.notify_one();
        }
        true
    }

    /// Asks for a device's exchanges to be deleted, and to be told when all put in before is done.
    pub(crate) fn flush(&self, forgotten: Option<DeviceId>) -> oneshot::Receiver<()> {
        let (done, told) = oneshot::channel();
        let mut state = self.state();
        if !state.closed {
            state.batch.forgotten.extend(forgotten);
            state.batch.done.push(done);
            drop(state);
            self.changed.notify_one();
        }
        told
    }

    /// Takes everything, once there is something and `gather` has passed, or somebody waits for it;
    /// nothing once it is closed and empty.
    pub(crate) fn take(&self, gather: Duration) -> Option<Batch> {
        let mut state = self
            .changed
            .wait_while(self.state(), |s| s.batch.is_empty() && !s.closed)
            .unwrap_or_else(PoisonError::into_inner);
        if state.batch.is_empty() {
            return None;
        }
        let half = self.max_bytes / 2;
        state = self
            .changed
            .wait_timeout_while(state, gather, |s| {
                s.batch.done.is_empty() && !s.closed && s.bytes <= half
            })
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        state.bytes = 0;
        Some(std::mem::take(&mut state.batch))
    }

    /// Lets nothing more in and wakes the writer.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::super::blob::tests::poll;
    use super::*;

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn is_bounded_by_number_and_bytes() {
        let size = poll(None, 1).size();
        for (max_count, max_bytes, taken) in [
            (3, usize::MAX, 3),
            (100, 2 * size + 1, 2),
            (100, size - 1, 0),
        ] {
            let waiting = Waiting::new(max_count, max_bytes);
            let pushed = (0..5).filter(|at| waiting.push(poll(None, *at))).count();
            assert_eq!(pushed, taken, "{max_count}, {max_bytes}");
            if taken > 0 {
                assert_eq!(waiting.take(NOW).unwrap().exchanges.len(), taken);
                assert!(waiting.push(poll(None, 9)), "there is room again");
            }
        }
    }

    #[test]
    fn what_was_put_in_before_closing_is_taken_out() {
        let waiting = Waiting::new(10, usize::MAX);
        assert!(waiting.push(poll(None, 1)));
        waiting.close();
        assert!(!waiting.push(poll(None, 2)));
        assert_eq!(
            waiting
                .take(Duration::from_mins(1))
                .unwrap()
                .exchanges
                .len(),
            1
        );
        assert!(waiting.take(Duration::from_mins(1)).is_none());
    }
}
