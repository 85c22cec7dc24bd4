//! What a device answered, held against what it was asked.

use super::outcome::{Verdict, asks, entries, judge};
use super::{Turn, facts};
use crate::command::{Command, CommandState, Item, NodeResult, Origin};
use crate::delivery::{Delivery, DeliveryState, Reason};
use crate::event::{Kind, NewEvent};
use crate::id::{CommandUuid, DeliveryId};
use crate::package::Notice;
use crate::ports::{Kept, Queue};
use crate::report::{Answer, Report, Status};
use crate::service::turn::{self, about, kept_key};
use crate::service::{ServiceError, Services};
use crate::session::{Asked, Phase, Running, Sent};
use crate::work::Work;

/// A part of a large value was taken, the next may come (OMA Representation Protocol, 213).
const PART_ACCEPTED: u16 = 213;
/// Credentials of the server are wrong, or missing (401, 407).
const CREDENTIALS: [u16; 2] = [401, 407];
/// The longest value kept of one node, in characters.
const LONGEST_VALUE: usize = 4096;
/// Times a command goes out without being answered before it is given up: it may be what breaks the session.
const TRIES: u32 = 5;

impl Turn<'_> {
    /// Notes what was asked, under the numbers it will be answered by.
    pub(super) fn note_asked(&mut self, message: u32, of: &[CommandUuid], asked: Vec<Vec<Asked>>) {
        for (uuid, asked) in of.iter().zip(asked) {
            if let Some(run) = self.session.running.iter_mut().find(|r| r.command == *uuid) {
                run.sent
                    .extend(asked.into_iter().map(|asked| Sent { message, asked }));
            }
        }
    }

    /// Takes the answers to what was asked. An answer to nothing that was asked changes nothing.
    pub(super) fn take_reports(&mut self) {
        let reports = std::mem::take(&mut self.package.reports);
        for report in reports {
            let of_message = |sent: &&mut Sent| sent.message == report.message;
            if report.number == 0 {
                // The device wants to know who the server is: the reply tells, and asks all of it again.
                if report
                    .answer
                    .code
                    .is_some_and(|code| CREDENTIALS.contains(&code))
                {
                    for run in &mut self.session.running {
                        if run.sent.iter().any(|s| s.message == report.message) {
                            run.enter(run.phase);
                        }
                    }
                    continue;
                }
                // The whole message was refused: so was everything in it.
                if report.answer.code.is_some_and(|code| code >= 400) {
                    let all = self.session.running.iter_mut().flat_map(|r| &mut r.sent);
                    for sent in all.filter(of_message) {
                        if sent.asked.answer.code.is_none() {
                            sent.asked.answer.merge(report.answer.clone());
                        }
                    }
                }
                continue;
            }
            let all = self.session.running.iter_mut().flat_map(|r| &mut r.sent);
            let found = all
                .filter(of_message)
                .find_map(|sent| sent.asked.find(report.number));
            if let Some(asked) = found {
                asked.answer.merge(report.answer);
            } else {
                let text = format!(
                    "the device answers question {} of message {}, which was not asked or is answered",
                    report.number, report.message
                );
                self.commit.events.push(
                    NewEvent::new(self.now, &self.device.scope, Kind::CommandUnexpected, text)
                        .device(&self.device.id),
                );
            }
        }
        for run in &mut self.session.running {
            if self.package.notices.contains(&Notice::NoEndOfData) && run.part > 0 {
                run.next += 1;
                run.part = 0;
            }
            let before = run.sent.len();
            run.sent
                .retain(|s| s.asked.answer.code != Some(PART_ACCEPTED));
            let refused = run.part > 0 && before == run.sent.len() && !run.is_unanswered();
            if refused {
                // What is left of the value is of no use.
                run.next += 1;
                run.part = 0;
            }
        }
    }
}

impl Services {
    /// The work of a command that is open, and the command; `None` where it was taken back.
    pub(super) async fn open_work(
        &self,
        turn: &mut Turn<'_>,
        uuid: &CommandUuid,
    ) -> Result<Option<(Command, Work)>, ServiceError> {
        let command = match turn.changed_command(uuid) {
            Some(command) => Some(command.clone()),
            None => self.store.command(uuid).await?,
        };
        let Some(command) = command.filter(|c| c.state.is_open()) else {
            return Ok(None);
        };
        if let Some(work) = turn.work.get(uuid) {
            return Ok(Some((command, work.clone())));
        }
        let kept = self.store.kept(&kept_key(uuid)).await?;
        let work = kept.and_then(|bytes| Work::from_bytes(&bytes));
        if let Some(work) = &work {
            turn.work.insert(uuid.clone(), work.clone());
        }
        Ok(work.map(|work| (command, work)))
    }

    /// A delivery as it is now.
    pub(super) async fn delivery_now(
        &self,
        turn: &Turn<'_>,
        id: &DeliveryId,
    ) -> Result<Option<Delivery>, ServiceError> {
        Ok(match turn.changed_delivery(id) {
            Some(delivery) => Some(delivery.clone()),
            None => self.store.delivery(id).await?,
        })
    }

