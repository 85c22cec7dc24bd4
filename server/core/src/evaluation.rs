//! Evaluation of assignments: which profiles a device is meant to have, and what that changes. Pure.
//!
//! Assignments are indexed by group and by target, so that the work for one device depends on the
//! groups it is in and the profiles that reach it, not on how many profiles there are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use mdm_payloads::field_class::Class;
use mdm_payloads::{NotApplicable, Semantics, applicability};

use crate::assignment::Assignment;
use crate::candidate::candidate;
use crate::delivery::{Delivery, DeliveryState, Reason, Wanted};
use crate::device::Device;
use crate::group::{Group, GroupKind, names_of};
use crate::id::{GroupId, ProfileId, UserId};
use crate::profile::StoredProfile;
use crate::user::StoredUser;

/// What one group is assigned to: places in [`Targeting::profiles`].
#[derive(Debug, Default)]
struct GroupTargets {
    kind: Option<GroupKind>,
    include: Vec<usize>,
    exclude: Vec<usize>,
}

/// The assignments of one scope, ready to be asked.
#[derive(Debug)]
pub struct Targeting {
    semantics: Semantics,
    profiles: Vec<Arc<StoredProfile>>,
    places: HashMap<ProfileId, usize>,
    users: HashMap<UserId, Arc<StoredUser>>,
    groups: BTreeMap<GroupId, Group>,
    assignments: BTreeMap<ProfileId, Assignment>,
    targets: Vec<GroupTargets>,
    /// Groups of users by user, of devices by name of the device: places in `targets`.
    of_user: HashMap<String, Vec<usize>>,
    of_device: HashMap<String, Vec<usize>>,
    /// Assigned to all devices, to all users.
    all_devices: Vec<usize>,
    all_users: Vec<usize>,
}

/// How a profile reaches a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via {
    /// As a device.
    pub device: bool,
    /// As a device of its user.
    pub user: bool,
}

/// What includes and excludes say of one profile and one device, by kind.
#[derive(Debug, Clone, Copy, Default)]
struct Said {
    device: (bool, bool),
    user: (bool, bool),
}

impl Said {
    fn include(&mut self, kind: GroupKind) {
        match kind {
            GroupKind::Device => self.device.0 = true,
            GroupKind::User => self.user.0 = true,
        }
    }

    fn exclude(&mut self, kind: GroupKind) {
        match kind {
            GroupKind::Device => self.device.1 = true,
            GroupKind::User => self.user.1 = true,
        }
    }

    /// An exclusion wins over an inclusion of its kind, and says nothing of the other kind.
    fn via(self) -> Option<Via> {
        let via = Via {
            device: self.device.0 && !self.device.1,
            user: self.user.0 && !self.user.1,
        };
        (via.device || via.user).then_some(via)
    }
}

/// What a device is to have, and why.
#[derive(Debug, Clone)]
pub struct Targeted {
    /// The profile.
    pub profile: Arc<StoredProfile>,
    /// How it reaches the device.
    pub via: Via,
}

impl Targeting {
    /// Indexes what a scope holds. Assignments of profiles or to groups that are not there say nothing.
    pub fn new(
        semantics: Semantics,
        profiles: Vec<StoredProfile>,
        users: Vec<StoredUser>,
        groups: Vec<Group>,
        assignments: Vec<Assignment>,
    ) -> Self {
        let mut this = Self {
            semantics,
            places: profiles
                .iter()
                .enumerate()
                .map(|(place, p)| (p.id.clone(), place))
                .collect(),
            profiles: profiles.into_iter().map(Arc::new).collect(),
            users: users
                .into_iter()
                .map(|u| (u.id.clone(), Arc::new(u)))
                .collect(),
            groups: BTreeMap::new(),
            assignments: BTreeMap::new(),
            targets: Vec::with_capacity(groups.len()),
            of_user: HashMap::new(),
            of_device: HashMap::new(),
            all_devices: Vec::new(),
            all_users: Vec::new(),
        };
        let mut group_places: HashMap<&GroupId, usize> = HashMap::with_capacity(groups.len());
        for (place, group) in groups.iter().enumerate() {
            group_places.insert(&group.id, place);
            this.targets.push(GroupTargets {
                kind: Some(group.kind),
                ..GroupTargets::default()
            });
            let index = match group.kind {
                GroupKind::User => &mut this.of_user,
                GroupKind::Device => &mut this.of_device,
            };
            for member in &group.members {
                index.entry(member.clone()).or_default().push(place);
            }
        }
        for assignment in &assignments {
            let Some(&profile) = this.places.get(&assignment.profile) else {
                continue;
            };
            if assignment.all_devices {
                this.all_devices.push(profile);
            }
            if assignment.all_users {
                this.all_users.push(profile);
            }
            for (ids, excluded) in [(&assignment.include, false), (&assignment.exclude, true)] {
                for place in ids.iter().filter_map(|id| group_places.get(id)) {
                    let Some(targets) = this.targets.get_mut(*place) else {
                        continue;
                    };
                    let list = if excluded {
                        &mut targets.exclude
                    } else {
                        &mut targets.include
                    };
                    list.push(profile);
                }
            }
        }
        this.groups = groups.into_iter().map(|g| (g.id.clone(), g)).collect();
        this.assignments = assignments
            .into_iter()
            .map(|a| (a.profile.clone(), a))
            .collect();
        this
    }

