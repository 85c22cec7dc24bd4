//! A profile: what an administrator asks to be on a device.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::{Map, Value};

use crate::{
    complaint::{Complaint, Complaints},
    profile_id::ProfileId,
    properties::{Reader, write_property},
    settings::{Settings, SettingsType},
    spelling::nearest,
};

/// A profile. Written flat, as Microsoft Graph writes one: `id`, `type`, `display_name`, `description`, then the properties of its type.
///
/// ```
/// # use mdm_payloads::Profile;
/// let profile: Profile = serde_json::from_str(r#"{
///     "id": "mail", "type": "ios_exchange", "display_name": "Mail",
///     "host_name": "mail.example.com", "account_name": "Example"
/// }"#).unwrap();
/// assert!(profile.validate().is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its identifier.
    pub id: ProfileId,
    /// The name people see; not empty.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its settings.
    pub settings: Settings,
}

/// The longest text a property other than a certificate may hold, in bytes.
const LONGEST_TEXT: usize = 4096;
/// How many unknown properties are told.
const MOST_UNKNOWN: usize = 20;
/// The longest certificate, as text, in bytes.
const LONGEST_CERTIFICATE: usize = 65_536;

impl Profile {
    /// Reads a profile from an object, with every mistake told at once: unknown properties by name, wrong values by property.
    ///
    /// This decides what is *written* correctly; [`Profile::validate`] decides what makes sense.
    pub fn read(object: Map<String, Value>) -> Result<Self, Complaints> {
        let mut from = Reader::new(object);
        let id = from.required("id");
        let display_name = from.required("display_name");
        let description = from.or("description", None);
        let name: Option<String> = from.required("type");
        let kind = name.and_then(|name| {
            let kind = name.parse::<SettingsType>().ok();
            if kind.is_none() {
                from.complain(Complaint::new("type", format!("`{name}`"), one_of_types()));
            }
            kind
        });
        let settings = kind.and_then(|kind| kind.read(&mut from));
        let (left, mut complaints) = from.finish();
        if let Some(kind) = kind {
            complaints.extend(
                left.iter()
                    .take(MOST_UNKNOWN)
                    .map(|name| unknown(name, kind)),
            );
        }
        match (id, display_name, description, settings) {
            (Some(id), Some(display_name), Some(description), Some(settings))
                if complaints.is_empty() =>
            {
                Ok(Self {
                    id,
                    display_name,
                    description,
                    settings,
                })
            }
            _ => Err(Complaints(complaints)),
        }
    }

    /// Everything that makes no sense in the profile itself; empty when nothing does.
    pub fn validate(&self) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        if self.display_name.trim().is_empty() {
            complaints.push(Complaint::new("display_name", "nothing", "a name"));
        }
        self.settings.complain(&mut complaints);
        if let Ok(Value::Object(object)) = serde_json::to_value(self) {
            for (name, value) in &object {
                check_texts(name, value, &mut complaints);
            }
        }
        complaints
    }
}

/// Complains about texts that are too long, and about characters XML cannot carry (XML 1.0 section 2.2).
fn check_texts(path: &str, value: &Value, complaints: &mut Vec<Complaint>) {
    match value {
        Value::String(text) => {
            let longest = match path {
                "trusted_root_certificate" => LONGEST_CERTIFICATE,
                _ => LONGEST_TEXT,
            };
            if text.len() > longest {
                complaints.push(Complaint::new(
                    path,
                    format!("{} bytes", text.len()),
                    format!("at most {longest} bytes"),
                ));
            }
            if let Some(c) = text.chars().find(|&c| !in_xml(c)) {
                complaints.push(Complaint::new(
                    path,
                    format!("U+{:04X}", u32::from(c)),
                    "characters that XML can carry",
                ));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check_texts(&format!("{path}[{index}]"), item, complaints);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                check_texts(&format!("{path}.{name}"), value, complaints);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether XML 1.0 can carry `c` (section 2.2, `Char`).
pub(crate) fn in_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{1_0000}'..)
}

fn one_of_types() -> String {
    let names: Vec<_> = SettingsType::ALL.iter().map(|kind| kind.as_str()).collect();
    format!("one of {}", names.join(", "))
}

/// The complaint about a property that `kind` does not have: whose it is, or what was probably meant.
fn unknown(name: &str, kind: SettingsType) -> Complaint {
    let owners: Vec<_> = SettingsType::ALL
        .iter()
        .filter(|other| other.properties().contains(&name))
        .map(|other| other.as_str())
        .collect();
    let found = if owners.is_empty() {
        "an unknown property".to_owned()
    } else {
        format!("a property of {}", owners.join(", "))
    };
    if name == "identity_certificate"
        && matches!(
            kind,
            SettingsType::Windows10Exchange
                | SettingsType::WindowsPhone81Exchange
                | SettingsType::WindowsMail
        )
    {
        return Complaint::new(
            name,
            found,
            "nothing: no node of Windows links a certificate to a mail account, so deliver the identity as a profile of its own",
        );
    }
    let known = ["description", "display_name"].into_iter();
    let nearest = nearest(name, known.chain(kind.properties())).filter(|_| owners.is_empty());
    let allowed = match nearest {
        Some(known) => format!("a property of {kind}, perhaps `{known}`"),
        None => format!("a property of {kind}"),
    };
    Complaint::new(name.chars().take(80).collect::<String>(), found, allowed)
}

impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = || {
            let mut object = Map::new();
            write_property(&mut object, "id", &self.id)?;
            write_property(&mut object, "type", &self.settings.kind().as_str())?;
            write_property(&mut object, "display_name", &self.display_name)?;
            write_property(&mut object, "description", &self.description)?;
            self.settings.write(&mut object)?;
            Ok::<_, serde_json::Error>(object)
        };
        object().map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Profile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Map::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
