//! Deliveries to enrolled devices: made, ended, made again.

use mdm_payloads::apple;

use crate::channel::{Channel, Owner};
use crate::command::{Item, Origin};
use crate::delivery::{Delivery, DeliveryState, Reason, Target};
use crate::device::{Device, DeviceState, Platform};
use crate::event::Kind;
use crate::id::{ChannelId, DeliveryId, DeviceId, ProfileId};
use crate::ports::{Commit, DeliveryFilter, Record};
use crate::profile::StoredProfile;
use crate::service::commands::{cancelled, queued_event};
use crate::service::turn::about;
use crate::service::{ATTEMPTS, ServiceError, Services};
use crate::time::Timestamp;
use crate::windows::Dialect;

/// Whether a profile made for `wanted` fits a device.
fn fits(wanted: mdm_payloads::Platform, device: &Device) -> bool {
    let platform = device.platform;
    let dialect = device.windows.as_ref().map(|w| w.dialect);
    match wanted {
        mdm_payloads::Platform::Ios => matches!(
            platform,
            Platform::Ios | Platform::Ipados | Platform::Visionos
        ),
        mdm_payloads::Platform::Macos => platform == Platform::Macos,
        mdm_payloads::Platform::Windows10 => dialect == Some(Dialect::Windows10),
        mdm_payloads::Platform::WindowsPhone81 => dialect == Some(Dialect::WindowsPhone81),
        // No device says yet that it is one of these.
        mdm_payloads::Platform::AndroidKnox
        | mdm_payloads::Platform::AndroidWork
        | mdm_payloads::Platform::AndroidOwner => false,
    }
}

