//! Profiles.

use mdm_core::id::{Scope, Version};
use mdm_core::profile::StoredProfile;
use rusqlite::{Connection, Statement};

use super::conditions::Conditions;
use super::row::{self, ReadError, Row};

impl Row for StoredProfile {
    const KIND: &'static str = "profile";
    const INSERT: &'static str = "INSERT INTO profile (id, version, doc, scope, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO NOTHING";
    const UPDATE: &'static str = "UPDATE profile SET version = ?2, doc = ?3, scope = ?4, created_at = ?5 \
         WHERE id = ?1 AND version = ?2 - 1";
    const SELECT: &'static str = "SELECT doc FROM profile WHERE id = ?1";

    fn key(&self) -> &str {
        self.id.as_str()
    }

    fn version(&mut self) -> &mut Version {
        &mut self.version
    }

    fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        statement.raw_bind_parameter(4, self.scope.as_str())?;
        statement.raw_bind_parameter(5, self.created_at.0)
    }
}

/// Profiles in the order they were made.
pub(crate) fn list(
    conn: &Connection,
    scope: Option<&Scope>,
) -> Result<Vec<StoredProfile>, ReadError> {
    let mut conditions = Conditions::default();
    conditions.and("scope = ?", scope.map(|s| s.as_str().to_owned()));
    let sql = format!(
        "SELECT doc FROM profile{} ORDER BY created_at, n LIMIT ?",
        conditions.sql()
    );
    row::many(
        conn,
        &sql,
        rusqlite::params_from_iter(conditions.into_values(i64::MAX)),
    )
}
