//! How a long piece of work tells its caller what it is doing: a callback, because a library does not print.

use std::sync::Arc;

/// One thing worth telling.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Work began: `total` units are to be done, where that is known.
    Started {
        /// What is being done, in words for a person.
        what: String,
        /// Number of units, if known beforehand.
        total: Option<u64>,
    },
    /// So many units are done since the beginning.
    Advanced {
        /// Units done so far.
        done: u64,
    },
    /// Something a person may want to read, such as the name of a device that enrolled.
    Note(String),
    /// The work begun last is over.
    Finished,
}

/// A shared callback; cheap to clone, silent by default.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<dyn Fn(Step) + Send + Sync>>);

impl Progress {
    /// Calls `tell` with every step, from whichever task it happens in.
    pub fn to(tell: impl Fn(Step) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    /// Tells one step.
    pub fn tell(&self, step: Step) {
        if let Some(tell) = &self.0 {
            tell(step);
        }
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "Progress(callback)"
        } else {
            "Progress(silent)"
        })
    }
}
