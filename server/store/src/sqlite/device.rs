//! Devices, and when they were last heard of.

use mdm_core::device::Device;
use mdm_core::id::{DeviceId, Scope, Version};
use mdm_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Statement};

use super::conditions::Conditions;
use super::row::{self, ReadError, Row};

impl Row for Device {
    const KIND: &'static str = "device";
    const INSERT: &'static str = "INSERT INTO device (id, version, doc, scope, udid, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING";
    const UPDATE: &'static str = "UPDATE device SET version = ?2, doc = ?3, scope = ?4, udid = ?5, created_at = ?6 \
         WHERE id = ?1 AND version = ?2 - 1";
    const SELECT: &'static str = "SELECT doc FROM device WHERE id = ?1";

    fn key(&self) -> &str {
        self.id.as_str()
    }

    fn version(&mut self) -> &mut Version {
        &mut self.version
    }

    fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        statement.raw_bind_parameter(4, self.scope.as_str())?;
        statement.raw_bind_parameter(5, self.hardware.udid.as_deref())?;
        statement.raw_bind_parameter(6, self.created_at.0)
    }
}

/// The latest device that calls itself `udid`.
pub(crate) fn by_udid(conn: &Connection, udid: &str) -> Result<Option<Device>, ReadError> {
    row::one(
        conn,
        "SELECT doc FROM device WHERE udid = ?1 ORDER BY created_at DESC, n DESC LIMIT 1",
        [udid],
    )
}

/// Devices in the order they were made, after `after`; none after one that is not there.
pub(crate) fn list(
    conn: &Connection,
    scope: Option<&Scope>,
    after: Option<&DeviceId>,
    limit: usize,
) -> Result<Vec<Device>, ReadError> {
    let mut conditions = Conditions::default();
    conditions.and("scope = ?", scope.map(|s| s.as_str().to_owned()));
    conditions.and(
        "(created_at, n) > (SELECT created_at, n FROM device WHERE id = ?)",
        after.map(|id| id.as_str().to_owned()),
    );
    let sql = format!(
        "SELECT doc FROM device{} ORDER BY created_at, n LIMIT ?",
        conditions.sql()
    );
    row::many(
        conn,
        &sql,
        rusqlite::params_from_iter(conditions.into_values(row::limit(limit))),
    )
}

/// When a device was last heard of, as far as it was written.
pub(crate) fn last_seen(conn: &Connection, id: &DeviceId) -> Result<Option<Timestamp>, ReadError> {
    let mut statement = conn.prepare_cached("SELECT at FROM last_seen WHERE device = ?1")?;
    Ok(statement
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?
        .map(Timestamp))
}

/// Writes when a device was last heard of; an earlier time than the one known changes nothing.
pub(crate) fn write_last_seen(
    conn: &Connection,
    id: &DeviceId,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO last_seen (device, at) VALUES (?1, ?2) ON CONFLICT (device) DO UPDATE SET at = max(at, ?2)",
    )?;
    statement.execute((id.as_str(), at.0)).map(drop)
}

/// Deletes a device with its channels, commands, session, their kept messages and when it was last heard of;
/// its events keep what happened and lose what they say.
pub(crate) fn delete(conn: &Connection, id: &DeviceId) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM kept WHERE key IN (SELECT 'command:' || uuid FROM command WHERE device = ?1)",
        "DELETE FROM kept WHERE key = 'session:' || ?1",
        "DELETE FROM session WHERE device = ?1",
        "DELETE FROM command WHERE device = ?1",
        "DELETE FROM channel WHERE device = ?1",
        "DELETE FROM last_seen WHERE device = ?1",
        "DELETE FROM device WHERE id = ?1",
        "UPDATE event SET doc = json_remove(json_set(doc, '$.text', ''), '$.facts') WHERE device = ?1",
    ] {
        conn.prepare_cached(sql)?.execute([id.as_str()])?;
    }
    Ok(())
}
