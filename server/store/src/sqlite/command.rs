//! Commands, and messages that are kept for them.

use mdm_core::command::{Command, CommandState};
use mdm_core::id::{DeviceId, Version};
use rusqlite::{Connection, OptionalExtension, Statement};

use super::row::{self, ReadError, Row, signed};

/// The place of a command is given by its table, so it is read from there.
impl Row for Command {
    const KIND: &'static str = "command";
    const INSERT: &'static str = "INSERT INTO command (uuid, version, doc, device, channel, open, deferred_in) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (uuid) DO NOTHING";
    const UPDATE: &'static str = "UPDATE command SET version = ?2, doc = ?3, open = ?6, deferred_in = ?7 \
         WHERE uuid = ?1 AND version = ?2 - 1";
    const SELECT: &'static str = "SELECT doc, seq FROM command WHERE uuid = ?1";

    fn key(&self) -> &str {
        self.uuid.as_str()
    }

    fn version(&mut self) -> &mut Version {
        &mut self.version
    }

    fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        let deferred_in = match self.state {
            CommandState::Deferred => Some(signed(self.deferred_in.unwrap_or(0))),
            CommandState::Queued
            | CommandState::Sent
            | CommandState::Acknowledged
            | CommandState::Failed
            | CommandState::Malformed
            | CommandState::Cancelled => None,
        };
        statement.raw_bind_parameter(4, self.device.as_str())?;
        statement.raw_bind_parameter(5, self.channel.as_str())?;
        statement.raw_bind_parameter(6, self.state.is_open())?;
        statement.raw_bind_parameter(7, deferred_in)
    }

    fn complete(&mut self, row: &rusqlite::Row<'_>) -> rusqlite::Result<()> {
        self.seq = row.get(1)?;
        Ok(())
    }
}

/// The newest `limit` commands of a device, in order of their place.
pub(crate) fn of_device(
    conn: &Connection,
    device: &DeviceId,
    open_only: bool,
    limit: usize,
) -> Result<Vec<Command>, ReadError> {
    let sql = "SELECT doc, seq FROM (SELECT doc, seq FROM command WHERE device = ?1 AND open >= ?2 \
               ORDER BY seq DESC LIMIT ?3) ORDER BY seq";
    row::many(conn, sql, (device.as_str(), open_only, row::limit(limit)))
}

/// A kept message.
pub(crate) fn kept(conn: &Connection, key: &str) -> Result<Option<Vec<u8>>, ReadError> {
    let mut statement = conn.prepare_cached("SELECT bytes FROM kept WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

/// Keeps a message in the place of the one before, or drops it.
pub(crate) fn keep(conn: &Connection, key: &str, bytes: Option<&[u8]>) -> rusqlite::Result<()> {
    match bytes {
        Some(bytes) => conn
            .prepare_cached("INSERT INTO kept (key, bytes) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET bytes = ?2")?
            .execute((key, bytes)),
        None => conn.prepare_cached("DELETE FROM kept WHERE key = ?1")?.execute([key]),
    }
    .map(drop)
}
