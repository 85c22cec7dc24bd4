//! Devices: list, show, wake, re-enroll, forget.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use mdm_core::channel::{Channel, Owner};
use mdm_core::device::{Device, DeviceState, Platform, Reality};
use mdm_core::id::{ChannelId, CodeText, CommandUuid, DeviceId, Fingerprint, Scope};
use mdm_core::time::Timestamp;
use mdm_core::windows::{Context, Dialect, LoginStatus, Proof, WindowsEnrollment};
use mdm_payloads::User;
use serde::{Deserialize, Serialize};

use super::extract::{Params, Segment};
use super::problem::Failure;
use crate::server::Server;

/// Devices of a page that does not say how many.
const PAGE: usize = 100;
/// The most devices of a page.
const LONGEST_PAGE: usize = 1000;

/// The query of `GET /devices`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    scope: Option<Scope>,
    after: Option<DeviceId>,
    limit: Option<usize>,
}

/// One page of devices.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<DeviceView>,
    /// What to give as `after` for the next page; none on the last one.
    next: Option<DeviceId>,
}

/// `GET /devices`.
pub(super) async fn list(
    State(server): State<Server>,
    Params(query): Params<List>,
) -> Result<Json<Page>, Failure> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, LONGEST_PAGE);
    let mut devices = server
        .store
        .devices(query.scope.as_ref(), query.after.as_ref(), limit + 1)
        .await?;
    let more = devices.len() > limit;
    devices.truncate(limit);
    let next = devices
        .last()
        .filter(|_| more)
        .map(|device| device.id.clone());
    let mut items = Vec::with_capacity(devices.len());
    for device in devices {
        let seen = last_seen(&server, &device.id).await?;
        items.push(DeviceView::new(device, seen, None));
    }
    Ok(Json(Page { items, next }))
}

/// `GET /devices/{id}`.
pub(super) async fn show(
    State(server): State<Server>,
    Segment(id): Segment<DeviceId>,
) -> Result<Json<DeviceView>, Failure> {
    let device = found(&server, &id).await?;
    whole(&server, device).await.map(Json)
}

