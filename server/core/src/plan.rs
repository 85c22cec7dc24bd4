//! What has to change for a scope to be as a lab says. Pure.

use std::collections::{BTreeMap, BTreeSet};

use mdm_payloads::{Complaint, Complaints, Finding, Profile, ReferenceKind, SettingsType};
use serde::Serialize;

use crate::assignment::Assignment;
use crate::evaluation::{Concern, Targeting};
use crate::event::{Kind, NewEvent};
use crate::group::{Group, GroupKind};
use crate::id::{GroupId, ProfileId, Scope, UserId, Version};
use crate::lab::{Lab, NewAssignment, NewGroup};
use crate::lint;
use crate::ports::{Commit, Key, Record};
use crate::profile::StoredProfile;
use crate::settings::ScopeSettings;
use crate::time::Timestamp;
use crate::user::StoredUser;

/// What is done with something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
}

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// What is set for the scope.
    Settings,
    /// A user.
    User,
    /// A group.
    Group,
    /// A profile.
    Profile,
    /// An assignment.
    Assignment,
}

impl Thing {
    const fn event(self, action: Action) -> Kind {
        match (self, action) {
            (Self::Settings, _) => Kind::SettingsUpdated,
            (Self::User, Action::Create) => Kind::UserCreated,
            (Self::User, Action::Update) => Kind::UserUpdated,
            (Self::User, Action::Delete) => Kind::UserDeleted,
            (Self::Group, Action::Create) => Kind::GroupCreated,
            (Self::Group, Action::Update) => Kind::GroupUpdated,
            (Self::Group, Action::Delete) => Kind::GroupDeleted,
            (Self::Profile, Action::Create) => Kind::ProfileCreated,
            (Self::Profile, Action::Update) => Kind::ProfileUpdated,
            (Self::Profile, Action::Delete) => Kind::ProfileDeleted,
            (Self::Assignment, Action::Create) => Kind::AssignmentCreated,
            (Self::Assignment, Action::Update) => Kind::AssignmentUpdated,
            (Self::Assignment, Action::Delete) => Kind::AssignmentDeleted,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings of scope",
            Self::User => "user",
            Self::Group => "group",
            Self::Profile => "profile",
            Self::Assignment => "assignment of profile",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// What is done.
    pub action: Action,
    /// With what kind of thing.
    pub kind: Thing,
    /// Its key.
    pub id: String,
}

/// What has to change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The changes, in the order of the lab; what is deleted comes last.
    pub changes: Vec<Planned>,
    /// How many things of the lab are as they should be.
    pub unchanged: usize,
    /// What will probably not do what was meant, by profile.
    pub findings: Vec<(ProfileId, Finding)>,
    /// Profiles that are deleted.
    pub deleted_profiles: Vec<ProfileId>,
    /// The changes as one commit.
    pub commit: Commit,
    /// Which devices they may concern.
    pub concern: Concern,
}

/// How the state of a scope after the plan differs from the one before.
struct Planner<'a> {
    now: Timestamp,
    scope: &'a Scope,
    plan: Plan,
}

impl Planner<'_> {
    fn change(&mut self, action: Action, kind: Thing, id: &str) {
        let verb = match action {
            Action::Create => "created",
            Action::Update => "changed",
            Action::Delete => "deleted",
        };
        let text = format!("{} `{id}` {verb}", kind.as_str());
        let mut event = NewEvent::new(self.now, self.scope, kind.event(action), text);
        event = match (kind, id.parse()) {
            (Thing::Profile | Thing::Assignment, Ok(profile)) => event.profile(&profile),
            (Thing::Settings | Thing::User | Thing::Group, _) | (_, Err(_)) => event.fact("id", id),
        };
        self.plan.commit.events.push(event);
        self.plan.changes.push(Planned {
            action,
            kind,
            id: id.to_owned(),
        });
    }
}

/// Holds a lab against what a scope has. `prune` deletes what the lab does not name.
pub fn plan(
    lab: &Lab,
    stored: &Targeting,
    settings: &ScopeSettings,
    prune: bool,
    now: Timestamp,
) -> Result<Plan, Complaints> {
    let complaints = check(lab, stored, prune);
    if !complaints.is_empty() {
        return Err(Complaints(complaints));
    }
    let mut planner = Planner {
        now,
        scope: &settings.scope,
        plan: Plan::default(),
    };
    planner.settings(lab, settings);
    let users = planner.users(lab, stored);
    let groups = planner.groups(lab, stored);
    let profiles = planner.profiles(lab, stored);
    let assignments = planner.assignments(lab, stored);
    if prune {
        planner.prune(stored, &users, &groups, &profiles, &assignments);
    }
    planner.lint(lab, stored, settings, prune);
    Ok(planner.plan)
}

