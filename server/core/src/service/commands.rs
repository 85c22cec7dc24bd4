//! The command queue: reports in, commands out.

use std::borrow::Cow;

use crate::channel::Channel;
use crate::command::{Command, CommandState, Item, Origin};
use crate::delivery::{Delivery, DeliveryState, Reason};
use crate::device::{Device, Replacement};
use crate::event::{Kind, NewEvent};
use crate::id::{ChannelId, CommandUuid, DeliveryId};
use crate::ports::{Commit, DeliveryFilter, Encoded, Job, Kept, NotEncodable, Queue, Record};
use crate::report::{Answer, Report};
use crate::service::turn::{self, Turn, about, kept_key};
use crate::service::{ATTEMPTS, ServiceError, Services, read_back};
use crate::time::Timestamp;

/// A command on its way out.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The command.
    pub command: Command,
    /// Its bytes.
    pub wire: Vec<u8>,
}

/// How long after a session with a refusal the device is woken again, in seconds, by how often it
/// refused: doubles from half a minute to an hour.
fn wake_delay(not_now: u32) -> u32 {
    30_u32.saturating_mul(1 << not_now.min(7)).min(3600)
}

impl Services {
    /// Takes a device's report and answers with the next command, or none: the session ends.
    ///
    /// Apple's rules: a command is repeated until it is answered, under the same `CommandUUID` and
    /// with the same bytes; nothing else is sent meanwhile; what was refused with `NotNow` is
    /// offered again in the next session; a repeated or unknown answer changes nothing.
    pub async fn report(
        &self,
        device: &Device,
        channel: &ChannelId,
        report: &Report,
    ) -> Result<Option<Outgoing>, ServiceError> {
        let new_session = report.command.is_none();
        let mut known = Cow::Borrowed(device);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                // What the caller knows of the device may be what was overtaken.
                let now = self.store.device(&device.id).await?;
                known =
                    Cow::Owned(now.ok_or_else(|| ServiceError::not_found("device", &device.id))?);
            }
            let Some(queue) = self
                .store
                .queue(channel, new_session, Queue::WINDOW)
                .await?
            else {
                return Err(ServiceError::not_found("channel", channel));
            };
            let now = self.clock.now();
            let named = match &report.command {
                Some(uuid) => match queue.offerable.iter().find(|c| c.uuid == *uuid) {
                    Some(command) => Some(command.clone()),
                    None => self.store.command(uuid).await?,
                },
                None => None,
            };
            let served = match named.as_ref().and_then(|c| c.item.delivery()) {
                Some(id) => self.store.delivery(id).await?,
                None => None,
            };
            let turn = turn::apply(&queue, named, served, report, now);
            if let Some(next) = self.take_turn(&known, &queue, turn, report, now).await? {
                return Ok(next);
            }
        }
        Err(ServiceError::Contended("channel"))
    }

    /// Commits one turn with what is offered next. `None` means stale.
    async fn take_turn(
        &self,
        device: &Device,
        queue: &Queue,
        mut turn: Turn,
        report: &Report,
        now: Timestamp,
    ) -> Result<Option<Option<Outgoing>>, ServiceError> {
        let mut commit = Commit {
            events: std::mem::take(&mut turn.events),
            ..Commit::default()
        };
        commit.kept.append(&mut turn.kept);
        if turn.read_back && !turn.channel.read_back_queued {
            turn.channel.read_back_queued = true;
            turn.channel_changed = true;
            for (item, origin) in turn::read_back_items() {
                commit.records.push(Record::Command(self.command(
                    &turn.channel,
                    item,
                    origin,
                    now,
                )));
            }
        }
        let mut device = Cow::Borrowed(device);
        self.learn(&mut device, &turn, report, now, &mut commit)
            .await?;
        if let Cow::Owned(changed) = &device {
            commit.records.push(Record::Device(changed.clone()));
        }
        commit
            .records
            .extend(turn.command.clone().map(Record::Command));
        commit
            .records
            .extend(turn.delivery.take().map(Record::Delivery));
        let next = self
            .offer(&device, queue, &mut turn, &mut commit, now)
            .await?;
        let channel = turn.channel;
        if turn.channel_changed {
            commit.records.push(Record::Channel(channel.clone()));
        }
        if !self.write(commit).await? {
            return Ok(None);
        }
        if next.is_none() && queue.offerable.len() >= Queue::WINDOW {
            // All that was looked at could not be made: the device has to come again for the rest.
            self.waker.wake(&channel);
        } else if next.is_none() && channel.owes_push {
            self.waker
                .wake_after(&channel, wake_delay(channel.refusals));
        }
        Ok(Some(next))
    }

    /// Chooses what is offered next and puts it into `commit`.
    async fn offer(
        &self,
        device: &Device,
        queue: &Queue,
        turn: &mut Turn,
        commit: &mut Commit,
        now: Timestamp,
    ) -> Result<Option<Outgoing>, ServiceError> {
        if let Some(uuid) = turn.channel.outstanding.clone() {
            let known = queue.offerable.iter().find(|c| c.uuid == uuid).cloned();
            let command = match known {
                Some(command) => Some(command),
                None => self.store.command(&uuid).await?,
            };
            if let Some(command) = command.filter(|c| c.state.is_open()) {
                return self.repeat(device, command, turn, commit, now).await;
            }
            turn.channel.outstanding = None;
            turn.channel_changed = true;
        }
        let mut window = queue.offerable.clone();
        window.extend(commit.records.iter().filter_map(|r| match r {
            Record::Command(c) if c.version.0 == 0 => Some(c.clone()),
            _ => None,
        }));
        while let Some(command) = turn::next(&turn.channel, &window, turn.command.as_ref()).cloned()
        {
            window.retain(|c| c.uuid != command.uuid);
            if let Some(outgoing) = self.send(device, command, turn, commit, now).await? {
                return Ok(Some(outgoing));
            }
        }
        Ok(None)
    }

    /// The outstanding command once more.
    async fn repeat(
        &self,
        device: &Device,
        command: Command,
        turn: &mut Turn,
        commit: &mut Commit,
        now: Timestamp,
    ) -> Result<Option<Outgoing>, ServiceError> {
        if let Some(wire) = self.store.kept(&kept_key(&command.uuid)).await? {
            return Ok(Some(Outgoing { command, wire }));
        }
        self.send(device, command, turn, commit, now).await
    }

    /// Encodes one command and records that it goes out, or that it cannot.
    async fn send(
        &self,
        device: &Device,
        mut command: Command,
        turn: &mut Turn,
        commit: &mut Commit,
        now: Timestamp,
    ) -> Result<Option<Outgoing>, ServiceError> {
        let delivery = match command.item.delivery() {
            Some(id) => match take_delivery(commit, id) {
                Some(delivery) => Some(delivery),
                None => self.store.delivery(id).await?,
            },
            None => None,
        };
        commit
            .records
            .retain(|r| !matches!(r, Record::Command(c) if c.uuid == command.uuid));
        let kept = match command.attempts {
            0 => None,
            _ => self.store.kept(&kept_key(&command.uuid)).await?,
        };
        let job = Job {
            command: &command,
            device,
            channel: &turn.channel,
            delivery: delivery.as_ref(),
        };
        let encoded = match kept {
            Some(wire) => Ok(Encoded {
                wire,
                keep: false,
                records: Vec::new(),
                events: Vec::new(),
                expected: None,
                identity: None,
            }),
            None => self.encoder.encode(job).await,
        };
        match encoded {
            Ok(encoded) => {
                let repeated = command.state == CommandState::Sent;
                command.state = CommandState::Sent;
                command.sent_at = Some(now);
                command.attempts += 1;
                if turn.refused && !turn.channel.owes_push {
                    turn.channel.owes_push = true;
                }
                if command.origin == Origin::ReadBack
                    && matches!(command.item, Item::Profiles { .. })
                {
                    turn.channel.read_back_queued = false;
                }
                turn.channel.outstanding = Some(command.uuid.clone());
                turn.channel_changed = true;
                if encoded.keep {
                    commit.kept.push(Kept {
                        key: kept_key(&command.uuid),
                        bytes: Some(encoded.wire.clone()),
                    });
                }
                commit.records.extend(encoded.records);
                commit.events.extend(encoded.events);
                if !repeated {
                    commit.events.push(sent_event(&command, now));
                }
                if matches!(command.item, Item::ReplaceEnrollment) {
                    announce_again(commit, device, now);
                }
                if let Some(mut delivery) = delivery {
                    delivery.attempts += 1;
                    if encoded.expected.is_some() {
                        delivery.expected = encoded.expected;
                    }
                    if encoded.identity.is_some() {
                        delivery.evidence.identity_issued = encoded.identity;
                    }
                    if matches!(command.item, Item::Install { .. }) {
                        delivery = delivery.into_state(DeliveryState::Sent, None, now);
                        let text = format!("profile `{}` sent", delivery.profile);
                        commit
                            .events
                            .push(about(&delivery, Kind::DeliverySent, text, now));
                    }
                    commit.records.push(Record::Delivery(delivery));
                }
                commit.records.push(Record::Command(command.clone()));
                Ok(Some(Outgoing {
                    command,
                    wire: encoded.wire,
                }))
            }
            // Nothing is committed: the device reports again, and is answered then.
            Err(refusal) if refusal.passing => Err(ServiceError::Contended("storage")),
            Err(refusal) => {
                give_up(command, delivery, &refusal, commit, now);
                Ok(None)
            }
        }
    }

    /// What an answer teaches: facts of the device, lists that read deliveries back. An answer to a
    /// command that is not open teaches nothing: it may be old. The device is owned once it changed.
    async fn learn(
        &self,
        device: &mut Cow<'_, Device>,
        turn: &Turn,
        report: &Report,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<(), ServiceError> {
        if turn.command.is_none() {
            return Ok(());
        }
        if turn.replaced && device.replacement.is_some() {
            let device = device.to_mut();
            if let Some(replacement) = &mut device.replacement {
                replacement.acknowledged = true;
            }
            crate::service::enrollment::settle(device, now, &mut commit.events);
        }
        match &report.answer {
            Answer::Nothing => {}
            Answer::Information(facts) => {
                for (name, value) in facts {
                    let fits = device.information.len() < Device::MOST_FACTS
                        || device.information.contains_key(name);
                    if fits && device.information.get(name) != Some(value) {
                        let device = device.to_mut();
                        device.information.insert(name.clone(), value.clone());
                        device.hardware.learn(name, value);
                    }
                }
            }
            Answer::Unreadable(why) => {
                let mut event =
                    NewEvent::new(now, &device.scope, Kind::CommandUnreadable, why.clone());
                event = event.device(&device.id);
                if let Some(uuid) = &report.command {
                    event = event.command(uuid);
                }
                commit.events.push(event);
            }
            Answer::Profiles(listed) => {
                for delivery in self.on_channel(&turn.channel).await? {
                    if let Some((delivery, event)) = read_back::profiles(delivery, listed, now) {
                        commit.records.push(Record::Delivery(delivery));
                        commit.events.extend(event);
                    }
                }
            }
            Answer::Certificates(listed) => {
                for delivery in self.on_channel(&turn.channel).await? {
                    if let Some((delivery, event)) = read_back::certificates(delivery, listed, now)
                    {
                        commit.records.push(Record::Delivery(delivery));
                        commit.events.extend(event);
                    }
                }
            }
        }
        Ok(())
    }

    async fn on_channel(&self, channel: &Channel) -> Result<Vec<Delivery>, ServiceError> {
        let filter = DeliveryFilter {
            device: Some(channel.device.clone()),
            ..DeliveryFilter::default()
        };
        let all = self.store.deliveries(&filter, 1000).await?;
        Ok(all
            .into_iter()
            .filter(|d| matches!(&d.target, crate::delivery::Target::Channel { channel: c, .. } if *c == channel.id))
            .collect())
    }

    pub(crate) fn command(
        &self,
        channel: &Channel,
        item: Item,
        origin: Origin,
        now: Timestamp,
    ) -> Command {
        let (scope, device, id) = (
            channel.scope.clone(),
            channel.device.clone(),
            channel.id.clone(),
        );
        Command::queued(self.ids.command(), scope, device, id, item, origin, now)
    }

    /// Queues a command, and wakes the device for it.
    pub async fn enqueue(
        &self,
        channel: &ChannelId,
        item: Item,
        origin: Origin,
    ) -> Result<Command, ServiceError> {
        let Some(channel) = self.store.channel(channel).await? else {
            return Err(ServiceError::not_found("channel", channel));
        };
        if !channel.active {
            return Err(ServiceError::Conflict {
                what: format!("the device of channel `{}` is not enrolled", channel.id),
                hint: "enroll it again first",
            });
        }
        let now = self.clock.now();
        let command = self.command(&channel, item, origin, now);
        let commit = Commit {
            records: vec![Record::Command(command.clone())],
            events: vec![queued_event(&command, now)],
            ..Commit::default()
        };
        if !self.write(commit).await? {
            return Err(ServiceError::Contended("command"));
        }
        self.waker.wake(&channel);
        self.store
            .command(&command.uuid)
            .await?
            .ok_or_else(|| ServiceError::not_found("command", &command.uuid))
    }

    /// Takes a command back. One that went out may still be carried out: its answer is then
    /// unexpected and changes nothing.
    pub async fn cancel(&self, uuid: &CommandUuid) -> Result<Command, ServiceError> {
        for _ in 0..ATTEMPTS {
            let Some(command) = self.store.command(uuid).await? else {
                return Err(ServiceError::not_found("command", uuid));
            };
            if !command.state.is_open() {
                return Err(ServiceError::Conflict {
                    what: format!("command `{uuid}` is {} already", command.state.as_str()),
                    hint: "only open commands can be cancelled",
                });
            }
            let now = self.clock.now();
            let mut commit = Commit::default();
            if let Some(channel) = self.store.channel(&command.channel).await?
                && let Some(channel) = without(channel, &command)
            {
                commit.records.push(Record::Channel(channel));
            }
            if let Some(id) = command.item.delivery()
                && let Some(delivery) = self.store.delivery(id).await?
                && delivery.command.as_ref() == Some(uuid)
            {
                let delivery =
                    delivery.into_state(DeliveryState::Error, Some(Reason::Cancelled), now);
                commit.records.push(Record::Delivery(delivery));
            }
            let command = cancelled(command, now, &mut commit);
            if self.write(commit).await? {
                return Ok(command);
            }
        }
        Err(ServiceError::Contended("command"))
    }
}

