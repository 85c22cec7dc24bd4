//! What is set for one scope.

use mdm_payloads::Semantics;
use serde::{Deserialize, Serialize};

use crate::id::{Scope, Version};

/// The settings of a scope; what is not stored is as [`ScopeSettings::of`] makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeSettings {
    /// The scope; also our key.
    pub scope: Scope,
    /// Times written.
    pub version: Version,
    /// Which edition of Intune's rules applies.
    pub semantics: Semantics,
}

impl ScopeSettings {
    /// The defaults of a scope.
    pub fn of(scope: &Scope) -> Self {
        Self {
            scope: scope.clone(),
            version: Version(0),
            semantics: Semantics::default(),
        }
    }
}
