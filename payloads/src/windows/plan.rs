//! Everything one profile means on one device.

use serde::{Deserialize, Serialize};

use super::{operation::Unit, read_back::ReadBack, wait::Wait};

/// Whose part of the management tree is written (Microsoft, "OMA DM protocol support", "User targeted vs. device targeted configuration").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// `./User`: the user who is signed in, so somebody has to be.
    User,
    /// `./Device`.
    Device,
}

impl Scope {
    /// The root of its tree.
    pub fn root(self) -> &'static str {
        match self {
            Self::User => "./User",
            Self::Device => "./Device",
        }
    }
}

/// What must be on a device before what: a lower rank first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// A trusted certificate.
    Root,
    /// A client certificate.
    Identity,
    /// A mail account.
    Mail,
}

/// Everything one profile means on one device. It may hold secrets, and is kept between sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The node all of this is below. Where a plan compiled later names another node, the thing is another one: `remove` of the earlier
    /// plan, then `install` of the later; never `update`.
    pub node: String,
    /// Whose tree.
    pub scope: Scope,
    /// What it must follow.
    pub rank: Rank,
    /// Puts it on a device that does not have it.
    pub install: Vec<Unit>,
    /// Changes it on a device that has it, from whatever revision of the profile, under the same `node`.
    pub update: Vec<Unit>,
    /// Takes it away. That it is not there (404) is as good.
    pub remove: Vec<Unit>,
    /// What to ask for until it is known how it ended, where the device goes on working after it acknowledged.
    pub wait: Option<Wait>,
    /// What to read once it is there, and how to compare.
    pub read_back: Vec<ReadBack>,
}

impl Plan {
    /// Every node it may come to read.
    pub fn reading(&self) -> impl Iterator<Item = &str> {
        let progress = self.wait.iter().flat_map(Wait::uris);
        progress.chain(self.read_back.iter().map(|item| item.uri.as_str()))
    }
}
