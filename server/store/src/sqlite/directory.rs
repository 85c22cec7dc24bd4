//! The directory: users, groups, assignments, and what is set for a scope.

use mdm_core::assignment::Assignment;
use mdm_core::group::Group;
use mdm_core::id::{Scope, Version};
use mdm_core::prompt::Prompt;
use mdm_core::settings::ScopeSettings;
use mdm_core::user::StoredUser;
use rusqlite::{Connection, Statement};

use super::conditions::Conditions;
use super::row::{self, ReadError, Row};

/// A record in a table whose only other columns are scope and time.
macro_rules! listed {
    ($record:ty, $kind:literal, $table:literal, $key:ident) => {
        impl Row for $record {
            const KIND: &'static str = $kind;
            const INSERT: &'static str = concat!(
                "INSERT INTO ",
                $table,
                " (id, version, doc, scope, created_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO NOTHING"
            );
            const UPDATE: &'static str = concat!(
                "UPDATE ",
                $table,
                " SET version = ?2, doc = ?3, scope = ?4, created_at = ?5 WHERE id = ?1 AND version = ?2 - 1"
            );
            const SELECT: &'static str = concat!("SELECT doc FROM ", $table, " WHERE id = ?1");

            fn key(&self) -> &str {
                self.$key.as_str()
            }

            fn version(&mut self) -> &mut Version {
                &mut self.version
            }

            fn bind(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
                statement.raw_bind_parameter(4, self.scope.as_str())?;
                statement.raw_bind_parameter(5, self.created_at.0)
            }
        }

        impl Listed for $record {
            const LIST: &'static str = concat!("SELECT doc FROM ", $table);
        }
    };
}

/// A record of which all are read at once.
pub(crate) trait Listed: Row {
    const LIST: &'static str;
}

listed!(StoredUser, "user", "user", id);
listed!(Group, "group", "member_group", id);
listed!(Prompt, "prompt", "prompt", id);
listed!(Assignment, "assignment", "assignment", profile);

impl Row for ScopeSettings {
    const KIND: &'static str = "settings of scope";
    const INSERT: &'static str =
        "INSERT INTO settings (id, version, doc) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING";
    const UPDATE: &'static str =
        "UPDATE settings SET version = ?2, doc = ?3 WHERE id = ?1 AND version = ?2 - 1";
    const SELECT: &'static str = "SELECT doc FROM settings WHERE id = ?1";

    fn key(&self) -> &str {
        self.scope.as_str()
    }

    fn version(&mut self) -> &mut Version {
        &mut self.version
    }

    fn bind(&self, _: &mut Statement<'_>) -> rusqlite::Result<()> {
        Ok(())
    }
}

/// All of one scope or of all, in the order they were made.
pub(crate) fn list<R: Listed>(
    conn: &Connection,
    scope: Option<&Scope>,
) -> Result<Vec<R>, ReadError> {
    let mut conditions = Conditions::default();
    conditions.and("scope = ?", scope.map(|s| s.as_str().to_owned()));
    let sql = format!(
        "{}{} ORDER BY created_at, n LIMIT ?",
        R::LIST,
        conditions.sql()
    );
    row::many(
        conn,
        &sql,
        rusqlite::params_from_iter(conditions.into_values(i64::MAX)),
    )
}