impl Services {
    /// Delivers a profile to a device, as a direct target; a profile for users to the one named by
    /// short name or key, else to the first. A live delivery of the same profile to the same place
    /// is taken up instead: it is queued again when a newer revision is wanted.
    pub async fn deliver(
        &self,
        device: &DeviceId,
        profile: &ProfileId,
        user: Option<&str>,
    ) -> Result<Delivery, ServiceError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let Some(device) = self.store.device(device).await? else {
                return Err(ServiceError::not_found("device", device));
            };
            let Some(profile) = self.store.profile(profile).await? else {
                return Err(ServiceError::not_found("profile", profile));
            };
            if device.state != DeviceState::Enrolled {
                return Err(ServiceError::Conflict {
                    what: format!(
                        "device `{}` is not enrolled: its state is `{}`",
                        device.id,
                        device.state.as_str()
                    ),
                    hint: device.state.hint().unwrap_or("enroll it first"),
                });
            }
            let channels = self.store.channels(&device.id).await?;
            let kind = apple::channel(&profile.profile.settings);
            let chosen = match user {
                Some(user) => Some(channel_of(user, kind, &channels)?.id.clone()),
                None => None,
            };
            let filter = DeliveryFilter {
                device: Some(device.id.clone()),
                profile: Some(profile.id.clone()),
                ..DeliveryFilter::default()
            };
            let live = self
                .store
                .deliveries(&filter, usize::MAX)
                .await?
                .into_iter()
                .find(|d| d.state.is_live() && chosen.as_ref().is_none_or(|c| goes_to(d, c)));
            // Unchanged, but its version counts up: of two deliveries made at once, the second
            // decides again and finds the first.
            let mut commit = Commit {
                records: vec![Record::Device(device.clone())],
                ..Commit::default()
            };
            let (delivery, woken) = match live {
                Some(live) if settled(&live, &profile) => return Ok(live),
                Some(live) => {
                    // What is on its way is of an older revision, or a removal: both are overtaken.
                    self.drop_command(&live, now, &mut commit).await?;
                    self.target(live, &device, &profile, now, &mut commit)
                        .await?
                }
                None => {
                    let new = self.new_delivery(&device, &profile, chosen, now);
                    self.target(new, &device, &profile, now, &mut commit)
                        .await?
                }
            };
            if self.write(commit).await? {
                if let Some(channel) = woken {
                    self.waker.wake(&channel);
                }
                return self.require_delivery(&delivery.id).await;
            }
        }
        Err(ServiceError::Contended("delivery"))
    }

    /// Sends a delivery again, whatever its state.
    pub async fn redeliver(&self, id: &DeliveryId) -> Result<Delivery, ServiceError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let delivery = self.require_delivery(id).await?;
            let (device, profile) = match delivery.device() {
                Some(device) => (
                    self.store.device(device).await?,
                    self.store.profile(&delivery.profile).await?,
                ),
                None => (None, None),
            };
            let (Some(device), Some(profile)) = (device, profile) else {
                return Err(ServiceError::Conflict {
                    what: format!("delivery `{id}` has no device or profile any more"),
                    hint: "make a new delivery or a new link",
                });
            };
            if device.state != DeviceState::Enrolled {
                return Err(ServiceError::Conflict {
                    what: format!("device `{}` is not enrolled", device.id),
                    hint: "enroll it first",
                });
            }
            if !delivery.state.is_live() {
                self.none_instead(&delivery).await?;
            }
            let mut commit = Commit::default();
            self.drop_command(&delivery, now, &mut commit).await?;
            let (_, woken) = self
                .target(delivery, &device, &profile, now, &mut commit)
                .await?;
            if self.write(commit).await? {
                if let Some(channel) = woken {
                    self.waker.wake(&channel);
                }
                return self.require_delivery(id).await;
            }
        }
        Err(ServiceError::Contended("delivery"))
    }

    /// Ends a delivery: what was installed is removed, what only waits is taken back.
    pub async fn undeliver(&self, id: &DeliveryId) -> Result<Delivery, ServiceError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let delivery = self.require_delivery(id).await?;
            if !delivery.state.is_live() || delivery.state == DeliveryState::RemovalPending {
                return Ok(delivery);
            }
            let mut commit = Commit::default();
            let woken = self
                .end(delivery, Reason::Undelivered, now, &mut commit)
                .await?;
            if self.write(commit).await? {
                if let Some(channel) = woken {
                    self.waker.wake(&channel);
                }
                return self.require_delivery(id).await;
            }
        }
        Err(ServiceError::Contended("delivery"))
    }

    /// Ends a delivery for `reason`: a removal is queued for what went out, the rest is taken back. Answers with the
    /// channel that has to be woken.
    pub(super) async fn end(
        &self,
        delivery: Delivery,
        reason: Reason,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<Option<Channel>, ServiceError> {
        let sent = delivery.attempts > 0;
        self.drop_command(&delivery, now, commit).await?;
        let channel = match &delivery.target {
            Target::Channel { channel, .. } => {
                self.store.channel(channel).await?.filter(|c| c.active)
            }
            Target::Link { .. } => None,
        };
        let identifier = delivery.expected.as_ref().map(|e| e.identifier.clone());
        let (delivery, woken) = match (channel, identifier) {
            (Some(channel), Some(identifier)) if sent => {
                let item = Item::Remove {
                    delivery: Some(delivery.id.clone()),
                    identifier,
                };
                let command = self.command(&channel, item, Origin::Delivery, now);
                commit.events.push(queued_event(&command, now));
                let mut delivery =
                    delivery.into_state(DeliveryState::RemovalPending, Some(reason), now);
                delivery.command = Some(command.uuid.clone());
                commit.records.push(Record::Command(command));
                let text = format!("removal of profile `{}` queued", delivery.profile);
                commit
                    .events
                    .push(about(&delivery, Kind::DeliveryRemovalQueued, text, now));
                (delivery, Some(channel))
            }
            _ => {
                let delivery = delivery.into_state(DeliveryState::Removed, Some(reason), now);
                let left = if sent {
                    "what a device has of it stays there"
                } else {
                    "nothing was on the device"
                };
                let text = format!("delivery of profile `{}` ended; {left}", delivery.profile);
                commit
                    .events
                    .push(about(&delivery, Kind::DeliveryRemoved, text, now));
                (delivery, None)
            }
        };
        commit.records.push(Record::Delivery(delivery));
        Ok(woken)
    }

    /// Refuses to revive a delivery where another one took its place: two of one profile on one
    /// channel would remove what the other installed.
    async fn none_instead(&self, ended: &Delivery) -> Result<(), ServiceError> {
        let filter = DeliveryFilter {
            device: ended.device().cloned(),
            profile: Some(ended.profile.clone()),
            ..DeliveryFilter::default()
        };
        let all = self.store.deliveries(&filter, usize::MAX).await?;
        match all
            .iter()
            .find(|d| d.state.is_live() && d.target == ended.target)
        {
            Some(other) => Err(ServiceError::Conflict {
                what: format!("delivery `{}` took the place of `{}`", other.id, ended.id),
                hint: "send that one again",
            }),
            None => Ok(()),
        }
    }

    async fn require_delivery(&self, id: &DeliveryId) -> Result<Delivery, ServiceError> {
        self.store
            .delivery(id)
            .await?
            .ok_or_else(|| ServiceError::not_found("delivery", id))
    }

    /// Takes back the open command of a delivery, if it did not go out; one that did is superseded.
    pub(super) async fn drop_command(
        &self,
        delivery: &Delivery,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<(), ServiceError> {
        let Some(uuid) = &delivery.command else {
            return Ok(());
        };
        let Some(command) = self
            .store
            .command(uuid)
            .await?
            .filter(|c| c.state.is_open())
        else {
            return Ok(());
        };
        if let Some(mut channel) = self.store.channel(&command.channel).await?
            && channel.outstanding.as_ref() == Some(uuid)
        {
            channel.outstanding = None;
            commit.records.push(Record::Channel(channel));
        }
        cancelled(command, now, commit);
        Ok(())
    }

    pub(super) fn new_delivery(
        &self,
        device: &Device,
        profile: &StoredProfile,
        channel: Option<ChannelId>,
        now: Timestamp,
    ) -> Delivery {
        let target = Target::Channel {
            device: device.id.clone(),
            channel: channel.unwrap_or_else(|| ChannelId::device(&device.id)),
        };
        Delivery::queued(
            self.ids.delivery(),
            device.scope.clone(),
            profile.id.clone(),
            profile.revision,
            target,
            now,
        )
    }

    /// Points a delivery at the right channel and queues it there, or holds it with its reason.
    pub(super) async fn target(
        &self,
        mut delivery: Delivery,
        device: &Device,
        profile: &StoredProfile,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<(Delivery, Option<Channel>), ServiceError> {
        delivery.desired_revision = profile.revision;
        if !fits(profile.profile.settings.platform(), device) {
            let text = format!(
                "profile `{}` is for {:?}, the device is {}",
                profile.id,
                profile.profile.settings.platform(),
                device.platform.as_str()
            );
            let delivery = delivery.into_state(
                DeliveryState::NotApplicable,
                Some(Reason::NotDeliverable { text: text.clone() }),
                now,
            );
            commit
                .events
                .push(about(&delivery, Kind::DeliveryFailed, text, now));
            commit.records.push(Record::Delivery(delivery.clone()));
            return Ok((delivery, None));
        }
        let channels = self.store.channels(&device.id).await?;
        let wanted = match apple::channel(&profile.profile.settings) {
            // A Windows device has one queue; that its user is there is asked when something is sent.
            apple::Channel::Device | apple::Channel::User if device.windows.is_some() => {
                channels.into_iter().find(|c| c.owner == Owner::Device)
            }
            apple::Channel::Device => channels.into_iter().find(|c| c.owner == Owner::Device),
            apple::Channel::User => {
                let chosen = chosen(&delivery).cloned();
                channels.into_iter().find(|c| {
                    let theirs = chosen.as_ref().is_none_or(|id| *id == c.id);
                    c.owner != Owner::Device && c.active && theirs
                })
            }
        };
        let Some(channel) = wanted else {
            let text = format!(
                "profile `{}` waits: no user it could go to has a channel",
                profile.id
            );
            let delivery =
                delivery.into_state(DeliveryState::Deferred, Some(Reason::NoUserSession), now);
            commit
                .events
                .push(about(&delivery, Kind::DeliveryDeferred, text, now));
            commit.records.push(Record::Delivery(delivery.clone()));
            return Ok((delivery, None));
        };
        delivery.target = Target::Channel {
            device: device.id.clone(),
            channel: channel.id.clone(),
        };
        let delivery = self.queue_install(delivery, &channel, now, commit);
        Ok((delivery, Some(channel)))
    }

    /// Queues the installation of a delivery on its channel.
    pub(super) fn queue_install(
        &self,
        mut delivery: Delivery,
        channel: &Channel,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Delivery {
        let item = Item::Install {
            delivery: delivery.id.clone(),
            revision: delivery.desired_revision,
        };
        let command = self.command(channel, item, Origin::Delivery, now);
        delivery.command = Some(command.uuid.clone());
        commit.events.push(queued_event(&command, now));
        commit.records.push(Record::Command(command));
        let delivery = delivery.into_state(DeliveryState::Queued, None, now);
        let text = format!("profile `{}` queued", delivery.profile);
        commit
            .events
            .push(about(&delivery, Kind::DeliveryQueued, text, now));
        commit.records.push(Record::Delivery(delivery.clone()));
        delivery
    }
}

/// The user's channel that a delivery goes to, once one is chosen: it never moves to another user.
pub(super) fn chosen(delivery: &Delivery) -> Option<&ChannelId> {
    match &delivery.target {
        Target::Channel { device, channel } => {
            (*channel != ChannelId::device(device)).then_some(channel)
        }
        Target::Link { .. } => None,
    }
}

/// Whether a delivery goes to this channel.
fn goes_to(delivery: &Delivery, id: &ChannelId) -> bool {
    matches!(&delivery.target, Target::Channel { channel, .. } if channel == id)
}

/// The channel of the user that a person named, for a profile that goes to users.
fn channel_of<'a>(
    user: &str,
    kind: apple::Channel,
    channels: &'a [Channel],
) -> Result<&'a Channel, ServiceError> {
    if kind == apple::Channel::Device {
        return Err(ServiceError::Conflict {
            what: format!("this profile goes to the device itself, not to its user `{user}`"),
            hint: "leave the user out",
        });
    }
    channels
        .iter()
        .find(|c| match &c.owner {
            Owner::Device => false,
            Owner::User {
                key, short_name, ..
            } => c.active && (key == user || short_name.as_deref() == Some(user)),
        })
        .ok_or_else(|| ServiceError::not_found("user", user))
}

/// Nothing is to be done for a delivery that is on its way, or there, in the wanted revision.
fn settled(delivery: &Delivery, profile: &StoredProfile) -> bool {
    match delivery.state {
        DeliveryState::Queued
        | DeliveryState::Notified
        | DeliveryState::Sent
        | DeliveryState::Deferred
        | DeliveryState::AwaitingUser
        | DeliveryState::WaitingDependency
        | DeliveryState::Installed
        | DeliveryState::Conflict => delivery.desired_revision == profile.revision,
        DeliveryState::NotTargeted
        | DeliveryState::NotApplicable
        | DeliveryState::Downloaded
        | DeliveryState::UpdatePending
        | DeliveryState::Error
        | DeliveryState::Drifted
        | DeliveryState::RemovalPending
        | DeliveryState::RemovalBlocked
        | DeliveryState::Removed
        | DeliveryState::Gone => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Scope, Version};

    fn channel(user: Option<&str>, active: bool) -> Channel {
        let device: DeviceId = "d-1".parse().unwrap();
        Channel {
            id: user.map_or_else(
                || ChannelId::device(&device),
                |u| ChannelId::user(&device, u),
            ),
            version: Version(1),
            scope: Scope::default(),
            owner: user.map_or(Owner::Device, |u| Owner::User {
                key: u.to_owned(),
                short_name: Some(format!("{u}-short")),
                long_name: None,
            }),
            device,
            active,
            push: None,
            outstanding: None,
            session: 1,
            owes_push: false,
            refusals: 0,
            read_back_queued: false,
            token_updated_at: None,
        }
    }

    #[test]
    fn a_named_user_is_found_by_key_or_short_name() {
        let channels = [
            channel(None, true),
            channel(Some("ada"), true),
            channel(Some("bob"), false),
        ];
        for (user, kind, expected) in [
            ("ada", apple::Channel::User, Ok(1)),
            ("ada-short", apple::Channel::User, Ok(1)),
            ("bob", apple::Channel::User, Err("there is no user `bob`")),
            ("eve", apple::Channel::User, Err("there is no user `eve`")),
            (
                "ada",
                apple::Channel::Device,
                Err("this profile goes to the device itself, not to its user `ada`"),
            ),
        ] {
            let found = channel_of(user, kind, &channels).map_err(|e| e.to_string());
            match expected {
                Ok(at) => assert_eq!(found.unwrap().id, channels[at].id, "{user}"),
                Err(text) => assert_eq!(found.unwrap_err(), text, "{user}"),
            }
        }
    }

    #[test]
    fn a_delivery_stays_with_the_user_it_was_given_to() {
        for (target, expected) in [
            (channel(None, true), None),
            (
                channel(Some("ada"), true),
                Some(ChannelId::user(&"d-1".parse().unwrap(), "ada")),
            ),
        ] {
            let target = Target::Channel {
                device: target.device,
                channel: target.id,
            };
            let delivery = Delivery::queued(
                "y-1".parse().unwrap(),
                Scope::default(),
                "mail".parse().unwrap(),
                1,
                target,
                Timestamp(0),
            );
            assert_eq!(chosen(&delivery), expected.as_ref());
        }
    }
}
