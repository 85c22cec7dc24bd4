//! What lets somebody in: codes, challenges and links.

use mdm_core::challenge::Challenge;
use mdm_core::code::Code;
use mdm_core::id::Version;
use mdm_core::link::Link;
use rusqlite::{Connection, Statement};

use super::row::{self, ReadError, Row};

impl Row for Code {
    const KIND: &'static str = "code";
    const INSERT: &'static str = "INSERT INTO code (code, version, doc, created_at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (code) DO NOTHING";
    const UPDATE: &'static str = "UPDATE code SET version = ?2, doc = ?3, created_at = ?4 WHERE code = ?1 AND version = ?2 - 1";
    const SELECT: &'static str = "SELECT doc FROM code WHERE code = ?1";

    fn key(&self) -> &str {
        self.code.as_str()
    }

    fn version(&mut self) -> &mut Version {
        &mut self.version
    }

    fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        statement.raw_bind_parameter(4, self.created_at.0)
    }
}

/// Codes in the order they were made.
pub(crate) fn codes(conn: &Connection) -> Result<Vec<Code>, ReadError> {
    row::many(conn, "SELECT doc FROM code ORDER BY created_at, n", [])
}

impl Row for Challenge {
    const KIND: &'static str = "challenge";
    const INSERT: &'static str =
        "INSERT INTO challenge (id, version, doc) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING";
    const UPDATE: &'static str =
        "UPDATE challenge SET version = ?2, doc = ?3 WHERE id = ?1 AND version = ?2 - 1";
    const SELECT: &'static str = "SELECT doc FROM challenge WHERE id = ?1";

    fn key(&self) -> &str {
        self.id.as_str()
    }

    fn version(&mut self) -> &mut Version {
        &mut self.version
    }

    fn bind(&self, _: &mut Statement<'_>) -> rusqlite::Result<()> {
        Ok(())
    }
}

impl Row for Link {
    const KIND: &'static str = "link";
    const INSERT: &'static str =
        "INSERT INTO link (token, version, doc) VALUES (?1, ?2, ?3) ON CONFLICT (token) DO NOTHING";
    const UPDATE: &'static str =
        "UPDATE link SET version = ?2, doc = ?3 WHERE token = ?1 AND version = ?2 - 1";
    const SELECT: &'static str = "SELECT doc FROM link WHERE token = ?1";

    fn key(&self) -> &str {
        self.token.as_str()
    }

    fn version(&mut self) -> &mut Version {
        &mut self.version
    }

    fn bind(&self, _: &mut Statement<'_>) -> rusqlite::Result<()> {
        Ok(())
    }
}
