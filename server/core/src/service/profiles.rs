//! Profiles: made, edited, deleted. The type of a profile never changes.

use mdm_payloads::Profile;

use crate::evaluation::Concern;
use crate::event::{Kind, NewEvent};
use crate::id::{ProfileId, Scope, Version};
use crate::ports::{Commit, Key, Record};
use crate::profile::StoredProfile;
use crate::service::{ATTEMPTS, ServiceError, Services};

/// What storing a profile did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is new.
    Created,
    /// It has a new revision.
    Updated,
    /// It was like this already.
    Unchanged,
}

impl Services {
    /// Stores a profile: makes it, or gives it a new revision. Where it is assigned, it is delivered anew.
    pub async fn put_profile(
        &self,
        scope: &Scope,
        profile: Profile,
    ) -> Result<(StoredProfile, Stored), ServiceError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let (stored, done, kind) = match self.store.profile(&profile.id).await? {
                Some(old) if old.profile == profile => return Ok((old, Stored::Unchanged)),
                Some(old) if old.profile.settings.kind() != profile.settings.kind() => {
                    return Err(ServiceError::Conflict {
                        what: format!(
                            "profile `{}` is of type `{}`; the type of a profile never changes",
                            profile.id,
                            old.profile.settings.kind()
                        ),
                        hint: "give the new profile another id",
                    });
                }
                Some(old) => {
                    let next = old.edited(profile.clone(), now);
                    (next, Stored::Updated, Kind::ProfileUpdated)
                }
                None => {
                    let new = StoredProfile {
                        id: profile.id.clone(),
                        version: Version(0),
                        scope: scope.clone(),
                        revision: 1,
                        profile: profile.clone(),
                        created_at: now,
                        updated_at: now,
                        edits: Vec::new(),
                    };
                    (new, Stored::Created, Kind::ProfileCreated)
                }
            };
            let verb = if done == Stored::Created {
                "created"
            } else {
                "changed"
            };
            let event = NewEvent::new(
                now,
                &stored.scope,
                kind,
                format!("profile `{}` {verb}", stored.id),
            )
            .profile(&stored.id)
            .fact("revision", stored.revision);
            let commit = Commit {
                records: vec![Record::Profile(stored.clone())],
                events: vec![event],
                ..Commit::default()
            };
            if self.write(commit).await? {
                self.evaluate(&stored.scope, &concern(&stored.id)).await?;
                return Ok((stored, done));
            }
        }
        Err(ServiceError::Contended("profile"))
    }

    /// Deletes a profile that nobody delivered by hand, with its assignment: it is removed from where it was assigned.
    pub async fn delete_profile(&self, id: &ProfileId) -> Result<(), ServiceError> {
        let Some(profile) = self.store.profile(id).await? else {
            return Err(ServiceError::not_found("profile", id));
        };
        self.not_direct(id).await?;
        let now = self.clock.now();
        let event = NewEvent::new(
            now,
            &profile.scope,
            Kind::ProfileDeleted,
            format!("profile `{id}` deleted"),
        )
        .profile(id);
        let commit = Commit {
            deleted: vec![Key::Profile(id.clone()), Key::Assignment(id.clone())],
            events: vec![event],
            ..Commit::default()
        };
        if !self.write(commit).await? {
            return Err(ServiceError::Contended("profile"));
        }
        self.evaluate(&profile.scope, &concern(id)).await.map(drop)
    }
}

fn concern(profile: &ProfileId) -> Concern {
    Concern {
        profiles: [profile.clone()].into(),
        ..Concern::default()
    }
}
