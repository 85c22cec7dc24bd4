//! The domain's records in one SQLite database.

mod admission;
mod batch;
mod certificate;
mod channel;
pub(crate) mod checkpoint;
mod command;
mod conditions;
mod delivery;
mod device;
mod directory;
mod event;
pub(crate) mod file;
mod newest;
mod open_error;
mod port;
mod profile;
mod queues;
pub(crate) mod readers;
pub(crate) mod row;
mod seen;
mod session;
mod sweep;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::lock::DirectoryLock;

use checkpoint::Checkpointer;
use file::{Care, Schema};
use newest::Newest;
use queues::Queues;
use readers::Readers;
use seen::Seen;
use writer::{Tools, Writer};

pub use event::EventRetention;
pub use open_error::OpenError;
pub use writer::Writes;

const SCHEMA: Schema = Schema {
    application_id: 0x6d64_6d73,
    migrations: &[
        include_str!("../../migrations/state/0001.sql"),
        include_str!("../../migrations/state/0002.sql"),
        include_str!("../../migrations/state/0003.sql"),
        include_str!("../../migrations/state/0004.sql"),
    ],
};

/// How a store is opened.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many events are kept.
    pub events: EventRetention,
    /// Commits that may wait for the writer; one more is refused as overload.
    pub waiting: usize,
    /// Reading connections that stay open.
    pub readers: usize,
    /// Databases up to this size in bytes are checked whole when they are opened.
    pub check_up_to: u64,
}

impl Default for Options {
    /// 4096 waiting commits, 4 readers, checked up to 16 MiB.
    fn default() -> Self {
        Self {
            events: EventRetention::default(),
            waiting: 4096,
            readers: 4,
            check_up_to: 16 << 20,
        }
    }
}

/// The domain's storage in the file `state.db` of a data directory.
///
/// Dropping it writes what was handed over, closes the database and releases the directory.
#[derive(Debug)]
pub struct SqliteStore {
    // In this order they are dropped: the last connection tidies the log up, then the lock goes.
    readers: Arc<Readers>,
    writer: Writer,
    seen: Arc<Seen>,
    queues: Arc<Queues>,
    newest: Arc<Newest>,
    path: PathBuf,
    _lock: DirectoryLock,
}

impl SqliteStore {
    /// Opens the store of a data directory, which is made where it is missing, and locks it.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        file::make_directory(dir)?;
        let lock = DirectoryLock::take(dir)?;
        let path = dir.join("state.db");
        let failed = |source| OpenError::Sqlite {
            doing: "opening",
            path: path.clone(),
            source,
        };
        let spawning = |source| OpenError::Io {
            path: path.clone(),
            source,
        };
        let care = Care {
            synchronous: "FULL",
            check_up_to: options.check_up_to,
        };
        let conn = file::open_writer(&path, SCHEMA, care)?;
        let second = file::open_side(&path).map_err(failed)?;
        let (_, newest) = event::range(&conn).map_err(|e| OpenError::Damaged {
            path: path.clone(),
            what: e.to_string(),
        })?;
        let newest = Arc::new(Newest::new(newest));
        let seen = Arc::new(Seen::default());
        let queues = Arc::new(Queues::default());
        let tools = Tools {
            conn,
            checkpointer: Checkpointer::start(second).map_err(spawning)?,
            seen: Arc::clone(&seen),
            queues: Arc::clone(&queues),
            newest: Arc::clone(&newest),
            retention: options.events,
        };
        let writer = Writer::start(tools, options.waiting).map_err(spawning)?;
        let readers = Arc::new(Readers::new(path.clone(), options.readers));
        Ok(Self {
            readers,
            writer,
            seen,
            queues,
            newest,
            path,
            _lock: lock,
        })
    }

    /// The database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was written since the store was opened.
    pub fn writes(&self) -> Writes {
        self.writer.writes()
    }
}

#[cfg(test)]
mod tests;
