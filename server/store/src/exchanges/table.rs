//! The two tables of exchanges: those that mattered, and polls.

use rusqlite::{Connection, OptionalExtension};

use super::blob;
use super::exchange::Exchange;
use crate::sqlite::row::signed;

/// Rows deleted at once.
const PRUNED_AT_ONCE: i64 = 500;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// Exchanges that mattered.
    Exchanges,
    /// Polls that changed nothing.
    Polls,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Exchanges that changed something, at most.
    pub max_count: u64,
    /// Bytes of them at most, and of polls as many again.
    pub max_bytes: u64,
    /// None that is older than the newest one by more seconds than this.
    pub max_age_seconds: i64,
    /// Polls that changed nothing, of each device.
    pub polls_per_device: usize,
}

impl Default for Retention {
    /// 100 000, 1 GiB, 30 days, 20 polls.
    fn default() -> Self {
        Self {
            max_count: 100_000,
            max_bytes: 1 << 30,
            max_age_seconds: 30 * 86_400,
            polls_per_device: 20,
        }
    }
}

/// What a table holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) count: u64,
    pub(crate) bytes: u64,
}

/// Space for encoding, used again for every exchange.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    head: Vec<u8>,
    rest: Vec<u8>,
}

impl Table {
    const fn insert_sql(self) -> &'static str {
        match self {
            Self::Exchanges => {
                "INSERT INTO exchange (id, device, at, size, head, rest) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            }
            Self::Polls => {
                "INSERT INTO poll (id, device, at, size, head, rest) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            }
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Exchanges => "exchange",
            Self::Polls => "poll",
        }
    }

    /// Adds an exchange, and says how many bytes that were.
    pub(crate) fn insert(
        self,
        conn: &Connection,
        id: u64,
        exchange: &Exchange,
        scratch: &mut Scratch,
    ) -> rusqlite::Result<u64> {
        blob::write_head(exchange, &mut scratch.head);
        blob::write_rest(exchange, &mut scratch.rest);
        let size = (scratch.head.len() + scratch.rest.len()) as u64;
        let mut statement = conn.prepare_cached(self.insert_sql())?;
        statement.execute((
            signed(id),
            exchange.device.as_ref().map_or("", |d| d.as_str()),
            exchange.at.0,
            signed(size),
            &scratch.head,
            &scratch.rest,
        ))?;
        Ok(size)
    }

    /// Deletes an exchange, and says how many bytes that were. Looking first is cheaper than `RETURNING`, for which SQLite
    /// makes a table each time.
    pub(crate) fn delete(self, conn: &Connection, id: u64) -> rusqlite::Result<Option<u64>> {
        let (look, delete) = match self {
            Self::Exchanges => (
                "SELECT size FROM exchange WHERE id = ?1",
                "DELETE FROM exchange WHERE id = ?1",
            ),
            Self::Polls => (
                "SELECT size FROM poll WHERE id = ?1",
                "DELETE FROM poll WHERE id = ?1",
            ),
        };
        let size = conn
            .prepare_cached(look)?
            .query_row([signed(id)], |row| row.get(0))
            .optional()?;
        if size.is_some() {
            conn.prepare_cached(delete)?.execute([signed(id)])?;
        }
        Ok(size)
    }

    /// Deletes the oldest where `held` is too much or the oldest are from before `oldest`, a few
    /// hundred at once; true when there is more to delete.
    pub(crate) fn prune(
        self,
        conn: &Connection,
        held: &mut Held,
        most: Held,
        oldest: i64,
    ) -> rusqlite::Result<bool> {
        let sql = format!(
            "SELECT id, at, size FROM {} ORDER BY id LIMIT ?1",
            self.name()
        );
        let mut last = None;
        {
            let mut statement = conn.prepare_cached(&sql)?;
            let mut rows = statement.query([PRUNED_AT_ONCE])?;
            while let Some(row) = rows.next()? {
                let (id, at, size): (i64, i64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                if held.count <= most.count && held.bytes <= most.bytes && at >= oldest {
                    break;
                }
                held.count = held.count.saturating_sub(1);
                held.bytes = held.bytes.saturating_sub(size);
                last = Some(id);
            }
        }
        if let Some(last) = last {
            conn.execute(
                &format!("DELETE FROM {} WHERE id <= ?1", self.name()),
                [last],
            )?;
        }
        Ok(last.is_some() && (held.count > most.count || held.bytes > most.bytes))
    }
}
