//! Typed access to the keys of a decoded dictionary.

use std::str::FromStr;

use super::value::{Dict, Value};
use crate::finding::{Findings, Rule};
use crate::identifier::BadIdentifier;

/// A key that is missing or unusable, named together with the message that lacks it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// A body that is something else than a dictionary.
    #[error("{message}: is not a dictionary")]
    NotDict {
        /// The message or the place in it.
        message: String,
    },
    /// A required key is absent or of another type.
    #[error("{message}: `{key}` is missing or not {expected}")]
    Missing {
        /// The message or the place in it.
        message: String,
        /// The key.
        key: &'static str,
        /// What it must hold.
        expected: &'static str,
    },
    /// An identifier that is empty, too long or holds control characters.
    #[error("{message}: `{key}` is not usable")]
    Identifier {
        /// The message or the place in it.
        message: String,
        /// The key.
        key: &'static str,
        /// Why.
        #[source]
        source: BadIdentifier,
    },
}

/// The keys of one dictionary, taken out one after the other.
pub(crate) struct Fields<'f> {
    /// Named in every complaint, such as `TokenUpdate`.
    message: String,
    dict: Dict,
    /// Which rule an optional key of the wrong type breaks.
    wrong_type: Rule,
    pub(crate) findings: &'f mut Findings,
}

impl<'f> Fields<'f> {
    pub(crate) fn new(
        message: impl Into<String>,
        value: Value,
        wrong_type: Rule,
        findings: &'f mut Findings,
    ) -> Result<Self, FieldError> {
        let message = message.into();
        match value {
            Value::Dict(dict) => Ok(Self {
                message,
                dict,
                wrong_type,
                findings,
            }),
            _ => Err(FieldError::NotDict { message }),
        }
    }

    /// Later complaints name this message.
    pub(crate) fn rename(&mut self, message: &str) {
        message.clone_into(&mut self.message);
    }

    pub(crate) fn rest(self) -> Dict {
        self.dict
    }

    pub(crate) fn missing(&self, key: &'static str, expected: &'static str) -> FieldError {
        FieldError::Missing {
            message: self.message.clone(),
            key,
            expected,
        }
    }

    fn optional<T>(
        &mut self,
        key: &'static str,
        pick: impl FnOnce(Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.dict.take(key)?;
        let element = value.element();
        let picked = pick(value);
        if picked.is_none() {
            let message = &self.message;
            self.findings.add(self.wrong_type, || {
                format!("{message}: `{key}` is a `{element}`")
            });
        }
        picked
    }

    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        self.optional(key, |v| {
            if let Value::String(text) = v {
                Some(text)
            } else {
                None
            }
        })
    }

    pub(crate) fn data(&mut self, key: &'static str) -> Option<Vec<u8>> {
        self.optional(key, |v| {
            if let Value::Data(bytes) = v {
                Some(bytes)
            } else {
                None
            }
        })
    }

    pub(crate) fn bool(&mut self, key: &'static str) -> Option<bool> {
        self.optional(key, |v| v.as_bool())
    }

    pub(crate) fn integer(&mut self, key: &'static str) -> Option<i64> {
        self.optional(key, |v| v.as_integer().and_then(|n| n.try_into().ok()))
    }

    pub(crate) fn dict(&mut self, key: &'static str) -> Option<Dict> {
        self.optional(key, |v| {
            if let Value::Dict(dict) = v {
                Some(dict)
            } else {
                None
            }
        })
    }

    pub(crate) fn array(&mut self, key: &'static str) -> Option<Vec<Value>> {
        self.optional(key, |v| {
            if let Value::Array(items) = v {
                Some(items)
            } else {
                None
            }
        })
    }

    pub(crate) fn required_text(&mut self, key: &'static str) -> Result<String, FieldError> {
        match self.dict.take(key) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(self.missing(key, "a string")),
        }
    }

    pub(crate) fn required_data(&mut self, key: &'static str) -> Result<Vec<u8>, FieldError> {
        match self.dict.take(key) {
            Some(Value::Data(bytes)) => Ok(bytes),
            _ => Err(self.missing(key, "data")),
        }
    }

    /// An identifier, if the key is there. An empty one counts as absent: devices send `<string></string>`.
    pub(crate) fn identifier<T>(&mut self, key: &'static str) -> Result<Option<T>, FieldError>
    where
        T: FromStr<Err = BadIdentifier>,
    {
        match self.text(key) {
            Some(text) if !text.is_empty() => self.parse(key, &text).map(Some),
            _ => Ok(None),
        }
    }

    pub(crate) fn required_identifier<T>(&mut self, key: &'static str) -> Result<T, FieldError>
    where
        T: FromStr<Err = BadIdentifier>,
    {
        let text = self.required_text(key)?;
        self.parse(key, &text)
    }

    fn parse<T>(&self, key: &'static str, text: &str) -> Result<T, FieldError>
    where
        T: FromStr<Err = BadIdentifier>,
    {
        text.parse().map_err(|source| FieldError::Identifier {
            message: self.message.clone(),
            key,
            source,
        })
    }
}
