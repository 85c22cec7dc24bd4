//! Moving what was committed from the write-ahead log into the database, beside the writer.
//!
//! Left to SQLite, every thousandth page makes one commit wait for all of it. A thread of its own
//! moves pages while the writer goes on; the writer itself only begins the log anew when it is idle
//! or the log grew too long, because that needs a moment without writes.
//!
//! The file of the log is written over and not cut: where a commit makes the file longer, `fdatasync`
//! has to write the file's length, too, and takes several times as long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Between two checkpoints.
const PAUSE: Duration = Duration::from_millis(300);

/// The log begins anew when it is longer than this, in pages: as many as one page of SQLite's index of the log lists.
const LONGEST: u64 = 4096;

/// What is left of the file when it had to grow longer, in bytes.
pub(crate) const LONGEST_FILE: u64 = 24 << 20;

/// How long beginning anew may wait for readers.
const WAIT: Duration = Duration::from_millis(20);

/// The thread that checkpoints, for as long as the writer holds this.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    work: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Pages of the log at the last checkpoint.
    length: Arc<AtomicU64>,
}

impl Checkpointer {
    /// Starts it on a connection of its own.
    pub(crate) fn start(conn: Connection) -> std::io::Result<Self> {
        let (work, commits) = sync_channel(1);
        let length = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&length);
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || run(&conn, &commits, &told))?;
        Ok(Self {
            work: Some(work),
            thread: Some(thread),
            length,
        })
    }

    /// Says that there was a commit, and begins the log anew where it is too long.
    pub(crate) fn committed(&self, writer: &Connection) {
        if let Some(work) = &self.work {
            match work.try_send(()) {
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
        if self.length.load(Ordering::Relaxed) > LONGEST {
            // Where readers hold it, the next checkpoint says again that it is too long.
            self.length.store(0, Ordering::Relaxed);
            restart(writer, WAIT);
        }
    }
}

/// Begins the log anew while nothing is written, unless readers hold it.
pub(crate) fn restart_idle(writer: &Connection) {
    restart(writer, Duration::ZERO);
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the checkpoint thread panicked");
        }
    }
}

fn run(conn: &Connection, commits: &Receiver<()>, length: &AtomicU64) {
    let passive = || length.store(checkpoint(conn, "PASSIVE"), Ordering::Relaxed);
    while commits.recv().is_ok() {
        passive();
        let next = Instant::now() + PAUSE;
        loop {
            match commits.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        passive();
    }
}

fn restart(writer: &Connection, wait: Duration) {
    let busy = |wait| {
        if let Err(error) = writer.busy_timeout(wait) {
            tracing::warn!(%error, "setting the busy timeout");
        }
    };
    busy(wait);
    checkpoint(writer, "RESTART");
    busy(super::file::BUSY);
}

/// Checkpoints, and says how many pages the log holds; 0 where that is not known.
fn checkpoint(conn: &Connection, how: &str) -> u64 {
    let length: rusqlite::Result<i64> =
        conn.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |row| {
            row.get(1)
        });
    match length {
        Ok(pages) => u64::try_from(pages).unwrap_or(0),
        Err(error) => {
            tracing::warn!(%error, how, "checkpoint");
            0
        }
    }
}
