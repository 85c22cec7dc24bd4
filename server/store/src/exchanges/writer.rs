//! The thread that encodes and writes exchanges.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mdm_core::id::DeviceId;
use rusqlite::Connection;

use super::exchange::Exchange;
use super::rings::{Place, Rings};
use super::table::{Held, Retention, Scratch, Table};
use super::waiting::{Batch, Waiting};
use crate::sqlite::checkpoint::{Checkpointer, restart_idle};

/// Exchanges gather for so long before they are written together.
const GATHER: Duration = Duration::from_millis(50);

/// What the writing thread shares with whoever records and reads.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) waiting: Waiting,
    pub(crate) lost: AtomicU64,
    rings: Mutex<Rings>,
}

impl Shared {
    pub(crate) fn new(waiting: Waiting, retention: Retention) -> Self {
        Self {
            waiting,
            lost: AtomicU64::new(0),
            rings: Mutex::new(Rings::new(retention.polls_per_device)),
        }
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The polls of a device that are kept, in order.
    pub(crate) fn polls_of(&self, device: &DeviceId) -> Vec<u64> {
        self.rings().of(device)
    }
}

/// The work of the writing thread.
pub(crate) struct Work {
    shared: Arc<Shared>,
    conn: Connection,
    checkpointer: Checkpointer,
    retention: Retention,
    scratch: Scratch,
    exchanges: Held,
    polls: Held,
    newest: i64,
    next: u64,
    failing: bool,
}

impl Work {
    pub(crate) fn new(
        shared: Arc<Shared>,
        conn: Connection,
        checkpointer: Checkpointer,
        retention: Retention,
    ) -> Self {
        let nothing = Held::default();
        Self {
            shared,
            conn,
            checkpointer,
            retention,
            scratch: Scratch::default(),
            exchanges: nothing,
            polls: nothing,
            newest: i64::MIN,
            next: 1,
            failing: false,
        }
    }

    /// Writes until the queue is closed.
    pub(crate) fn run(mut self) {
        if let Err(error) = self.remember() {
            tracing::error!(%error, "reading what exchanges there are");
        }
        while let Some(batch) = self.shared.waiting.take(GATHER) {
            self.write(batch);
        }
        restart_idle(&self.conn);
    }

    /// Learns what earlier runs left.
    fn remember(&mut self) -> rusqlite::Result<()> {
        let (count, bytes): (u64, u64) = self.conn.query_row(
            "SELECT count(*), coalesce(sum(size), 0) FROM exchange",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        self.exchanges = Held { count, bytes };
        let mut statement = self
            .conn
            .prepare("SELECT id, device, size FROM poll ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let device: Option<DeviceId> = row.get_ref(1)?.as_str()?.parse().ok();
            self.shared.rings().push(device.as_ref(), row.get(0)?);
            self.polls.count += 1;
            self.polls.bytes += row.get::<_, u64>(2)?;
        }
        let last: Option<u64> = self.conn.query_row(
            "SELECT max(id) FROM (SELECT max(id) AS id FROM exchange UNION ALL SELECT max(id) FROM poll)",
            [],
            |row| row.get(0),
        )?;
        self.next = last.map_or(1, |last| last + 1);
        Ok(())
    }

    fn write(&mut self, batch: Batch) {
        let before = (self.exchanges, self.polls);
        let written = self
            .transact(&batch)
            .or_else(|error| self.give_up().and(Err(error)));
        match written {
            Ok(()) => {
                if std::mem::take(&mut self.failing) {
                    tracing::info!("exchanges are written again");
                }
                self.checkpointer.committed(&self.conn);
            }
            Err(error) => {
                (self.exchanges, self.polls) = before;
                self.shared
                    .lost
                    .fetch_add(batch.exchanges.len() as u64, Ordering::Relaxed);
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(%error, lost = batch.exchanges.len(), "writing exchanges");
                }
            }
        }
        for done in batch.done {
            // Whoever no longer waits need not be told.
            let _ = done.send(());
        }
    }

    /// Numbers go on after a failure: two exchanges never share one.
    fn transact(&mut self, batch: &Batch) -> rusqlite::Result<()> {
        self.conn.execute_batch("BEGIN IMMEDIATE")?;
        for exchange in &batch.exchanges {
            self.insert(exchange)?;
        }
        for device in &batch.forgotten {
            self.forget(device)?;
        }
        self.prune()?;
        self.conn.execute_batch("COMMIT")
    }

    fn give_up(&self) -> rusqlite::Result<()> {
        if self.conn.is_autocommit() {
            Ok(())
        } else {
            self.conn.execute_batch("ROLLBACK")
        }
    }

    fn insert(&mut self, exchange: &Exchange) -> rusqlite::Result<()> {
        let id = self.next;
        self.next += 1;
        self.newest = self.newest.max(exchange.at.0);
        let place = if exchange.changed {
            Place::Elsewhere
        } else {
            self.shared.rings().push(exchange.device.as_ref(), id)
        };
        let (table, held) = match place {
            Place::Free => (Table::Polls, &mut self.polls),
            Place::Instead(old) => {
                if let Some(size) = Table::Polls.delete(&self.conn, old)? {
                    self.polls.count = self.polls.count.saturating_sub(1);
                    self.polls.bytes = self.polls.bytes.saturating_sub(size);
                }
                (Table::Polls, &mut self.polls)
            }
            Place::Elsewhere => (Table::Exchanges, &mut self.exchanges),
        };
        held.bytes += table.insert(&self.conn, id, exchange, &mut self.scratch)?;
        held.count += 1;
        Ok(())
    }

    fn forget(&mut self, device: &DeviceId) -> rusqlite::Result<()> {
        for id in self.shared.rings().forget(device) {
            if let Some(size) = Table::Polls.delete(&self.conn, id)? {
                self.polls.count = self.polls.count.saturating_sub(1);
                self.polls.bytes = self.polls.bytes.saturating_sub(size);
            }
        }
        let mut statement = self
            .conn
            .prepare_cached("DELETE FROM exchange WHERE device = ?1 RETURNING size")?;
        let mut rows = statement.query([device.as_str()])?;
        while let Some(row) = rows.next()? {
            self.exchanges.count = self.exchanges.count.saturating_sub(1);
            self.exchanges.bytes = self.exchanges.bytes.saturating_sub(row.get(0)?);
        }
        Ok(())
    }

    fn prune(&mut self) -> rusqlite::Result<()> {
        let Retention {
            max_count,
            max_bytes,
            max_age_seconds,
            polls_per_device: _,
        } = self.retention;
        let oldest = self
            .newest
            .saturating_sub(max_age_seconds.saturating_mul(1000));
        let most = Held {
            count: max_count,
            bytes: max_bytes,
        };
        while Table::Exchanges.prune(&self.conn, &mut self.exchanges, most, oldest)? {}
        let most = Held {
            count: u64::MAX,
            bytes: max_bytes,
        };
        while Table::Polls.prune(&self.conn, &mut self.polls, most, oldest)? {}
        Ok(())
    }
}
