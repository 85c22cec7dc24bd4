//! Dropping what can no longer be used.

use mdm_core::link::Link;
use mdm_core::time::Timestamp;
use rusqlite::Connection;

/// Drops challenges that expired unused, requests that waited on them, and bytes of old links.
///
/// Times stand in the documents as RFC 3339, which sorts like the times themselves to the second.
pub(crate) fn sweep(conn: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let transaction = conn.unchecked_transaction()?;
    transaction.execute(
        "DELETE FROM kept WHERE key GLOB 'scep:*' AND json_extract(CAST(bytes AS TEXT), '$.challenge') IN
         (SELECT id FROM challenge WHERE json_extract(doc, '$.expires_at') < ?1)",
        [now.to_string()],
    )?;
    transaction.execute(
        "DELETE FROM challenge
         WHERE json_extract(doc, '$.expires_at') < ?1 AND json_extract(doc, '$.bound') IS NULL",
        [now.to_string()],
    )?;
    transaction.execute(
        "DELETE FROM kept WHERE key IN
         (SELECT 'link:' || token FROM link WHERE json_extract(doc, '$.opened_at') < ?1)",
        [now.plus_seconds(-Link::GRACE_SECONDS).to_string()],
    )?;
    transaction.commit()
}
