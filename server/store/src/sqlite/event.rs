//! Events: appended in order, read after a number, the oldest pruned.

use mdm_core::event::{Event, NewEvent};
use mdm_core::id::{DeliveryId, DeviceId};
use mdm_core::ports::EventFilter;
use rusqlite::{Connection, OptionalExtension};

use super::conditions::Conditions;
use super::row::{self, ReadError, signed};

/// How many events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRetention {
    /// At most so many, and at least the last one.
    pub max_count: u64,
    /// None that is older than the newest one by more seconds than this.
    pub max_age_seconds: i64,
}

impl Default for EventRetention {
    /// A million, 90 days.
    fn default() -> Self {
        Self {
            max_count: 1_000_000,
            max_age_seconds: 90 * 86_400,
        }
    }
}

/// Events deleted at once, so that no commit waits long for it.
const PRUNED_AT_ONCE: u64 = 1_000;

/// Appends an event with this number.
pub(crate) fn append(conn: &Connection, seq: u64, event: &NewEvent) -> Result<(), ReadError> {
    let doc = serde_json::to_string(event)?;
    let mut statement = conn.prepare_cached(
        "INSERT INTO event (seq, at, scope, kind, device, delivery, doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    statement.execute((
        signed(seq),
        event.at.0,
        event.scope.as_str(),
        event.kind.as_str(),
        event.about.device.as_ref().map(DeviceId::as_str),
        event.about.delivery.as_ref().map(DeliveryId::as_str),
        doc,
    ))?;
    Ok(())
}

/// Events after `after` that match, in order.
pub(crate) fn list(
    conn: &Connection,
    after: u64,
    filter: &EventFilter,
    limit: usize,
) -> Result<Vec<Event>, ReadError> {
    let kinds = (!filter.kinds.is_empty())
        .then(|| serde_json::to_string(&filter.kinds))
        .transpose()?;
    let mut conditions = Conditions::default();
    conditions.and("seq > ?", Some(signed(after)));
    conditions.and(
        "scope = ?",
        filter.scope.as_ref().map(|s| s.as_str().to_owned()),
    );
    conditions.and(
        "device = ?",
        filter.device.as_ref().map(|d| d.as_str().to_owned()),
    );
    conditions.and(
        "delivery = ?",
        filter.delivery.as_ref().map(|d| d.as_str().to_owned()),
    );
    conditions.and("kind IN (SELECT value FROM json_each(?))", kinds);
    let sql = format!(
        "SELECT doc, seq FROM event{} ORDER BY seq LIMIT ?",
        conditions.sql()
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(
        conditions.into_values(row::limit(limit)),
    ))?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let doc = row.get_ref(0)?.as_bytes().map_err(rusqlite::Error::from)?;
        events.push(Event {
            seq: row.get(1)?,
            event: serde_json::from_slice(doc)?,
        });
    }
    Ok(events)
}

/// Numbers of the oldest and the newest event; (1, 0) when there is none.
pub(crate) fn range(conn: &Connection) -> Result<(u64, u64), ReadError> {
    let mut statement =
        conn.prepare_cached("SELECT (SELECT min(seq) FROM event), (SELECT max(seq) FROM event)")?;
    let (oldest, newest): (Option<u64>, Option<u64>) =
        statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((oldest.unwrap_or(1), newest.unwrap_or(0)))
}

/// Deletes some of the oldest events where there are too many or too old ones; true when more may
/// be left to delete. The newest stays, because numbering goes on from it.
pub(crate) fn prune(conn: &Connection, retention: EventRetention) -> Result<bool, ReadError> {
    let (oldest, newest) = range(conn)?;
    if newest == 0 {
        return Ok(false);
    }
    let end = newest.min(oldest.saturating_add(PRUNED_AT_ONCE));
    let too_many = newest.saturating_sub(retention.max_count.max(1));
    let too_old = conn
        .prepare_cached(
            "SELECT seq FROM event WHERE seq < ?1 AND at < (SELECT at FROM event WHERE seq = ?2) - ?3 \
             ORDER BY seq DESC LIMIT 1",
        )?
        .query_row((signed(end), signed(newest), retention.max_age_seconds.saturating_mul(1000)), |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let last = too_many.max(too_old).min(end.saturating_sub(1));
    if last < oldest {
        return Ok(false);
    }
    conn.prepare_cached("DELETE FROM event WHERE seq <= ?1")?
        .execute([signed(last)])?;
    Ok(last + 1 == end && end < newest)
}

#[cfg(test)]
mod tests {
    use mdm_core::event::Kind;
    use mdm_core::id::Scope;
    use mdm_core::time::Timestamp;

    use super::*;

    fn with_events(times: impl IntoIterator<Item = i64>) -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(include_str!("../../migrations/state/0001.sql"))
            .unwrap();
        for (seq, at) in (1..).zip(times) {
            let event = NewEvent::new(Timestamp(at), &Scope::default(), Kind::CodeMinted, "x");
            append(&conn, seq, &event).unwrap();
        }
        conn
    }

    fn prune_all(conn: &Connection, retention: EventRetention) -> (u64, u64) {
        while prune(conn, retention).unwrap() {}
        range(conn).unwrap()
    }

    #[test]
    fn prunes_by_count_and_age_and_keeps_the_last() {
        let day = 86_400_000;
        for (times, max_count, max_age_seconds, left) in [
            (vec![], 1, 1, (1, 0)),
            (vec![0; 5], 5, 10, (1, 5)),
            (vec![0; 5], 2, 10, (4, 5)),
            (vec![0; 5], 0, 10, (5, 5)),
            (vec![0; 2500], 3, 10, (2498, 2500)),
            (vec![0, 0, day, 2 * day], 100, 86_400, (3, 4)),
            (vec![0, day, 0, 2 * day], 100, 86_400, (4, 4)),
            (vec![0, 9 * day], 100, 86_400, (2, 2)),
        ] {
            let conn = with_events(times.iter().copied());
            let found = prune_all(
                &conn,
                EventRetention {
                    max_count,
                    max_age_seconds,
                },
            );
            assert_eq!(
                found,
                left,
                "{} events, {max_count}, {max_age_seconds}",
                times.len()
            );
        }
    }
}
