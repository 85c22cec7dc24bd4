//! The one thread that writes, with group commit.
//!
//! Whoever commits hands his change over and waits. The thread takes what is there, writes it in
//! one transaction, and answers everybody once it is on disk: one `fdatasync` serves them all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mdm_core::ports::{Commit, CommitError, Follow, Key, StoreUnavailable};
use mdm_core::time::Timestamp;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::batch::write_batch;
use super::checkpoint::{Checkpointer, restart_idle};
use super::event::{self, EventRetention};
use super::newest::Newest;
use super::queues::Queues;
use super::row::unavailable;
use super::seen::Seen;
use super::sweep::sweep;

/// Commits written in one transaction at most.
const BATCH: usize = 512;

/// Without a commit for so long, the writer tidies up.
const IDLE: Duration = Duration::from_secs(1);

/// Under unbroken load, what was gathered is written this often.
const GATHERED: Duration = Duration::from_secs(5);

/// Events appended between two looks at their number.
const PRUNE_EVERY: u64 = 500;

type Answer = oneshot::Sender<Result<u64, CommitError>>;

enum Job {
    Commit(Commit, Answer),
    /// Something was gathered: come by when idle.
    Wake,
    /// Drop what can no longer be used at this time.
    Sweep(Timestamp, oneshot::Sender<rusqlite::Result<()>>),
}

/// What the writer did since it was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Writes {
    /// Commits that were answered with success.
    pub commits: u64,
    /// Transactions they were written in: each is one `fdatasync`.
    pub transactions: u64,
}

#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    transactions: AtomicU64,
}

/// The writing thread, for as long as this lives. Dropping it writes what was handed over and waits.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

/// What the thread works with.
pub(crate) struct Tools {
    pub(crate) conn: Connection,
    pub(crate) checkpointer: Checkpointer,
    pub(crate) seen: Arc<Seen>,
    pub(crate) queues: Arc<Queues>,
    pub(crate) newest: Arc<Newest>,
    pub(crate) retention: EventRetention,
}

