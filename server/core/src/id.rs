//! Identifiers: each a type of its own, entered only through a constructor that bounds it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use mdm_payloads::ProfileId;

/// A text that is not a legal identifier of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is not a legal {kind}: 1 to {max} printable ASCII characters without space are allowed"
)]
pub struct BadId {
    kind: &'static str,
    found: String,
    max: usize,
}

fn bounded(kind: &'static str, max: usize, text: &str) -> Result<String, BadId> {
    let legal = !text.is_empty() && text.len() <= max && text.bytes().all(|b| b.is_ascii_graphic());
    if legal {
        Ok(text.to_owned())
    } else {
        let found = text.chars().take(40).collect();
        Err(BadId { kind, found, max })
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                bounded($kind, $max, text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// Our key of one device, made by us: `d-` and ten characters.
    DeviceId, "device id", 64
);
text_id!(
    /// One command queue: the device's own, or that of one of its users.
    ChannelId, "channel id", 256
);
text_id!(
    /// `CommandUUID` of Apple's MDM protocol: unique per command, repeated by the device's answer.
    CommandUuid, "command UUID", 128
);
text_id!(
    /// Our key of one delivery of a profile: `y-` and ten characters.
    DeliveryId, "delivery id", 64
);
text_id!(
    /// The separation between parallel users of one server; `default` unless a code says otherwise.
    Scope, "scope", 64
);
text_id!(
    /// The text a person types, or a QR code carries, to be let in.
    CodeText, "enrollment code", 64
);
text_id!(
    /// SHA-256 of a certificate's DER, in lower-case hex: how a presented certificate is looked up.
    Fingerprint, "certificate fingerprint", 64
);
text_id!(
    /// A certificate's serial number in lower-case hex.
    Serial, "certificate serial number", 64
);
text_id!(
    /// SHA-256 of a SCEP challenge in lower-case hex: challenges are looked up by it, never stored.
    ChallengeId, "challenge id", 64
);
text_id!(
    /// The unguessable last part of a one-time link.
    LinkToken, "link token", 64
);
text_id!(
    /// Our key of a user: the user principal name in lower case, by [`UserId::of`].
    UserId, "user principal name", 256
);
text_id!(
    /// Our key of a prompt, by [`PromptId::of`].
    PromptId, "prompt id", 96
);
text_id!(
    /// Our key of a group, chosen by its author.
    GroupId, "group id", 64
);

impl PromptId {
    /// The key of the prompt that a revision of a delivery causes.
    pub fn of(delivery: &DeliveryId, revision: u32) -> Self {
        Self(format!("{}.{revision}", delivery.0))
    }
}

impl UserId {
    /// The key of the user with this principal name, which is the same however it is written.
    pub fn of(user_principal_name: &str) -> Result<Self, BadId> {
        user_principal_name.to_lowercase().parse()
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl ChannelId {
    /// The device's own channel.
    pub fn device(device: &DeviceId) -> Self {
        Self(device.0.clone())
    }

    /// The channel of one user of a device. `key` is the device's own name for that user and may be
    /// any text, so it is hashed into a name that is legal everywhere.
    pub fn user(device: &DeviceId, key: &str) -> Self {
        let tag = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, key.as_bytes());
        Self(format!("{}:{}", device.0, tag.simple()))
    }
}

/// How often a record was written; 0 means "does not exist yet". A commit names the version it
/// decided on, and is refused as stale when the stored one differs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The version after one more write.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_every_identifier() {
        for (text, complaint) in [
            (
                "",
                "`` is not a legal device id: 1 to 64 printable ASCII characters without space are allowed",
            ),
            (
                "a b",
                "`a b` is not a legal device id: 1 to 64 printable ASCII characters without space are allowed",
            ),
            (
                "d\u{e9}",
                "`d\u{e9}` is not a legal device id: 1 to 64 printable ASCII characters without space are allowed",
            ),
        ] {
            assert_eq!(
                text.parse::<DeviceId>().unwrap_err().to_string(),
                complaint,
                "{text}"
            );
        }
        assert!("x".repeat(65).parse::<DeviceId>().is_err());
        assert_eq!("d-1".parse::<DeviceId>().unwrap().as_str(), "d-1");
    }

    #[test]
    fn user_channels_differ_by_user_and_stay_the_same() {
        let device: DeviceId = "d-1".parse().unwrap();
        let alice = ChannelId::user(&device, "al ice \u{e9}");
        assert_eq!(alice, ChannelId::user(&device, "al ice \u{e9}"));
        assert_ne!(alice, ChannelId::user(&device, "bob"));
        assert_ne!(alice, ChannelId::device(&device));
    }
}
