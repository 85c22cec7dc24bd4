//! Installed profiles, and what a new one does to them.

use super::session::Channel;
use super::{Payload, Profile};

/// A profile on the device.
#[derive(Debug, Clone)]
pub struct InstalledProfile {
    /// The profile itself.
    pub profile: Profile,
    /// Whether MDM installed it, and so may remove it.
    pub managed: bool,
    /// Channel it was installed on.
    pub channel: Channel,
}

/// What installing a profile does to the payloads of the one with the same identifier.
///
/// A payload with the same identifier *and* UUID as before is changed in place; any other is removed or added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Whether a profile with this identifier is there.
    pub replaces: bool,
    /// UUIDs of payloads that are changed in place.
    pub updated: Vec<String>,
    /// UUIDs of payloads that are new.
    pub added: Vec<String>,
    /// UUIDs of payloads that go.
    pub removed: Vec<String>,
}

/// All installed profiles, oldest first.
#[derive(Debug, Clone, Default)]
pub struct ProfileStore(Vec<InstalledProfile>);

impl ProfileStore {
    /// All of them.
    pub fn all(&self) -> &[InstalledProfile] {
        &self.0
    }

    /// The one with this identifier on this channel.
    pub fn find(&self, identifier: &str, channel: Channel) -> Option<&InstalledProfile> {
        self.0.iter().find(|installed| {
            installed.profile.identifier == identifier && installed.channel == channel
        })
    }

    /// What installing this profile would do.
    pub fn plan(&self, new: &Profile, channel: Channel) -> Plan {
        let old = self.find(&new.identifier, channel);
        let before: &[Payload] = old.map_or(&[], |old| &old.profile.payloads);
        let same = |a: &Payload, b: &Payload| {
            a.identifier == b.identifier && a.uuid.eq_ignore_ascii_case(&b.uuid)
        };
        let uuids = |payloads: Vec<&Payload>| {
            payloads
                .into_iter()
                .map(|payload| payload.uuid.clone())
                .collect()
        };
        let (updated, added): (Vec<&Payload>, Vec<&Payload>) = new
            .payloads
            .iter()
            .partition(|payload| before.iter().any(|old| same(old, payload)));
        let removed = before
            .iter()
            .filter(|old| !new.payloads.iter().any(|payload| same(old, payload)))
            .collect();
        Plan {
            replaces: old.is_some(),
            updated: uuids(updated),
            added: uuids(added),
            removed: uuids(removed),
        }
    }

    /// Puts a profile in place of the one with its identifier.
    pub(super) fn put(&mut self, installed: InstalledProfile) {
        let same = |old: &InstalledProfile| {
            old.profile.identifier == installed.profile.identifier
                && old.channel == installed.channel
        };
        match self.0.iter_mut().find(|old| same(old)) {
            Some(old) => *old = installed,
            None => self.0.push(installed),
        }
    }

    /// Takes a profile off.
    pub(super) fn remove(
        &mut self,
        identifier: &str,
        channel: Channel,
    ) -> Option<InstalledProfile> {
        let at = self
            .0
            .iter()
            .position(|old| old.profile.identifier == identifier && old.channel == channel)?;
        Some(self.0.remove(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::Signature;

    fn profile(identifier: &str, payloads: &[(&str, &str)]) -> Profile {
        let payload = |(identifier, uuid): &(&str, &str)| Payload {
            kind: "com.apple.font".into(),
            identifier: (*identifier).into(),
            uuid: (*uuid).into(),
            settings: plist::Dictionary::new(),
        };
        Profile {
            identifier: identifier.into(),
            uuid: "TOP".into(),
            display_name: String::new(),
            organization: None,
            removal_disallowed: false,
            encrypted: false,
            signature: Signature::NotSigned,
            signers: Vec::new(),
            payloads: payloads.iter().map(payload).collect(),
        }
    }

    #[test]
    fn identifier_and_uuid_together_decide() {
        let mut store = ProfileStore::default();
        let installed = profile("mail", &[("mail.a", "A1"), ("mail.b", "B1")]);
        store.put(InstalledProfile {
            profile: installed,
            managed: true,
            channel: Channel::Device,
        });
        for (identifier, payloads, expected) in [
            (
                "mail",
                vec![("mail.a", "a1"), ("mail.b", "B1")],
                "replaces, updated [a1 B1], added [], removed []",
            ),
            (
                "mail",
                vec![("mail.a", "A2"), ("mail.b", "B1")],
                "replaces, updated [B1], added [A2], removed [A1]",
            ),
            (
                "mail",
                vec![("mail.x", "A1")],
                "replaces, updated [], added [A1], removed [A1 B1]",
            ),
            (
                "other",
                vec![("mail.a", "A1")],
                "adds, updated [], added [A1], removed []",
            ),
        ] {
            let plan = store.plan(&profile(identifier, &payloads), Channel::Device);
            let verb = if plan.replaces { "replaces" } else { "adds" };
            let lists = [plan.updated, plan.added, plan.removed].map(|list| list.join(" "));
            let found = format!(
                "{verb}, updated [{}], added [{}], removed [{}]",
                lists[0], lists[1], lists[2]
            );
            assert_eq!(found, expected);
        }
        assert!(!store.plan(&profile("mail", &[]), Channel::User).replaces);
    }
}
