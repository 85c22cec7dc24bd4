//! Why a database could not be opened.

use std::path::PathBuf;

use crate::lock::LockError;

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another instance uses the data directory.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// A later release wrote it.
    #[error(
        "the database {} has schema {found}, this program knows {known}: a newer release wrote it; \
         run that one, or choose another data directory", path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The schema it has.
        found: i64,
        /// The last schema known here.
        known: i64,
    },
    /// It belongs to another program.
    #[error("the database {} was made by another program: choose another data directory", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// It is damaged.
    #[error(
        "the database {} is damaged ({what}): restore it from a backup, or move it away together with the files \
         of the same name ending in -wal and -shm to begin anew", path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// A file or a directory cannot be made.
    #[error("making {}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// SQLite fails.
    #[error("{doing} {}", path.display())]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// The database.
        path: PathBuf,
        /// The cause.
        #[source]
        source: rusqlite::Error,
    },
}
