//! One turn of a channel: what a device's report changes, and what it is offered next. Pure.

use crate::channel::Channel;
use crate::command::{Command, CommandState, Item, Origin};
use crate::delivery::{Delivery, DeliveryState, Reason};
use crate::event::{Kind, NewEvent};
use crate::id::CommandUuid;
use crate::ports::{Kept, Queue};
use crate::report::{ErrorEntry, Report, Status};
use crate::time::Timestamp;

/// Apple's code for "the account is not unique" (`MCEASErrorDomain`), the one number that a
/// decision looks at: the managed-mail rules depend on it.
const ACCOUNT_NOT_UNIQUE: i64 = 21_005;
/// Apple's code for "the profile is not installed" (`MCMDMErrorDomain`): a removal is done then.
const PROFILE_NOT_INSTALLED: i64 = 12_075;

/// What a report changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Turn {
    pub(super) channel: Channel,
    pub(super) channel_changed: bool,
    pub(super) command: Option<Command>,
    pub(super) delivery: Option<Delivery>,
    pub(super) events: Vec<NewEvent>,
    pub(super) kept: Vec<Kept>,
    /// An acknowledged installation wants to be read back.
    pub(super) read_back: bool,
    /// The device refused the present command: what follows in this session is offered behind it.
    pub(super) refused: bool,
    /// A replacement enrollment profile was acknowledged.
    pub(super) replaced: bool,
}

/// The key under which a command's bytes are kept.
pub(super) fn kept_key(uuid: &CommandUuid) -> String {
    format!("command:{uuid}")
}

/// Applies `report` to a channel. `command` is the one it names, whatever its state; `delivery` the
/// one that command serves.
pub(super) fn apply(
    queue: &Queue,
    command: Option<Command>,
    delivery: Option<Delivery>,
    report: &Report,
    now: Timestamp,
) -> Turn {
    let mut turn = Turn {
        channel: queue.channel.clone(),
        channel_changed: false,
        command: None,
        delivery: None,
        events: Vec::new(),
        kept: Vec::new(),
        read_back: false,
        refused: false,
        replaced: false,
    };
    match &report.status {
        Status::Idle => turn.open_session(queue),
        Status::Acknowledged => turn.finish(
            command,
            delivery,
            CommandState::Acknowledged,
            &[],
            report,
            now,
        ),
        Status::Error(errors) | Status::Declined(errors) => {
            turn.finish(command, delivery, CommandState::Failed, errors, report, now);
        }
        Status::CommandFormatError(errors) => {
            turn.finish(
                command,
                delivery,
                CommandState::Malformed,
                errors,
                report,
                now,
            );
        }
        Status::NotNow => turn.defer(command, delivery, report, now),
    }
    turn
}

impl Turn {
    /// A new session: what was deferred before may be offered again.
    fn open_session(&mut self, queue: &Queue) {
        let deferred = queue.deferred
            || queue
                .offerable
                .iter()
                .any(|c| c.state == CommandState::Deferred);
        if deferred {
            self.channel.session += 1;
            self.channel_changed = true;
        }
        if self.channel.owes_push {
            self.channel.owes_push = false;
            self.channel_changed = true;
        }
    }

    fn unexpected(&mut self, report: &Report, what: &str, now: Timestamp) {
        let mut event = NewEvent::new(
            now,
            &self.channel.scope,
            Kind::CommandUnexpected,
            format!("a report {what}; it was answered and changes nothing"),
        )
        .device(&self.channel.device);
        if let Some(uuid) = &report.command {
            event = event.command(uuid);
        }
        self.events.push(event);
    }

    fn close(&mut self, uuid: &CommandUuid) {
        if self.channel.outstanding.as_ref() == Some(uuid) {
            self.channel.outstanding = None;
            self.channel_changed = true;
        }
    }