    /// All profiles, by when they were made.
    pub fn profiles(&self) -> impl Iterator<Item = &StoredProfile> {
        self.profiles.iter().map(AsRef::as_ref)
    }

    /// All users.
    pub fn users(&self) -> impl Iterator<Item = &StoredUser> {
        self.users.values().map(AsRef::as_ref)
    }

    /// The user of this id.
    pub fn user(&self, id: &UserId) -> Option<&StoredUser> {
        self.users.get(id).map(AsRef::as_ref)
    }

    /// All groups.
    pub const fn groups(&self) -> &BTreeMap<GroupId, Group> {
        &self.groups
    }

    /// All assignments.
    pub const fn assignments(&self) -> &BTreeMap<ProfileId, Assignment> {
        &self.assignments
    }

    /// The edition of Intune's rules that applies.
    pub const fn semantics(&self) -> Semantics {
        self.semantics
    }

    /// The profile of this id.
    pub fn profile(&self, id: &ProfileId) -> Option<&Arc<StoredProfile>> {
        self.profiles.get(*self.places.get(id)?)
    }

    /// What the directory knows of the user of a device.
    pub fn user_of(&self, device: &Device) -> Option<&Arc<StoredUser>> {
        let user = device.user.as_ref()?;
        self.users.get(&UserId::of(&user.user_principal_name).ok()?)
    }

    /// The profiles that reach a device, by id.
    ///
    /// Per kind, the union of what is included without the union of what is excluded; a group of users
    /// stands for every device of its members. A user whom the directory does not know counts as
    /// licensed.
    pub fn targeted(&self, device: &Device) -> Vec<Targeted> {
        let mut said: BTreeMap<usize, Said> = BTreeMap::new();
        for profile in &self.all_devices {
            said.entry(*profile).or_default().include(GroupKind::Device);
        }
        let user = device.user.as_ref();
        if user.is_some() && self.user_of(device).is_none_or(|u| u.licensed) {
            for profile in &self.all_users {
                said.entry(*profile).or_default().include(GroupKind::User);
            }
        }
        let as_device = names_of(device)
            .filter_map(|name| self.of_device.get(&name))
            .flatten();
        let name = user.map(|u| u.user_principal_name.to_lowercase());
        let as_user = name
            .and_then(|name| self.of_user.get(&name))
            .into_iter()
            .flatten();
        let groups: BTreeSet<usize> = as_device.chain(as_user).copied().collect();
        for targets in groups.iter().filter_map(|place| self.targets.get(*place)) {
            let Some(kind) = targets.kind else { continue };
            for profile in &targets.include {
                said.entry(*profile).or_default().include(kind);
            }
            for profile in &targets.exclude {
                said.entry(*profile).or_default().exclude(kind);
            }
        }
        said.into_iter()
            .filter_map(|(place, said)| {
                Some(Targeted {
                    via: said.via()?,
                    profile: Arc::clone(self.profiles.get(place)?),
                })
            })
            .collect()
    }
}

/// Which devices a change may concern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Concern {
    /// Those that have, or are to have, one of these profiles.
    pub profiles: BTreeSet<ProfileId>,
    /// Those of these users.
    pub users: BTreeSet<UserId>,
    /// All of them.
    pub everything: bool,
}

impl Concern {
    /// Every device.
    pub fn everything() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    /// Whether no device is concerned.
    pub fn is_empty(&self) -> bool {
        !self.everything && self.profiles.is_empty() && self.users.is_empty()
    }

    /// Whether it is the device of a user that is concerned.
    pub fn of_user(&self, device: &Device) -> bool {
        let user = device.user.as_ref();
        user.and_then(|user| UserId::of(&user.user_principal_name).ok())
            .is_some_and(|id| self.users.contains(&id))
    }
}

/// One thing that evaluation wants done for a device.
#[derive(Debug, Clone)]
pub enum Change {
    /// Deliver: a new delivery, or one that is there in the profile's present revision.
    Deliver {
        /// The profile.
        profile: Arc<StoredProfile>,
        /// What there is of it.
        delivery: Option<Delivery>,
    },
    /// The profile was edited in a way that no device sees.
    Note {
        /// The profile.
        profile: Arc<StoredProfile>,
        /// What there is of it.
        delivery: Delivery,
    },
    /// The device cannot take it.
    Withhold {
        /// The profile.
        profile: Arc<StoredProfile>,
        /// What there is of it.
        delivery: Option<Delivery>,
        /// Why it cannot.
        why: NotApplicable,
    },
    /// Keep what is there: an assignment reaches it again.
    Keep(Delivery),
    /// Remove it.
    Remove(Delivery, Reason),
    /// It would be removed, and must stay.
    Block(Delivery),
    /// Nothing reaches it any more, and nothing of it is on the device.
    Forget(Delivery),
}

