//! Groups of properties that several profile types share, read from and written to one flat object.
//!
//! `serde(flatten)` can neither refuse unknown properties nor name the property whose value is wrong, and it stops at the
//! first mistake. [`properties!`] makes a struct whose fields are read one by one instead, so that every mistake is told.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::complaint::Complaint;

/// A group of properties.
pub(crate) trait Properties: Sized {
    /// Appends the name of every property of the group.
    fn names(into: &mut Vec<&'static str>);
    /// Takes the group out of `from`; `None` when a complaint was made.
    fn read(from: &mut Reader) -> Option<Self>;
    /// Puts the group into `into`, leaving out what is not set.
    fn write(&self, into: &mut Map<String, Value>) -> Result<(), serde_json::Error>;
}

/// An object whose properties are being taken out one by one, so that every mistake is told.
#[derive(Debug)]
pub struct Reader {
    object: Map<String, Value>,
    complaints: Vec<Complaint>,
}

impl Reader {
    /// Reads this object.
    pub fn new(object: Map<String, Value>) -> Self {
        Self {
            object,
            complaints: Vec::new(),
        }
    }

    /// The value of `name`; a complaint when it is missing, null or of another type.
    pub fn required<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.take(name);
        if value.is_none() {
            self.complain(Complaint::new(name, "nothing", "a value"));
        }
        self.decode(name, value?)
    }

    /// The value of `name`, or `default` when it is missing or null; a complaint when it is of another type.
    pub fn or<T: DeserializeOwned>(&mut self, name: &str, default: T) -> Option<T> {
        match self.take(name) {
            Some(value) => self.decode(name, value),
            None => Some(default),
        }
    }

    /// Adds a complaint.
    pub fn complain(&mut self, complaint: Complaint) {
        self.complaints.push(complaint);
    }

    /// What was not taken, and what was complained about.
    pub fn finish(self) -> (Vec<String>, Vec<Complaint>) {
        let left = self
            .object
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name)
            .collect();
        (left, self.complaints)
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.object.remove(name).filter(|value| !value.is_null())
    }

    fn decode<T: DeserializeOwned>(&mut self, name: &str, value: Value) -> Option<T> {
        let found: String = value.to_string().chars().take(80).collect();
        match serde_json::from_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                let text = error.to_string();
                let allowed = text
                    .rsplit_once("expected ")
                    .map_or(text.as_str(), |(_, allowed)| allowed);
                self.complain(Complaint::new(name, found, allowed));
                None
            }
        }
    }
}

/// Writes one property, unless it is not set.
pub(crate) fn write_property(
    into: &mut Map<String, Value>,
    name: &str,
    value: &impl Serialize,
) -> Result<(), serde_json::Error> {
    let value = serde_json::to_value(value)?;
    if !value.is_null() {
        into.insert(name.to_owned(), value);
    }
    Ok(())
}

/// Declares a struct of properties: `shared` groups first, then its `own` properties, `= default` for those that may be left out.
macro_rules! properties {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            shared { $($(#[$group_meta:meta])* $group:ident: $group_type:ty,)* }
            own { $($(#[$field_meta:meta])* $field:ident: $type:ty $(= $default:expr)?,)* }
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[$group_meta])* pub $group: $group_type,)*
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $crate::properties::Properties for $name {
            fn names(into: &mut Vec<&'static str>) {
                $(<$group_type as $crate::properties::Properties>::names(into);)*
                $(into.push(stringify!($field));)*
            }

            fn read(from: &mut $crate::properties::Reader) -> Option<Self> {
                $(let $group = <$group_type as $crate::properties::Properties>::read(from);)*
                $(let $field = properties!(@read from, $field: $type $(= $default)?);)*
                Some(Self { $($group: $group?,)* $($field: $field?,)* })
            }

            fn write(
                &self,
                into: &mut serde_json::Map<String, serde_json::Value>,
            ) -> Result<(), serde_json::Error> {
                $($crate::properties::Properties::write(&self.$group, into)?;)*
                $($crate::properties::write_property(into, stringify!($field), &self.$field)?;)*
                Ok(())
            }
        }
    };
    (@read $from:ident, $field:ident: $type:ty) => {
        $from.required::<$type>(stringify!($field))
    };
    (@read $from:ident, $field:ident: $type:ty = $default:expr) => {
        $from.or::<$type>(stringify!($field), $default)
    };
}
pub(crate) use properties;
