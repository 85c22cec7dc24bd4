//! Sessions with devices that are asked many things at once, and answer each by its number.
//!
//! A device speaks first. Its message is taken apart, what it answers is held against what it was asked, and the reply asks
//! what is next: everything that may be asked, as far as it fits. Nothing is asked twice in a session; what was asked in one
//! that broke off is asked again in the next where it does no harm.

mod answers;
mod facts;
mod greeting;
mod offers;
mod outcome;
mod rank;

use std::collections::BTreeMap;

use crate::certificate::{Purpose, Revocation, RevocationReason};
use crate::channel::Channel;
use crate::command::{Command, CommandState, Item, Origin};
use crate::delivery::Delivery;
use crate::device::{Device, DeviceState};
use crate::event::{Kind, NewEvent};
use crate::id::{ChannelId, CommandUuid, DeliveryId};
use crate::package::{Dialogue, Greeting, Notice, Package, Reply};
use crate::ports::{Commit, Kept, Record};
use crate::service::commands::queued_event;
use crate::service::enrollment::new_channel;
use crate::service::{ATTEMPTS, ServiceError, Services};
use crate::session::{Partial, Session};
use crate::time::Timestamp;
use crate::work::Work;

pub use facts::INVENTORY;
pub use rank::rank;

/// Bytes of a message of ours, where the device does not want less.
const LARGEST: usize = 512 * 1024;
/// Bytes of a message that are not questions: its header, and answers to the device's own commands.
const FRAME: usize = 2 * 1024;

/// What was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Spoken {
    /// The reply's bytes.
    pub bytes: Vec<u8>,
    /// What was said about the sender.
    pub greeting: Greeting,
    /// What the exchange was about, in words.
    pub operation: String,
    /// Something came of it.
    pub changed: bool,
    /// The device left with this message.
    pub left: bool,
}

/// One message being answered: what is known, and what changes.
pub(super) struct Turn<'a> {
    dialogue: &'a dyn Dialogue,
    package: Package,
    now: Timestamp,
    device: Device,
    device_changed: bool,
    channel: Channel,
    channel_changed: bool,
    session: Session,
    /// A value of which parts came, as it was before this message.
    pending: Option<Partial>,
    /// Work of open commands, as it is kept.
    work: BTreeMap<CommandUuid, Work>,
    commit: Commit,
    /// What was asked now, in words.
    asked: Vec<String>,
}

