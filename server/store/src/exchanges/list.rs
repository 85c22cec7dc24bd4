//! Reading exchanges, over both tables.

use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::ExchangeFilter;
use super::blob;
use super::exchange::{Exchange, Summary};
use crate::sqlite::row::{ReadError, limit as rows, signed};

/// Exchanges that match, in order. `polls` are the numbers of the device's polls, where the filter
/// names a device.
pub(crate) fn list(
    conn: &Connection,
    filter: &ExchangeFilter,
    polls: &[u64],
    limit: usize,
) -> Result<Vec<Summary>, ReadError> {
    let mut found = match &filter.device {
        None => of_all(conn, filter.after, limit)?,
        Some(device) => {
            let mut found = of_one(conn, device.as_str(), filter.after, limit)?;
            for id in polls
                .iter()
                .filter(|id| filter.after.is_none_or(|after| **id > after))
            {
                found.extend(summaries(
                    conn,
                    "SELECT id, head FROM poll WHERE id = ?1",
                    [signed(*id)],
                )?);
            }
            found
        }
    };
    found.sort_by_key(|summary| summary.id);
    match filter.after {
        Some(_) => found.truncate(limit),
        None => drop(found.drain(..found.len().saturating_sub(limit))),
    }
    Ok(found)
}

fn of_all(conn: &Connection, after: Option<u64>, limit: usize) -> Result<Vec<Summary>, ReadError> {
    if let Some(after) = after {
        let sql = "SELECT id, head FROM exchange WHERE id > ?1 UNION ALL SELECT id, head FROM poll WHERE id > ?1 \
                   ORDER BY id LIMIT ?2";
        return summaries(conn, sql, (signed(after), rows(limit)));
    }
    let sql = "SELECT id, head FROM exchange UNION ALL SELECT id, head FROM poll ORDER BY id DESC LIMIT ?1";
    summaries(conn, sql, [rows(limit)])
}

fn of_one(
    conn: &Connection,
    device: &str,
    after: Option<u64>,
    limit: usize,
) -> Result<Vec<Summary>, ReadError> {
    if let Some(after) = after {
        let sql =
            "SELECT id, head FROM exchange WHERE device = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
        return summaries(conn, sql, (device, signed(after), rows(limit)));
    }
    let sql = "SELECT id, head FROM exchange WHERE device = ?1 ORDER BY id DESC LIMIT ?2";
    summaries(conn, sql, (device, rows(limit)))
}

fn summaries(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<Summary>, ReadError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(blob::read_head(row.get(0)?, column(row, 1)?)?);
    }
    Ok(found)
}

/// One exchange.
pub(crate) fn get(conn: &Connection, id: u64) -> Result<Option<Exchange>, ReadError> {
    let sql = "SELECT head, rest FROM exchange WHERE id = ?1 UNION ALL SELECT head, rest FROM poll WHERE id = ?1";
    let mut statement = conn.prepare_cached(sql)?;
    statement
        .query_row([signed(id)], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

fn read(row: &Row<'_>) -> Result<Exchange, ReadError> {
    Ok(blob::read(column(row, 0)?, column(row, 1)?)?)
}

fn column<'a>(row: &'a Row<'_>, index: usize) -> Result<&'a [u8], ReadError> {
    Ok(row
        .get_ref(index)?
        .as_blob()
        .map_err(rusqlite::Error::from)?)
}
