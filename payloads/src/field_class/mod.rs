//! Which edits of a profile reach a device, and which of them its user notices.

mod table;

pub use table::class_of;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    exchange::AuthenticationMethod, platform::Platform, profile::Profile, settings::SettingsType,
};

/// How a user is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptKind {
    /// The device asks for the password again.
    PasswordReentry,
    /// The device asks whether mail may be configured anew.
    ReconfigureApproval,
    /// Gmail asks to set up the account anew.
    GmailActivation,
    /// Samsung's mail app shows the account as pending.
    KnoxPendingAccount,
    /// The portal asks.
    PortalApproval,
}

/// What an edit of a property does on a device, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Nothing was edited.
    None,
    /// It never reaches a device.
    Cosmetic,
    /// It is applied, and nobody notices.
    Silent,
    /// It is applied, and the user is asked for something.
    Prompt(PromptKind),
    /// The account or the certificate is taken away and made anew.
    Recreate,
}

/// An edited property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The property, dotted below the top: `incoming_server.port`.
    pub path: String,
    /// What it was; `None` where it was not set. Secrets are `***`, long texts are cut.
    pub before: Option<Value>,
    /// What it is.
    pub after: Option<Value>,
    /// What that does.
    pub class: Class,
}

/// What an edit does: the most that one of its properties does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The class of the whole.
    pub class: Class,
    /// The edited properties, by name.
    pub fields: Vec<FieldChange>,
    /// What the user of a device is asked for, if anything.
    pub prompt: Option<PromptKind>,
}

impl PromptKind {
    /// The word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PasswordReentry => "password_reentry",
            Self::ReconfigureApproval => "reconfigure_approval",
            Self::GmailActivation => "gmail_activation",
            Self::KnoxPendingAccount => "knox_pending_account",
            Self::PortalApproval => "portal_approval",
        }
    }
}

impl Class {
    /// The word for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Cosmetic => "cosmetic",
            Self::Silent => "silent",
            Self::Prompt(_) => "prompt",
            Self::Recreate => "recreate",
        }
    }
}

impl Change {
    /// Whether devices are told of it.
    pub fn reaches_devices(&self) -> bool {
        match self.class {
            Class::None | Class::Cosmetic => false,
            Class::Silent | Class::Prompt(_) | Class::Recreate => true,
        }
    }
}

/// What it does on devices that `new` takes the place of `old`. Microsoft documents two groups of edits that ask for the password (OAuth,
/// and what is synchronised) and that an account is known by its host and address; the rest follows from what each payload holds.
///
/// ```
/// # use mdm_payloads::{Profile, field_class::{Class, PromptKind, change}};
/// # let profile = |oauth| serde_json::from_str::<Profile>(&format!(r#"{{ "id": "mail", "type": "ios_exchange", "display_name": "Mail",
/// #     "host_name": "mail.example.com", "account_name": "Example", "use_oauth": {oauth} }}"#)).unwrap();
/// let edit = change(&profile(false), &profile(true));
/// assert_eq!(edit.class, Class::Prompt(PromptKind::PasswordReentry));
/// ```
pub fn change(old: &Profile, new: &Profile) -> Change {
    let (before, after) = (object(old), object(new));
    let fields = fields(new.settings.kind(), &before, &after);
    let class = fields
        .iter()
        .map(|field| field.class)
        .max()
        .unwrap_or(Class::None);
    Change {
        class,
        fields,
        prompt: prompt(class, new),
    }
}

/// The edited properties with what they were and are.
pub fn diff(old: &Profile, new: &Profile) -> Vec<FieldChange> {
    change(old, new).fields
}

fn object(profile: &Profile) -> Map<String, Value> {
    match serde_json::to_value(profile) {
        Ok(Value::Object(object)) => object,
        Ok(_) | Err(_) => Map::new(),
    }
}

/// What the user is asked for. An account that signs in by certificate alone never asks for a password.
fn prompt(class: Class, new: &Profile) -> Option<PromptKind> {
    let by_password = match new.settings.authentication_method() {
        Some(AuthenticationMethod::UsernameAndPassword) | None => true,
        Some(AuthenticationMethod::Certificate | AuthenticationMethod::DerivedCredential) => false,
    };
    match class {
        Class::None | Class::Cosmetic | Class::Silent => None,
        Class::Prompt(PromptKind::PasswordReentry) if !by_password => {
            Some(PromptKind::ReconfigureApproval)
        }
        Class::Prompt(kind) => Some(kind),
        Class::Recreate if !new.settings.is_account() || !by_password => None,
        Class::Recreate => Some(match new.settings.platform() {
            Platform::AndroidKnox => PromptKind::KnoxPendingAccount,
            Platform::AndroidWork | Platform::AndroidOwner => PromptKind::GmailActivation,
            Platform::Ios | Platform::Macos | Platform::Windows10 | Platform::WindowsPhone81 => {
                PromptKind::PasswordReentry
            }
        }),
    }
}

