//! The last session of each device.

use mdm_core::id::Version;
use mdm_core::session::Session;
use rusqlite::Statement;

use super::row::Row;

impl Row for Session {
    const KIND: &'static str = "session";
    const INSERT: &'static str = "INSERT INTO session (device, version, doc) VALUES (?1, ?2, ?3) \
         ON CONFLICT (device) DO NOTHING";
    const UPDATE: &'static str =
        "UPDATE session SET version = ?2, doc = ?3 WHERE device = ?1 AND version = ?2 - 1";
    const SELECT: &'static str = "SELECT doc FROM session WHERE device = ?1";

    fn key(&self) -> &str {
        self.device.as_str()
    }

    fn version(&mut self) -> &mut Version {
        &mut self.version
    }

    fn bind(&self, _statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        Ok(())
    }
}