    fn finish(
        &mut self,
        command: Option<Command>,
        delivery: Option<Delivery>,
        state: CommandState,
        errors: &[ErrorEntry],
        report: &Report,
        now: Timestamp,
    ) {
        let Some(mut command) = command.filter(|c| c.channel == self.channel.id) else {
            return self.unexpected(report, "names a command this channel never had", now);
        };
        if !command.state.is_open() {
            if command.state != state {
                self.unexpected(
                    report,
                    "contradicts an earlier answer to the same command",
                    now,
                );
            }
            return;
        }
        command.state = state;
        command.answered_at = Some(now);
        command.errors = errors.to_vec();
        self.close(&command.uuid);
        if command.not_now > 0 && self.channel.refusals > 0 {
            self.channel.refusals = 0;
            self.channel_changed = true;
        }
        self.kept.push(Kept {
            key: kept_key(&command.uuid),
            bytes: None,
        });
        let acknowledged = state == CommandState::Acknowledged;
        let name = command.item.request_type().to_owned();
        let text = if acknowledged {
            format!("{name} acknowledged")
        } else {
            failure_text(&name, state, errors)
        };
        let kind = if acknowledged {
            Kind::CommandAcknowledged
        } else {
            Kind::CommandFailed
        };
        let mut event = NewEvent::new(now, &command.scope, kind, text)
            .device(&command.device)
            .command(&command.uuid)
            .fact("request_type", name);
        if !errors.is_empty() {
            event = event.fact(
                "error_chain",
                serde_json::to_value(errors).unwrap_or_default(),
            );
        }
        self.events.push(event);
        match &command.item {
            Item::Install { revision, .. } => {
                if let Some(delivery) = delivery.filter(|d| serves(d, &command)) {
                    let declined = matches!(report.status, Status::Declined(_));
                    self.installed(delivery, &command, *revision, declined, now);
                }
            }
            Item::Remove { .. } => {
                if let Some(delivery) = delivery.filter(|d| serves(d, &command)) {
                    self.removed(delivery, acknowledged, errors, now);
                }
            }
            Item::ReplaceEnrollment => self.replaced = acknowledged,
            Item::Profiles { .. }
            | Item::Certificates { .. }
            | Item::DeviceInformation { .. }
            | Item::SecurityInfo
            | Item::Lock { .. }
            | Item::Erase { .. }
            | Item::ClearPasscode
            | Item::Restart
            | Item::ReadBack { .. }
            | Item::Unenroll
            | Item::Nodes { .. }
            | Item::Raw { .. } => {}
        }
        self.command = Some(command);
    }

    fn installed(
        &mut self,
        mut delivery: Delivery,
        command: &Command,
        revision: u32,
        declined: bool,
        now: Timestamp,
    ) {
        let errors = &command.errors;
        delivery.errors.clone_from(errors);
        let (delivery, kind, text) = match command.state {
            CommandState::Acknowledged => {
                delivery.applied_revision = Some(revision);
                delivery.evidence.acknowledged = Some(now);
                delivery.evidence.read_back = None;
                if let Some(expected) = &mut delivery.expected {
                    expected.listed = false;
                }
                self.read_back = true;
                let text = format!("profile `{}` acknowledged", delivery.profile);
                let state = if delivery.desired_revision > revision {
                    DeliveryState::UpdatePending
                } else {
                    DeliveryState::Installed
                };
                (
                    delivery.into_state(state, None, now),
                    Kind::DeliveryAcknowledged,
                    text,
                )
            }
            CommandState::Queued
            | CommandState::Sent
            | CommandState::Deferred
            | CommandState::Failed
            | CommandState::Malformed
            | CommandState::Cancelled => {
                let reason = if declined {
                    Reason::UserDeclined
                } else if errors.iter().any(|e| e.code == ACCOUNT_NOT_UNIQUE) {
                    Reason::Duplicate
                } else {
                    Reason::DeviceRejected
                };
                let text = failure_text(
                    &format!("profile `{}`", delivery.profile),
                    command.state,
                    errors,
                );
                (
                    delivery.into_state(DeliveryState::Error, Some(reason), now),
                    Kind::DeliveryFailed,
                    text,
                )
            }
        };
        self.events.push(about(&delivery, kind, text, now));
        self.delivery = Some(delivery);
    }

