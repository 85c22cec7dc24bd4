//! Deliveries: make, show, send again, take back.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use mdm_core::channel::{Channel, Owner};
use mdm_core::delivery::{Delivery, DeliveryState, Target};
use mdm_core::id::{DeliveryId, DeviceId, ProfileId, Scope};
use mdm_core::ports::DeliveryFilter;
use mdm_payloads::apple;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::extract::{Body, Params, Segment};
use super::problem::Failure;
use super::profiles::stored;
use crate::server::Server;

/// Deliveries of a list that does not say how many.
const PAGE: usize = 1000;
/// The most deliveries of a list.
const LONGEST_PAGE: usize = 10_000;

/// The query of `GET /deliveries`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    device: Option<DeviceId>,
    profile: Option<ProfileId>,
    state: Option<DeliveryState>,
    scope: Option<Scope>,
    limit: Option<usize>,
}

/// Deliveries, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<DeliveryView>,
}

/// `GET /deliveries`.
pub(super) async fn list(
    State(server): State<Server>,
    Params(query): Params<List>,
) -> Result<Json<Page>, Failure> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, LONGEST_PAGE);
    let filter = DeliveryFilter {
        scope: query.scope,
        device: query.device,
        profile: query.profile,
        state: query.state,
    };
    let deliveries = server.store.deliveries(&filter, limit).await?;
    Ok(Json(Page {
        items: deliveries.into_iter().map(DeliveryView::from).collect(),
    }))
}

/// `GET /deliveries/{id}`.
pub(super) async fn show(
    State(server): State<Server>,
    Segment(id): Segment<DeliveryId>,
) -> Result<Json<DeliveryView>, Failure> {
    let delivery = server.store.delivery(&id).await?;
    Ok(Json(
        delivery
            .ok_or_else(|| Failure::not_found("delivery", &id))?
            .into(),
    ))
}

/// The body of `POST /deliveries`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    device: DeviceId,
    profile: ProfileId,
    /// The user of a Mac who must get it: short name, or the device's key for that user.
    user: Option<String>,
}

/// `POST /deliveries`: 201 for a new one, 200 for the one that is there already.
pub(super) async fn deliver(
    State(server): State<Server>,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<DeliveryView>), Failure> {
    if let Some(user) = &new.user {
        let settings = stored(&server, &new.profile).await?.profile.settings;
        check_user(
            user,
            apple::channel(&settings),
            &server.store.channels(&new.device).await?,
        )?;
    }
    let filter = DeliveryFilter {
        device: Some(new.device.clone()),
        profile: Some(new.profile.clone()),
        ..DeliveryFilter::default()
    };
    let known: Vec<DeliveryId> = server
        .store
        .deliveries(&filter, LONGEST_PAGE)
        .await?
        .into_iter()
        .map(|d| d.id)
        .collect();
    let delivery = server.services.deliver(&new.device, &new.profile).await?;
    let status = if known.contains(&delivery.id) {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(delivery.into())))
}

/// `DELETE /deliveries/{id}`: takes it from the device.
pub(super) async fn undeliver(
    State(server): State<Server>,
    Segment(id): Segment<DeliveryId>,
) -> Result<Json<DeliveryView>, Failure> {
    Ok(Json(server.services.undeliver(&id).await?.into()))
}

/// `POST /deliveries/{id}/redeliver`: sends it again.
pub(super) async fn redeliver(
    State(server): State<Server>,
    Segment(id): Segment<DeliveryId>,
) -> Result<Json<DeliveryView>, Failure> {
    Ok(Json(server.services.redeliver(&id).await?.into()))
}

