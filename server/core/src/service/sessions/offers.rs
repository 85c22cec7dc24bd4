//! What is asked next: everything that may be asked now, as far as it fits into one message.

use std::collections::BTreeMap;

use mdm_payloads::windows::{Rank, Scope};

use super::answers::all_asked;
use super::outcome::asks;
use super::rank::{for_user, rank};
use super::{FRAME, LARGEST, Turn};
use crate::command::{Command, CommandState, Item};
use crate::delivery::{Delivery, DeliveryState, Reason};
use crate::device::Platform;
use crate::event::Kind;
use crate::id::{CommandUuid, DeliveryId, ProfileId};
use crate::package::{Dialogue, Extent, NotFramed, Question};
use crate::ports::{DeliveryFilter, Encoded, Job, Kept, NotEncodable, Queue, Record};
use crate::profile::StoredProfile;
use crate::service::commands::{give_up, sent_event};
use crate::service::turn::{about, kept_key};
use crate::service::{ServiceError, Services};
use crate::session::{Phase, Running};
use crate::windows::LoginStatus;
use crate::work::{Ask, Work};

/// Questions on their way out, and whose each is.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) questions: Vec<Question>,
    pub(super) of: Vec<CommandUuid>,
    /// False while a value goes on in the next message.
    pub(super) complete: bool,
}

impl Default for Offered {
    fn default() -> Self {
        Self {
            questions: Vec::new(),
            of: Vec::new(),
            complete: true,
        }
    }
}

/// A message being filled.
struct Filling {
    offered: Offered,
    used: usize,
    room: usize,
    /// Nothing more goes in.
    full: bool,
}

/// Why something is not asked now.
enum Held {
    /// Nobody is logged in whose tree it is.
    User,
    /// Something of a lower rank is under way.
    Below(Reason),
    /// What it needs failed.
    Failed(ProfileId),
}

/// The deliveries of a device and their profiles, read once per message and only where an order is to be kept.
#[derive(Default)]
struct Neighbours {
    deliveries: Option<Vec<Delivery>>,
    profiles: BTreeMap<ProfileId, Option<StoredProfile>>,
}

impl Services {
    /// Everything that may be asked now: first what is under way, then what waits in the queue.
    pub(super) async fn offers(&self, turn: &mut Turn<'_>) -> Result<Offered, ServiceError> {
        let mut filling = Filling {
            offered: Offered::default(),
            used: 0,
            room: turn.room(),
            full: false,
        };
        for at in 0..turn.session.running.len() {
            self.ask_on(turn, at, &mut filling).await?;
        }
        if filling.full || turn.session.running.len() >= Queue::MANY {
            return Ok(filling.offered);
        }
        let Some(queue) = self
            .store
            .queue(&turn.channel.id, true, Queue::MANY)
            .await?
            .or_else(|| turn.is_new_channel())
        else {
            return Ok(filling.offered);
        };
        let mut waiting: Vec<Command> = queue.offerable;
        waiting.extend(turn.commit.records.iter().filter_map(|r| match r {
            Record::Command(c) if c.version.0 == 0 => Some(c.clone()),
            _ => None,
        }));
        let mut neighbours = Neighbours::default();
        for command in waiting {
            if filling.full || turn.session.running.len() >= Queue::MANY {
                break;
            }
            let command = turn
                .changed_command(&command.uuid)
                .cloned()
                .unwrap_or(command);
            let runs = turn
                .session
                .running
                .iter()
                .any(|r| r.command == command.uuid);
            if runs || !command.state.is_open() {
                continue;
            }
            self.begin(turn, command, &mut neighbours, &mut filling)
                .await?;
        }
        Ok(filling.offered)
    }

    /// Asks on with a command under way.
    async fn ask_on(
        &self,
        turn: &mut Turn<'_>,
        at: usize,
        filling: &mut Filling,
    ) -> Result<(), ServiceError> {
        let Some(run) = turn.session.running.get(at) else {
            return Ok(());
        };
        let uuid = run.command.clone();
        let Some((_, work)) = self.open_work(turn, &uuid).await? else {
            return Ok(());
        };
        let dialogue = turn.dialogue;
        if let Some(run) = turn.session.running.get_mut(at) {
            // What is asked was tried before; what cannot be written now is left for another time.
            if filling.fill(dialogue, run, &work).unwrap_or(false) {
                turn.asked.push(what(&work, run));
            }
        }
        Ok(())
    }

