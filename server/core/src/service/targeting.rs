//! The assignments of each scope, indexed once and remembered until something of them is written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::evaluation::Targeting;
use crate::id::Scope;
use crate::ports::{Commit, Key, Record, StoreUnavailable};
use crate::service::Services;
use crate::settings::ScopeSettings;

#[derive(Debug, Default)]
struct State {
    known: HashMap<Scope, Arc<Targeting>>,
    generation: u64,
}

/// What was indexed. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub struct Targetings(Arc<Mutex<State>>);

impl Targetings {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something is written that an index is made of.
    pub(super) fn concern(commit: &Commit) -> bool {
        let written = commit.records.iter().any(|record| match record {
            Record::Profile(_)
            | Record::User(_)
            | Record::Group(_)
            | Record::Assignment(_)
            | Record::Settings(_) => true,
            Record::Device(_)
            | Record::Channel(_)
            | Record::Command(_)
            | Record::Delivery(_)
            | Record::Code(_)
            | Record::Challenge(_)
            | Record::Certificate(_)
            | Record::Link(_)
            | Record::Session(_)
            | Record::Prompt(_) => false,
        });
        written
            || commit.deleted.iter().any(|key| match key {
                Key::Profile(_) | Key::User(_) | Key::Group(_) | Key::Assignment(_) => true,
                Key::Device(_) | Key::Code(_) | Key::Challenge(_) | Key::Link(_) => false,
            })
    }

    /// Forgets everything.
    pub(super) fn forget(&self) {
        let mut state = self.lock();
        state.known.clear();
        state.generation += 1;
    }
}

impl Services {
    /// What is set for a scope.
    pub async fn settings(&self, scope: &Scope) -> Result<ScopeSettings, StoreUnavailable> {
        let stored = self.store.settings(scope).await?;
        Ok(stored.unwrap_or_else(|| ScopeSettings::of(scope)))
    }

    /// The assignments of a scope as they are now.
    pub async fn targeting(&self, scope: &Scope) -> Result<Arc<Targeting>, StoreUnavailable> {
        let generation = {
            let state = self.targetings.lock();
            if let Some(known) = state.known.get(scope) {
                return Ok(Arc::clone(known));
            }
            state.generation
        };
        let semantics = self.settings(scope).await?.semantics;
        let new = Arc::new(Targeting::new(
            semantics,
            self.store.profiles(Some(scope)).await?,
            self.store.users(Some(scope)).await?,
            self.store.groups(Some(scope)).await?,
            self.store.assignments(Some(scope)).await?,
        ));
        let mut state = self.targetings.lock();
        if state.generation == generation {
            state.known.insert(scope.clone(), Arc::clone(&new));
        }
        Ok(new)
    }
}