impl Services {
    /// Answers one message of a device.
    pub async fn session(
        &self,
        device: &Device,
        dialogue: &dyn Dialogue,
    ) -> Result<Spoken, ServiceError> {
        let mut device = device.clone();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                let now = self.store.device(&device.id).await?;
                device = now.ok_or_else(|| ServiceError::not_found("device", &device.id))?;
            }
            let before = self.store.session(&device.id).await?;
            let mut package = dialogue.package(None);
            if let Some(session) = &before
                && session.id == package.session
            {
                if let Some(partial) = &session.partial {
                    package = dialogue.package(Some(partial));
                }
                if session.answered == package.message
                    && let Some(spoken) =
                        self.repeated(&device, session, &package, dialogue).await?
                {
                    return Ok(spoken);
                }
            }
            if let Some(spoken) = self
                .speak(device.clone(), before, package, dialogue)
                .await?
            {
                if device.state == DeviceState::IdentityIssued {
                    // It may have arrived just now: what is assigned follows. Should that fail, the next start of the
                    // server makes up for it.
                    self.evaluate_device(&device.id).await?;
                }
                return Ok(spoken);
            }
        }
        Err(ServiceError::Contended("session"))
    }

    /// The reply to a message that came before: the same bytes. Where the device goes on with a session, its number alone tells;
    /// in one that is over, a message with other content begins anew (some clients call every session the same).
    async fn repeated(
        &self,
        device: &Device,
        session: &Session,
        package: &Package,
        dialogue: &dyn Dialogue,
    ) -> Result<Option<Spoken>, ServiceError> {
        let same = session.digest == package.digest;
        let proven = greeting::is_proven(device, dialogue);
        if !same && (session.running.is_empty() || !proven) {
            return Ok(None);
        }
        let kept = self.store.kept(&Session::reply_key(&device.id)).await?;
        Ok(kept.map(|bytes| Spoken {
            bytes,
            greeting: Greeting::Known,
            operation: format!(
                "session {} message {} again",
                package.session, package.message
            ),
            changed: true,
            left: false,
        }))
    }

    /// Decides, frames and commits. `None` means stale.
    async fn speak(
        &self,
        mut device: Device,
        before: Option<Session>,
        package: Package,
        dialogue: &dyn Dialogue,
    ) -> Result<Option<Spoken>, ServiceError> {
        let now = self.clock.now();
        let heard = greeting::greet(&device, before.as_ref(), &package, dialogue, || {
            self.ids.secret()
        });
        if !heard.greeting.lets_in() {
            return self
                .turn_away(&device, before, &package, dialogue, heard, now)
                .await;
        }
        let mut device_changed = false;
        if let (Greeting::Authenticated { nonce: Some(nonce) }, Some(windows)) =
            (&heard.greeting, device.windows.as_deref_mut())
        {
            windows.client.nonce = nonce.clone().into();
            device_changed = true;
        }
        let had_running = before.as_ref().is_some_and(|s| !s.running.is_empty());
        let goes_on = before
            .as_ref()
            .is_some_and(|s| s.id == package.session && package.message > s.answered);
        let begun = |before: Option<Session>| match before {
            Some(session) => session.follows(package.session.clone(), now),
            None => Session::begun(device.id.clone(), package.session.clone(), now),
        };
        let session = match before {
            Some(session) if goes_on => session,
            other => begun(other),
        };
        let id = ChannelId::device(&device.id);
        let (channel, channel_changed) = match self.store.channel(&id).await? {
            Some(channel) => (channel, false),
            None => (new_channel(&device, id, None), true),
        };
        let mut turn = Turn {
            dialogue,
            package,
            now,
            device,
            device_changed,
            channel,
            channel_changed,
            pending: session.partial.clone(),
            session,
            work: BTreeMap::new(),
            commit: Commit::default(),
            asked: Vec::new(),
        };
        turn.session.authenticated |= matches!(heard.greeting, Greeting::Authenticated { .. });
        turn.session.challenges = None;
        self.arrive(&mut turn);
        let leaves = turn.package.notices.contains(&Notice::Leaves);
        if !goes_on && !leaves {
            self.lose(&mut turn).await?;
        }
        turn.session.partial.clone_from(&turn.package.partial);
        turn.hear();
        if leaves {
            self.depart(&mut turn).await?;
        } else {
            turn.take_reports();
            if turn.package.notices.contains(&Notice::Aborts) {
                self.lose(&mut turn).await?;
            } else if turn.package.complete {
                self.settle_all(&mut turn).await?;
            }
        }
        let quiet = leaves
            || !turn.package.complete
            || [Notice::Aborts, Notice::Pending]
                .iter()
                .any(|n| turn.package.notices.contains(n));
        let offered = if quiet {
            offers::Offered::default()
        } else {
            self.offers(&mut turn).await?
        };
        let reply = Reply {
            greeting: heard.greeting.clone(),
            message: turn.package.message.max(turn.session.message + 1),
            more_wanted: !turn.package.complete && !leaves,
            questions: offered.questions,
            room: turn.room(),
            complete: offered.complete,
        };
        self.close(turn, reply, offered.of, had_running).await
    }

    /// Answers somebody who is not let in. Nothing of a session that goes on is touched.
    async fn turn_away(
        &self,
        device: &Device,
        before: Option<Session>,
        package: &Package,
        dialogue: &dyn Dialogue,
        heard: greeting::Heard,
        now: Timestamp,
    ) -> Result<Option<Spoken>, ServiceError> {
        let reply = Reply {
            greeting: heard.greeting.clone(),
            message: package.message,
            more_wanted: false,
            questions: Vec::new(),
            room: LARGEST,
            complete: true,
        };
        let framed = dialogue
            .frame(&reply, None)
            .map_err(ServiceError::Unwritable)?;
        if let Some(challenges) = heard.challenges {
            let mut session = before
                .unwrap_or_else(|| Session::begun(device.id.clone(), package.session.clone(), now));
            session.challenges = Some(challenges);
            let commit = Commit {
                records: vec![Record::Session(session)],
                ..Commit::default()
            };
            if !self.write(commit).await? {
                return Ok(None);
            }
        }
        Ok(Some(Spoken {
            bytes: framed.bytes,
            operation: format!(
                "session {} message {}: not let in",
                package.session, package.message
            ),
            greeting: heard.greeting,
            changed: true,
            left: false,
        }))
    }

    /// The first session that proves itself completes the enrollment.
    fn arrive(&self, turn: &mut Turn<'_>) {
        if turn.device.state != DeviceState::IdentityIssued {
            return;
        }
        turn.device.state = DeviceState::Enrolled;
        turn.device.state_since = turn.now;
        turn.device_changed = true;
        turn.channel.active = true;
        turn.channel.outstanding = None;
        turn.channel_changed = true;
        // What an earlier enrollment of this device was asked is over with it.
        turn.session.running.clear();
        let text = "the device opened its first session and is manageable";
        turn.commit.events.push(
            NewEvent::new(
                turn.now,
                &turn.device.scope,
                Kind::EnrollmentCompleted,
                text,
            )
            .device(&turn.device.id),
        );
        let item = Item::DeviceInformation {
            queries: Vec::new(),
        };
        let command = self.command(&turn.channel, item, Origin::Inventory, turn.now);
        turn.commit.events.push(queued_event(&command, turn.now));
        turn.put_command(command);
    }

    /// The device leaves: everything that waits for it is over.
    async fn depart(&self, turn: &mut Turn<'_>) -> Result<(), ServiceError> {
        let (device, now) = (turn.device.clone(), turn.now);
        turn.commit
            .records
            .retain(|r| !matches!(r, Record::Command(_)));
        self.leave(&device, None, now, &mut turn.commit).await?;
        // It leaves because it was told to, and answers in no other way.
        for record in &mut turn.commit.records {
            if let Record::Command(command) = record
                && matches!(command.item, Item::Unenroll)
                && command.attempts > 0
            {
                command.state = CommandState::Acknowledged;
            }
        }
        self.revoke_identities(turn).await?;
        turn.session.running.clear();
        turn.channel_changed = false;
        turn.device.state = DeviceState::Removed;
        turn.device.state_since = now;
        turn.device_changed = true;
        let text = "the device unenrolled: no further session follows";
        turn.commit.events.push(
            NewEvent::new(now, &device.scope, Kind::EnrollmentCheckedOut, text).device(&device.id),
        );
        Ok(())
    }

    /// What the device asked our authority for itself is removed with the management, and revoked.
    async fn revoke_identities(&self, turn: &mut Turn<'_>) -> Result<(), ServiceError> {
        let (id, now) = (turn.device.id.clone(), turn.now);
        for mut certificate in self.store.certificates(Some(&id), 1000).await? {
            let of_profile = matches!(certificate.purpose, Purpose::ProfileIdentity { .. });
            if !of_profile || certificate.challenge.is_none() || certificate.revoked.is_some() {
                continue;
            }
            certificate.revoked = Some(Revocation {
                at: now,
                reason: RevocationReason::CessationOfOperation,
            });
            let text = format!(
                "certificate {} of `{}` was revoked: its device left",
                certificate.serial, certificate.subject
            );
            turn.commit.events.push(
                NewEvent::new(now, &certificate.scope, Kind::CertificateRevoked, text)
                    .certificate(&certificate.serial)
                    .device(&id),
            );
            turn.commit.records.push(Record::Certificate(certificate));
        }
        Ok(())
    }

    /// Frames the reply and commits everything. `None` means stale.
    async fn close(
        &self,
        mut turn: Turn<'_>,
        reply: Reply,
        of: Vec<CommandUuid>,
        had_running: bool,
    ) -> Result<Option<Spoken>, ServiceError> {
        let framed = turn
            .dialogue
            .frame(&reply, turn.pending.as_ref())
            .map_err(ServiceError::Unwritable)?;
        turn.note_asked(reply.message, &of, framed.asked);
        let session = &mut turn.session;
        session.answered = turn.package.message;
        session.digest.clone_from(&turn.package.digest);
        session.message = reply.message;
        session.at = turn.now;
        let authenticated = matches!(reply.greeting, Greeting::Authenticated { .. });
        let remembered = had_running
            || !session.running.is_empty()
            || !turn.package.complete
            || session.partial.is_some()
            || authenticated;
        let changed = remembered || turn.device_changed || !turn.commit.is_empty();
        if turn.device_changed {
            turn.commit.records.push(Record::Device(turn.device));
        }
        if turn.channel_changed {
            turn.commit.records.push(Record::Channel(turn.channel));
        }
        if remembered {
            turn.commit.kept.push(Kept {
                key: Session::reply_key(&session.device),
                bytes: Some(framed.bytes.clone()),
            });
            turn.commit.records.push(Record::Session(turn.session));
        }
        let left = turn.package.notices.contains(&Notice::Leaves);
        if !self.write(turn.commit).await? {
            return Ok(None);
        }
        let asked = if turn.asked.is_empty() {
            String::new()
        } else {
            format!(" -> {}", turn.asked.join(", "))
        };
        Ok(Some(Spoken {
            bytes: framed.bytes,
            greeting: reply.greeting,
            operation: format!(
                "session {} message {}{asked}",
                turn.package.session, turn.package.message
            ),
            changed,
            left,
        }))
    }
}