    /// Begins with a command of the queue, unless it is held or cannot be sent.
    async fn begin(
        &self,
        turn: &mut Turn<'_>,
        command: Command,
        neighbours: &mut Neighbours,
        filling: &mut Filling,
    ) -> Result<(), ServiceError> {
        let delivery = match command.item.delivery() {
            Some(id) => self.delivery_now(turn, id).await?,
            None => None,
        };
        let profile = match &delivery {
            Some(delivery) if matches!(command.item, Item::Install { .. }) => {
                self.profile_of(neighbours, &delivery.profile).await?
            }
            _ => None,
        };
        if let (Some(delivery), Some(profile)) = (&delivery, &profile)
            && let Some(held) = self.held(turn, delivery, profile, neighbours).await?
        {
            hold(turn, command, delivery.clone(), held);
            return Ok(());
        }
        let (work, encoded) = match self.work_of(turn, &command, delivery.as_ref()).await? {
            Ok(got) => got,
            Err(refusal) => {
                refuse(turn, command, delivery, &refusal);
                return Ok(());
            }
        };
        if work.scope == Scope::User && !turn.user_is_there() {
            // What was made for it is made again when it goes out.
            if let Some(delivery) = delivery {
                hold(turn, command, delivery, Held::User);
            }
            return Ok(());
        }
        let mut run = Running::new(command.uuid.clone());
        let begun = match filling.fill(turn.dialogue, &mut run, &work) {
            Ok(begun) => begun,
            Err(error) => {
                refuse(turn, command, delivery, &not_encodable(error.to_string()));
                return Ok(());
            }
        };
        if begun {
            turn.asked.push(what(&work, &run));
            turn.session.running.push(run);
            went_out(turn, command, delivery, &work, encoded);
        }
        Ok(())
    }

    /// What a command asks: as it was kept when it went out before, or made now, with what has to be written then; or why it
    /// cannot be sent.
    async fn work_of(
        &self,
        turn: &Turn<'_>,
        command: &Command,
        delivery: Option<&Delivery>,
    ) -> Result<Result<(Work, Option<Encoded>), NotEncodable>, ServiceError> {
        if let Some(work) = turn.work.get(&command.uuid) {
            return Ok(Ok((work.clone(), None)));
        }
        if command.attempts > 0 || matches!(command.item, Item::ReadBack { .. }) {
            let kept = self.store.kept(&kept_key(&command.uuid)).await?;
            if let Some(work) = kept.and_then(|bytes| Work::from_bytes(&bytes)) {
                return Ok(Ok((work, None)));
            }
        }
        let job = Job {
            command,
            device: &turn.device,
            channel: &turn.channel,
            delivery,
        };
        match self.encoder.encode(job).await {
            // Nothing is committed: the device sends its message again.
            Err(refusal) if refusal.passing => Err(ServiceError::Contended("storage")),
            Err(refusal) => Ok(Err(refusal)),
            Ok(made) => Ok(match Work::from_bytes(&made.wire) {
                Some(work) => Ok((work, Some(made))),
                None => Err(not_encodable(
                    "it has no meaning for this kind of device".to_owned(),
                )),
            }),
        }
    }

    /// Whether a delivery has to wait.
    async fn held(
        &self,
        turn: &Turn<'_>,
        delivery: &Delivery,
        profile: &StoredProfile,
        neighbours: &mut Neighbours,
    ) -> Result<Option<Held>, ServiceError> {
        let settings = &profile.profile.settings;
        let own = rank(settings);
        if own > Rank::Root {
            if neighbours.deliveries.is_none() {
                let filter = DeliveryFilter {
                    device: Some(turn.device.id.clone()),
                    ..DeliveryFilter::default()
                };
                neighbours.deliveries = Some(self.store.deliveries(&filter, 1000).await?);
            }
            let ids: Vec<DeliveryId> = neighbours
                .deliveries
                .iter()
                .flatten()
                .filter(|d| d.id != delivery.id)
                .map(|d| d.id.clone())
                .collect();
            let mut waits = None;
            for id in ids {
                let Some(other) = neighbours.delivery(turn, &id) else {
                    continue;
                };
                let failed = other.state == DeliveryState::Error;
                if !failed && !is_under_way(other.state) {
                    continue;
                }
                let Some(theirs) = self.profile_of(neighbours, &other.profile).await? else {
                    continue;
                };
                let below = rank(&theirs.profile.settings);
                if below >= own {
                    continue;
                }
                if !failed {
                    waits = Some(match below {
                        Rank::Root => Reason::Root,
                        Rank::Identity | Rank::Mail => Reason::IdentityCert,
                    });
                } else if settings.references().iter().any(|r| *r.id == theirs.id) {
                    return Ok(Some(Held::Failed(theirs.id.clone())));
                }
            }
            if let Some(reason) = waits {
                return Ok(Some(Held::Below(reason)));
            }
        }
        Ok((for_user(settings) && !turn.user_is_there()).then_some(Held::User))
    }

