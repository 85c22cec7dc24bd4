//! A list in a result, item by item.

use super::CommandReport;
use crate::plist::{Dict, FieldError, Value};

/// The items of a list that could be read, and why the others could not.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<T> {
    /// Those that could.
    pub items: Vec<T>,
    /// One complaint for each that could not, naming its place in the list.
    pub unreadable: Vec<FieldError>,
}

impl CommandReport {
    /// The list under `key`, read item by item.
    pub(super) fn listed<T>(
        &self,
        key: &'static str,
        read: impl Fn(Item<'_>) -> Result<T, FieldError>,
    ) -> Result<Listed<T>, FieldError> {
        let Some(Value::Array(values)) = self.result.get(key) else {
            return Err(FieldError::Missing {
                message: "result".to_owned(),
                key,
                expected: "an array",
            });
        };
        let mut listed = Listed {
            items: Vec::new(),
            unreadable: Vec::new(),
        };
        for (n, value) in values.iter().enumerate() {
            let at = format!("{key}[{n}]");
            let read = match value {
                Value::Dict(dict) => read(Item { at: &at, dict }),
                _ => Err(FieldError::NotDict { message: at }),
            };
            match read {
                Ok(item) => listed.items.push(item),
                Err(error) => listed.unreadable.push(error),
            }
        }
        Ok(listed)
    }
}

/// One dictionary of a list.
#[derive(Clone, Copy)]
pub(super) struct Item<'i> {
    at: &'i str,
    pub(super) dict: &'i Dict,
}

impl Item<'_> {
    pub(super) fn text(self, key: &'static str) -> Result<String, FieldError> {
        self.optional_text(key)
            .ok_or_else(|| self.missing(key, "a string"))
    }

    pub(super) fn optional_text(self, key: &str) -> Option<String> {
        self.dict
            .get(key)
            .and_then(Value::as_str)
            .map(str::to_owned)
    }

    pub(super) fn bool(self, key: &str) -> Option<bool> {
        self.dict.get(key).and_then(Value::as_bool)
    }

    pub(super) fn missing(self, key: &'static str, expected: &'static str) -> FieldError {
        FieldError::Missing {
            message: self.at.to_owned(),
            key,
            expected,
        }
    }
}
