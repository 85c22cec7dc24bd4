//! The rules of a turn, by tables.

use super::*;
use crate::channel::Owner;
use crate::delivery::{Evidence, Expected, Target, Wanted};
use crate::id::{ChannelId, Scope, Version};
use crate::report::Answer;

const NOW: Timestamp = Timestamp(1_000_000);

fn channel() -> Channel {
    Channel {
        id: "d-1".parse().unwrap(),
        version: Version(1),
        scope: Scope::default(),
        device: "d-1".parse().unwrap(),
        owner: Owner::Device,
        active: true,
        push: None,
        outstanding: None,
        session: 3,
        owes_push: false,
        refusals: 0,
        read_back_queued: false,
        token_updated_at: None,
    }
}

fn command(uuid: &str, item: Item, state: CommandState) -> Command {
    let channel: ChannelId = "d-1".parse().unwrap();
    let mut command = Command::queued(
        uuid.parse().unwrap(),
        Scope::default(),
        "d-1".parse().unwrap(),
        channel,
        item,
        Origin::Operator,
        Timestamp(0),
    );
    command.version = Version(1);
    command.state = state;
    command
}

fn install(uuid: &str) -> Command {
    command(
        uuid,
        Item::Install {
            delivery: "y-1".parse().unwrap(),
            revision: 2,
        },
        CommandState::Sent,
    )
}

fn delivery(command: &str) -> Delivery {
    Delivery {
        id: "y-1".parse().unwrap(),
        version: Version(4),
        scope: Scope::default(),
        profile: "mail".parse().unwrap(),
        target: Target::Channel {
            device: "d-1".parse().unwrap(),
            channel: "d-1".parse().unwrap(),
        },
        wanted: Wanted::Direct,
        state: DeliveryState::Sent,
        reason: None,
        desired_revision: 2,
        applied_revision: None,
        generation: 1,
        evidence: Evidence::default(),
        expected: Some(Expected {
            listed: true,
            ..Expected::default()
        }),
        command: Some(command.parse().unwrap()),
        errors: Vec::new(),
        attempts: 1,
        not_now: 0,
        created_at: Timestamp(0),
        state_since: Timestamp(0),
        history: Vec::new(),
    }
}

fn queue(outstanding: Option<&str>, offerable: Vec<Command>) -> Queue {
    let mut channel = channel();
    channel.outstanding = outstanding.map(|u| u.parse().unwrap());
    Queue {
        channel,
        offerable,
        deferred: false,
    }
}

fn report(command: Option<&str>, status: Status) -> Report {
    Report {
        command: command.map(|u| u.parse().unwrap()),
        status,
        answer: Answer::Nothing,
    }
}

fn chain(code: i64) -> Vec<ErrorEntry> {
    vec![
        ErrorEntry {
            domain: "MCInstallationErrorDomain".into(),
            code: 4001,
            description: "failed".into(),
            meaning: None,
        },
        ErrorEntry {
            domain: "MCEASErrorDomain".into(),
            code,
            description: "inner".into(),
            meaning: None,
        },
    ]
}

fn kinds(turn: &Turn) -> Vec<&'static str> {
    turn.events.iter().map(|e| e.kind.as_str()).collect()
}

#[test]
fn an_answer_ends_its_command_and_moves_its_delivery() {
    for (status, state, delivery_state, reason, told) in [
        (
            Status::Acknowledged,
            CommandState::Acknowledged,
            DeliveryState::Installed,
            None,
            ["command.acknowledged", "delivery.acknowledged"],
        ),
        (
            Status::Error(chain(21_005)),
            CommandState::Failed,
            DeliveryState::Error,
            Some(Reason::Duplicate),
            ["command.failed", "delivery.failed"],
        ),
        (
            Status::Error(chain(21_003)),
            CommandState::Failed,
            DeliveryState::Error,
            Some(Reason::DeviceRejected),
            ["command.failed", "delivery.failed"],
        ),
        (
            Status::CommandFormatError(Vec::new()),
            CommandState::Malformed,
            DeliveryState::Error,
            Some(Reason::DeviceRejected),
            ["command.failed", "delivery.failed"],
        ),
        (
            Status::NotNow,
            CommandState::Deferred,
            DeliveryState::Deferred,
            Some(Reason::NotNow),
            ["command.deferred", "delivery.deferred"],
        ),
    ] {
        let text = format!("{status:?}");
        let sent = install("c-1");
        let before = queue(Some("c-1"), vec![sent.clone()]);
        let turn = apply(
            &before,
            Some(sent),
            Some(delivery("c-1")),
            &report(Some("c-1"), status),
            NOW,
        );
        assert_eq!(
            turn.command.as_ref().map(|c| c.state),
            Some(state),
            "{text}"
        );
        assert_eq!(turn.channel.outstanding, None, "{text}");
        let moved = turn.delivery.clone().unwrap();
        assert_eq!(
            (moved.state, moved.reason.clone()),
            (delivery_state, reason),
            "{text}"
        );
        assert_eq!(kinds(&turn), told, "{text}");
        let acknowledged = state == CommandState::Acknowledged;
        assert_eq!(turn.read_back, acknowledged, "{text}");
        assert_eq!(
            moved.evidence.acknowledged,
            acknowledged.then_some(NOW),
            "{text}"
        );
        assert_eq!(moved.applied_revision, acknowledged.then_some(2), "{text}");
        // Bytes are kept as long as they may have to be repeated.
        assert_eq!(
            turn.kept.len(),
            usize::from(state != CommandState::Deferred),
            "{text}"
        );
    }
}