    async fn profile_of(
        &self,
        neighbours: &mut Neighbours,
        id: &ProfileId,
    ) -> Result<Option<StoredProfile>, ServiceError> {
        if let Some(known) = neighbours.profiles.get(id) {
            return Ok(known.clone());
        }
        let profile = self.store.profile(id).await?;
        neighbours.profiles.insert(id.clone(), profile.clone());
        Ok(profile)
    }
}

impl Neighbours {
    /// A delivery as it is now.
    fn delivery(&self, turn: &Turn<'_>, id: &DeliveryId) -> Option<Delivery> {
        let read = self.deliveries.iter().flatten().find(|d| d.id == *id);
        turn.changed_delivery(id).or(read).cloned()
    }
}

impl Filling {
    /// Puts the next questions of a command in, as far as they fit. True where any went in.
    fn fill(
        &mut self,
        dialogue: &dyn Dialogue,
        run: &mut Running,
        work: &Work,
    ) -> Result<bool, NotFramed> {
        let asked_before = matches!(run.phase, Phase::Waiting { asked: true, .. });
        if self.full || asked_before || (run.part > 0 && run.is_unanswered()) {
            return Ok(false);
        }
        let mut any = false;
        while !all_asked(work, run) {
            let all = asks(work, run.phase);
            let Some(ask) = all.get(run.next) else { break };
            match dialogue.extent(ask, self.room)? {
                Extent::Fits(size) if self.used + size <= self.room => {
                    self.used += size;
                    self.put(ask.clone(), None, run);
                    run.next += 1;
                    any = true;
                }
                Extent::Fits(_) => {
                    self.full = true;
                    break;
                }
                // A part has its message to itself, and nothing follows it there.
                Extent::Parts(_) if self.used > 0 => {
                    self.full = true;
                    break;
                }
                Extent::Parts(parts) => {
                    self.put(ask.clone(), Some(run.part), run);
                    run.part += 1;
                    self.offered.complete = run.part >= parts;
                    if self.offered.complete {
                        run.next += 1;
                        run.part = 0;
                    }
                    self.full = true;
                    any = true;
                    break;
                }
            }
        }
        Ok(any)
    }

    fn put(&mut self, ask: Ask, part: Option<usize>, run: &Running) {
        self.offered.questions.push(Question { ask, part });
        self.offered.of.push(run.command.clone());
    }
}

impl Turn<'_> {
    /// Whether the user is there whose tree `./User` is. A phone has one user, who always is.
    fn user_is_there(&self) -> bool {
        self.device.platform == Platform::WindowsPhone
            || self.session.login == Some(LoginStatus::User)
    }

    /// The queue of a channel that is made with this turn: empty.
    fn is_new_channel(&self) -> Option<Queue> {
        (self.channel.version.0 == 0).then(|| Queue {
            channel: self.channel.clone(),
            offerable: Vec::new(),
            deferred: false,
        })
    }
}

/// Whether a delivery is on its way, so that what builds on it has to wait.
const fn is_under_way(state: DeliveryState) -> bool {
    match state {
        DeliveryState::WaitingDependency
        | DeliveryState::Queued
        | DeliveryState::Notified
        | DeliveryState::Sent
        | DeliveryState::Deferred
        | DeliveryState::AwaitingUser => true,
        DeliveryState::NotTargeted
        | DeliveryState::NotApplicable
        | DeliveryState::Downloaded
        | DeliveryState::Installed
        | DeliveryState::UpdatePending
        | DeliveryState::Error
        | DeliveryState::Conflict
        | DeliveryState::Drifted
        | DeliveryState::RemovalPending
        | DeliveryState::RemovalBlocked
        | DeliveryState::Removed
        | DeliveryState::Gone => false,
    }
}

