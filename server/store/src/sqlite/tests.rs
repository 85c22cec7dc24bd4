//! The contract, and what is SQLite's own.

use async_trait::async_trait;
use mdm_core::event::{Kind, NewEvent};
use mdm_core::id::Scope;
use mdm_core::ports::{Commit, EventFilter, Store};
use mdm_core::time::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;
use crate::contract::{self, Place};

struct Directory(TempDir);

#[async_trait]
impl Place for Directory {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.0.path(), Options::default()).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract() {
    contract::run(|| Directory(tempfile::tempdir().unwrap())).await;
}

fn event() -> Commit {
    let event = NewEvent::new(Timestamp(1), &Scope::default(), Kind::CodeMinted, "x");
    Commit {
        events: vec![event],
        ..Commit::default()
    }
}

#[test]
fn a_second_instance_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let first = SqliteStore::open(dir.path(), Options::default()).unwrap();
    let refused = SqliteStore::open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(refused, OpenError::Locked(_)), "{refused}");
    let expected = format!(
        "the data directory {} is in use by process {}",
        dir.path().display(),
        std::process::id()
    );
    assert_eq!(refused.to_string(), expected);
    drop(first);
    SqliteStore::open(dir.path(), Options::default()).unwrap();
}

#[test]
fn a_newer_schema_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), Options::default()).unwrap();
    let path = store.path().to_owned();
    drop(store);
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 7)
        .unwrap();
    let expected = format!(
        "the database {} has schema 7, this program knows 4: a newer release wrote it; run that one, or choose \
         another data directory",
        path.display()
    );
    assert_eq!(
        SqliteStore::open(dir.path(), Options::default())
            .unwrap_err()
            .to_string(),
        expected
    );
}

/// While somebody outside holds the database, commits gather.
fn hold(store: &SqliteStore) -> Connection {
    let outside = Connection::open(store.path()).unwrap();
    outside.execute_batch("BEGIN IMMEDIATE").unwrap();
    outside
}

#[tokio::test]
async fn commits_that_gather_share_a_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(dir.path(), Options::default()).unwrap());
    let outside = hold(&store);
    let mut commits = JoinSet::new();
    for _ in 0..400 {
        let store = Arc::clone(&store);
        commits.spawn(async move { store.commit(event()).await.unwrap() });
    }
    // Every task has handed its commit over once all were polled.
    tokio::task::yield_now().await;
    outside.execute_batch("ROLLBACK").unwrap();
    let mut numbers = commits.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=400).collect::<Vec<u64>>());
    let writes = store.writes();
    assert_eq!(writes.commits, 400);
    // Two on an idle machine; on a busy one some tasks hand over only after the writer is free again.
    assert!(writes.transactions < 40, "{writes:?}");
}

#[tokio::test]
async fn too_many_waiting_commits_are_shed() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        waiting: 3,
        ..Options::default()
    };
    let store = Arc::new(SqliteStore::open(dir.path(), options).unwrap());
    let outside = hold(&store);
    let mut commits = JoinSet::new();
    for _ in 0..2000 {
        let store = Arc::clone(&store);
        commits.spawn(async move { store.commit(event()).await });
    }
    tokio::task::yield_now().await;
    outside.execute_batch("ROLLBACK").unwrap();
    let mut written = 0;
    for outcome in commits.join_all().await {
        match outcome {
            Ok(_) => written += 1,
            Err(mdm_core::ports::CommitError::Unavailable(e)) => {
                assert!(e.overloaded, "{e}");
                assert_eq!(
                    e.to_string(),
                    "storage: too many changes wait to be written"
                );
            }
            Err(e) => panic!("{e}"),
        }
    }
    assert!(
        (1..=515).contains(&written),
        "a batch and the queue: {written}"
    );
    assert_eq!(
        store.event_range().await.unwrap(),
        (1, written),
        "what was refused is not there"
    );
    store.commit(event()).await.unwrap();
}

#[tokio::test]
async fn old_events_are_pruned_while_writing() {
    let dir = tempfile::tempdir().unwrap();
    let events = EventRetention {
        max_count: 100,
        ..EventRetention::default()
    };
    let store = SqliteStore::open(
        dir.path(),
        Options {
            events,
            ..Options::default()
        },
    )
    .unwrap();
    for _ in 0..3 {
        let mut many = event();
        many.events = vec![many.events[0].clone(); 700];
        store.commit(many).await.unwrap();
    }
    drop(store);
    let store = SqliteStore::open(dir.path(), Options::default()).unwrap();
    assert_eq!(store.event_range().await.unwrap(), (2001, 2100));
    let after_a_gap = store.events(5, &EventFilter::default(), 1).await.unwrap();
    assert_eq!(
        after_a_gap[0].seq, 2001,
        "a cursor from before the oldest shows in the range"
    );
}

#[tokio::test]
async fn secrets_are_on_disk_but_in_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), Options::default()).unwrap();
    let outside = Connection::open(store.path()).unwrap();
    outside
        .execute(
            "INSERT INTO link (token, version, doc) VALUES ('the-token', 1, '{broken')",
            [],
        )
        .unwrap();
    let error = store.link(&"the-token".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.to_string(), "storage: reading a link");
    outside
        .execute(
            "INSERT INTO code (code, version, doc, created_at) VALUES ('C', 1, '{}', 1)",
            [],
        )
        .unwrap();
    let error = store.code(&"C".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.to_string(), "storage: reading the code `C`");
    assert!(!error.overloaded);
}