/// Every property that differs. One without a class of its own reaches the device: none is dropped.
fn fields(
    kind: SettingsType,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    walk("", before, after, &mut |path, before, after| {
        fields.push((path, before.cloned(), after.cloned()));
    });
    fields
        .into_iter()
        .map(|(path, was, is)| FieldChange {
            class: weighed(kind, &path, before, after),
            before: was.map(|value| shown(&path, value)),
            after: is.map(|value| shown(&path, value)),
            path,
        })
        .collect()
}

/// Calls `visit` for each property that differs, in objects within as well.
fn walk(
    prefix: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    visit: &mut impl FnMut(String, Option<&Value>, Option<&Value>),
) {
    let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let path = format!("{prefix}{name}");
        match (before.get(name), after.get(name)) {
            (was, is) if was == is => {}
            (Some(Value::Object(was)), Some(Value::Object(is))) => {
                walk(&format!("{path}."), was, is, visit);
            }
            (was, is) => visit(path, was, is),
        }
    }
}

/// The class of a property, less where what it says does not reach the device in either revision.
fn weighed(
    kind: SettingsType,
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Class {
    let either = |name: &str, wanted: &[&str]| {
        [before, after].iter().any(|object| {
            object
                .get(name)
                .and_then(Value::as_str)
                .is_some_and(|value| wanted.contains(&value))
        })
    };
    let idle = match path {
        "user_domain_name_source" | "custom_domain_name" => {
            !either("username_source", &["sam_account_name"])
        }
        "identity_certificate" if before.contains_key("authentication_method") => !either(
            "authentication_method",
            &["certificate", "derived_credential"],
        ),
        _ => false,
    };
    if idle {
        return Class::Cosmetic;
    }
    class_of(kind, path).unwrap_or(Class::Silent)
}

/// What is shown of a value: nothing of a secret, the beginning of a long text.
fn shown(path: &str, value: Value) -> Value {
    const LONGEST: usize = 120;
    let secret = ["password", "secret", "challenge", "header_magic"];
    if secret.iter().any(|word| path.contains(word)) {
        return "***".into();
    }
    match value {
        Value::String(text) if text.chars().count() > LONGEST => {
            let start: String = text.chars().take(LONGEST).collect();
            format!("{start}... ({} bytes)", text.len()).into()
        }
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// R52: a property that is added without a class fails here.
    #[test]
    fn r52_every_property_of_every_type_has_a_class() {
        for kind in SettingsType::ALL {
            for property in kind.properties() {
                assert!(class_of(*kind, property).is_some(), "{kind}: {property}");
            }
            assert_eq!(class_of(*kind, "nonsense"), None, "{kind}");
        }
    }

    type Edit = (Option<u8>, Option<u8>);

    proptest! {
        /// Whatever differs is told, known or not, and what is not known reaches the device.
        #[test]
        fn no_difference_is_dropped(
            same in proptest::collection::btree_map("[a-z]{1,4}", any::<u8>(), 0..6),
            edits in proptest::collection::btree_map("[a-z]{5,8}", (any::<Option<u8>>(), any::<Option<u8>>()), 0..6),
            nest in any::<bool>(),
        ) {
            let build = |pick: fn(&Edit) -> Option<u8>| {
                let mut object = Map::new();
                object.extend(same.iter().map(|(name, value)| (name.clone(), Value::from(*value))));
                object.extend(
                    edits.iter().filter_map(|(name, pair)| pick(pair).map(|v| (name.clone(), Value::from(v)))),
                );
                if nest {
                    Map::from_iter([("inner".to_owned(), Value::Object(object))])
                } else {
                    object
                }
            };
            let (before, after) = (build(|pair| pair.0), build(|pair| pair.1));
            for kind in SettingsType::ALL {
                let told: Vec<String> =
                    fields(*kind, &before, &after).into_iter().map(|field| field.path).collect();
                let expected: Vec<String> = edits
                    .iter()
                    .filter(|(_, (was, is))| was != is)
                    .map(|(name, _)| if nest { format!("inner.{name}") } else { name.clone() })
                    .collect();
                prop_assert_eq!(&told, &expected);
                for field in fields(*kind, &before, &after) {
                    prop_assert!(field.class >= Class::Silent, "{:?}", field);
                }
            }
        }
    }
}
