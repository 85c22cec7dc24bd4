//! A property list in memory.

use std::fmt;

use time::OffsetDateTime;

/// A property list in memory. `Debug` shows the length of data, not its content.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `<dict>`, in document order.
    Dict(Dict),
    /// `<array>`.
    Array(Vec<Self>),
    /// `<string>`.
    String(String),
    /// `<integer>`, from `i64::MIN` to `u64::MAX`.
    Integer(i128),
    /// `<real>`.
    Real(f64),
    /// `<true/>` and `<false/>`.
    Bool(bool),
    /// `<data>`, decoded.
    Data(Vec<u8>),
    /// `<date>`, UTC, whole seconds.
    Date(OffsetDateTime),
}

impl Value {
    /// The dictionary, if it is one.
    pub const fn as_dict(&self) -> Option<&Dict> {
        if let Self::Dict(dict) = self {
            Some(dict)
        } else {
            None
        }
    }

    /// The items, if it is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self {
            Some(items)
        } else {
            None
        }
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The number, if it is an integer.
    pub const fn as_integer(&self) -> Option<i128> {
        if let Self::Integer(n) = self {
            Some(*n)
        } else {
            None
        }
    }

    /// The truth value, if it is one.
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(b) = self {
            Some(*b)
        } else {
            None
        }
    }

    /// The bytes, if it is data.
    pub fn as_data(&self) -> Option<&[u8]> {
        if let Self::Data(bytes) = self {
            Some(bytes)
        } else {
            None
        }
    }

    /// The name of its element.
    pub const fn element(&self) -> &'static str {
        match self {
            Self::Dict(_) => "dict",
            Self::Array(_) => "array",
            Self::String(_) => "string",
            Self::Integer(_) => "integer",
            Self::Real(_) => "real",
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Data(_) => "data",
            Self::Date(_) => "date",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dict(dict) => dict.fmt(f),
            Self::Array(items) => f.debug_list().entries(items).finish(),
            Self::String(text) => fmt::Debug::fmt(text, f),
            Self::Integer(n) => fmt::Display::fmt(n, f),
            Self::Real(x) => fmt::Debug::fmt(x, f),
            Self::Bool(b) => fmt::Display::fmt(b, f),
            Self::Data(bytes) => write!(f, "data({} bytes)", bytes.len()),
            Self::Date(at) => fmt::Display::fmt(at, f),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Data(bytes)
    }
}

impl From<Dict> for Value {
    fn from(dict: Dict) -> Self {
        Self::Dict(dict)
    }
}

/// A dictionary in document order, each key once.
#[derive(Clone, Default, PartialEq)]
pub struct Dict(pub(super) Vec<(String, Value)>);

impl Dict {
    /// None yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// Sets a key: in its place if it is there, else at the end.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        match self.0.iter_mut().find(|(k, _)| k == key) {
            Some((_, old)) => *old = value.into(),
            None => self.0.push((key.to_owned(), value.into())),
        }
    }

    /// The same with one more key; for building what leaves.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.set(key, value);
        self
    }

    /// Takes a key out.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        let at = self.0.iter().position(|(k, _)| k == key)?;
        Some(self.0.remove(at).1)
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// How many keys.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has no key.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl IntoIterator for Dict {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