/// A channel that no longer counts on a command that is taken back; `None` when it did not.
fn without(mut channel: Channel, command: &Command) -> Option<Channel> {
    let outstanding = channel.outstanding.as_ref() == Some(&command.uuid);
    let read_back = channel.read_back_queued
        && command.attempts == 0
        && command.origin == Origin::ReadBack
        && matches!(command.item, Item::Profiles { .. });
    if outstanding {
        channel.outstanding = None;
    }
    if read_back {
        channel.read_back_queued = false;
    }
    (outstanding || read_back).then_some(channel)
}

/// The time of a replacement runs from when its profile goes out: until then the device may be off.
fn announce_again(commit: &mut Commit, device: &Device, now: Timestamp) {
    let at = commit
        .records
        .iter()
        .position(|r| matches!(r, Record::Device(_)));
    let mut device = match at.map(|at| commit.records.remove(at)) {
        Some(Record::Device(device)) => device,
        _ => device.clone(),
    };
    match &mut device.replacement {
        Some(replacement) => replacement.expires_at = Replacement::end(now),
        None => device.replacement = Some(Replacement::announced(now)),
    }
    commit.records.push(Record::Device(device));
}

/// Takes a delivery out of `commit`, so that it is written once, with all that changed.
fn take_delivery(commit: &mut Commit, id: &DeliveryId) -> Option<Delivery> {
    let at = commit
        .records
        .iter()
        .position(|r| matches!(r, Record::Delivery(d) if d.id == *id))?;
    match commit.records.remove(at) {
        Record::Delivery(delivery) => Some(delivery),
        _ => None,
    }
}