/// A profile for users goes to the first user who has a channel; a caller who means another one is told so.
fn check_user(wanted: &str, channel: apple::Channel, channels: &[Channel]) -> Result<(), Failure> {
    let is_wanted = |owner: &Owner| match owner {
        Owner::Device => false,
        Owner::User {
            key, short_name, ..
        } => key == wanted || short_name.as_deref() == Some(wanted),
    };
    if channel == apple::Channel::Device {
        return Err(Failure::Conflict {
            what: format!("this profile goes to the device itself, not to its user `{wanted}`"),
            hint: "leave `user` out",
        });
    }
    let mut users = channels
        .iter()
        .filter(|c| c.active && c.owner != Owner::Device);
    match users.next() {
        Some(first) if is_wanted(&first.owner) => Ok(()),
        Some(_) if users.any(|c| is_wanted(&c.owner)) => Err(Failure::Conflict {
            what: format!(
                "`{wanted}` is not the first user of this device, and only the first one gets profiles"
            ),
            hint: "leave `user` out to deliver to the first one",
        }),
        Some(_) | None => Err(Failure::not_found("user", wanted)),
    }
}

/// A delivery without the token of its link.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct DeliveryView(Value);

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let by_link = matches!(delivery.target, Target::Link { .. });
        // A record is plain data with text keys, so it always becomes JSON.
        let mut value = serde_json::to_value(&delivery).unwrap_or_default();
        if let (true, Some(target)) = (
            by_link,
            value.get_mut("target").and_then(Value::as_object_mut),
        ) {
            target.remove("link");
        }
        Self(value)
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "test")]

    use mdm_core::delivery::{Evidence, Wanted};
    use mdm_core::id::{ChannelId, Version};
    use mdm_core::time::Timestamp;

    use super::*;

    pub(in crate::admin) fn delivery(target: Target) -> Delivery {
        Delivery {
            id: "y-1".parse().unwrap(),
            version: Version(1),
            scope: Scope::default(),
            profile: "mail".parse().unwrap(),
            target,
            wanted: Wanted::Direct,
            state: DeliveryState::Queued,
            reason: None,
            desired_revision: 1,
            applied_revision: None,
            generation: 1,
            evidence: Evidence::default(),
            expected: None,
            command: None,
            errors: Vec::new(),
            attempts: 0,
            not_now: 0,
            created_at: Timestamp(0),
            state_since: Timestamp(0),
            history: Vec::new(),
        }
    }

    #[test]
    fn a_link_is_not_told() {
        let view = DeliveryView::from(delivery(Target::Link {
            link: "secret-token".parse().unwrap(),
        }));
        let text = serde_json::to_string(&view).unwrap();
        assert!(
            text.contains(r#""target":{"kind":"link"}"#) && !text.contains("secret"),
            "{text}"
        );
        let channel = Target::Channel {
            device: "d-1".parse().unwrap(),
            channel: "d-1".parse().unwrap(),
        };
        let text = serde_json::to_string(&DeliveryView::from(delivery(channel))).unwrap();
        assert!(
            text.contains(r#""target":{"channel":"d-1","device":"d-1","kind":"channel"}"#),
            "{text}"
        );
    }

    fn channel(key: Option<&str>) -> Channel {
        let device: DeviceId = "d-1".parse().unwrap();
        let owner = key.map_or(Owner::Device, |key| Owner::User {
            key: key.to_owned(),
            short_name: Some(format!("{key}-short")),
            long_name: None,
        });
        Channel {
            id: key.map_or_else(
                || ChannelId::device(&device),
                |key| ChannelId::user(&device, key),
            ),
            version: Version(1),
            scope: Scope::default(),
            device,
            owner,
            active: true,
            push: None,
            outstanding: None,
            session: 0,
            owes_push: false,
            refusals: 0,
            read_back_queued: false,
            token_updated_at: None,
        }
    }

    #[test]
    fn a_user_is_the_first_one_or_refused() {
        let channels = [channel(None), channel(Some("ada")), channel(Some("bob"))];
        for (user, kind, complaint) in [
            ("ada", apple::Channel::User, None),
            ("ada-short", apple::Channel::User, None),
            (
                "bob",
                apple::Channel::User,
                Some(
                    "`bob` is not the first user of this device, and only the first one gets profiles",
                ),
            ),
            ("eve", apple::Channel::User, Some("there is no user `eve`")),
            (
                "ada",
                apple::Channel::Device,
                Some("this profile goes to the device itself, not to its user `ada`"),
            ),
        ] {
            let told = check_user(user, kind, &channels)
                .err()
                .map(|e| e.to_string());
            assert_eq!(told.as_deref(), complaint, "{user}");
        }
    }
}
