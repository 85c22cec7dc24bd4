//! Services: each loads what a decision needs, lets a pure function decide, and commits the result
//! with the versions it was decided on. When somebody else was faster, it decides again.

pub mod commands;
pub mod deliveries;
pub mod directory;
pub mod enrollment;
pub mod evaluation;
pub mod issuance;
pub mod links;
pub mod profiles;
pub mod prompts;
pub mod push;
mod read_back;
pub mod sessions;
mod targeting;
mod turn;
pub mod windows_enrollment;

pub use targeting::Targetings;

use std::sync::Arc;

use crate::id::BadId;
use crate::package::NotFramed;
use crate::ports::{
    Clock, Commit, CommitError, Committed, Encoder, Ids, Record, Store, StoreUnavailable, Waker,
};

/// The services of one server, over its ports.
#[derive(Clone)]
pub struct Services {
    /// Storage.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers.
    pub ids: Arc<dyn Ids>,
    /// Puts commands on the wire.
    pub encoder: Arc<dyn Encoder>,
    /// Wakes devices.
    pub waker: Arc<dyn Waker>,
    /// Is told of commits.
    pub committed: Arc<dyn Committed>,
    /// The assignments, indexed.
    pub targetings: Targetings,
}

/// Why a service did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// What was named does not exist.
    #[error("there is no {kind} `{key}`")]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
        /// Its name.
        key: String,
    },
    /// It exists, and what was asked is not possible with it now.
    #[error("{what}")]
    Conflict {
        /// Why not.
        what: String,
        /// What to do instead.
        hint: &'static str,
    },
    /// What was given is not legal.
    #[error(transparent)]
    Illegal(#[from] BadId),
    /// A reply cannot be written; what goes into one is tried before, so this is a mistake of ours.
    #[error("the reply cannot be written: {0}")]
    Unwritable(NotFramed),
    /// Others changed the same thing again and again.
    #[error("`{0}` is changed by too many at once")]
    Contended(&'static str),
    /// Storage fails.
    #[error(transparent)]
    Store(#[from] StoreUnavailable),
}

impl ServiceError {
    /// Something that does not exist.
    pub fn not_found(kind: &'static str, key: impl std::fmt::Display) -> Self {
        Self::NotFound {
            kind,
            key: format!("{key}"),
        }
    }
}

/// How often a decision is made anew before a service gives up.
/// One of the contenders wins each time, so this is also how many may contend.
const ATTEMPTS: usize = 64;

impl Services {
    /// Commits, and tells the caches. `Ok(false)` means: stale, decide again.
    pub(crate) async fn write(&self, commit: Commit) -> Result<bool, ServiceError> {
        if commit.is_empty() {
            return Ok(true);
        }
        let concerns = |record: &&Record| self.committed.concerns(record);
        let records: Vec<_> = commit.records.iter().filter(concerns).cloned().collect();
        let deleted = commit.deleted.clone();
        let indexed = Targetings::concern(&commit);
        match self.store.commit(commit).await {
            Ok(_) => {
                self.committed.committed(&records, &deleted);
                if indexed {
                    self.targetings.forget();
                }
                Ok(true)
            }
            Err(CommitError::Stale { .. } | CommitError::Taken { .. }) => Ok(false),
            Err(CommitError::Unavailable(cause)) => Err(cause.into()),
        }
    }

    /// Writes records that nothing else depends on.
    pub async fn write_records(&self, records: Vec<Record>) -> Result<(), ServiceError> {
        if self
            .write(Commit {
                records,
                ..Commit::default()
            })
            .await?
        {
            Ok(())
        } else {
            Err(ServiceError::Contended("record"))
        }
    }

    /// Appends events that belong to no change of state.
    pub async fn note(&self, events: Vec<crate::event::NewEvent>) -> Result<(), ServiceError> {
        self.write(Commit {
            events,
            ..Commit::default()
        })
        .await
        .map(|_| ())
    }
}