/// Puts a cancelled command into `commit`.
pub(super) fn cancelled(mut command: Command, now: Timestamp, commit: &mut Commit) -> Command {
    command.state = CommandState::Cancelled;
    command.answered_at = Some(now);
    commit.kept.push(Kept {
        key: kept_key(&command.uuid),
        bytes: None,
    });
    commit.events.push(
        NewEvent::new(
            now,
            &command.scope,
            Kind::CommandCancelled,
            format!("{} cancelled", command.item.request_type()),
        )
        .device(&command.device)
        .command(&command.uuid),
    );
    commit.records.push(Record::Command(command.clone()));
    command
}

pub(super) fn queued_event(command: &Command, now: Timestamp) -> NewEvent {
    NewEvent::new(
        now,
        &command.scope,
        Kind::CommandQueued,
        format!("{} queued", command.item.request_type()),
    )
    .device(&command.device)
    .command(&command.uuid)
    .fact("request_type", command.item.request_type())
}

pub(super) fn sent_event(command: &Command, now: Timestamp) -> NewEvent {
    NewEvent::new(
        now,
        &command.scope,
        Kind::CommandSent,
        format!("{} sent", command.item.request_type()),
    )
    .device(&command.device)
    .command(&command.uuid)
    .fact("request_type", command.item.request_type())
    .fact("attempt", command.attempts)
}

pub(super) fn give_up(
    mut command: Command,
    delivery: Option<Delivery>,
    refusal: &NotEncodable,
    commit: &mut Commit,
    now: Timestamp,
) {
    command.state = CommandState::Failed;
    command.answered_at = Some(now);
    command.refusal = Some(refusal.text.clone());
    let text = format!(
        "{} was not sent: {}",
        command.item.request_type(),
        refusal.text
    );
    commit.events.push(
        NewEvent::new(now, &command.scope, Kind::CommandFailed, text.clone())
            .device(&command.device)
            .command(&command.uuid),
    );
    if let Some(delivery) = delivery {
        let delivery = delivery.into_state(DeliveryState::Error, Some(refusal.reason.clone()), now);
        commit
            .events
            .push(about(&delivery, Kind::DeliveryFailed, text, now));
        commit.records.push(Record::Delivery(delivery));
    }
    commit.records.push(Record::Command(command));
}

#[cfg(test)]
#[path = "commands_tests.rs"]
mod tests;
