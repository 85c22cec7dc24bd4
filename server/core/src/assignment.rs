//! Whom a profile is for.

use std::collections::{BTreeMap, BTreeSet};

use mdm_payloads::{Finding, Level, Semantics};
use serde::{Deserialize, Serialize};

use crate::group::GroupKind;
use crate::id::{GroupId, ProfileId, Scope, Version};
use crate::time::Timestamp;

/// The whole assignment of one profile. Writing it replaces the one before, as Microsoft Graph's `assign`
/// does: what it no longer names is no longer targeted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The profile; also our key.
    pub profile: ProfileId,
    /// Times written.
    pub version: Version,
    /// Where it belongs.
    pub scope: Scope,
    /// Groups that get it (`groupAssignmentTarget`).
    pub include: BTreeSet<GroupId>,
    /// Groups that do not, all the same (`exclusionGroupAssignmentTarget`).
    pub exclude: BTreeSet<GroupId>,
    /// Every device gets it (`allDevicesAssignmentTarget`).
    pub all_devices: bool,
    /// Every licensed user gets it (`allLicensedUsersAssignmentTarget`).
    pub all_users: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Assignment {
    /// Whether it says the same as `other`, whenever and however often either was written.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.include == other.include
            && self.exclude == other.exclude
            && self.all_devices == other.all_devices
            && self.all_users == other.all_users
            && self.scope == other.scope
    }

    /// The kinds it reaches, and the kinds it excludes.
    fn kinds(
        &self,
        groups: &BTreeMap<GroupId, GroupKind>,
    ) -> (BTreeSet<GroupKind>, BTreeSet<GroupKind>) {
        let of = |ids: &BTreeSet<GroupId>| {
            ids.iter()
                .filter_map(|id| groups.get(id).copied())
                .collect::<BTreeSet<_>>()
        };
        let mut reached = of(&self.include);
        if self.all_devices {
            reached.insert(GroupKind::Device);
        }
        if self.all_users {
            reached.insert(GroupKind::User);
        }
        (reached, of(&self.exclude))
    }

    /// What will probably not do what was meant. `groups` are the ones there are, with their kinds.
    pub fn lint(
        &self,
        groups: &BTreeMap<GroupId, GroupKind>,
        semantics: Semantics,
    ) -> Vec<Finding> {
        let (reached, excluded) = self.kinds(groups);
        let mut findings = Vec::new();
        for (kind, other) in [
            (GroupKind::User, GroupKind::Device),
            (GroupKind::Device, GroupKind::User),
        ] {
            if excluded.contains(&kind) && reached.contains(&other) {
                findings.push(Finding::new(
                    "W-MIXED-EXCLUDE",
                    Level::Warning,
                    "exclude",
                    format!(
                        "excluding a {} group does not keep the profile from what a {} group includes",
                        kind.as_str(),
                        other.as_str()
                    ),
                ));
            }
        }
        let other = match semantics {
            Semantics::Y2017 => None,
            Semantics::Y2020 => Some((
                GroupKind::User,
                "W-DEVICE-GROUP",
                "is assigned to users; the 2020 edition assigns profiles to groups of devices",
            )),
            Semantics::Current => Some((
                GroupKind::Device,
                "W-USER-GROUP",
                "is assigned to devices; what belongs to a user is assigned to groups of users now, and devices \
                 without a user do not get it",
            )),
        };
        if let Some((kind, rule, text)) = other
            && reached.contains(&kind)
        {
            let text = format!("profile `{}` {text}", self.profile);
            findings.push(Finding::new(rule, Level::Warning, "include", text));
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use Semantics::{Current, Y2017, Y2020};

    use super::*;

    /// Groups of users begin with `u`, of devices with `d`.
    fn assignment(include: &[&str], exclude: &[&str]) -> Assignment {
        let ids = |names: &[&str]| {
            names
                .iter()
                .filter(|name| !name.starts_with("all"))
                .map(|name| name.parse().unwrap())
                .collect()
        };
        Assignment {
            profile: "mail".parse().unwrap(),
            version: Version(0),
            scope: Scope::default(),
            include: ids(include),
            exclude: ids(exclude),
            all_devices: include.contains(&"all_devices"),
            all_users: include.contains(&"all_users"),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    #[test]
    fn r26_warnings_by_edition() {
        let groups = ["u1", "u2", "d1", "d2"].map(|name| {
            let kind = if name.starts_with('u') {
                GroupKind::User
            } else {
                GroupKind::Device
            };
            (name.parse().unwrap(), kind)
        });
        let groups = BTreeMap::from(groups);
        for (include, exclude, semantics, rules) in [
            (&["u1"][..], &[][..], Y2017, &[][..]),
            (&["u1"], &[], Y2020, &["W-DEVICE-GROUP"]),
            (&["u1"], &[], Current, &[]),
            (&["d1"], &[], Y2017, &[]),
            (&["d1"], &[], Y2020, &[]),
            (&["d1"], &[], Current, &["W-USER-GROUP"]),
            (&["all_users"], &[], Y2020, &["W-DEVICE-GROUP"]),
            (&["all_devices"], &[], Current, &["W-USER-GROUP"]),
            (&["u1"], &["u2"], Y2017, &[]),
            (&["u1"], &["d1"], Y2017, &["W-MIXED-EXCLUDE"]),
            (&["d1"], &["u1"], Y2017, &["W-MIXED-EXCLUDE"]),
            (&["all_devices"], &["d2"], Y2017, &[]),
            (&["all_users"], &["d2"], Y2017, &["W-MIXED-EXCLUDE"]),
            (&["u1", "d1"], &["d2"], Y2017, &["W-MIXED-EXCLUDE"]),
        ] {
            let found = assignment(include, exclude).lint(&groups, semantics);
            let found: Vec<_> = found.iter().map(|f| f.rule).collect();
            assert_eq!(found, rules, "{include:?} {exclude:?} {semantics}");
        }
    }
}