    /// Judges every command under way.
    pub(super) async fn settle_all(&self, turn: &mut Turn<'_>) -> Result<(), ServiceError> {
        for mut run in std::mem::take(&mut turn.session.running) {
            let Some((command, work)) = self.open_work(turn, &run.command).await? else {
                continue;
            };
            match judge(&work, &run, turn.now) {
                Verdict::Open => turn.session.running.push(run),
                Verdict::Otherwise => {
                    run.enter(Phase::Otherwise);
                    turn.session.running.push(run);
                }
                Verdict::Wait => {
                    run.enter(Phase::Waiting {
                        since: turn.now,
                        asked: false,
                    });
                    turn.session.running.push(run);
                }
                Verdict::StillWaiting => {
                    if let Phase::Waiting { since, .. } = run.phase {
                        run.enter(Phase::Waiting { since, asked: true });
                    }
                    turn.session.running.push(run);
                }
                Verdict::Done => {
                    self.finish(turn, command, &work, &run, Status::Acknowledged)
                        .await?;
                }
                Verdict::Failed { errors, declined } => {
                    let status = if declined {
                        Status::Declined(errors)
                    } else {
                        Status::Error(errors)
                    };
                    self.finish(turn, command, &work, &run, status).await?;
                }
            }
        }
        Ok(())
    }

    /// Ends a command, with all that follows for its delivery.
    async fn finish(
        &self,
        turn: &mut Turn<'_>,
        mut command: Command,
        work: &Work,
        run: &Running,
        status: Status,
    ) -> Result<(), ServiceError> {
        let asked: Vec<&Asked> = run.sent.iter().flat_map(|s| s.asked.all()).collect();
        command.results = results(&asked);
        let delivery = match command.item.delivery() {
            Some(id) => self.delivery_now(turn, id).await?,
            None => None,
        };
        let item = command.item.clone();
        let queue = Queue {
            channel: turn.channel.clone(),
            offerable: Vec::new(),
            deferred: false,
        };
        let report = Report {
            command: Some(command.uuid.clone()),
            status,
            answer: Answer::Nothing,
        };
        let done = turn::apply(&queue, Some(command), delivery, &report, turn.now);
        turn.channel = done.channel;
        turn.channel_changed |= done.channel_changed;
        turn.commit.events.extend(done.events);
        turn.commit.kept.extend(done.kept);
        if let Some(command) = done.command {
            turn.put_command(command);
        }
        if let Some(delivery) = done.delivery {
            if done.read_back && !work.read_back.is_empty() {
                self.queue_read_back(turn, &delivery, work);
            }
            turn.put_delivery(delivery);
        }
        match &item {
            Item::ReadBack { delivery } => self.read_back(turn, delivery, work, &asked).await?,
            Item::DeviceInformation { .. } => turn.learn(&asked),
            Item::Install { .. }
            | Item::Remove { .. }
            | Item::ReplaceEnrollment
            | Item::Profiles { .. }
            | Item::Certificates { .. }
            | Item::SecurityInfo
            | Item::Lock { .. }
            | Item::Erase { .. }
            | Item::ClearPasscode
            | Item::Restart
            | Item::Unenroll
            | Item::Nodes { .. }
            | Item::Raw { .. } => {}
        }
        Ok(())
    }

    /// Queues the questions that show whether an acknowledged delivery is really there.
    fn queue_read_back(&self, turn: &mut Turn<'_>, delivery: &Delivery, work: &Work) {
        let item = Item::ReadBack {
            delivery: delivery.id.clone(),
        };
        let command = self.command(&turn.channel, item, Origin::ReadBack, turn.now);
        let questions = Work::reading_back(work.scope, work.read_back.clone());
        turn.commit.kept.push(Kept {
            key: kept_key(&command.uuid),
            bytes: Some(questions.to_bytes()),
        });
        turn.work.insert(command.uuid.clone(), questions);
        turn.put_command(command);
    }

    /// Holds what was read against what should be there.
    async fn read_back(
        &self,
        turn: &mut Turn<'_>,
        id: &DeliveryId,
        work: &Work,
        asked: &[&Asked],
    ) -> Result<(), ServiceError> {
        let awaits = |d: &Delivery| {
            matches!(
                d.state,
                DeliveryState::Installed | DeliveryState::UpdatePending
            ) && d.evidence.read_back.is_none()
        };
        let Some(mut delivery) = self.delivery_now(turn, id).await?.filter(awaits) else {
            return Ok(());
        };
        let wrong = work.read_back.iter().find_map(|item| {
            let found = asked
                .iter()
                .find(|a| a.uri.as_deref() == Some(item.uri.as_str()));
            let answer = found.map(|a| &a.answer);
            match answer.and_then(|a| a.value.as_deref()) {
                Some(value) if item.agrees(value) => None,
                Some(_) => Some(format!("`{}` has another value on the device", item.uri)),
                None => {
                    let code = answer.and_then(|a| a.code).unwrap_or_default();
                    // A node that may only be masked need not be told at all.
                    (code != 200 || item.expected.is_some())
                        .then(|| format!("reading `{}` was answered with {code}", item.uri))
                }
            }
        });
        let (delivery, event) = match wrong {
            None => {
                delivery.evidence.read_back = Some(turn.now);
                let text = format!(
                    "what profile `{}` wrote is on the device: {} nodes agree",
                    delivery.profile,
                    work.read_back.len()
                );
                let event = about(&delivery, Kind::DeliveryReadBack, text, turn.now);
                (delivery, event)
            }
            Some(what) => {
                let text = format!(
                    "profile `{}` was acknowledged, but {what}",
                    delivery.profile
                );
                let reason = Reason::NotOnDevice { what };
                let delivery = delivery.into_state(DeliveryState::Drifted, Some(reason), turn.now);
                let event = about(&delivery, Kind::DeliveryDrifted, text, turn.now);
                (delivery, event)
            }
        };
        turn.commit.events.push(event);
        turn.put_delivery(delivery);
        Ok(())
    }

