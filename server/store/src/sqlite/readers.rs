//! Connections that only read. In WAL mode they never wait for the writer.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mdm_core::ports::StoreUnavailable;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::file::open_reader;
use super::row::{ReadError, unavailable};

/// Lists read at the same time; more wait for their turn.
const LISTS: usize = 3;

/// A stack of connections: the last one returned is taken first, its cache being warm.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    keep: usize,
    lists: Semaphore,
}

impl Readers {
    /// Readers of one database; up to `keep` connections stay open.
    pub(crate) fn new(path: PathBuf, keep: usize) -> Self {
        Self {
            path,
            idle: Mutex::default(),
            keep,
            lists: Semaphore::new(LISTS),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads here and now: for single rows, which take some ten microseconds.
    pub(crate) fn read<T>(
        &self,
        doing: impl FnOnce() -> String,
        read: impl FnOnce(&Connection) -> Result<T, ReadError>,
    ) -> Result<T, StoreUnavailable> {
        let taken = self.idle().pop();
        let conn = match taken {
            Some(conn) => conn,
            None => match open_reader(&self.path) {
                Ok(conn) => conn,
                Err(e) => return Err(unavailable(doing(), e)),
            },
        };
        // A connection that failed is closed: the next one begins anew.
        let value = read(&conn).map_err(|e| unavailable(doing(), e))?;
        let mut idle = self.idle();
        if idle.len() < self.keep {
            idle.push(conn);
        }
        Ok(value)
    }

    /// Reads on a thread that may block: for lists.
    pub(crate) async fn list<T: Send + 'static>(
        self: &Arc<Self>,
        what: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, StoreUnavailable> {
        let doing = move || format!("reading {what}");
        let _turn = self
            .lists
            .acquire()
            .await
            .map_err(|e| unavailable(doing(), e))?;
        let readers = Arc::clone(self);
        tokio::task::spawn_blocking(move || readers.read(doing, read))
            .await
            .map_err(|e| unavailable(doing(), e))?
    }
}