#[test]
fn repeated_unknown_and_contradicting_answers_change_nothing() {
    let done = command("c-1", Item::SecurityInfo, CommandState::Acknowledged);
    let mut foreign = install("c-1");
    foreign.channel = "d-2".parse().unwrap();
    for (named, status, told) in [
        (Some(done.clone()), Status::Acknowledged, vec![]),
        (
            Some(done.clone()),
            Status::Error(chain(1)),
            vec!["command.unexpected"],
        ),
        (Some(done), Status::NotNow, vec!["command.unexpected"]),
        (
            Some(foreign),
            Status::Acknowledged,
            vec!["command.unexpected"],
        ),
        (None, Status::Acknowledged, vec!["command.unexpected"]),
        (None, Status::NotNow, vec!["command.unexpected"]),
    ] {
        let text = format!("{:?} {status:?}", named.as_ref().map(|c| c.state));
        let before = queue(Some("c-9"), Vec::new());
        let turn = apply(&before, named, None, &report(Some("c-1"), status), NOW);
        assert_eq!(kinds(&turn), told, "{text}");
        assert_eq!(turn.channel, before.channel, "{text}");
        assert!(
            turn.command.is_none() && turn.delivery.is_none() && !turn.read_back,
            "{text}"
        );
    }
}

#[test]
fn an_answer_to_an_older_command_of_a_delivery_leaves_the_delivery() {
    let removal = Item::Remove {
        delivery: Some("y-1".parse().unwrap()),
        identifier: "x".into(),
    };
    for (sent, status) in [
        (install("c-1"), Status::Acknowledged),
        (
            command("c-1", removal, CommandState::Sent),
            Status::Acknowledged,
        ),
        (install("c-1"), Status::NotNow),
    ] {
        let text = format!("{:?} {status:?}", sent.item);
        let before = queue(Some("c-1"), vec![sent.clone()]);
        let turn = apply(
            &before,
            Some(sent),
            Some(delivery("c-2")),
            &report(Some("c-1"), status),
            NOW,
        );
        assert!(turn.delivery.is_none(), "{text}");
        assert!(turn.command.is_some(), "{text}");
    }
}

#[test]
fn a_removal_of_what_is_not_there_is_done() {
    let item = Item::Remove {
        delivery: Some("y-1".parse().unwrap()),
        identifier: "x".into(),
    };
    for (status, state) in [
        (Status::Acknowledged, DeliveryState::Removed),
        (Status::Error(chain(12_075)), DeliveryState::Removed),
        (Status::Error(chain(12_013)), DeliveryState::Error),
    ] {
        let text = format!("{status:?}");
        let sent = command("c-1", item.clone(), CommandState::Sent);
        let before = queue(Some("c-1"), vec![sent.clone()]);
        let turn = apply(
            &before,
            Some(sent),
            Some(delivery("c-1")),
            &report(Some("c-1"), status),
            NOW,
        );
        assert_eq!(turn.delivery.map(|d| d.state), Some(state), "{text}");
    }
}

#[test]
fn what_was_refused_is_offered_again_in_the_next_session_and_not_before() {
    let mut refused = install("c-1");
    refused.state = CommandState::Deferred;
    refused.deferred_in = Some(3);
    let waiting = command("c-2", Item::SecurityInfo, CommandState::Queued);
    let offerable = vec![refused.clone(), waiting.clone()];
    let now = next(&channel(), &offerable, None).map(|c| c.uuid.as_str().to_owned());
    assert_eq!(now.as_deref(), Some("c-2"), "same session");
    let before = queue(None, offerable.clone());
    let turn = apply(&before, None, None, &report(None, Status::Idle), NOW);
    assert_eq!(turn.channel.session, 4);
    let later = next(&turn.channel, &offerable, None).map(|c| c.uuid.as_str().to_owned());
    assert_eq!(later.as_deref(), Some("c-1"), "first in, first out");
    assert!(next(&channel(), &[refused], None).is_none());
}

#[test]
fn an_idle_poll_of_a_quiet_channel_changes_nothing() {
    let before = queue(None, Vec::new());
    let turn = apply(&before, None, None, &report(None, Status::Idle), NOW);
    assert!(!turn.channel_changed && turn.events.is_empty() && turn.kept.is_empty());
}
