//! Identifiers of delivered profiles and of what is in them.

use std::fmt;

use uuid::Uuid;

use crate::{material::RootName, profile_id::ProfileId};

/// A `PayloadUUID`, as upper-case text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadUuid(String);

impl PayloadUuid {
    /// The identifier that `parts` have within `instance` (RFC 9562 section 5.5): the same parts, the same identifier.
    pub(crate) fn derive(instance: Uuid, parts: &[&str]) -> Self {
        let mut name = Vec::new();
        for part in parts {
            name.extend_from_slice(&(part.len() as u64).to_be_bytes());
            name.extend_from_slice(part.as_bytes());
        }
        Self(
            Uuid::new_v5(&instance, &name)
                .hyphenated()
                .to_string()
                .to_uppercase(),
        )
    }

    /// The text, 8-4-4-4-12.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PayloadUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a payload is within its profile.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role<'a> {
    /// The account.
    Account,
    /// The identity that another profile describes.
    Identity(&'a ProfileId),
    /// A trusted certificate.
    Root(&'a RootName),
}

impl fmt::Display for Role<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("account"),
            Self::Identity(id) => write!(f, "identity.{id}"),
            Self::Root(name) => write!(f, "root.{name}"),
        }
    }
}

/// From what the identifiers of a delivered profile are derived.
///
/// A device updates an inner payload in place when both its identifiers stay, and otherwise removes it and adds the new one, which
/// for an account means its mail is fetched again. So everything inside depends on the generation and not on the revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifiers {
    /// The server; two servers never make the same identifier.
    pub instance: Uuid,
    /// What every `PayloadIdentifier` begins with, in reverse-DNS style.
    pub prefix: String,
    /// The device, or the user on a device, it is delivered to.
    pub channel: String,
    /// Counted up to force that payloads are removed and added again.
    pub generation: u32,
    /// The revision of the profile; only the `PayloadUUID` of the profile as a whole tells it, which a device reports in its list of profiles.
    pub revision: u64,
}

impl Identifiers {
    /// The `PayloadIdentifier` of a profile, by which a device knows what to replace.
    pub fn profile_identifier(&self, id: &ProfileId) -> String {
        format!("{}.profile.{id}", self.prefix)
    }

    /// The `PayloadUUID` of this revision of a profile.
    pub fn profile_uuid(&self, id: &ProfileId) -> PayloadUuid {
        self.derive(id, &format!("revision {}", self.revision))
    }

    pub(crate) fn payload_identifier(&self, id: &ProfileId, role: Role<'_>) -> String {
        format!("{}.{role}", self.profile_identifier(id))
    }

    pub(crate) fn payload_uuid(&self, id: &ProfileId, role: Role<'_>) -> PayloadUuid {
        self.derive(id, &role.to_string())
    }

    /// The identifier of something that is another thing wherever one of `known_by` is another: what cannot be changed in place.
    pub(crate) fn known_by(
        &self,
        id: &ProfileId,
        role: Role<'_>,
        known_by: &[&str],
    ) -> PayloadUuid {
        let (generation, role) = (self.generation.to_string(), role.to_string());
        let mut parts = vec![id.as_str(), self.channel.as_str(), &generation, &role];
        parts.extend(known_by);
        PayloadUuid::derive(self.instance, &parts)
    }

    fn derive(&self, id: &ProfileId, role: &str) -> PayloadUuid {
        let generation = self.generation.to_string();
        let parts = [id.as_str(), self.channel.as_str(), &generation, role];
        PayloadUuid::derive(self.instance, &parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depend_on_what_they_must_and_on_nothing_else() {
        let id: ProfileId = "mail".parse().unwrap();
        let first = Identifiers {
            instance: Uuid::from_u128(1),
            prefix: "org.example".into(),
            channel: "device-1".into(),
            generation: 1,
            revision: 1,
        };
        let uuid = |identifiers: &Identifiers| identifiers.payload_uuid(&id, Role::Account);
        // Python: uuid.uuid5(uuid.UUID(int=1), each part after its length in eight octets).
        assert_eq!(
            uuid(&first).as_str(),
            "F2C11774-F0FE-5678-8A91-B5099E7E2BD4"
        );
        let revised = Identifiers {
            revision: 2,
            ..first.clone()
        };
        assert_eq!(uuid(&first), uuid(&revised));
        assert_ne!(first.profile_uuid(&id), revised.profile_uuid(&id));
        for other in [
            Identifiers {
                generation: 2,
                ..first.clone()
            },
            Identifiers {
                channel: "device-2".into(),
                ..first.clone()
            },
            Identifiers {
                instance: Uuid::from_u128(2),
                ..first.clone()
            },
        ] {
            assert_ne!(uuid(&first), uuid(&other));
        }
        assert_ne!(
            uuid(&first),
            first.payload_uuid(&id, Role::Root(&RootName::Lab))
        );
        assert_eq!(
            first.payload_identifier(&id, Role::Identity(&id)),
            "org.example.profile.mail.identity.mail"
        );
    }
}
