//! Channels, and what may be offered on one.

use mdm_core::channel::{Channel, Owner};
use mdm_core::id::{ChannelId, DeviceId, Version};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};

use super::queues::Head;
use super::row::{self, ReadError, Row, signed};

impl Row for Channel {
    const KIND: &'static str = "channel";
    const INSERT: &'static str = "INSERT INTO channel (id, version, doc, device, own, session) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING";
    const UPDATE: &'static str = "UPDATE channel SET version = ?2, doc = ?3, session = ?6 WHERE id = ?1 AND version = ?2 - 1";
    const SELECT: &'static str = "SELECT doc FROM channel WHERE id = ?1";

    fn key(&self) -> &str {
        self.id.as_str()
    }

    fn version(&mut self) -> &mut Version {
        &mut self.version
    }

    fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        statement.raw_bind_parameter(4, self.device.as_str())?;
        statement.raw_bind_parameter(5, matches!(self.owner, Owner::Device))?;
        statement.raw_bind_parameter(6, signed(self.session))
    }
}

/// The channels of a device, its own first.
pub(crate) fn of_device(conn: &Connection, device: &DeviceId) -> Result<Vec<Channel>, ReadError> {
    row::many(
        conn,
        "SELECT doc FROM channel WHERE device = ?1 ORDER BY own DESC, n",
        [device.as_str()],
    )
}

/// One statement, so that channel and commands are of one moment. `?2` is 1 when a new session
/// begins, which makes every deferred command one of an earlier session.
const HEAD: &str = "SELECT cmd.doc, cmd.seq, ch.doc, \
     (SELECT max(d.deferred_in) FROM command d WHERE d.channel = ch.id AND d.deferred_in IS NOT NULL) \
     FROM channel ch LEFT JOIN command cmd ON cmd.channel = ch.id AND cmd.open = 1 \
     AND (cmd.deferred_in IS NULL OR cmd.deferred_in < ch.session + ?2) \
     WHERE ch.id = ?1 ORDER BY cmd.seq LIMIT ?3";

/// What may be offered on a channel: `limit` commands, or as many as are remembered where that is more.
pub(crate) fn head(
    conn: &Connection,
    id: &ChannelId,
    new_session: bool,
    limit: usize,
) -> Result<Option<Head>, ReadError> {
    let limit = limit.max(Head::LENGTH);
    let mut statement = conn.prepare_cached(HEAD)?;
    let mut rows = statement.query((id.as_str(), i64::from(new_session), row::limit(limit)))?;
    let Some(first) = rows.next()? else {
        return Ok(None);
    };
    let channel = serde_json::from_slice(
        first
            .get_ref(2)?
            .as_bytes()
            .map_err(rusqlite::Error::from)?,
    )?;
    let mut head = Head {
        channel,
        offerable: Vec::new(),
        more: false,
        deferred_in: first.get(3)?,
    };
    let mut next = Some(first);
    while let Some(row) = next {
        if row.get_ref(1)? != ValueRef::Null {
            head.offerable.push(row::parse(row)?);
        }
        next = rows.next()?;
    }
    head.more = head.offerable.len() >= limit;
    Ok(Some(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_read_through_its_indexes() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(include_str!("../../migrations/state/0001.sql"))
            .unwrap();
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {HEAD}")).unwrap();
        let plan: Vec<String> = statement
            .query_map(("c", 0, 4), |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let plan = plan.join("\n");
        assert!(
            plan.contains("USING INDEX command_queue (channel=?)"),
            "{plan}"
        );
        assert!(
            plan.contains("USING COVERING INDEX command_deferred (channel=? AND deferred_in>?)"),
            "{plan}"
        );
        assert!(!plan.contains("SCAN"), "{plan}");
    }
}
