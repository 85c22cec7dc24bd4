//! When devices were last heard of: noted at every request, written in batches.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mdm_core::id::DeviceId;
use mdm_core::ports::Store;
use mdm_core::time::Timestamp;
use tokio::sync::watch;

/// How often what was noted is written.
const EVERY: Duration = Duration::from_secs(2);
/// Maps of their own, so that requests rarely meet at a lock.
const SHARDS: usize = 16;

type Shard = HashMap<DeviceId, Timestamp>;

/// What was noted and is not written yet: at most one entry for each device.
pub struct LastSeen {
    store: Arc<dyn Store>,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

impl LastSeen {
    /// Nothing noted; batches go to `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// A device was heard of. Give only devices that exist: their number is the bound.
    pub fn note(&self, device: &DeviceId, now: Timestamp) {
        if let Some(mut shard) = self.shard(device) {
            match shard.get_mut(device) {
                Some(at) => *at = now.max(*at),
                None => {
                    shard.insert(device.clone(), now);
                }
            }
        }
    }

    /// When this device was heard of, if that is not written yet: later than what the store says.
    pub fn get(&self, device: &DeviceId) -> Option<Timestamp> {
        self.shard(device)?.get(device).copied()
    }

    /// Writes what was noted every two seconds, and once more when `stopped` becomes true.
    pub async fn run(self: Arc<Self>, mut stopped: watch::Receiver<bool>) {
        loop {
            let rest = tokio::time::timeout(EVERY, stopped.wait_for(|stop| *stop));
            let is_last = rest.await.is_ok();
            self.flush().await;
            if is_last {
                return;
            }
        }
    }

    /// Writes what was noted. What cannot be written stays for the next time.
    async fn flush(&self) {
        let batch: Vec<_> = self
            .shards
            .iter()
            .flat_map(|shard| {
                let shard = lock(shard);
                let noted: Vec<_> = shard.iter().map(|(id, at)| (id.clone(), *at)).collect();
                noted
            })
            .collect();
        if batch.is_empty() {
            return;
        }
        if let Err(error) = self.store.touch(batch.clone()).await {
            tracing::warn!(%error, "when devices were last seen is not written yet");
            return;
        }
        for (device, at) in batch {
            if let Some(mut shard) = self.shard(&device)
                && shard.get(&device) == Some(&at)
            {
                shard.remove(&device);
            }
        }
    }

    fn shard(&self, device: &DeviceId) -> Option<MutexGuard<'_, Shard>> {
        let index = self.hasher.hash_one(device) % SHARDS as u64;
        let index = usize::try_from(index).unwrap_or_default();
        self.shards.get(index).map(lock)
    }
}

impl std::fmt::Debug for LastSeen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LastSeen").finish_non_exhaustive()
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::push::lab;

    #[tokio::test]
    async fn the_latest_is_kept_and_written_at_the_stop() {
        let folder = tempfile::tempdir().unwrap();
        let store = lab::store(folder.path());
        for name in ["d-1", "d-2"] {
            lab::enroll(&store, name, None).await;
        }
        let seen = Arc::new(LastSeen::new(Arc::clone(&store)));
        let (one, two): (DeviceId, DeviceId) = ("d-1".parse().unwrap(), "d-2".parse().unwrap());
        for at in [50, 70, 60] {
            seen.note(&one, Timestamp(at));
        }
        seen.note(&two, Timestamp(5));
        assert_eq!(seen.get(&one), Some(Timestamp(70)));
        let (stop, stopped) = watch::channel(false);
        let run = tokio::spawn(Arc::clone(&seen).run(stopped));
        stop.send_replace(true);
        run.await.unwrap();
        assert_eq!(seen.get(&one), None, "written, so forgotten here");
        assert_eq!(store.last_seen(&one).await.unwrap(), Some(Timestamp(70)));
        assert_eq!(store.last_seen(&two).await.unwrap(), Some(Timestamp(5)));
    }
}
