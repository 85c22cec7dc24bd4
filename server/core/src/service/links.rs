//! One-time links: a profile for somebody who is not enrolled.

use mdm_payloads::User;

use crate::delivery::{Delivery, DeliveryState, Target};
use crate::event::{Kind, NewEvent};
use crate::id::{LinkToken, ProfileId, Version};
use crate::link::{Link, LinkRefused, Opening};
use crate::ports::{Commit, Encoded, Kept, Record};
use crate::profile::StoredProfile;
use crate::service::turn::about;
use crate::service::{ServiceError, Services};

/// Why a link gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// It is refused.
    #[error(transparent)]
    Refused(#[from] LinkRefused),
    /// The service fails.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// What an opened link gives.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "one per opened link, soon gone")]
pub enum Opened {
    /// These bytes again.
    Bytes(Vec<u8>),
    /// The first time: render this, then call [`Services::link_rendered`].
    Render {
        /// The link, opened.
        link: Link,
        /// Its delivery.
        delivery: Delivery,
        /// Its profile.
        profile: StoredProfile,
    },
}

fn link_key(token: &LinkToken) -> String {
    format!("link:{token}")
}

impl Services {
    /// Makes a link to a profile, good for `minutes`.
    pub async fn mint_link(
        &self,
        profile: &ProfileId,
        user: Option<User>,
        minutes: u32,
    ) -> Result<(Link, Delivery), ServiceError> {
        let Some(profile) = self.store.profile(profile).await? else {
            return Err(ServiceError::not_found("profile", profile));
        };
        let now = self.clock.now();
        let delivery_id = self.ids.delivery();
        let link = Link {
            token: self.ids.link(),
            version: Version(0),
            scope: profile.scope.clone(),
            profile: profile.id.clone(),
            user,
            delivery: delivery_id.clone(),
            created_at: now,
            expires_at: now.plus_seconds(i64::from(minutes) * 60),
            opened_at: None,
        };
        let delivery = Delivery::queued(
            delivery_id,
            profile.scope.clone(),
            profile.id.clone(),
            profile.revision,
            Target::Link {
                link: link.token.clone(),
            },
            now,
        );
        let text = format!("a one-time link to profile `{}` was made", profile.id);
        let event = NewEvent::new(now, &link.scope, Kind::LinkMinted, text)
            .delivery(&delivery.id, &profile.id);
        let commit = Commit {
            records: vec![
                Record::Link(link.clone()),
                Record::Delivery(delivery.clone()),
            ],
            events: vec![event],
            ..Commit::default()
        };
        if self.write(commit).await? {
            Ok((link, delivery))
        } else {
            Err(ServiceError::Contended("link"))
        }
    }

    /// Opens a link.
    pub async fn open_link(&self, token: &LinkToken) -> Result<Opened, LinkError> {
        let link = self
            .store
            .link(token)
            .await
            .map_err(ServiceError::from)?
            .ok_or(LinkRefused::Unknown)?;
        let delivery = self
            .store
            .delivery(&link.delivery)
            .await
            .map_err(ServiceError::from)?;
        let Some(delivery) = delivery.filter(|d| d.state.is_live()) else {
            return Err(LinkRefused::Unknown.into());
        };
        match link.open(self.clock.now())? {
            Opening::Again => {
                let bytes = self
                    .store
                    .kept(&link_key(token))
                    .await
                    .map_err(ServiceError::from)?;
                Ok(Opened::Bytes(bytes.ok_or(LinkRefused::Unknown)?))
            }
            Opening::First(link) => {
                let profile = self
                    .store
                    .profile(&link.profile)
                    .await
                    .map_err(ServiceError::from)?;
                let profile =
                    profile.ok_or_else(|| ServiceError::not_found("profile", &link.profile))?;
                Ok(Opened::Render {
                    link,
                    delivery,
                    profile,
                })
            }
        }
    }

    /// Records that a link was opened and gave `encoded`. False when somebody else was faster.
    pub async fn link_rendered(
        &self,
        link: Link,
        mut delivery: Delivery,
        encoded: &Encoded,
    ) -> Result<bool, ServiceError> {
        let now = self.clock.now();
        delivery.attempts += 1;
        delivery.expected.clone_from(&encoded.expected);
        if encoded.identity.is_some() {
            delivery
                .evidence
                .identity_issued
                .clone_from(&encoded.identity);
        }
        let delivery = delivery.into_state(DeliveryState::Downloaded, None, now);
        let text = format!(
            "profile `{}` was fetched by its link; whether it gets installed is seen when its identity is issued",
            delivery.profile
        );
        let mut events = encoded.events.clone();
        events.push(about(&delivery, Kind::DeliveryDownloaded, text, now));
        let mut records = encoded.records.clone();
        let kept = Kept {
            key: link_key(&link.token),
            bytes: Some(encoded.wire.clone()),
        };
        records.push(Record::Link(link));
        records.push(Record::Delivery(delivery));
        self.write(Commit {
            records,
            kept: vec![kept],
            events,
            ..Commit::default()
        })
        .await
    }
}
