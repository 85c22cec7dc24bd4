//! A batch of commits as one transaction. Each is all or nothing by itself.

use mdm_core::ports::{Commit, CommitError, Kept, Key, Record};
use rusqlite::Connection;

use super::row::{ReadError, unavailable, write};
use super::{command, device, event};

/// Longest message kept, in bytes.
const MAX_KEPT: usize = 4 << 20;

/// Why a whole batch did not happen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BatchError {
    #[error("the database fails")]
    Sqlite(#[from] rusqlite::Error),
    /// A commit failed and nothing else was kept: it may be stale, or the disk full.
    #[error("the database gave the transaction up")]
    GivenUp(#[source] CommitError),
}

/// Writes commits inside a transaction of its own, and answers with what became of each: the number
/// of the newest event after it. `newest` is the number before; when the transaction itself fails,
/// nothing of it happened.
///
/// Nearly always nothing fails, so the first attempt goes without savepoints: with them SQLite copies every page before
/// each commit changes it.
pub(crate) fn write_batch(
    conn: &Connection,
    commits: &mut [Commit],
    newest: u64,
) -> Result<Vec<Result<u64, CommitError>>, BatchError> {
    let mut outcomes = write_plainly(conn, commits, newest);
    if let Err(BatchError::GivenUp(_)) = outcomes {
        roll_back(conn)?;
        outcomes = write_guarded(conn, commits, newest);
    }
    if outcomes.is_err() {
        roll_back(conn)?;
    }
    outcomes
}

fn execute(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(drop)
}

fn roll_back(conn: &Connection) -> rusqlite::Result<()> {
    if conn.is_autocommit() {
        Ok(())
    } else {
        execute(conn, "ROLLBACK")
    }
}

/// All of the commits, or none of them where one fails.
fn write_plainly(
    conn: &Connection,
    commits: &mut [Commit],
    mut newest: u64,
) -> Result<Vec<Result<u64, CommitError>>, BatchError> {
    execute(conn, "BEGIN IMMEDIATE")?;
    let mut outcomes = Vec::with_capacity(commits.len());
    for commit in commits {
        newest = write_one(conn, commit, newest).map_err(BatchError::GivenUp)?;
        outcomes.push(Ok(newest));
    }
    execute(conn, "COMMIT")?;
    Ok(outcomes)
}

/// All commits that do not fail by themselves.
fn write_guarded(
    conn: &Connection,
    commits: &mut [Commit],
    mut newest: u64,
) -> Result<Vec<Result<u64, CommitError>>, BatchError> {
    execute(conn, "BEGIN IMMEDIATE")?;
    let mut outcomes = Vec::with_capacity(commits.len());
    for commit in commits {
        execute(conn, "SAVEPOINT one")?;
        match write_one(conn, commit, newest) {
            Ok(number) => {
                newest = number;
                outcomes.push(Ok(number));
            }
            Err(e) if conn.is_autocommit() => return Err(BatchError::GivenUp(e)),
            Err(e) => {
                execute(conn, "ROLLBACK TO one")?;
                outcomes.push(Err(e));
            }
        }
        execute(conn, "RELEASE one")?;
    }
    execute(conn, "COMMIT")?;
    Ok(outcomes)
}

/// What is deleted is gone, even where the same commit writes something of it; events come last, so
/// that what they say of a deleted device stays.
fn write_one(conn: &Connection, commit: &mut Commit, mut newest: u64) -> Result<u64, CommitError> {
    for record in &mut commit.records {
        match record {
            Record::Device(r) => write(conn, r),
            Record::Channel(r) => write(conn, r),
            Record::Command(r) => write(conn, r),
            Record::Delivery(r) => write(conn, r),
            Record::Profile(r) => write(conn, r),
            Record::Code(r) => write(conn, r),
            Record::Challenge(r) => write(conn, r),
            Record::Certificate(r) => write(conn, r),
            Record::Link(r) => write(conn, r),
            Record::Session(r) => write(conn, r),
            Record::User(r) => write(conn, r),
            Record::Group(r) => write(conn, r),
            Record::Assignment(r) => write(conn, r),
            Record::Settings(r) => write(conn, r),
            Record::Prompt(r) => write(conn, r),
        }?;
    }
    for kept in &commit.kept {
        keep(conn, kept)?;
    }
    for key in &commit.deleted {
        delete(conn, key).map_err(|e| unavailable("deleting a record", e))?;
    }
    for new in &commit.events {
        newest += 1;
        event::append(conn, newest, new)
            .map_err(|e: ReadError| unavailable("appending an event", e))?;
    }
    Ok(newest)
}

fn keep(conn: &Connection, kept: &Kept) -> Result<(), CommitError> {
    let size = kept.bytes.as_ref().map_or(0, Vec::len);
    if size > MAX_KEPT {
        let why = format!("{size} bytes are more than {MAX_KEPT}");
        return Err(unavailable(format!("keeping the message `{}`", kept.key), why).into());
    }
    command::keep(conn, &kept.key, kept.bytes.as_deref())
        .map_err(|e| unavailable(format!("keeping the message `{}`", kept.key), e).into())
}

fn delete(conn: &Connection, key: &Key) -> rusqlite::Result<()> {
    let (sql, id) = match key {
        Key::Device(id) => return device::delete(conn, id),
        Key::Profile(id) => ("DELETE FROM profile WHERE id = ?1", id.as_str()),
        Key::Code(code) => ("DELETE FROM code WHERE code = ?1", code.as_str()),
        Key::Challenge(id) => ("DELETE FROM challenge WHERE id = ?1", id.as_str()),
        Key::User(id) => ("DELETE FROM user WHERE id = ?1", id.as_str()),
        Key::Group(id) => ("DELETE FROM member_group WHERE id = ?1", id.as_str()),
        Key::Assignment(id) => ("DELETE FROM assignment WHERE id = ?1", id.as_str()),
        Key::Link(token) => {
            conn.prepare_cached("DELETE FROM kept WHERE key = 'link:' || ?1")?
                .execute([token.as_str()])?;
            ("DELETE FROM link WHERE token = ?1", token.as_str())
        }
    };
    conn.prepare_cached(sql)?.execute([id]).map(drop)
}

#[cfg(test)]
mod tests {
    use mdm_core::event::{Kind, NewEvent};
    use mdm_core::id::Scope;
    use mdm_core::time::Timestamp;

    use super::*;

    fn bulky(key: u32) -> Commit {
        let event = NewEvent::new(Timestamp(1), &Scope::default(), Kind::CodeMinted, "x");
        let kept = Kept {
            key: format!("link:{key}"),
            bytes: Some(vec![7; 20_000]),
        };
        Commit {
            kept: vec![kept],
            events: vec![event],
            ..Commit::default()
        }
    }

    /// A limit on pages is what a full disk looks like to SQLite.
    #[test]
    fn a_full_disk_loses_nothing_that_was_answered() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        let conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        conn.execute_batch(include_str!("../../migrations/state/0001.sql"))
            .unwrap();
        let pages: u32 = conn
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .unwrap();
        let limit = |pages: u32| {
            conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
                .unwrap();
        };
        limit(pages + 40);
        let mut newest = 0;
        let mut written = Vec::new();
        let mut refused = 0;
        for batch in 0..10 {
            let keys: Vec<u32> = (batch * 5..batch * 5 + 5).collect();
            match write_batch(
                &conn,
                &mut keys.iter().map(|key| bulky(*key)).collect::<Vec<_>>(),
                newest,
            ) {
                Ok(outcomes) => {
                    for (key, outcome) in keys.iter().zip(outcomes) {
                        match outcome {
                            Ok(number) => {
                                newest = number;
                                written.push(*key);
                            }
                            Err(_) => refused += 1,
                        }
                    }
                }
                Err(_) => refused += keys.len(),
            }
            assert!(conn.is_autocommit(), "no transaction is left open");
        }
        assert!(
            !written.is_empty() && refused > 0,
            "{written:?}, {refused} refused"
        );
        limit(pages + 4000);
        let after = write_batch(&conn, &mut [bulky(99)], newest)
            .unwrap()
            .remove(0)
            .unwrap();
        written.push(99);
        assert_eq!(after, written.len() as u64, "numbers without gaps");
        drop(conn);
        let conn = Connection::open(&path).unwrap();
        assert_eq!(event::range(&conn).unwrap(), (1, after));
        for key in 0..100 {
            let there = command::kept(&conn, &format!("link:{key}"))
                .unwrap()
                .is_some();
            assert_eq!(there, written.contains(&key), "{key}");
        }
    }
}