impl Planner<'_> {
    fn settings(&mut self, lab: &Lab, stored: &ScopeSettings) {
        match lab.semantics {
            None => {}
            Some(semantics) if semantics == stored.semantics => self.plan.unchanged += 1,
            Some(semantics) => {
                self.change(Action::Update, Thing::Settings, self.scope.as_str());
                let settings = ScopeSettings {
                    semantics,
                    ..stored.clone()
                };
                self.plan.commit.records.push(Record::Settings(settings));
                self.plan.concern.everything = true;
            }
        }
    }

    fn users(&mut self, lab: &Lab, stored: &Targeting) -> BTreeSet<UserId> {
        for user in &lab.users {
            let new = user.record(self.scope, self.now);
            let (record, action) = match stored.user(&user.id) {
                Some(old) if old.says_the_same(&new) => {
                    self.plan.unchanged += 1;
                    continue;
                }
                Some(old) => (
                    StoredUser {
                        version: old.version,
                        created_at: old.created_at,
                        ..new
                    },
                    Action::Update,
                ),
                None => (new, Action::Create),
            };
            self.change(action, Thing::User, user.id.as_str());
            self.plan.concern.users.insert(user.id.clone());
            self.plan.commit.records.push(Record::User(record));
        }
        lab.users.iter().map(|u| u.id.clone()).collect()
    }

    fn groups(&mut self, lab: &Lab, stored: &Targeting) -> BTreeSet<GroupId> {
        for group in &lab.groups {
            let new = group.record(self.scope, self.now);
            let (record, action) = match stored.groups().get(&group.id) {
                Some(old) if old.says_the_same(&new) => {
                    self.plan.unchanged += 1;
                    continue;
                }
                Some(old) => (
                    Group {
                        version: old.version,
                        created_at: old.created_at,
                        ..new
                    },
                    Action::Update,
                ),
                None => (new, Action::Create),
            };
            self.change(action, Thing::Group, group.id.as_str());
            self.regrouped(&group.id, stored);
            self.plan.commit.records.push(Record::Group(record));
        }
        lab.groups.iter().map(|g| g.id.clone()).collect()
    }

    /// What is assigned to a group that changes is evaluated.
    fn regrouped(&mut self, group: &GroupId, stored: &Targeting) {
        let concerned = stored
            .assignments()
            .values()
            .filter(|a| a.include.contains(group) || a.exclude.contains(group))
            .map(|a| a.profile.clone());
        self.plan.concern.profiles.extend(concerned);
    }

    fn profiles(&mut self, lab: &Lab, stored: &Targeting) -> BTreeSet<ProfileId> {
        for profile in &lab.profiles {
            let (record, action) = match stored.profile(&profile.id) {
                Some(old) if old.profile == *profile => {
                    self.plan.unchanged += 1;
                    continue;
                }
                Some(old) => (old.edited(profile.clone(), self.now), Action::Update),
                None => (
                    StoredProfile {
                        id: profile.id.clone(),
                        version: Version(0),
                        scope: self.scope.clone(),
                        revision: 1,
                        profile: profile.clone(),
                        created_at: self.now,
                        updated_at: self.now,
                        edits: Vec::new(),
                    },
                    Action::Create,
                ),
            };
            self.change(action, Thing::Profile, profile.id.as_str());
            if action == Action::Update {
                self.plan.concern.profiles.insert(profile.id.clone());
            }
            self.plan.commit.records.push(Record::Profile(record));
        }
        lab.profiles.iter().map(|p| p.id.clone()).collect()
    }

    fn assignments(&mut self, lab: &Lab, stored: &Targeting) -> BTreeSet<ProfileId> {
        for assignment in &lab.assignments {
            let new = assignment.record(self.scope, self.now);
            let (record, action) = match stored.assignments().get(&assignment.profile) {
                Some(old) if old.says_the_same(&new) => {
                    self.plan.unchanged += 1;
                    continue;
                }
                Some(old) => (
                    Assignment {
                        version: old.version,
                        created_at: old.created_at,
                        ..new
                    },
                    Action::Update,
                ),
                None => (new, Action::Create),
            };
            let profile = assignment.profile.clone();
            self.change(action, Thing::Assignment, profile.as_str());
            self.plan.concern.profiles.insert(profile);
            self.plan.commit.records.push(Record::Assignment(record));
        }
        lab.assignments.iter().map(|a| a.profile.clone()).collect()
    }

    fn prune(
        &mut self,
        stored: &Targeting,
        users: &BTreeSet<UserId>,
        groups: &BTreeSet<GroupId>,
        profiles: &BTreeSet<ProfileId>,
        assignments: &BTreeSet<ProfileId>,
    ) {
        for id in stored.assignments().keys() {
            if !assignments.contains(id) {
                self.change(Action::Delete, Thing::Assignment, id.as_str());
                self.plan.concern.profiles.insert(id.clone());
                self.plan.commit.deleted.push(Key::Assignment(id.clone()));
            }
        }
        for profile in stored.profiles() {
            if !profiles.contains(&profile.id) {
                self.change(Action::Delete, Thing::Profile, profile.id.as_str());
                self.plan.concern.profiles.insert(profile.id.clone());
                self.plan.deleted_profiles.push(profile.id.clone());
                let key = Key::Profile(profile.id.clone());
                self.plan.commit.deleted.push(key);
            }
        }
        for id in stored.groups().keys() {
            if !groups.contains(id) {
                self.change(Action::Delete, Thing::Group, id.as_str());
                self.regrouped(id, stored);
                self.plan.commit.deleted.push(Key::Group(id.clone()));
            }
        }
        let mut gone: Vec<&UserId> = stored.users().map(|u| &u.id).collect();
        gone.retain(|id| !users.contains(*id));
        gone.sort();
        for id in gone {
            self.change(Action::Delete, Thing::User, id.as_str());
            self.plan.concern.users.insert(id.clone());
            self.plan.commit.deleted.push(Key::User(id.clone()));
        }
    }

    /// Judges the assignments as they will be, and tells what is said of those that changed as events.
    fn lint(&mut self, lab: &Lab, stored: &Targeting, settings: &ScopeSettings, prune: bool) {
        let kept = |there: bool| there || !prune;
        let mut groups: BTreeMap<GroupId, GroupKind> = BTreeMap::new();
        let mut profiles: BTreeMap<&ProfileId, &Profile> = BTreeMap::new();
        let mut assignments: BTreeMap<&ProfileId, Assignment> = BTreeMap::new();
        if kept(false) {
            groups.extend(stored.groups().iter().map(|(id, g)| (id.clone(), g.kind)));
            profiles.extend(stored.profiles().map(|p| (&p.id, &p.profile)));
            assignments.extend(stored.assignments().iter().map(|(id, a)| (id, a.clone())));
        }
        groups.extend(lab.groups.iter().map(|g| (g.id.clone(), g.kind)));
        profiles.extend(lab.profiles.iter().map(|p| (&p.id, p)));
        assignments.extend(
            lab.assignments
                .iter()
                .map(|a| (&a.profile, a.record(self.scope, self.now))),
        );
        let semantics = lab.semantics.unwrap_or(settings.semantics);
        self.plan.findings = lint::assignments(&profiles, assignments.values(), &groups, semantics);
        let concern = &self.plan.concern;
        let new = self
            .plan
            .findings
            .iter()
            .filter(|(profile, _)| concern.everything || concern.profiles.contains(profile))
            .map(|(profile, finding)| warning(self.now, self.scope, profile, finding));
        self.plan.commit.events.extend(new);
    }
}

