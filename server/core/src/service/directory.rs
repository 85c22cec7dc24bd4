//! The directory and whom profiles are for: a lab is made so, single things are deleted.

use mdm_payloads::Complaints;

use crate::delivery::Wanted;
use crate::evaluation::{Concern, Targeting};
use crate::event::{Kind, NewEvent};
use crate::id::{GroupId, ProfileId, Scope, UserId};
use crate::lab::Lab;
use crate::plan::{Plan, plan};
use crate::ports::{Commit, DeliveryFilter, Key};
use crate::service::{ATTEMPTS, ServiceError, Services};

/// What applying a lab came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// What was changed, or would be.
    pub plan: Plan,
    /// Devices for which deliveries changed.
    pub devices: usize,
}

/// Why a lab was not applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// It makes no sense here.
    #[error(transparent)]
    Lab(#[from] Complaints),
    /// The service refuses or fails.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<crate::ports::StoreUnavailable> for ApplyError {
    fn from(cause: crate::ports::StoreUnavailable) -> Self {
        Self::Service(cause.into())
    }
}

impl Services {
    /// Makes a scope as a lab says, all of it or nothing, and then evaluates the devices concerned. What the lab does
    /// not name stays, unless `prune`. With `dry_run` only the plan is made.
    pub async fn apply(
        &self,
        scope: &Scope,
        lab: &Lab,
        prune: bool,
        dry_run: bool,
    ) -> Result<Applied, ApplyError> {
        for _ in 0..ATTEMPTS {
            let stored = self.targeting(scope).await?;
            let settings = self.settings(scope).await?;
            let mut plan = plan(lab, &stored, &settings, prune, self.clock.now())?;
            for profile in &plan.deleted_profiles {
                self.not_direct(profile).await?;
            }
            if dry_run {
                return Ok(Applied { plan, devices: 0 });
            }
            let commit = std::mem::take(&mut plan.commit);
            if self.write(commit).await? {
                let devices = self.evaluate(scope, &plan.concern).await?;
                return Ok(Applied { plan, devices });
            }
            self.elsewhere(scope, lab, &stored).await?;
        }
        Err(ServiceError::Contended("lab").into())
    }

    /// Keys are unique over all scopes: refuses a lab that names what another scope has.
    async fn elsewhere(
        &self,
        scope: &Scope,
        lab: &Lab,
        stored: &Targeting,
    ) -> Result<(), ServiceError> {
        let taken = |kind: &str, id: &str, theirs: &Scope| {
            Err(ServiceError::Conflict {
                what: format!("{kind} `{id}` belongs to scope `{theirs}`, not to `{scope}`"),
                hint: "choose another name, or name the other scope",
            })
        };
        for user in &lab.users {
            if stored.user(&user.id).is_none()
                && let Some(found) = self.store.user(&user.id).await?
                && found.scope != *scope
            {
                return taken("user", user.id.as_str(), &found.scope);
            }
        }
        for group in &lab.groups {
            if !stored.groups().contains_key(&group.id)
                && let Some(found) = self.store.group(&group.id).await?
                && found.scope != *scope
            {
                return taken("group", group.id.as_str(), &found.scope);
            }
        }
        for profile in &lab.profiles {
            if stored.profile(&profile.id).is_none()
                && let Some(found) = self.store.profile(&profile.id).await?
                && found.scope != *scope
            {
                return taken("profile", profile.id.as_str(), &found.scope);
            }
        }
        Ok(())
    }

    /// Refuses to delete a profile that somebody delivered by hand: evaluation never ends such a delivery.
    pub(super) async fn not_direct(&self, id: &ProfileId) -> Result<(), ServiceError> {
        let filter = DeliveryFilter {
            profile: Some(id.clone()),
            ..DeliveryFilter::default()
        };
        let all = self.store.deliveries(&filter, usize::MAX).await?;
        let direct = all
            .iter()
            .filter(|d| d.wanted == Wanted::Direct && d.state.is_live())
            .count();
        if direct == 0 {
            return Ok(());
        }
        Err(ServiceError::Conflict {
            what: format!("profile `{id}` is in {direct} deliveries"),
            hint: "undeliver it first",
        })
    }

    /// Deletes a user. Their devices stay theirs, and what was assigned to groups they were in is removed from them.
    pub async fn delete_user(&self, id: &UserId) -> Result<(), ServiceError> {
        let user = self.store.user(id).await?;
        let user = user.ok_or_else(|| ServiceError::not_found("user", id))?;
        let stored = self.targeting(&user.scope).await?;
        let holding = stored
            .groups()
            .values()
            .find(|g| g.members.contains(id.as_str()));
        if let Some(group) = holding {
            return Err(ServiceError::Conflict {
                what: format!("user `{id}` is in group `{}`", group.id),
                hint: "take the user out of the group first",
            });
        }
        let concern = Concern {
            users: [id.clone()].into(),
            ..Concern::default()
        };
        let text = format!("user `{id}` deleted");
        self.delete(
            &user.scope,
            Key::User(id.clone()),
            Kind::UserDeleted,
            text,
            concern,
        )
        .await
    }

    /// Deletes a group that nothing is assigned to.
    pub async fn delete_group(&self, id: &GroupId) -> Result<(), ServiceError> {
        let group = self.store.group(id).await?;
        let group = group.ok_or_else(|| ServiceError::not_found("group", id))?;
        let stored = self.targeting(&group.scope).await?;
        let assigned = stored
            .assignments()
            .values()
            .find(|a| a.include.contains(id) || a.exclude.contains(id));
        if let Some(assignment) = assigned {
            return Err(ServiceError::Conflict {
                what: format!(
                    "the assignment of profile `{}` names group `{id}`",
                    assignment.profile
                ),
                hint: "change the assignment first",
            });
        }
        let text = format!("group `{id}` deleted");
        let key = Key::Group(id.clone());
        self.delete(
            &group.scope,
            key,
            Kind::GroupDeleted,
            text,
            Concern::default(),
        )
        .await
    }

    /// Ends the assignment of a profile: it is removed from every device that has it by that.
    pub async fn unassign(&self, profile: &ProfileId) -> Result<(), ServiceError> {
        let assignment = self.store.assignment(profile).await?;
        let assignment =
            assignment.ok_or_else(|| ServiceError::not_found("assignment", profile))?;
        let concern = Concern {
            profiles: [profile.clone()].into(),
            ..Concern::default()
        };
        let text = format!("assignment of profile `{profile}` deleted");
        let key = Key::Assignment(profile.clone());
        self.delete(
            &assignment.scope,
            key,
            Kind::AssignmentDeleted,
            text,
            concern,
        )
        .await
    }

    async fn delete(
        &self,
        scope: &Scope,
        key: Key,
        kind: Kind,
        text: String,
        concern: Concern,
    ) -> Result<(), ServiceError> {
        let mut event = NewEvent::new(self.clock.now(), scope, kind, text);
        event = match &key {
            Key::Assignment(profile) | Key::Profile(profile) => event.profile(profile),
            Key::User(id) => event.fact("id", id.as_str()),
            Key::Group(id) => event.fact("id", id.as_str()),
            Key::Device(_) | Key::Code(_) | Key::Challenge(_) | Key::Link(_) => event,
        };
        let commit = Commit {
            deleted: vec![key],
            events: vec![event],
            ..Commit::default()
        };
        if !self.write(commit).await? {
            return Err(ServiceError::Contended("directory"));
        }
        self.evaluate(scope, &concern).await.map(drop)
    }
}