impl Writer {
    /// Starts the thread with room for `waiting` commits.
    pub(crate) fn start(tools: Tools, waiting: usize) -> std::io::Result<Self> {
        let (jobs, received) = sync_channel(waiting);
        let counters = Arc::new(Counters::default());
        let newest = tools.newest.newest();
        let mut work = Work {
            tools,
            counters: Arc::clone(&counters),
            newest,
            unpruned: 0,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work.run(&received))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            counters,
        })
    }

    /// Hands a commit over and waits until it is on disk.
    pub(crate) async fn commit(&self, commit: Commit) -> Result<u64, CommitError> {
        let (answer, answered) = oneshot::channel();
        self.hand_over(Job::Commit(commit, answer))?;
        match answered.await {
            Ok(outcome) => outcome,
            Err(_) => Err(stopped().into()),
        }
    }

    /// Drops what can no longer be used at `now`, and waits until that is done.
    pub(crate) async fn sweep(&self, now: Timestamp) -> Result<(), StoreUnavailable> {
        let (answer, answered) = oneshot::channel();
        self.hand_over(Job::Sweep(now, answer))?;
        match answered.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(unavailable("dropping what is of no use", Arc::new(error))),
            Err(_) => Err(stopped()),
        }
    }

    /// Says that something was gathered. Where there is no room, the writer is awake anyway.
    pub(crate) fn wake(&self) -> Result<(), StoreUnavailable> {
        match self.hand_over(Job::Wake) {
            Err(e) if !e.overloaded => Err(e),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    pub(crate) fn writes(&self) -> Writes {
        Writes {
            commits: self.counters.commits.load(Ordering::Relaxed),
            transactions: self.counters.transactions.load(Ordering::Relaxed),
        }
    }

    fn hand_over(&self, job: Job) -> Result<(), StoreUnavailable> {
        match self.jobs.as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(StoreUnavailable {
                doing: "too many changes wait to be written".to_owned(),
                overloaded: true,
                source: None,
            }),
            Some(Err(TrySendError::Disconnected(_))) | None => Err(stopped()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writing thread panicked");
        }
    }
}

fn stopped() -> StoreUnavailable {
    StoreUnavailable {
        doing: "the writer has stopped".to_owned(),
        overloaded: false,
        source: None,
    }
}

struct Work {
    tools: Tools,
    counters: Arc<Counters>,
    newest: u64,
    unpruned: u64,
}

impl Work {
    fn run(&mut self, jobs: &Receiver<Job>) {
        let mut untidy = false;
        let mut tidied = Instant::now();
        loop {
            let first = if untidy {
                jobs.recv_timeout(IDLE)
            } else {
                jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match first {
                Ok(first) => {
                    if !untidy {
                        tidied = Instant::now();
                    }
                    untidy = true;
                    self.write(first, jobs);
                    if tidied.elapsed() >= GATHERED {
                        self.write_gathered();
                        tidied = Instant::now();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.tidy();
                    untidy = false;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.tidy();
    }

    fn write(&mut self, first: Job, jobs: &Receiver<Job>) {
        let mut commits = Vec::new();
        let mut answers = Vec::new();
        let more = std::iter::from_fn(|| jobs.try_recv().ok());
        for job in std::iter::once(first).chain(more).take(BATCH) {
            match job {
                Job::Commit(commit, answer) => {
                    commits.push(commit);
                    answers.push(answer);
                }
                Job::Wake => {}
                Job::Sweep(now, answer) => drop(answer.send(sweep(&self.tools.conn, now))),
            }
        }
        if commits.is_empty() {
            return;
        }
        let written = write_batch(&self.tools.conn, &mut commits, self.newest);
        let succeeded = |at: usize| match &written {
            Ok(outcomes) => outcomes.get(at).is_some_and(Result::is_ok),
            Err(_) => false,
        };
        let all = commits.iter().enumerate();
        self.tools
            .queues
            .committed(all.map(|(at, commit)| (commit, succeeded(at))));
        match written {
            Ok(outcomes) => self.answer(outcomes, answers, &commits),
            Err(error) => {
                tracing::error!(%error, commits = answers.len(), "writing a batch");
                let error = Arc::new(error);
                for answer in answers {
                    // Whoever no longer waits needs no answer, here and below.
                    drop(answer.send(Err(
                        unavailable("writing a change", Arc::clone(&error)).into(),
                    )));
                }
            }
        }
    }

    fn answer(
        &mut self,
        outcomes: Vec<Result<u64, CommitError>>,
        answers: Vec<Answer>,
        commits: &[Commit],
    ) {
        let before = self.newest;
        let mut written = 0;
        for (outcome, commit) in outcomes.iter().zip(commits) {
            let Ok(number) = outcome else { continue };
            written += 1;
            self.newest = *number;
            for key in &commit.deleted {
                if let Key::Device(device) = key {
                    self.tools.seen.forget(device);
                }
            }
        }
        self.counters.commits.fetch_add(written, Ordering::Relaxed);
        self.counters
            .transactions
            .fetch_add(u64::from(written > 0), Ordering::Relaxed);
        self.tools.newest.publish(self.newest);
        for (outcome, answer) in outcomes.into_iter().zip(answers) {
            drop(answer.send(outcome));
        }
        self.tools.checkpointer.committed(&self.tools.conn);
        self.unpruned += self.newest - before;
        if self.unpruned >= PRUNE_EVERY {
            self.unpruned = 0;
            self.prune();
        }
    }

    /// Deletes some old events; true when more may be left.
    fn prune(&self) -> bool {
        event::prune(&self.tools.conn, self.tools.retention).unwrap_or_else(|error| {
            tracing::warn!(%error, "pruning events");
            false
        })
    }

    fn write_gathered(&mut self) {
        if let Err(error) = self.tools.seen.write(&mut self.tools.conn) {
            tracing::warn!(%error, "writing when devices were last heard of");
        }
    }

    fn tidy(&mut self) {
        self.write_gathered();
        self.prune();
        restart_idle(&self.tools.conn);
    }
}