impl Turn<'_> {
    /// Takes what the device tells unasked.
    fn hear(&mut self) {
        if self.package.room.is_some() {
            self.session.room = self.package.room;
        }
        for notice in &self.package.notices {
            match notice {
                Notice::Login(login) => {
                    self.session.login = Some(*login);
                    if let Some(windows) = self.device.windows.as_deref_mut()
                        && windows.login != Some(*login)
                    {
                        windows.login = Some(*login);
                        self.device_changed = true;
                    }
                }
                Notice::Other { code, kind, data } => {
                    let text = format!("the device sent alert {code} `{kind}`");
                    self.commit.events.push(
                        NewEvent::new(self.now, &self.device.scope, Kind::SessionAlert, text)
                            .device(&self.device.id)
                            .fact("code", *code)
                            .fact("type", kind.clone())
                            .fact("data", data.clone()),
                    );
                }
                Notice::Leaves | Notice::Aborts | Notice::NoEndOfData | Notice::Pending => {}
            }
        }
        for (node, value) in &self.package.facts {
            self.device_changed |= facts::learn(&mut self.device, node, value);
        }
    }

    /// Bytes that a message may have.
    fn room(&self) -> usize {
        self.session
            .room
            .and_then(|room| usize::try_from(room).ok())
            .map_or(LARGEST, |room| room.clamp(2 * FRAME, LARGEST))
            .saturating_sub(FRAME)
    }

    /// Puts a command into the commit, once.
    fn put_command(&mut self, command: Command) {
        self.commit
            .records
            .retain(|r| !matches!(r, Record::Command(c) if c.uuid == command.uuid));
        self.commit.records.push(Record::Command(command));
    }

    /// A command as this turn has it, where it changed it.
    fn changed_command(&self, uuid: &CommandUuid) -> Option<&Command> {
        self.commit.records.iter().find_map(|r| match r {
            Record::Command(c) if c.uuid == *uuid => Some(c),
            _ => None,
        })
    }

    /// Puts a delivery into the commit, once.
    fn put_delivery(&mut self, delivery: Delivery) {
        self.commit
            .records
            .retain(|r| !matches!(r, Record::Delivery(d) if d.id == delivery.id));
        self.commit.records.push(Record::Delivery(delivery));
    }

    /// A delivery as this turn has it, where it changed it.
    fn changed_delivery(&self, id: &DeliveryId) -> Option<&Delivery> {
        self.commit.records.iter().find_map(|r| match r {
            Record::Delivery(d) if d.id == *id => Some(d),
            _ => None,
        })
    }
}
