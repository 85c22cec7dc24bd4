//! When devices were last heard of, gathered until it is worth writing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mdm_core::id::DeviceId;
use mdm_core::time::Timestamp;
use rusqlite::Connection;

use super::device;

/// Devices gathered at most; further ones wait for the next time they are heard of.
const MOST: usize = 100_000;

/// What was gathered and not written yet.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    gathered: Mutex<HashMap<DeviceId, Timestamp>>,
}

impl Seen {
    fn gathered(&self) -> MutexGuard<'_, HashMap<DeviceId, Timestamp>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gathers; true when there was nothing before, so that somebody has to be told.
    pub(crate) fn gather(&self, seen: Vec<(DeviceId, Timestamp)>) -> bool {
        let mut gathered = self.gathered();
        let first = gathered.is_empty() && !seen.is_empty();
        for (device, at) in seen {
            if let Some(known) = gathered.get_mut(&device) {
                *known = at.max(*known);
            } else if gathered.len() < MOST {
                gathered.insert(device, at);
            }
        }
        first
    }

    /// When this device was last heard of, where that is not written yet.
    pub(crate) fn of(&self, device: &DeviceId) -> Option<Timestamp> {
        self.gathered().get(device).copied()
    }

    /// Drops what was gathered of a device that is being deleted.
    pub(crate) fn forget(&self, device: &DeviceId) {
        self.gathered().remove(device);
    }

    /// Writes what was gathered, in one transaction. What cannot be written stays gathered.
    pub(crate) fn write(&self, conn: &mut Connection) -> rusqlite::Result<()> {
        let batch: Vec<_> = self
            .gathered()
            .iter()
            .map(|(device, at)| (device.clone(), *at))
            .collect();
        if batch.is_empty() {
            return Ok(());
        }
        let transaction = conn.transaction()?;
        for (device, at) in &batch {
            device::write_last_seen(&transaction, device, *at)?;
        }
        transaction.commit()?;
        let mut gathered = self.gathered();
        for (device, at) in &batch {
            if gathered.get(device) == Some(at) {
                gathered.remove(device);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathers_the_latest_and_writes_it_once() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(include_str!("../../migrations/state/0001.sql"))
            .unwrap();
        let seen = Seen::default();
        let device: DeviceId = "d-1".parse().unwrap();
        assert!(seen.gather(vec![(device.clone(), Timestamp(5))]));
        assert!(
            !seen.gather(vec![(device.clone(), Timestamp(3))]),
            "already somebody was told"
        );
        assert_eq!(seen.of(&device), Some(Timestamp(5)));
        seen.write(&mut conn).unwrap();
        assert_eq!(seen.of(&device), None);
        assert_eq!(
            device::last_seen(&conn, &device).unwrap(),
            Some(Timestamp(5))
        );
        seen.gather(vec![(device.clone(), Timestamp(4))]);
        seen.write(&mut conn).unwrap();
        assert_eq!(
            device::last_seen(&conn, &device).unwrap(),
            Some(Timestamp(5)),
            "time does not go back"
        );
    }
}