/// `DELETE /devices/{id}`: forgets it everywhere.
pub(super) async fn forget(
    State(server): State<Server>,
    Segment(id): Segment<DeviceId>,
) -> Result<StatusCode, Failure> {
    server.services.forget(&id).await?;
    server.exchanges.forget(&id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What `POST /devices/{id}/push` did.
#[derive(Debug, Serialize)]
pub(super) struct Woken {
    /// The channels that Apple was asked to wake.
    channels: Vec<ChannelId>,
}

/// `POST /devices/{id}/push`: asks the device to come.
pub(super) async fn push(
    State(server): State<Server>,
    Segment(id): Segment<DeviceId>,
) -> Result<(StatusCode, Json<Woken>), Failure> {
    let device = found(&server, &id).await?;
    if device.state != DeviceState::Enrolled {
        return Err(Failure::Conflict {
            what: format!(
                "device `{id}` is not enrolled: its state is `{}`",
                device.state.as_str()
            ),
            hint: device.state.hint().unwrap_or("enroll it first"),
        });
    }
    if server.pusher.topic().is_none() {
        return Err(Failure::Conflict {
            what: "push is not configured, so no device can be woken".to_owned(),
            hint: "the device gets its commands when it polls by itself; `--push-certificate FILE` configures push",
        });
    }
    let channels: Vec<Channel> = server
        .store
        .channels(&id)
        .await?
        .into_iter()
        .filter(|c| c.active && c.push.is_some())
        .collect();
    if channels.is_empty() {
        return Err(Failure::Conflict {
            what: format!("device `{id}` has no push token"),
            hint: "it sends a new one when it checks in again",
        });
    }
    for channel in &channels {
        server.services.waker.wake(channel);
    }
    let channels = channels.into_iter().map(|channel| channel.id).collect();
    Ok((StatusCode::ACCEPTED, Json(Woken { channels })))
}

/// `POST /devices/{id}/renew`: sends the enrollment profile again, for a new identity.
pub(super) async fn renew(
    State(server): State<Server>,
    Segment(id): Segment<DeviceId>,
) -> Result<(StatusCode, Json<DeviceView>), Failure> {
    let device = server.services.renew_enrollment(&id).await?;
    Ok((StatusCode::ACCEPTED, Json(whole(&server, device).await?)))
}

/// The device of this id.
pub(super) async fn found(server: &Server, id: &DeviceId) -> Result<Device, Failure> {
    server
        .store
        .device(id)
        .await?
        .ok_or_else(|| Failure::not_found("device", id))
}

/// When a device was last heard of: what is not written yet, else what is.
async fn last_seen(server: &Server, id: &DeviceId) -> Result<Option<Timestamp>, Failure> {
    match server.seen.get(id) {
        Some(at) => Ok(Some(at)),
        None => Ok(server.store.last_seen(id).await?),
    }
}

/// A device with its channels.
pub(super) async fn whole(server: &Server, device: Device) -> Result<DeviceView, Failure> {
    let seen = last_seen(server, &device.id).await?;
    let channels = server.store.channels(&device.id).await?;
    Ok(DeviceView::new(device, seen, Some(channels)))
}

/// A device without its secrets.
#[derive(Debug, Serialize)]
pub(super) struct DeviceView {
    id: DeviceId,
    scope: Scope,
    platform: Platform,
    reality: Reality,
    state: DeviceState,
    state_since: Timestamp,
    hint: Option<&'static str>,
    created_at: Timestamp,
    last_seen: Option<Timestamp>,
    udid: Option<String>,
    serial_number: Option<String>,
    product_name: Option<String>,
    model: Option<String>,
    model_name: Option<String>,
    device_name: Option<String>,
    os_version: Option<String>,
    build_version: Option<String>,
    user: Option<User>,
    code: Option<CodeText>,
    topic: Option<String>,
    identity: Option<Fingerprint>,
    replacing_identity: bool,
    awaiting_configuration: bool,
    unlock_token: bool,
    bootstrap_token: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<Vec<ChannelView>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    information: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    windows: Option<WindowsView>,
}

impl DeviceView {
    /// A view; without channels and the answers to queries where it is one of a list.
    fn new(device: Device, last_seen: Option<Timestamp>, channels: Option<Vec<Channel>>) -> Self {
        let information = if channels.is_some() {
            device.information
        } else {
            BTreeMap::new()
        };
        let hardware = device.hardware;
        Self {
            id: device.id,
            scope: device.scope,
            platform: device.platform,
            reality: device.reality,
            state: device.state,
            state_since: device.state_since,
            hint: device.state.hint(),
            created_at: device.created_at,
            last_seen,
            udid: hardware.udid,
            serial_number: hardware.serial_number,
            product_name: hardware.product_name,
            model: hardware.model,
            model_name: hardware.model_name,
            device_name: hardware.device_name,
            os_version: hardware.os_version,
            build_version: hardware.build_version,
            user: device.user,
            code: device.code,
            topic: device.topic,
            identity: device.identity,
            replacing_identity: device.replacement.is_some(),
            awaiting_configuration: device.awaiting_configuration,
            unlock_token: device.unlock_token.is_some(),
            bootstrap_token: device.bootstrap_token.is_some(),
            channels: channels.map(|all| all.into_iter().map(ChannelView::from).collect()),
            information,
            windows: device.windows.map(|windows| WindowsView::from(*windows)),
        }
    }
}

/// A Windows enrollment without its credentials.
#[derive(Debug, Serialize)]
struct WindowsView {
    hardware_id: Option<String>,
    context: Context,
    provider_id: String,
    dialect: Dialect,
    upn: Option<String>,
    request_version: Option<String>,
    os_edition: Option<String>,
    user_agent: Option<String>,
    weakest_proof: Proof,
    login: Option<LoginStatus>,
    /// A renewed certificate was not seen yet; the old one counts as well.
    renewing_identity: bool,
}

impl From<WindowsEnrollment> for WindowsView {
    fn from(windows: WindowsEnrollment) -> Self {
        Self {
            hardware_id: windows.hardware_id,
            context: windows.context,
            provider_id: windows.provider_id,
            dialect: windows.dialect,
            upn: windows.upn,
            request_version: windows.request_version,
            os_edition: windows.os_edition,
            user_agent: windows.user_agent,
            weakest_proof: windows.weakest_proof,
            login: windows.login,
            renewing_identity: windows.renewed.is_some(),
        }
    }
}

/// A channel without where its pushes go.
#[derive(Debug, Serialize)]
struct ChannelView {
    id: ChannelId,
    owner: Owner,
    active: bool,
    /// Whether it has a push token.
    push: bool,
    outstanding: Option<CommandUuid>,
    token_updated_at: Option<Timestamp>,
}

impl From<Channel> for ChannelView {
    fn from(channel: Channel) -> Self {
        Self {
            id: channel.id,
            owner: channel.owner,
            active: channel.active,
            push: channel.push.is_some(),
            outstanding: channel.outstanding,
            token_updated_at: channel.token_updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use mdm_core::channel::PushAddress;
    use mdm_core::device::Hardware;
    use mdm_core::id::Version;
    use mdm_payloads::Secret;

    use super::*;

    #[test]
    fn a_device_as_it_leaves_holds_no_secret() {
        let id: DeviceId = "d-1".parse().unwrap();
        let device = Device {
            id: id.clone(),
            version: Version(3),
            scope: Scope::default(),
            platform: Platform::Ios,
            reality: Reality::Real,
            state: DeviceState::Enrolled,
            state_since: Timestamp(0),
            created_at: Timestamp(0),
            hardware: Hardware {
                device_name: Some("Zo\u{eb}'s & <i>\"".to_owned()),
                ..Hardware::default()
            },
            code: None,
            user: None,
            topic: Some("com.apple.mgmt.External.x".to_owned()),
            identity: None,
            replacement: None,
            awaiting_configuration: false,
            unlock_token: Some(Secret::from("unlock-secret")),
            bootstrap_token: Some(Secret::from("bootstrap-secret")),
            information: [("BatteryLevel".to_owned(), "0.5".to_owned())].into(),
            windows: None,
        };
        let channel = Channel {
            id: ChannelId::device(&id),
            version: Version(1),
            scope: Scope::default(),
            device: id,
            owner: Owner::Device,
            active: true,
            push: Some(PushAddress {
                topic: "t".to_owned(),
                token: Secret::from("token-secret"),
                magic: Secret::from("magic-secret"),
            }),
            outstanding: None,
            session: 0,
            owes_push: false,
            refusals: 0,
            read_back_queued: false,
            token_updated_at: None,
        };
        let view = DeviceView::new(device, Some(Timestamp(1000)), Some(vec![channel]));
        let text = serde_json::to_string(&view).unwrap();
        assert!(!text.contains("-secret"), "{text}");
        insta::assert_snapshot!(text, @r##"{"id":"d-1","scope":"default","platform":"ios","reality":"real","state":"enrolled","state_since":"1970-01-01T00:00:00Z","hint":null,"created_at":"1970-01-01T00:00:00Z","last_seen":"1970-01-01T00:00:01Z","udid":null,"serial_number":null,"product_name":null,"model":null,"model_name":null,"device_name":"Zoë's & <i>\"","os_version":null,"build_version":null,"user":null,"code":null,"topic":"com.apple.mgmt.External.x","identity":null,"replacing_identity":false,"awaiting_configuration":false,"unlock_token":true,"bootstrap_token":true,"channels":[{"id":"d-1","owner":{"kind":"device"},"active":true,"push":true,"outstanding":null,"token_updated_at":null}],"information":{"BatteryLevel":"0.5"}}"##);
    }
}
