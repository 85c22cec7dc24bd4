//! The facts, read once.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::os::{Availability, Introduced};
use crate::{os_version::OsVersion, platform::Platform};

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    String,
    Boolean,
    Integer,
    Real,
    Date,
    Data,
    Array,
    Dictionary,
    Any,
}

/// The shape of a text, where one is prescribed. Other shapes than these two are not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Uuid,
    HttpsUrl,
}

/// A key: of a dictionary, or standing for the items of an array.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) allowed: Vec<Value>,
    pub(super) bounds: (Option<f64>, Option<f64>),
    pub(super) repetition: (Option<usize>, Option<usize>),
    pub(super) shape: Option<Shape>,
    ios: Availability,
    macos: Availability,
    pub(super) keys: Vec<Self>,
}

/// A payload type or a request type.
#[derive(Debug)]
pub(super) struct Entry {
    ios: Availability,
    macos: Availability,
    pub(super) keys: Vec<Key>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) payloads: BTreeMap<String, Entry>,
    pub(super) requests: BTreeMap<String, Entry>,
}

/// The keys every payload has.
pub(super) const COMMON: &str = "CommonPayloadKeys";
/// The keys of a profile as a whole.
pub(super) const TOP_LEVEL: &str = "TopLevel";

impl Entry {
    pub(super) fn on(&self, platform: Platform) -> &Availability {
        match platform {
            Platform::Ios => &self.ios,
            Platform::Macos => &self.macos,
            _ => &NOWHERE,
        }
    }
}

impl Key {
    pub(super) fn on(&self, platform: Platform) -> &Availability {
        match platform {
            Platform::Ios => &self.ios,
            Platform::Macos => &self.macos,
            _ => &NOWHERE,
        }
    }
}

/// The table.
pub(super) fn table() -> &'static Table {
    #[expect(
        clippy::expect_used,
        reason = "the table is compiled in, and a test reads it"
    )]
    static TABLE: LazyLock<Table> =
        LazyLock::new(|| read().expect("the table compiled in is well formed"));
    &TABLE
}

fn read() -> Result<Table, serde_json::Error> {
    let raw: RawTable = serde_json::from_str(include_str!(
        "../../../../tests/fixtures/apple-keys/apple-keys.json"
    ))?;
    let mut table = Table::default();
    for (path, file) in raw.files {
        if !path.starts_with("mdm/profiles/") && !path.starts_with("mdm/commands/") {
            continue;
        }
        let ios = file.os.ios.over(EVERYWHERE);
        let macos = file.os.macos.over(EVERYWHERE);
        let entry = Entry {
            keys: file
                .keys
                .into_iter()
                .map(|key| key.into_key(ios, macos))
                .collect(),
            ios,
            macos,
        };
        if let Some(name) = file.payload_type {
            table.payloads.insert(name, entry);
        } else if let Some(name) = file.request_type {
            table.requests.insert(name, entry);
        }
    }
    Ok(table)
}

/// Every payload type in the table.
pub fn payload_types() -> impl Iterator<Item = &'static str> {
    let types = table().payloads.keys().map(String::as_str);
    types.filter(|name| ![COMMON, TOP_LEVEL].contains(name))
}

/// The keys of a payload type, without those every payload has; `None` when the type is not in the table.
pub fn payload_keys(payload_type: &str) -> Option<Vec<&'static str>> {
    let entry = table().payloads.get(payload_type)?;
    Some(entry.keys.iter().map(|key| key.name.as_str()).collect())
}

/// Every request type in the table.
pub fn request_types() -> impl Iterator<Item = &'static str> {
    table().requests.keys().map(String::as_str)
}

const EVERYWHERE: Availability = Availability {
    introduced: Introduced::Since(None),
    deprecated: None,
    removed: None,
    device_channel: true,
    user_channel: true,
    multiple: true,
};

/// What no system of Apple's has.
const NOWHERE: Availability = Availability {
    introduced: Introduced::Never,
    ..EVERYWHERE
};

#[derive(Deserialize)]
struct RawTable {
    files: BTreeMap<String, RawFile>,
}

#[derive(Deserialize)]
struct RawFile {
    payload_type: Option<String>,
    request_type: Option<String>,
    #[serde(default)]
    os: RawSystems,
    #[serde(default)]
    keys: Vec<RawKey>,
}