/// A finding as an event.
fn warning(now: Timestamp, scope: &Scope, profile: &ProfileId, finding: &Finding) -> NewEvent {
    let text = format!("{}: {}", finding.rule, finding.text);
    NewEvent::new(now, scope, Kind::LintWarning, text)
        .profile(profile)
        .fact("rule", finding.rule)
        .fact("at", finding.at.as_str())
}

/// What a lab names that is not there.
fn check(lab: &Lab, stored: &Targeting, prune: bool) -> Vec<Complaint> {
    let users: BTreeSet<&str> = lab.users.iter().map(|u| u.id.as_str()).collect();
    let has_user = |name: &str| {
        let name = name.to_lowercase();
        users.contains(name.as_str())
            || (!prune && name.parse().is_ok_and(|id| stored.user(&id).is_some()))
    };
    let mut complaints = Vec::new();
    for (place, group) in lab.groups.iter().enumerate() {
        if group.kind == GroupKind::User {
            members(place, group, &has_user, &mut complaints);
        }
    }
    let new_profiles: BTreeMap<&ProfileId, SettingsType> = lab
        .profiles
        .iter()
        .map(|p| (&p.id, p.settings.kind()))
        .collect();
    let type_of = |id: &ProfileId| {
        new_profiles.get(id).copied().or_else(|| {
            let old = stored.profile(id).filter(|_| !prune)?;
            Some(old.profile.settings.kind())
        })
    };
    for (place, profile) in lab.profiles.iter().enumerate() {
        if let Some(old) = stored.profile(&profile.id)
            && old.profile.settings.kind() != profile.settings.kind()
        {
            complaints.push(Complaint::new(
                format!("profile[{place}].type"),
                format!("`{}`", profile.settings.kind()),
                format!(
                    "`{}`: the type of a profile never changes; give the new profile another id",
                    old.profile.settings.kind()
                ),
            ));
        }
        for reference in profile.settings.references() {
            if let Some(found) = misfit(reference.id, reference.kind, type_of(reference.id)) {
                complaints.push(Complaint::new(
                    format!("profile[{place}].{}", reference.property),
                    found,
                    match reference.kind {
                        ReferenceKind::Identity => "the id of an identity certificate profile",
                        ReferenceKind::Smime => "the id of a certificate profile for S/MIME",
                        ReferenceKind::Root => "the id of a trusted_certificate profile",
                    },
                ));
            }
        }
    }
    let groups: BTreeSet<&str> = lab.groups.iter().map(|g| g.id.as_str()).collect();
    let has_group = |name: &str| {
        groups.contains(name)
            || (!prune
                && name
                    .parse()
                    .is_ok_and(|id| stored.groups().contains_key(&id)))
    };
    for (place, assignment) in lab.assignments.iter().enumerate() {
        if type_of(&assignment.profile).is_none() {
            complaints.push(Complaint::new(
                format!("assignment[{place}].profile"),
                format!("`{}`, which does not exist", assignment.profile),
                "the id of a profile",
            ));
        }
        targets(place, assignment, &has_group, &has_user, &mut complaints);
    }
    complaints
}