    /// What was asked in a session that broke off, and not answered: asked again where that does no harm; otherwise nobody knows
    /// whether it was done, and that is said.
    pub(super) async fn lose(&self, turn: &mut Turn<'_>) -> Result<(), ServiceError> {
        for mut run in std::mem::take(&mut turn.session.running) {
            if let Phase::Waiting { since, .. } = run.phase {
                run.enter(Phase::Waiting {
                    since,
                    asked: false,
                });
                turn.session.running.push(run);
                continue;
            }
            let Some((mut command, work)) = self.open_work(turn, &run.command).await? else {
                continue;
            };
            if matches!(command.item, Item::Unenroll)
                || (work.repeatable && command.attempts < TRIES)
            {
                command.state = CommandState::Queued;
                let text = format!(
                    "{} was asked in a session that broke off; it is asked again",
                    command.item.request_type()
                );
                turn.commit.events.push(
                    NewEvent::new(turn.now, &command.scope, Kind::CommandQueued, text)
                        .device(&command.device)
                        .command(&command.uuid),
                );
                if let Some(doubtful) = work.in_doubt(&run) {
                    turn.commit.kept.push(Kept {
                        key: kept_key(&command.uuid),
                        bytes: Some(doubtful.to_bytes()),
                    });
                    turn.work.insert(command.uuid.clone(), doubtful);
                }
                turn.put_command(command);
                continue;
            }
            let text = if work.repeatable {
                format!("it was asked {TRIES} times and the session broke off each time")
            } else {
                "the session broke off before it was answered: whether it was done is not known"
                    .to_owned()
            };
            self.give_up(turn, command, &run, &text).await?;
        }
        Ok(())
    }

    async fn give_up(
        &self,
        turn: &mut Turn<'_>,
        mut command: Command,
        run: &Running,
        why: &str,
    ) -> Result<(), ServiceError> {
        let asked: Vec<&Asked> = run.sent.iter().flat_map(|s| s.asked.all()).collect();
        command.results = results(&asked);
        command.errors = asked
            .iter()
            .filter(|a| a.answer.code.is_some_and(|code| code >= 213))
            .flat_map(|a| entries(a))
            .collect();
        command.state = CommandState::Failed;
        command.answered_at = Some(turn.now);
        command.refusal = Some(why.to_owned());
        let text = format!("{}: {why}", command.item.request_type());
        turn.commit.kept.push(Kept {
            key: kept_key(&command.uuid),
            bytes: None,
        });
        turn.commit.events.push(
            NewEvent::new(turn.now, &command.scope, Kind::CommandFailed, text.clone())
                .device(&command.device)
                .command(&command.uuid),
        );
        if let Some(id) = command.item.delivery()
            && let Some(delivery) = self.delivery_now(turn, id).await?
            && delivery.command.as_ref() == Some(&command.uuid)
        {
            let reason = Reason::NotDeliverable {
                text: why.to_owned(),
            };
            let delivery = delivery.into_state(DeliveryState::Error, Some(reason), turn.now);
            turn.commit
                .events
                .push(about(&delivery, Kind::DeliveryFailed, text, turn.now));
            turn.put_delivery(delivery);
        }
        turn.put_command(command);
        Ok(())
    }
}

impl Turn<'_> {
    /// Takes what the device told of itself when it was asked.
    fn learn(&mut self, asked: &[&Asked]) {
        for asked in asked {
            if let (Some(uri), Some(value)) = (&asked.uri, &asked.answer.value) {
                self.device_changed |= facts::learn(&mut self.device, uri, value);
            }
        }
    }
}

/// What each node answered, as it is kept with the command.
fn results(asked: &[&Asked]) -> Vec<NodeResult> {
    asked
        .iter()
        .take(Command::RESULTS)
        .map(|asked| {
            let mut answer = asked.answer.clone();
            if let Some(value) = &mut answer.value
                && value.chars().count() > LONGEST_VALUE
            {
                *value = value.chars().take(LONGEST_VALUE).collect();
            }
            NodeResult {
                verb: asked.verb.clone(),
                uri: asked.uri.clone(),
                answer,
            }
        })
        .collect()
}

/// Whether every question of a phase went out.
pub(super) fn all_asked(work: &Work, run: &Running) -> bool {
    run.next >= asks(work, run.phase).len()
}
