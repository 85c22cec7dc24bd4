//! Values of an app's managed configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values by key.
pub type Bundle = BTreeMap<String, Restriction>;

/// A value of an app's managed configuration (Android, `RestrictionEntry`).
///
/// There is no number but the 32-bit one: apps read a wider or fractional one as nothing, and agents lose what stands after it.
/// In JSON each is written as what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Restriction {
    /// True or false.
    Boolean(bool),
    /// A number.
    Integer(i32),
    /// A text.
    Text(String),
    /// A choice of texts.
    Texts(Vec<String>),
    /// Values by key.
    Bundle(Bundle),
    /// Several sets of values.
    Bundles(Vec<Bundle>),
}

impl From<bool> for Restriction {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i32> for Restriction {
    fn from(value: i32) -> Self {
        Self::Integer(value)
    }
}

impl From<u16> for Restriction {
    fn from(value: u16) -> Self {
        Self::Integer(value.into())
    }
}

impl From<String> for Restriction {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&str> for Restriction {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

/// A bundle being filled.
#[derive(Debug, Default)]
pub(super) struct Filling(Bundle);

impl Filling {
    pub(super) fn put(&mut self, key: &str, value: impl Into<Restriction>) {
        self.0.insert(key.to_owned(), value.into());
    }

    pub(super) fn put_some(&mut self, key: &str, value: Option<impl Into<Restriction>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    pub(super) fn done(self) -> Bundle {
        self.0
    }
}