fn members(
    place: usize,
    group: &NewGroup,
    has_user: &impl Fn(&str) -> bool,
    complaints: &mut Vec<Complaint>,
) {
    for (index, member) in group.members.iter().enumerate() {
        if !has_user(member) {
            let found: String = member.chars().take(80).collect();
            complaints.push(Complaint::new(
                format!("group[{place}].members[{index}]"),
                format!("`{found}`, whom the directory does not know"),
                "the user principal name of a user",
            ));
        }
    }
}

/// What is wrong with a reference; nothing when it names what it should.
fn misfit(id: &ProfileId, kind: ReferenceKind, found: Option<SettingsType>) -> Option<String> {
    let Some(found) = found else {
        return Some(format!("`{id}`, which does not exist"));
    };
    let signs_in = matches!(
        found,
        SettingsType::ScepCertificate
            | SettingsType::PkcsCertificate
            | SettingsType::DerivedCredential
    );
    let fits = match kind {
        ReferenceKind::Identity => signs_in,
        ReferenceKind::Smime => signs_in || found == SettingsType::ImportedPkcs,
        ReferenceKind::Root => found == SettingsType::TrustedCertificate,
    };
    (!fits).then(|| format!("`{id}`, which is a {found}"))
}

/// Groups are targeted, and never one user.
fn targets(
    place: usize,
    assignment: &NewAssignment,
    has_group: &impl Fn(&str) -> bool,
    has_user: &impl Fn(&str) -> bool,
    complaints: &mut Vec<Complaint>,
) {
    for (property, names) in [
        ("include", &assignment.include),
        ("exclude", &assignment.exclude),
    ] {
        for (index, name) in names.iter().enumerate() {
            if has_group(name) {
                continue;
            }
            let shown: String = name.chars().take(80).collect();
            let (found, allowed) = if has_user(name) || name.contains('@') {
                (
                    format!("`{shown}`, a user"),
                    "a group: single users cannot be targeted, so put the user into one",
                )
            } else {
                (
                    format!("`{shown}`, which does not exist"),
                    "the id of a group",
                )
            };
            complaints.push(Complaint::new(
                format!("assignment[{place}].{property}[{index}]"),
                found,
                allowed,
            ));
        }
    }
}
