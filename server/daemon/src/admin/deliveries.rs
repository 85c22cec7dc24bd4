//! Deliveries: make, show, send again, take back.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use mdm_core::delivery::{Delivery, DeliveryState, Target};
use mdm_core::id::{DeliveryId, DeviceId, ProfileId, Scope};
use mdm_core::ports::DeliveryFilter;
use mdm_core::standing;
use mdm_payloads::intune::{ErrorCode, PortalStatus};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::extract::{Body, Params, Segment};
use super::problem::Failure;
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
    let delivery = server
        .services
        .deliver(&new.device, &new.profile, new.user.as_deref())
        .await?;
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

/// How a delivery stands in Intune's words: the portal's, Graph's, and the numeric code of its error.
fn intune(delivery: &Delivery) -> Value {
    let status = standing::status(delivery);
    let code = standing::error_code(delivery);
    serde_json::json!({
        "portal": status.portal().map(PortalStatus::as_str),
        "status": status.as_str(),
        "status_number": status.number(),
        "error_code": code.map(ErrorCode::signed),
        "error_hex": code.map(|code| format!("0x{:08X}", code.number())),
    })
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
        if let Some(object) = value.as_object_mut() {
            object.insert("intune".to_owned(), intune(&delivery));
        }
        Self(value)
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, reason = "test")]

    use mdm_core::delivery::{Evidence, Wanted};
    use mdm_core::id::Version;
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
}
