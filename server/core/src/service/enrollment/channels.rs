//! `TokenUpdate`, `CheckOut` and the bootstrap token: what a device and its users tell of themselves
//! once they are enrolled.

use mdm_payloads::Secret;

use super::authenticate::name_of;
use super::{EnrollmentError, Sender, SenderUser, settle};
use crate::channel::{Channel, Owner, PushAddress};
use crate::command::{Item, Origin};
use crate::delivery::{DeliveryState, Reason};
use crate::device::{Device, DeviceState};
use crate::event::{Kind, NewEvent};
use crate::id::{ChannelId, DeviceId, Version};
use crate::ports::{Commit, DeliveryFilter, Record};
use crate::service::commands::queued_event;
use crate::service::deliveries::chosen;
use crate::service::{ATTEMPTS, ServiceError, Services};
use crate::time::Timestamp;

/// What `TokenUpdate` says.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenUpdate {
    /// Where to push.
    pub push: PushAddress,
    /// `UnlockToken` in base64, when there is one.
    pub unlock_token: Option<Secret>,
    /// `AwaitingConfiguration`.
    pub awaiting_configuration: bool,
}

impl Services {
    /// `TokenUpdate`: the device, or one of its users, can be reached.
    pub async fn token_update(
        &self,
        sender: &Sender,
        update: &TokenUpdate,
    ) -> Result<Device, EnrollmentError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let (_, mut device) = self.identify(&sender.fingerprint).await?;
            self.admit_sender(&device, sender, "TokenUpdate", now)
                .await?;
            let mut commit = Commit::default();
            let id = channel_id(&device.id, sender.user.as_ref());
            let old = self.store.channel(&id).await?;
            let appeared = old.as_ref().is_none_or(|c| !c.active);
            let mut channel = old.unwrap_or_else(|| new_channel(&device, id, sender.user.as_ref()));
            channel.active = true;
            // Enrolling again may have moved the device.
            channel.scope = device.scope.clone();
            channel.push = Some(update.push.clone());
            channel.token_updated_at = Some(now);
            let mut queued = None;
            if sender.user.is_none() {
                device.awaiting_configuration = update.awaiting_configuration;
                if update.unlock_token.is_some() {
                    device.unlock_token.clone_from(&update.unlock_token);
                }
                if let Some(replacement) = &mut device.replacement
                    && replacement.identity.as_ref() == Some(&sender.fingerprint)
                {
                    replacement.token_updated = true;
                }
                settle(&mut device, now, &mut commit.events);
                if device.state != DeviceState::Enrolled {
                    device.state = DeviceState::Enrolled;
                    device.state_since = now;
                    let text = format!("{} is enrolled", name_of(&device));
                    commit.events.push(
                        NewEvent::new(now, &device.scope, Kind::EnrollmentCompleted, text)
                            .device(&device.id),
                    );
                    let inventory = Item::DeviceInformation {
                        queries: Vec::new(),
                    };
                    queued = Some(self.command(&channel, inventory, Origin::Inventory, now));
                }
                commit.records.push(Record::Device(device.clone()));
            } else if appeared {
                let text = format!("user `{}` has a channel of their own", user_name(sender));
                commit.events.push(
                    NewEvent::new(now, &device.scope, Kind::EnrollmentUserAdded, text)
                        .device(&device.id),
                );
                self.release_for_user(&device, &channel, now, &mut commit)
                    .await?;
            }
            commit.events.push(
                NewEvent::new(
                    now,
                    &device.scope,
                    Kind::EnrollmentTokenUpdated,
                    "a push token was received",
                )
                .device(&device.id)
                .fact("channel", channel.id.as_str()),
            );
            if let Some(command) = queued {
                commit.events.push(queued_event(&command, now));
                commit.records.push(Record::Command(command));
            }
            commit.records.push(Record::Channel(channel.clone()));
            if self.write(commit).await? {
                if sender.user.is_none() {
                    self.evaluate_device(&device.id).await?;
                }
                self.waker.wake(&channel);
                return Ok(device);
            }
        }
        Err(ServiceError::Contended("device").into())
    }

    /// Queues deliveries that waited for a user to log in.
    async fn release_for_user(
        &self,
        device: &Device,
        channel: &Channel,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<(), ServiceError> {
        let filter = DeliveryFilter {
            device: Some(device.id.clone()),
            state: Some(DeliveryState::Deferred),
            ..DeliveryFilter::default()
        };
        for mut delivery in self.store.deliveries(&filter, usize::MAX).await? {
            let theirs = chosen(&delivery).is_none_or(|id| *id == channel.id);
            if delivery.reason != Some(Reason::NoUserSession) || !theirs {
                continue;
            }
            delivery.target = crate::delivery::Target::Channel {
                device: device.id.clone(),
                channel: channel.id.clone(),
            };
            self.queue_install(delivery, channel, now, commit);
        }
        Ok(())
    }

    /// `CheckOut`: the device, or one of its users, left.
    pub async fn check_out(&self, sender: &Sender) -> Result<Device, EnrollmentError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let (_, mut device) = self.identify(&sender.fingerprint).await?;
            self.admit_sender(&device, sender, "CheckOut", now).await?;
            let mut commit = Commit::default();
            let text = if let Some(user) = &sender.user {
                let channel = ChannelId::user(&device.id, &user.key);
                self.leave(&device, Some(&channel), now, &mut commit)
                    .await?;
                format!("user `{}` left the device", user_name(sender))
            } else {
                self.leave(&device, None, now, &mut commit).await?;
                device.state = DeviceState::Removed;
                device.state_since = now;
                commit.records.push(Record::Device(device.clone()));
                format!(
                    "{} left: its management profile was removed",
                    name_of(&device)
                )
            };
            commit.events.push(
                NewEvent::new(now, &device.scope, Kind::EnrollmentCheckedOut, text)
                    .device(&device.id),
            );
            if self.write(commit).await? {
                return Ok(device);
            }
        }
        Err(ServiceError::Contended("device").into())
    }

    /// Stores the bootstrap token (base64), or deletes it when it is `None`.
    pub async fn set_bootstrap_token(
        &self,
        sender: &Sender,
        token: Option<Secret>,
    ) -> Result<(), EnrollmentError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let (_, mut device) = self.identify(&sender.fingerprint).await?;
            self.admit_sender(&device, sender, "SetBootstrapToken", now)
                .await?;
            let text = if token.is_some() {
                "a bootstrap token was stored"
            } else {
                "the bootstrap token was deleted"
            };
            device.bootstrap_token.clone_from(&token);
            let event = NewEvent::new(now, &device.scope, Kind::EnrollmentBootstrapToken, text)
                .device(&device.id);
            let commit = Commit {
                records: vec![Record::Device(device)],
                events: vec![event],
                ..Commit::default()
            };
            if self.write(commit).await? {
                return Ok(());
            }
        }
        Err(ServiceError::Contended("device").into())
    }
}

pub(super) fn channel_id(device: &DeviceId, user: Option<&SenderUser>) -> ChannelId {
    match user {
        Some(user) => ChannelId::user(device, &user.key),
        None => ChannelId::device(device),
    }
}

pub(in crate::service) fn new_channel(
    device: &Device,
    id: ChannelId,
    user: Option<&SenderUser>,
) -> Channel {
    let owner = match user {
        None => Owner::Device,
        Some(user) => Owner::User {
            key: user.key.clone(),
            short_name: user.short_name.clone(),
            long_name: user.long_name.clone(),
        },
    };
    Channel {
        id,
        version: Version(0),
        scope: device.scope.clone(),
        device: device.id.clone(),
        owner,
        active: true,
        push: None,
        outstanding: None,
        session: 1,
        owes_push: false,
        refusals: 0,
        read_back_queued: false,
        token_updated_at: None,
    }
}

pub(super) fn user_name(sender: &Sender) -> String {
    sender.user.as_ref().map_or_else(String::new, |u| {
        u.short_name.clone().unwrap_or_else(|| u.key.clone())
    })
}