/// Holds what reaches a device against what it has. `current` are its deliveries that are neither removed nor gone.
/// Direct deliveries are never touched.
pub fn decide(targeting: &Targeting, device: &Device, current: Vec<Delivery>) -> Vec<Change> {
    let candidate = candidate(device);
    let mut installed_accounts = current
        .iter()
        .filter(|d| is_on_device(d) && is_account(targeting, d))
        .count();
    let mut by_profile: BTreeMap<ProfileId, Vec<Delivery>> = BTreeMap::new();
    for delivery in current {
        by_profile
            .entry(delivery.profile.clone())
            .or_default()
            .push(delivery);
    }
    let mut changes = Vec::new();
    for targeted in targeting.targeted(device) {
        let there = by_profile.remove(&targeted.profile.id).unwrap_or_default();
        if there
            .iter()
            .any(|d| d.wanted == Wanted::Direct && d.state.is_live())
        {
            continue;
        }
        let settings = &targeted.profile.profile.settings;
        let verdict = applicability(settings, &candidate, targeting.semantics);
        let delivery = there.into_iter().find(|d| d.wanted == Wanted::Assigned);
        changes.extend(reached(targeted.profile, delivery, verdict));
    }
    for delivery in by_profile.into_values().flatten() {
        if delivery.wanted == Wanted::Direct {
            continue;
        }
        let only = installed_accounts == 1
            && is_on_device(&delivery)
            && is_account(targeting, &delivery)
            && !targeting.semantics.removes_only_mail_profile();
        match delivery.state {
            DeliveryState::NotTargeted
            | DeliveryState::RemovalPending
            | DeliveryState::Removed
            | DeliveryState::Gone => {}
            DeliveryState::NotApplicable => changes.push(Change::Forget(delivery)),
            DeliveryState::RemovalBlocked if only => {}
            _ if only => changes.push(Change::Block(delivery)),
            _ => {
                if is_on_device(&delivery) && is_account(targeting, &delivery) {
                    installed_accounts -= 1;
                }
                let reason = match targeting.profile(&delivery.profile) {
                    Some(_) => Reason::Unassigned,
                    None => Reason::Deleted,
                };
                changes.push(Change::Remove(delivery, reason));
            }
        }
    }
    changes
}

/// What becomes of a profile that reaches a device.
fn reached(
    profile: Arc<StoredProfile>,
    delivery: Option<Delivery>,
    verdict: Result<(), NotApplicable>,
) -> Option<Change> {
    let Some(delivery) = delivery else {
        return Some(match verdict {
            Ok(()) => Change::Deliver {
                profile,
                delivery: None,
            },
            Err(why) => Change::Withhold {
                profile,
                delivery: None,
                why,
            },
        });
    };
    if let Err(why) = verdict {
        let known = delivery.state == DeliveryState::NotApplicable
            && delivery.reason == Some(Reason::from(why));
        // What is on the device stays there until it is unassigned.
        return (!known && !is_on_device(&delivery)).then_some(Change::Withhold {
            profile,
            delivery: Some(delivery),
            why,
        });
    }
    let deliver = match delivery.state {
        DeliveryState::NotTargeted
        | DeliveryState::NotApplicable
        | DeliveryState::RemovalPending
        | DeliveryState::Removed
        | DeliveryState::Gone => true,
        DeliveryState::RemovalBlocked => {
            return Some(if delivery.desired_revision == profile.revision {
                Change::Keep(delivery)
            } else {
                Change::Deliver {
                    profile,
                    delivery: Some(delivery),
                }
            });
        }
        DeliveryState::WaitingDependency
        | DeliveryState::Queued
        | DeliveryState::Notified
        | DeliveryState::Sent
        | DeliveryState::Deferred
        | DeliveryState::Downloaded
        | DeliveryState::AwaitingUser
        | DeliveryState::Installed
        | DeliveryState::UpdatePending
        | DeliveryState::Error
        | DeliveryState::Conflict
        | DeliveryState::Drifted => delivery.desired_revision != profile.revision,
    };
    let unseen = delivery.state == DeliveryState::Installed
        && profile.since(delivery.desired_revision).0 <= Class::Cosmetic;
    if deliver && unseen {
        return Some(Change::Note { profile, delivery });
    }
    deliver.then_some(Change::Deliver {
        profile,
        delivery: Some(delivery),
    })
}

/// Whether a device has something of it, as far as is known.
fn is_on_device(delivery: &Delivery) -> bool {
    delivery.applied_revision.is_some()
        && delivery.state.is_live()
        && delivery.state != DeliveryState::RemovalPending
}

fn is_account(targeting: &Targeting, delivery: &Delivery) -> bool {
    targeting
        .profile(&delivery.profile)
        .is_some_and(|p| p.profile.settings.is_account())
}

#[cfg(test)]
#[path = "evaluation_tests.rs"]
mod tests;
