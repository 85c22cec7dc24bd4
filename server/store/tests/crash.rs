//! A process that is killed while it writes loses nothing that it was told is written.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use mdm_core::event::{Kind, NewEvent};
use mdm_core::id::Scope;
use mdm_core::ports::{Commit, EventFilter, Kept, Store};
use mdm_core::time::Timestamp;
use mdm_store::SqliteStore;
use mdm_store::sqlite::Options;

const KILLS: usize = 20;

/// Tells the child that it may write here.
const MARK: &str = "may-be-killed";

fn commit(name: &str) -> Commit {
    let event = NewEvent::new(Timestamp(1), &Scope::default(), Kind::CodeMinted, name);
    let kept = Kept {
        key: format!("link:{name}"),
        bytes: Some(name.as_bytes().to_vec()),
    };
    Commit {
        events: vec![event],
        kept: vec![kept],
        ..Commit::default()
    }
}

/// The process that is killed: eight tasks commit without end and tell each number once it is
/// answered.
#[tokio::test]
#[ignore = "run as a child process by the test below"]
async fn child() {
    let dir = std::env::current_dir().unwrap();
    if !dir.join(MARK).exists() {
        return;
    }
    let store = Arc::new(SqliteStore::open(&dir.join("data"), Options::default()).unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in 0_u64.. {
                let name = format!("{}-{task}-{n}", std::process::id());
                let seq = store.commit(commit(&name)).await.unwrap();
                writeln!(std::io::stdout(), "answered {seq} {name}").unwrap();
            }
        });
    }
    tasks.join_all().await;
}

/// Runs the child until it told `lines` numbers, kills it, and gives all it told.
fn run_and_kill(dir: &Path, lines: usize) -> Vec<(u64, String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .current_dir(dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(child.stdout.take().unwrap());
    let mut answered = Vec::new();
    for line in told.lines() {
        let Ok(line) = line else { break };
        // The last line may be cut by the kill.
        let mut words = line.split(' ');
        if let (Some("answered"), Some(seq), Some(name), None) =
            (words.next(), words.next(), words.next(), words.next())
        {
            answered.push((seq.parse().unwrap(), name.to_owned()));
        }
        if answered.len() == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(
        answered.len() >= lines,
        "the child ended by itself after {}",
        answered.len()
    );
    answered.pop();
    answered
}

#[tokio::test]
async fn kills_lose_nothing_that_was_answered() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(MARK), "").unwrap();
    let mut answered = Vec::new();
    for kill in 0..KILLS {
        answered.extend(run_and_kill(dir.path(), 20 + 13 * kill));
    }
    let store = SqliteStore::open(&dir.path().join("data"), Options::default()).unwrap();
    let events = store
        .events(0, &EventFilter::default(), usize::MAX)
        .await
        .unwrap();
    for (expected, event) in (1..).zip(&events) {
        assert_eq!(event.seq, expected, "numbers have no gaps");
        let kept = store
            .kept(&format!("link:{}", event.event.text))
            .await
            .unwrap();
        assert_eq!(
            kept.as_deref(),
            Some(event.event.text.as_bytes()),
            "a commit is whole"
        );
    }
    for (seq, name) in &answered {
        let event = usize::try_from(seq - 1)
            .ok()
            .and_then(|index| events.get(index));
        assert_eq!(
            event.map(|e| &e.event.text),
            Some(name),
            "{seq} was answered"
        );
    }
    assert!(answered.len() > KILLS * 19, "{}", answered.len());
    let path = store.path().to_owned();
    drop(store);
    let conn = rusqlite::Connection::open(path).unwrap();
    let verdict: String = conn
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
}
