//! `Authenticate`: enrollment starts, or starts anew.

use super::association::is_announced;
use super::{EnrollmentError, NotAdmitted, Sender};
use crate::code::Code;
use crate::delivery::{DeliveryState, Reason, Target};
use crate::device::{Device, DeviceState, Hardware, Platform, Reality};
use crate::event::{Kind, NewEvent};
use crate::id::{ChannelId, DeviceId, Fingerprint, Scope, Version};
use crate::ports::{Commit, DeliveryFilter, Key, Record};
use crate::service::commands::cancelled;
use crate::service::turn::about;
use crate::service::{ATTEMPTS, ServiceError, Services};
use crate::time::Timestamp;

impl Services {
    /// `Authenticate`: enrollment starts, or starts anew.
    pub async fn authenticate(
        &self,
        sender: &Sender,
        topic: &str,
        hardware: &Hardware,
    ) -> Result<Device, EnrollmentError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let (certificate, bound) = self.identify(&sender.fingerprint).await?;
            if let Some(owner) = bound.hardware.udid.as_deref()
                && owner != sender.udid
            {
                let refusal = NotAdmitted::Clone {
                    fingerprint: sender.fingerprint.clone(),
                    owner: owner.to_owned(),
                    claimed: sender.udid.clone(),
                };
                self.note_refusal(&bound, &refusal, now).await?;
                return Err(refusal.into());
            }
            let known = match &bound.hardware.udid {
                Some(_) => None,
                None => self
                    .store
                    .device_by_udid(&sender.udid)
                    .await?
                    .filter(|d| d.id != bound.id),
            };
            let mut commit = Commit::default();
            let announced = is_announced(known.as_ref().unwrap_or(&bound), &certificate, now);
            let device = match known {
                Some(known) => {
                    let mut certificate = certificate;
                    certificate.device = Some(known.id.clone());
                    commit.records.push(Record::Certificate(certificate));
                    commit.deleted.push(Key::Device(bound.id.clone()));
                    self.restart(known, &bound, announced, now, &mut commit)
                        .await?
                }
                None if bound.state == DeviceState::IdentityIssued => bound,
                None => {
                    let again = bound.clone();
                    self.restart(bound, &again, announced, now, &mut commit)
                        .await?
                }
            };
            let mut device = describe(device, sender, topic, hardware);
            if let Some(replacement) = &mut device.replacement {
                replacement.identity = Some(sender.fingerprint.clone());
            } else {
                device.state = DeviceState::Authenticated;
                device.state_since = now;
                device.identity = Some(sender.fingerprint.clone());
            }
            commit.events.push(
                NewEvent::new(
                    now,
                    &device.scope,
                    Kind::EnrollmentAuthenticated,
                    format!("{} sent Authenticate", name_of(&device)),
                )
                .device(&device.id)
                .fact("udid", sender.udid.clone())
                .fact("platform", device.platform.as_str()),
            );
            commit.records.push(Record::Device(device.clone()));
            if self.write(commit).await? {
                return Ok(device);
            }
        }
        Err(ServiceError::Contended("device").into())
    }

    /// A known device enrolls again: with an announced replacement nothing is lost; otherwise its
    /// queues are emptied and its deliveries are gone, on every channel.
    async fn restart(
        &self,
        mut device: Device,
        newcomer: &Device,
        announced: bool,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<Device, ServiceError> {
        if announced {
            return Ok(device);
        }
        device.replacement = None;
        let fresh = device.state != DeviceState::Authenticated;
        device.code = newcomer.code.clone().or(device.code);
        device.user = newcomer.user.clone().or(device.user);
        device.scope = newcomer.scope.clone();
        device.reality = newcomer.reality;
        device.unlock_token = None;
        device.bootstrap_token = None;
        if fresh {
            self.leave(&device, None, now, commit).await?;
            commit.events.push(
                NewEvent::new(
                    now,
                    &device.scope,
                    Kind::EnrollmentRestarted,
                    "a known device enrolls again: its queues were emptied",
                )
                .device(&device.id),
            );
        }
        Ok(device)
    }

    /// Cancels what a device's queues hold, ends its deliveries and silences its channels; those of
    /// one user only where their channel is named.
    pub(in crate::service) async fn leave(
        &self,
        device: &Device,
        channel: Option<&ChannelId>,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<(), ServiceError> {
        let leaves = |id: &ChannelId| channel.is_none_or(|only| only == id);
        for command in self.store.commands(&device.id, true, usize::MAX).await? {
            if leaves(&command.channel) {
                cancelled(command, now, commit);
            }
        }
        let channels = self.store.channels(&device.id).await?;
        for mut channel in channels.into_iter().filter(|c| leaves(&c.id)) {
            channel.active = false;
            channel.outstanding = None;
            channel.push = None;
            channel.read_back_queued = false;
            channel.owes_push = false;
            commit.records.push(Record::Channel(channel));
        }
        let filter = DeliveryFilter {
            device: Some(device.id.clone()),
            ..DeliveryFilter::default()
        };
        for delivery in self.store.deliveries(&filter, usize::MAX).await? {
            let there = match &delivery.target {
                Target::Channel { channel, .. } => leaves(channel),
                Target::Link { .. } => false,
            };
            if there && delivery.state.is_live() {
                let delivery =
                    delivery.into_state(DeliveryState::Gone, Some(Reason::DeviceLeft), now);
                let text = format!(
                    "profile `{}` is gone with the enrollment of its device or user",
                    delivery.profile
                );
                commit
                    .events
                    .push(about(&delivery, Kind::DeliveryGone, text, now));
                commit.records.push(Record::Delivery(delivery));
            }
        }
        Ok(())
    }
}

/// A device of which nothing is known but that its identity was issued.
pub(crate) fn provisional(
    id: DeviceId,
    scope: &Scope,
    code: Option<&Code>,
    reality: Reality,
    identity: Fingerprint,
    now: Timestamp,
) -> Device {
    Device {
        id,
        version: Version(0),
        scope: scope.clone(),
        platform: Platform::Unknown,
        reality,
        state: DeviceState::IdentityIssued,
        state_since: now,
        created_at: now,
        hardware: Hardware::default(),
        code: code.map(|c| c.code.clone()),
        user: code.and_then(|c| c.user.clone()),
        topic: None,
        identity: Some(identity),
        replacement: None,
        awaiting_configuration: false,
        unlock_token: None,
        bootstrap_token: None,
        information: std::collections::BTreeMap::new(),
        windows: None,
    }
}

fn describe(mut device: Device, sender: &Sender, topic: &str, hardware: &Hardware) -> Device {
    device.hardware = hardware.clone();
    device.hardware.udid = Some(sender.udid.clone());
    device.topic = Some(topic.to_owned());
    if let Some(product) = &hardware.product_name {
        device.platform = Platform::from_product(product);
    }
    device
}

pub(super) fn name_of(device: &Device) -> String {
    let h = &device.hardware;
    let name = h.device_name.as_ref().or(h.product_name.as_ref()).cloned();
    match (name, &h.serial_number) {
        (Some(name), Some(serial)) => format!("{name} ({serial})"),
        (Some(name), None) => name,
        (None, Some(serial)) => format!("device {serial}"),
        (None, None) => format!("device {}", device.id),
    }
}