/// Leaves a command where it is, and says on its delivery why: nothing was tried, so nothing is counted.
fn hold(turn: &mut Turn<'_>, command: Command, delivery: Delivery, held: Held) {
    let name = delivery.profile.clone();
    let (state, reason, text) = match held {
        Held::User => (
            DeliveryState::Deferred,
            Reason::NoUserSession,
            format!("profile `{name}` waits until its user is logged in"),
        ),
        Held::Below(reason) => (
            DeliveryState::WaitingDependency,
            reason,
            format!("profile `{name}` waits for the certificates that go before it"),
        ),
        Held::Failed(profile) => {
            let text = format!("`{profile}`, which profile `{name}` needs, failed");
            let refusal = NotEncodable {
                text,
                reason: Reason::DependencyFailed { profile },
                passing: false,
            };
            refuse(turn, command, Some(delivery), &refusal);
            return;
        }
    };
    if delivery.state == state && delivery.reason.as_ref() == Some(&reason) {
        return;
    }
    let delivery = delivery.into_state(state, Some(reason), turn.now);
    turn.commit
        .events
        .push(about(&delivery, Kind::DeliveryDeferred, text, turn.now));
    turn.put_delivery(delivery);
}

/// Gives a command up that cannot be sent.
fn refuse(
    turn: &mut Turn<'_>,
    command: Command,
    delivery: Option<Delivery>,
    refusal: &NotEncodable,
) {
    let uuid = command.uuid.clone();
    // Only what carries a delivery decides about it.
    let served = delivery.filter(|d| d.command.as_ref() == Some(&uuid));
    turn.commit.records.retain(|r| match r {
        Record::Delivery(d) => served.as_ref().is_none_or(|served| served.id != d.id),
        Record::Command(c) => c.uuid != uuid,
        _ => true,
    });
    give_up(command, served, refusal, &mut turn.commit, turn.now);
}

fn not_encodable(text: String) -> NotEncodable {
    NotEncodable {
        reason: Reason::NotDeliverable { text: text.clone() },
        text,
        passing: false,
    }
}

/// Records that a command went out.
fn went_out(
    turn: &mut Turn<'_>,
    mut command: Command,
    delivery: Option<Delivery>,
    work: &Work,
    encoded: Option<Encoded>,
) {
    command.state = CommandState::Sent;
    command.sent_at = Some(turn.now);
    command.attempts += 1;
    turn.commit.events.push(sent_event(&command, turn.now));
    turn.work.insert(command.uuid.clone(), work.clone());
    let (mut expected, mut identity) = (None, None);
    if let Some(encoded) = encoded {
        turn.commit.kept.push(Kept {
            key: kept_key(&command.uuid),
            bytes: Some(encoded.wire),
        });
        turn.commit.records.extend(encoded.records);
        turn.commit.events.extend(encoded.events);
        expected = encoded.expected;
        identity = encoded.identity;
    }
    if let Some(mut delivery) = delivery
        && delivery.command.as_ref() == Some(&command.uuid)
    {
        delivery.attempts += 1;
        if expected.is_some() {
            delivery.expected = expected;
        }
        if identity.is_some() {
            delivery.evidence.identity_issued = identity;
        }
        if matches!(command.item, Item::Install { .. }) {
            delivery = delivery.into_state(DeliveryState::Sent, None, turn.now);
            let text = format!("profile `{}` sent", delivery.profile);
            turn.commit
                .events
                .push(about(&delivery, Kind::DeliverySent, text, turn.now));
        }
        turn.put_delivery(delivery);
    }
    turn.put_command(command);
}

/// What is asked, in words, for whoever looks at the exchange.
fn what(work: &Work, run: &Running) -> String {
    let count = asks(work, run.phase).len();
    match run.phase {
        Phase::First => format!("{count} of {}", run.command),
        Phase::Otherwise => format!("{count} of {} the other way", run.command),
        Phase::Waiting { .. } => format!("progress of {}", run.command),
    }
}

const _: () = assert!(FRAME < LARGEST);
