//! Moving what was committed from the write-ahead log into the database, beside the writer.
//!
//! Left to SQLite, every thousandth page makes one commit wait for all of it. A thread of its own
//! moves pages while the writer goes on; the writer itself only cuts the log when it is idle or the
//! log grew too long, because that needs a moment without writes.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Between two checkpoints.
const PAUSE: Duration = Duration::from_millis(300);

/// The log is cut when it is longer than this, in bytes.
const LONGEST: u64 = 128 << 20;

/// Between two attempts to cut a log that is too long, while readers hold it.
const CUT_PAUSE: Duration = Duration::from_secs(1);

/// How long cutting may wait for readers.
const CUT_WAIT: Duration = Duration::from_millis(200);

/// The thread that checkpoints, for as long as the writer holds this.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    work: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    log: PathBuf,
    cut: Option<Instant>,
}

impl Checkpointer {
    /// Starts it on a connection of its own.
    pub(crate) fn start(conn: Connection, database: &Path) -> std::io::Result<Self> {
        let (work, commits) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || run(&conn, &commits))?;
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        Ok(Self {
            work: Some(work),
            thread: Some(thread),
            log: log.into(),
            cut: None,
        })
    }

    /// Says that there was a commit, and cuts the log where it is too long.
    pub(crate) fn committed(&mut self, writer: &Connection) {
        if let Some(work) = &self.work {
            match work.try_send(()) {
                Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
            }
        }
        let due = self.cut.is_none_or(|at| at.elapsed() >= CUT_PAUSE);
        if due && std::fs::metadata(&self.log).is_ok_and(|log| log.len() > LONGEST) {
            self.cut = Some(Instant::now());
            cut(writer, CUT_WAIT);
        }
    }
}

/// Cuts the log while nothing is written, unless readers hold it.
pub(crate) fn cut_idle(writer: &Connection) {
    cut(writer, Duration::ZERO);
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

fn run(conn: &Connection, commits: &Receiver<()>) {
    while commits.recv().is_ok() {
        checkpoint(conn, "PASSIVE");
        let next = Instant::now() + PAUSE;
        loop {
            match commits.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        checkpoint(conn, "PASSIVE");
    }
}

fn cut(writer: &Connection, wait: Duration) {
    let busy = |wait| {
        if let Err(error) = writer.busy_timeout(wait) {
            tracing::warn!(%error, "setting the busy timeout");
        }
    };
    busy(wait);
    checkpoint(writer, "TRUNCATE");
    busy(super::file::BUSY);
}

fn checkpoint(conn: &Connection, how: &str) {
    if let Err(error) = conn.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(())) {
        tracing::warn!(%error, how, "checkpoint");
    }
}
