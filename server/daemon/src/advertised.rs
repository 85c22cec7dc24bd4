//! The advertised name: fixed when a data directory is made, because devices never forget the
//! address they enrolled with.

use serde::{Deserialize, Serialize};

use crate::directory::{Directory, FileError};

const FILE: &str = "advertised.json";

/// What devices were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advertised {
    /// The host name.
    pub name: String,
    /// The address in front of a tunnel.
    pub public_url: Option<String>,
    /// Feeds every identifier inside profiles, so that two servers never share one.
    #[serde(with = "text")]
    pub instance: uuid::Uuid,
}

/// Why a name cannot be advertised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdvertisedError {
    /// It is another one than before.
    #[error(
        "this data directory was made for `{before}`, not for `{now}`: {devices} enrolled devices know the old address only"
    )]
    Changed {
        /// The name before.
        before: String,
        /// The name now.
        now: String,
        /// Devices that would lose the server.
        devices: usize,
    },
    /// The record is unreadable.
    #[error("reading `{FILE}`")]
    Unreadable(#[source] serde_json::Error),
    /// Files fail.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Advertised {
    /// What was advertised from this directory before.
    pub fn read(directory: &Directory) -> Result<Option<Self>, AdvertisedError> {
        match directory.read(FILE)? {
            Some(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(AdvertisedError::Unreadable),
            None => Ok(None),
        }
    }

    /// Settles what is advertised from now on: what was before, or `wanted` where that is allowed.
    pub fn settle(
        directory: &Directory,
        wanted: Self,
        change: bool,
        devices: usize,
    ) -> Result<Self, AdvertisedError> {
        match Self::read(directory)? {
            Some(before)
                if before.name == wanted.name && before.public_url == wanted.public_url =>
            {
                Ok(before)
            }
            Some(before) if !change => Err(AdvertisedError::Changed {
                before: before.public_url.unwrap_or(before.name),
                now: wanted.public_url.unwrap_or(wanted.name),
                devices,
            }),
            before => {
                let settled = Self {
                    instance: before.map_or(wanted.instance, |b| b.instance),
                    ..wanted
                };
                let text = serde_json::to_string(&settled).map_err(AdvertisedError::Unreadable)?;
                directory.write(FILE, &text)?;
                Ok(settled)
            }
        }
    }
}

/// A UUID as text.
mod text {
    use serde::{Deserialize, Deserializer, Serializer};
    use uuid::Uuid;

    pub(super) fn serialize<S: Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Uuid, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_fixed_until_a_change_is_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let directory = Directory::open(dir.path()).unwrap();
        let named = |name: &str, id: u128| Advertised {
            name: name.to_owned(),
            public_url: None,
            instance: uuid::Uuid::from_u128(id),
        };
        let first = Advertised::settle(&directory, named("a.local", 1), false, 0).unwrap();
        assert_eq!(
            Advertised::settle(&directory, named("a.local", 2), false, 0).unwrap(),
            first
        );
        let refused = Advertised::settle(&directory, named("b.local", 2), false, 3).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "this data directory was made for `a.local`, not for `b.local`: 3 enrolled devices know the old address only"
        );
        let changed = Advertised::settle(&directory, named("b.local", 2), true, 3).unwrap();
        assert_eq!(
            (changed.name.as_str(), changed.instance),
            ("b.local", first.instance)
        );
    }
}
