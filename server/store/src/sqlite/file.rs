//! A database file: made for its owner only, checked, and brought to the schema of this release.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::checkpoint::LONGEST_FILE;
use super::open_error::OpenError;

/// Statements kept prepared per connection; more than there are different ones.
const PREPARED: usize = 96;

/// How long a connection waits for a lock that somebody outside this process holds.
pub(crate) const BUSY: Duration = Duration::from_secs(2);

/// A schema, as the steps that lead to it. Steps are added, never edited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema {
    /// Tells our files from those of other programs.
    pub(crate) application_id: i64,
    /// Step `n` leads from version `n` to version `n + 1`.
    pub(crate) migrations: &'static [&'static str],
}

/// How careful a database is opened and written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Care {
    /// `PRAGMA synchronous`: `FULL` makes a commit survive a power failure, `NORMAL` a crash of the
    /// process.
    pub(crate) synchronous: &'static str,
    /// Databases up to this size in bytes are read and checked whole.
    pub(crate) check_up_to: u64,
}

/// Makes a directory for its owner only, where it is missing.
pub(crate) fn make_directory(dir: &Path) -> Result<(), OpenError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|source| OpenError::Io {
        path: dir.to_owned(),
        source,
    })
}

/// Opens the one connection that writes, and makes the database where it is missing.
pub(crate) fn open_writer(
    path: &Path,
    schema: Schema,
    care: Care,
) -> Result<Connection, OpenError> {
    make_private(path)?;
    let file = Opened { path };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn =
        Connection::open_with_flags(path, flags).map_err(|e| file.failed("opening", e))?;
    conn.busy_timeout(BUSY)
        .map_err(|e| file.failed("opening", e))?;
    file.check(&conn, schema, care)?;
    configure(&conn, care).map_err(|e| file.failed("configuring", e))?;
    file.migrate(&mut conn, schema)
        .map_err(|e| file.failed("migrating", e))?;
    Ok(conn)
}

/// Opens one more connection that only reads. The writer has to be open.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(PREPARED);
    conn.execute_batch("PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY;")?;
    keep_plans(&conn)?;
    Ok(conn)
}

/// Opens one more connection for checkpoints, which need to write.
pub(crate) fn open_side(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.execute_batch(
        "PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -64;",
    )?;
    Ok(conn)
}

/// SQLite gives its `-wal` and `-shm` files the mode of the database.
fn make_private(path: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Io {
        path: path.to_owned(),
        source,
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(failed)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .map_err(failed)?;
    drop(file);
    Ok(())
}

/// Checkpoints are ours to make: see `checkpoint`.
fn configure(conn: &Connection, care: Care) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(PREPARED);
    keep_plans(conn)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", care.synchronous)?;
    conn.pragma_update(None, "journal_size_limit", LONGEST_FILE)?;
    conn.execute_batch(
        "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;",
    )
}

/// Plans do not depend on what is bound. Otherwise SQLite prepares a statement again whenever another value is bound to a
/// parameter that its plan looked at, which takes longer than our statements themselves.
fn keep_plans(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
}

struct Opened<'a> {
    path: &'a Path,
}

