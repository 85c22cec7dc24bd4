//! What was said on the wire, in a database of its own.
//!
//! Recording never makes a request wait: what the writer cannot keep up with is lost and counted.
//! Polls that change nothing keep the last few of each device.

mod blob;
mod exchange;
mod headers;
mod list;
mod rings;
mod table;
mod waiting;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use mdm_core::id::DeviceId;
use mdm_core::ports::StoreUnavailable;

use crate::sqlite::OpenError;
use crate::sqlite::checkpoint::Checkpointer;
use crate::sqlite::file::{self, Care, Schema};
use crate::sqlite::readers::Readers;
pub(crate) use blob::BadBlob;
use waiting::Waiting;
use writer::{Shared, Work};

pub use exchange::{Exchange, Summary};
pub use headers::Headers;
pub use table::Retention;

const SCHEMA: Schema = Schema {
    application_id: 0x6d64_6d78,
    migrations: &[include_str!("../../migrations/exchanges/0001.sql")],
};

/// How a store of exchanges is opened.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How much is kept.
    pub retention: Retention,
    /// Exchanges that may wait for the writer; one more is lost.
    pub waiting_count: usize,
    /// Bytes of exchanges that may wait for the writer; an exchange beyond is lost.
    pub waiting_bytes: usize,
}

impl Default for Options {
    /// 32 768 and 64 MiB may wait.
    fn default() -> Self {
        Self {
            retention: Retention::default(),
            waiting_count: 32_768,
            waiting_bytes: 64 << 20,
        }
    }
}

/// Exchanges in the file `exchanges.db` of a data directory, whose lock the caller holds by having
/// opened its [`crate::SqliteStore`]. Dropping it writes what waits.
#[derive(Debug)]
pub struct ExchangeStore {
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
}

/// Which exchanges are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExchangeFilter {
    /// Of this device.
    pub device: Option<DeviceId>,
    /// The first ones with a higher number than this; the last ones when absent.
    pub after: Option<u64>,
}

impl ExchangeStore {
    /// Opens the exchanges of a data directory.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        file::make_directory(dir)?;
        let path = dir.join("exchanges.db");
        let care = Care {
            synchronous: "NORMAL",
            check_up_to: 0,
        };
        let conn = file::open_writer(&path, SCHEMA, care)?;
        let second = file::open_side(&path).map_err(|source| OpenError::Sqlite {
            doing: "opening",
            path: path.clone(),
            source,
        })?;
        let spawning = |source| OpenError::Io {
            path: path.clone(),
            source,
        };
        let waiting = Waiting::new(options.waiting_count, options.waiting_bytes);
        let shared = Arc::new(Shared::new(waiting, options.retention));
        let checkpointer = Checkpointer::start(second).map_err(spawning)?;
        let work = Work::new(Arc::clone(&shared), conn, checkpointer, options.retention);
        let thread = std::thread::Builder::new()
            .name("exchange-writer".to_owned())
            .spawn(move || work.run())
            .map_err(spawning)?;
        let readers = Arc::new(Readers::new(path.clone(), 1));
        Ok(Self {
            shared,
            readers,
            thread: Some(thread),
            path,
        })
    }

    /// The database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records an exchange. Returns at once; see [`ExchangeStore::lost`].
    pub fn record(&self, exchange: Exchange) {
        if !self.shared.waiting.push(exchange) {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Exchanges that were lost since the store was opened, because too many waited or because they
    /// could not be written.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Waits until everything recorded before is written.
    pub async fn flush(&self) {
        // It fails only when the writer has ended, and then nothing waits.
        drop(self.shared.waiting.flush(None).await);
    }

    /// Deletes every exchange of a device.
    pub async fn forget(&self, device: &DeviceId) {
        drop(self.shared.waiting.flush(Some(device.clone())).await);
    }

    /// Exchanges that match, in order, at most `limit`, everything recorded before included.
    pub async fn list(
        &self,
        filter: &ExchangeFilter,
        limit: usize,
    ) -> Result<Vec<Summary>, StoreUnavailable> {
        self.flush().await;
        let polls = filter
            .device
            .as_ref()
            .map(|device| self.shared.polls_of(device))
            .unwrap_or_default();
        let filter = filter.clone();
        self.readers
            .list("exchanges", move |conn| {
                list::list(conn, &filter, &polls, limit)
            })
            .await
    }

    /// One exchange.
    pub async fn get(&self, id: u64) -> Result<Option<Exchange>, StoreUnavailable> {
        self.flush().await;
        self.readers
            .list("an exchange", move |conn| list::get(conn, id))
            .await
    }
}

impl Drop for ExchangeStore {
    fn drop(&mut self) {
        self.shared.waiting.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes exchanges panicked");
        }
    }
}

#[cfg(test)]
mod tests;
