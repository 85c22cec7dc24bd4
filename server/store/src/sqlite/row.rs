//! A record as a row: its key, its version, its JSON, and copies of what queries need.

use mdm_core::id::Version;
use mdm_core::ports::{CommitError, StoreUnavailable};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Params, Statement};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::exchanges::BadBlob;

/// A record that has a table.
///
/// Both statements take the key as `?1`, the version to write as `?2`, the JSON as `?3`, and from
/// `?4` on what [`Row::bind`] binds. `INSERT` does nothing where the key exists, `UPDATE` where the
/// stored version is not the one before `?2`. `UPDATE` names only columns that change in the life of a
/// record: SQLite rewrites every index over a column that is named, also when its value stays.
pub(crate) trait Row: Serialize + DeserializeOwned {
    /// The word for it in errors.
    const KIND: &'static str;
    /// Writes it for the first time.
    const INSERT: &'static str;
    /// Writes it again.
    const UPDATE: &'static str;
    /// Reads it by its key, `?1`.
    const SELECT: &'static str;

    /// Its key.
    fn key(&self) -> &str;
    /// Its version, which every write raises.
    fn version(&mut self) -> &mut Version;
    /// Binds the other columns, from 4 on.
    fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()>;
    /// Takes what the columns of a row know better than its JSON.
    fn complete(&mut self, _row: &rusqlite::Row<'_>) -> rusqlite::Result<()> {
        Ok(())
    }
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the database fails")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the stored record cannot be read")]
    Doc(#[from] serde_json::Error),
    #[error("the stored exchange cannot be read")]
    Exchange(#[from] BadBlob),
}

/// Storage failed while `doing`.
pub(crate) fn unavailable(
    doing: impl Into<String>,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreUnavailable {
    StoreUnavailable {
        doing: doing.into(),
        overloaded: false,
        source: Some(source.into()),
    }
}

/// Writes one record at the version after the one it carries, and goes on to carry.
pub(crate) fn write<R: Row>(conn: &Connection, record: &mut R) -> Result<(), CommitError> {
    let found = *record.version();
    *record.version() = found.next();
    let doc = serde_json::to_string(record);
    *record.version() = found;
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        unavailable(format!("writing a {}", R::KIND), e)
    };
    let doc = doc.map_err(|e| failed(e.into()))?;
    let sql = if found == Version(0) {
        R::INSERT
    } else {
        R::UPDATE
    };
    let execute = || {
        let mut statement = conn.prepare_cached(sql)?;
        statement.raw_bind_parameter(1, record.key())?;
        statement.raw_bind_parameter(2, signed(found.next().0))?;
        statement.raw_bind_parameter(3, doc.as_str())?;
        record.bind(&mut statement)?;
        statement.raw_execute()
    };
    match execute() {
        Ok(0) => Err(CommitError::Stale {
            kind: R::KIND,
            key: record.key().to_owned(),
        }),
        Ok(_) => Ok(()),
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(CommitError::Taken {
                kind: R::KIND,
                key: record.key().to_owned(),
            })
        }
        Err(e) => Err(failed(e.into()).into()),
    }
}

/// A record from a row whose first column is its JSON.
pub(crate) fn parse<R: Row>(row: &rusqlite::Row<'_>) -> Result<R, ReadError> {
    let doc = row.get_ref(0)?.as_bytes().map_err(rusqlite::Error::from)?;
    let mut record: R = serde_json::from_slice(doc)?;
    record.complete(row)?;
    Ok(record)
}

/// The record with this key.
pub(crate) fn by_key<R: Row>(conn: &Connection, key: &str) -> Result<Option<R>, ReadError> {
    one(conn, R::SELECT, [key])
}

/// The first record that a statement gives.
pub(crate) fn one<R: Row>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Option<R>, ReadError> {
    let mut statement = conn.prepare_cached(sql)?;
    statement
        .query_row(params, |row| Ok(parse(row)))
        .optional()?
        .transpose()
}

/// All records that a statement gives.
pub(crate) fn many<R: Row>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<R>, ReadError> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(parse(row)?);
    }
    Ok(records)
}

/// SQLite's integers are signed; what we count never gets near their end.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of rows, as SQLite's `LIMIT` wants it.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