impl Opened<'_> {
    fn path(&self) -> PathBuf {
        self.path.to_owned()
    }

    fn failed(&self, doing: &'static str, source: rusqlite::Error) -> OpenError {
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::Damaged {
                path: self.path(),
                what: source.to_string(),
            },
            _ => OpenError::Sqlite {
                doing,
                path: self.path(),
                source,
            },
        }
    }

    fn check(&self, conn: &Connection, schema: Schema, care: Care) -> Result<(), OpenError> {
        let number = |sql| {
            conn.query_row(sql, [], |row| row.get::<_, i64>(0))
                .map_err(|e| self.failed("reading", e))
        };
        let found = number("PRAGMA user_version")?;
        let tables = number("SELECT count(*) FROM sqlite_schema")?;
        if tables > 0 && number("PRAGMA application_id")? != schema.application_id {
            return Err(OpenError::Foreign { path: self.path() });
        }
        let known = i64::try_from(schema.migrations.len()).unwrap_or(i64::MAX);
        if found > known {
            return Err(OpenError::Newer {
                path: self.path(),
                found,
                known,
            });
        }
        let size = std::fs::metadata(self.path).map_or(0, |m| m.len());
        if tables == 0 || size > care.check_up_to {
            return Ok(());
        }
        let what: String = conn
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|e| self.failed("checking", e))?;
        if what == "ok" {
            Ok(())
        } else {
            Err(OpenError::Damaged {
                path: self.path(),
                what,
            })
        }
    }

    fn migrate(&self, conn: &mut Connection, schema: Schema) -> rusqlite::Result<()> {
        let found: usize = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        for (done, step) in schema.migrations.iter().enumerate().skip(found) {
            tracing::info!(path = %self.path.display(), schema = done + 1, "migrating");
            let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "application_id", schema.application_id)?;
            transaction.pragma_update(None, "user_version", done + 1)?;
            transaction.commit()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARE: Care = Care {
        synchronous: "NORMAL",
        check_up_to: u64::MAX,
    };
    const ONE: Schema = Schema {
        application_id: 7,
        migrations: &["CREATE TABLE a (x TEXT) STRICT"],
    };
    const TWO: Schema = Schema {
        application_id: 7,
        migrations: &["CREATE TABLE a (x TEXT) STRICT", "ALTER TABLE a ADD y TEXT"],
    };

    fn path() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        (dir, path)
    }

    #[test]
    fn migrates_by_steps_and_refuses_what_is_newer() {
        let (_dir, path) = path();
        let conn = open_writer(&path, ONE, CARE).unwrap();
        conn.execute("INSERT INTO a VALUES ('kept')", []).unwrap();
        drop(conn);
        let conn = open_writer(&path, TWO, CARE).unwrap();
        let row: (String, Option<String>) = conn
            .query_row("SELECT x, y FROM a", [], |r| Ok((r.get(0)?, r.get(1)?)))
            .unwrap();
        assert_eq!(row, ("kept".to_owned(), None));
        drop(conn);
        let before = std::fs::read(&path).unwrap();
        let refused = open_writer(&path, ONE, CARE).unwrap_err();
        assert!(
            matches!(
                refused,
                OpenError::Newer {
                    found: 2,
                    known: 1,
                    ..
                }
            ),
            "{refused}"
        );
        assert_eq!(
            std::fs::read(&path).unwrap(),
            before,
            "a refused database is not touched"
        );
    }

    #[test]
    fn refuses_files_of_other_programs() {
        let (_dir, path) = path();
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
        drop(conn);
        assert!(matches!(
            open_writer(&path, ONE, CARE).unwrap_err(),
            OpenError::Foreign { .. }
        ));
    }

    #[test]
    fn refuses_damage_with_advice() {
        let (_dir, path) = path();
        let conn = open_writer(&path, ONE, CARE).unwrap();
        conn.execute("INSERT INTO a SELECT hex(randomblob(3000)) FROM (SELECT 1 UNION SELECT 2 UNION SELECT 3)", [])
            .unwrap();
        drop(conn);
        let mut bytes = std::fs::read(&path).unwrap();
        for byte in bytes.iter_mut().skip(4096).take(4096) {
            *byte = 0xA5;
        }
        std::fs::write(&path, &bytes).unwrap();
        let refused = open_writer(&path, ONE, CARE).unwrap_err();
        assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
        assert!(
            refused.to_string().contains("restore it from a backup"),
            "{refused}"
        );
        std::fs::write(
            &path,
            "this is text, not a database, and long enough to be one: ".repeat(40),
        )
        .unwrap();
        let refused = open_writer(&path, ONE, CARE).unwrap_err();
        assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
    }

    #[test]
    #[cfg(unix)]
    fn files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let (dir, path) = path();
        let conn = open_writer(&path, ONE, CARE).unwrap();
        conn.execute("INSERT INTO a VALUES ('x')", []).unwrap();
        let mut seen = 0;
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(
                entry.metadata().unwrap().permissions().mode() & 0o777,
                0o600,
                "{:?}",
                entry.path()
            );
            seen += 1;
        }
        assert_eq!(seen, 3, "the database, its log and its index");
    }
}