#[derive(Default, Deserialize)]
struct RawSystems {
    #[serde(rename = "iOS", default)]
    ios: RawSystem,
    #[serde(rename = "macOS", default)]
    macos: RawSystem,
}

/// What is said of one system; what is not said is inherited.
#[derive(Default, Deserialize)]
struct RawSystem {
    #[serde(default)]
    introduced: RawIntroduced,
    deprecated: Option<String>,
    removed: Option<String>,
    devicechannel: Option<bool>,
    userchannel: Option<bool>,
    multiple: Option<bool>,
}

/// `null` means never, which is not the same as a key that is not there.
#[derive(Default)]
enum RawIntroduced {
    #[default]
    Inherited,
    Never,
    In(String),
}

impl<'de> Deserialize<'de> for RawIntroduced {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(from)?.map_or(Self::Never, Self::In))
    }
}

impl RawSystem {
    fn over(&self, base: Availability) -> Availability {
        let version = |text: &Option<String>| -> Option<OsVersion> {
            text.as_deref().and_then(|text| text.parse().ok())
        };
        Availability {
            introduced: match &self.introduced {
                RawIntroduced::Inherited => base.introduced,
                RawIntroduced::Never => Introduced::Never,
                RawIntroduced::In(text) => Introduced::Since(text.parse().ok()),
            },
            deprecated: version(&self.deprecated).or(base.deprecated),
            removed: version(&self.removed).or(base.removed),
            device_channel: self.devicechannel.unwrap_or(base.device_channel),
            user_channel: self.userchannel.unwrap_or(base.user_channel),
            multiple: self.multiple.unwrap_or(base.multiple),
        }
    }
}

#[derive(Deserialize)]
struct RawKey {
    key: String,
    #[serde(rename = "type")]
    kind: Kind,
    presence: Presence,
    #[serde(default)]
    rangelist: Vec<Value>,
    range: Option<RawRange<f64>>,
    repetition: Option<RawRange<usize>>,
    format: Option<String>,
    #[serde(default)]
    os: RawSystems,
    #[serde(default)]
    subkeys: Vec<Self>,
}

#[derive(PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Presence {
    Required,
    Optional,
}

#[derive(Deserialize)]
struct RawRange<T> {
    min: Option<T>,
    max: Option<T>,
}

impl RawKey {
    fn into_key(self, ios: Availability, macos: Availability) -> Key {
        let ios = self.os.ios.over(ios);
        let macos = self.os.macos.over(macos);
        let keys = self.subkeys.into_iter();
        // Differs: the table names one item, but the keys of the dictionary are languages.
        let keys: Vec<_> = match self.key.as_str() {
            "ConsentText" => Vec::new(),
            _ => keys.map(|key| key.into_key(ios, macos)).collect(),
        };
        Key {
            name: self.key,
            kind: self.kind,
            required: self.presence == Presence::Required,
            allowed: self.rangelist,
            bounds: self
                .range
                .map_or((None, None), |range| (range.min, range.max)),
            repetition: self
                .repetition
                .map_or((None, None), |range| (range.min, range.max)),
            shape: self.format.as_deref().and_then(|format| match format {
                "^[0-9A-Za-z]{8}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{12}$" => {
                    Some(Shape::Uuid)
                }
                "^https://.*$" => Some(Shape::HttpsUrl),
                _ => None,
            }),
            ios,
            macos,
            keys,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads() {
        let table = read().unwrap();
        assert_eq!(table.payloads.len(), 30);
        assert_eq!(table.requests.len(), 66);
        let mail = &table.payloads["com.apple.mail.managed"];
        assert!(!mail.macos.device_channel && mail.macos.user_channel);
        let moves = mail
            .keys
            .iter()
            .find(|key| key.name == "PreventMove")
            .unwrap();
        assert_eq!(moves.macos.introduced, Introduced::Never);
        assert_eq!(
            moves.ios.introduced,
            Introduced::Since(Some("5.0".parse().unwrap()))
        );
        let account = &table.payloads["com.apple.eas.account"];
        assert_eq!(account.macos.introduced, Introduced::Never);
    }
}