    fn removed(
        &mut self,
        mut delivery: Delivery,
        acknowledged: bool,
        errors: &[ErrorEntry],
        now: Timestamp,
    ) {
        delivery.errors = errors.to_vec();
        let absent = errors.iter().any(|e| e.code == PROFILE_NOT_INSTALLED);
        let (delivery, kind, text) = if acknowledged || absent {
            let text = format!("profile `{}` removed", delivery.profile);
            (
                delivery.into_state(DeliveryState::Removed, None, now),
                Kind::DeliveryRemoved,
                text,
            )
        } else {
            let text = failure_text(
                &format!("removal of `{}`", delivery.profile),
                CommandState::Failed,
                errors,
            );
            let next = delivery.into_state(DeliveryState::Error, Some(Reason::DeviceRejected), now);
            (next, Kind::DeliveryFailed, text)
        };
        self.events.push(about(&delivery, kind, text, now));
        self.delivery = Some(delivery);
    }

    fn defer(
        &mut self,
        command: Option<Command>,
        delivery: Option<Delivery>,
        report: &Report,
        now: Timestamp,
    ) {
        let Some(mut command) =
            command.filter(|c| c.channel == self.channel.id && c.state.is_open())
        else {
            return self.unexpected(
                report,
                "puts off a command that is not open on this channel",
                now,
            );
        };
        self.refused = true;
        command.state = CommandState::Deferred;
        command.not_now += 1;
        command.deferred_in = Some(self.channel.session);
        self.channel.refusals = self.channel.refusals.saturating_add(1);
        self.channel_changed = true;
        self.close(&command.uuid);
        self.events.push(
            NewEvent::new(
                now,
                &command.scope,
                Kind::CommandDeferred,
                format!(
                    "{} put off: the device said NotNow ({}\u{d7})",
                    command.item.request_type(),
                    command.not_now
                ),
            )
            .device(&command.device)
            .command(&command.uuid)
            .fact("not_now", command.not_now),
        );
        if let Some(mut delivery) = delivery
            && serves(&delivery, &command)
        {
            delivery.not_now += 1;
            let text = format!(
                "profile `{}` put off: the device said NotNow ({}\u{d7}), often because it is locked; it is offered \
                 again in the device's next session",
                delivery.profile, delivery.not_now
            );
            if delivery.state != DeliveryState::RemovalPending {
                delivery = delivery.into_state(DeliveryState::Deferred, Some(Reason::NotNow), now);
            }
            self.events
                .push(about(&delivery, Kind::DeliveryDeferred, text, now));
            self.delivery = Some(delivery);
        }
        self.command = Some(command);
    }
}

/// Whether it is this command that a delivery waits for, and not a later one: it may have moved on.
fn serves(delivery: &Delivery, command: &Command) -> bool {
    delivery.command.as_ref() == Some(&command.uuid)
}

/// An event about a delivery.
pub(super) fn about(delivery: &Delivery, kind: Kind, text: String, now: Timestamp) -> NewEvent {
    let event = NewEvent::new(now, &delivery.scope, kind, text)
        .delivery(&delivery.id, &delivery.profile)
        .fact("state", delivery.state.as_str());
    match delivery.device() {
        Some(device) => event.device(device),
        None => event,
    }
}

fn failure_text(what: &str, state: CommandState, errors: &[ErrorEntry]) -> String {
    let verb = if state == CommandState::Malformed {
        "was not understood"
    } else {
        "failed"
    };
    match errors.last() {
        Some(e) => {
            let meaning = e.meaning.as_deref().unwrap_or(&e.description);
            format!("{what} {verb}: {} {}: {meaning}", e.domain, e.code)
        }
        None => format!("{what} {verb}; the device gave no reason"),
    }
}

/// The command to offer now, if it is not the outstanding one: the first that is not deferred in
/// this session and is not the one just answered.
pub(super) fn next<'a>(
    channel: &Channel,
    offerable: &'a [Command],
    answered: Option<&Command>,
) -> Option<&'a Command> {
    offerable.iter().find(|c| {
        let deferred_now = c.state == CommandState::Deferred
            && c.deferred_in.is_some_and(|s| s >= channel.session);
        c.state.is_open() && !deferred_now && answered.is_none_or(|a| a.uuid != c.uuid)
    })
}

/// The lists that show whether an acknowledged installation is really there.
pub(super) fn read_back_items() -> [(Item, Origin); 2] {
    [
        (
            Item::Profiles {
                managed_only: false,
            },
            Origin::ReadBack,
        ),
        (
            Item::Certificates {
                managed_only: false,
            },
            Origin::ReadBack,
        ),
    ]
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
