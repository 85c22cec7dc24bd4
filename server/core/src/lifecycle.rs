//! What may become of a delivery. Pure and exhaustive: an event that does not fit a state is refused, and changes
//! nothing.

use crate::delivery::{Delivery, DeliveryState, Reason};
use crate::time::Timestamp;

/// Something that happens to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An assignment or a person wants this revision on the device. `anew`: the account has to be made anew.
    Wanted {
        /// The revision.
        revision: u32,
        /// Whether the generation is raised.
        anew: bool,
    },
    /// The device cannot take it.
    Withheld(Reason),
    /// Something it needs is not there yet.
    Waits(Reason),
    /// The device was woken.
    Notified,
    /// It went out.
    Sent,
    /// The device put it off.
    Deferred(Reason),
    /// The device acknowledged this revision.
    Acknowledged(u32),
    /// A person has to act, which a report or a person told.
    AsksUser(Reason),
    /// The person agreed to this revision.
    Approved(u32),
    /// The person refused: `before` goes on working.
    Declined {
        /// The revision that worked before.
        before: Option<u32>,
    },
    /// It failed.
    Failed(Reason),
    /// Another profile wants something else.
    Conflicts(Reason),
    /// The device has something else than what was installed.
    Drifted(Reason),
    /// The profile was edited in a way that no device sees.
    EditedUnseen(u32),
    /// A newer revision is wanted, and does not go out yet.
    Outdated(u32),
    /// Nothing reaches the device any more: its removal begins.
    Withdrawn(Reason),
    /// Nothing reaches the device any more, and it must stay.
    Blocked(Reason),
    /// What was to be removed, and had to stay, is wanted again.
    Kept,
    /// Nothing reached the device any more before anything went out.
    Untargeted,
    /// The device removed it, or had nothing of it.
    Removed(Option<Reason>),
    /// Its device left.
    Left(Reason),
}

/// An event that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a delivery that is `{}` cannot take {event:?}", state.as_str())]
pub struct Unexpected {
    /// The state it is in.
    pub state: DeliveryState,
    /// What happened.
    pub event: Event,
}

/// What a state is, for the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing of it is wanted on the device.
    Idle,
    /// It is wanted there, and did not arrive.
    UnderWay,
    /// It is there, as far as is known.
    There,
    /// It failed, and something of it may be there.
    Failed,
    /// It is being removed.
    Leaving,
    /// It is over.
    Over,
}

const fn stage(state: DeliveryState) -> Stage {
    match state {
        DeliveryState::NotTargeted | DeliveryState::NotApplicable => Stage::Idle,
        DeliveryState::WaitingDependency
        | DeliveryState::Queued
        | DeliveryState::Notified
        | DeliveryState::Sent
        | DeliveryState::Deferred => Stage::UnderWay,
        DeliveryState::Downloaded
        | DeliveryState::AwaitingUser
        | DeliveryState::Installed
        | DeliveryState::UpdatePending
        | DeliveryState::RemovalBlocked => Stage::There,
        DeliveryState::Error | DeliveryState::Conflict | DeliveryState::Drifted => Stage::Failed,
        DeliveryState::RemovalPending => Stage::Leaving,
        DeliveryState::Removed | DeliveryState::Gone => Stage::Over,
    }
}

/// What becomes of `delivery` by `event`.
///
/// A device that left is over for good. A removal can be overtaken by a new want, and ends otherwise. Only an
/// acknowledgement, an approval, a refusal, an edit no device sees and a removal change which revision counts as applied.
pub fn on(delivery: Delivery, event: Event, now: Timestamp) -> Result<Delivery, Unexpected> {
    use DeliveryState as State;
    let from = delivery.state;
    let mut next = delivery;
    let (state, reason) = match (stage(from), event) {
        (
            Stage::Idle | Stage::UnderWay | Stage::There | Stage::Failed | Stage::Leaving,
            Event::Wanted { revision, anew },
        ) => {
            if anew || stage(from) == Stage::Leaving {
                next.generation += 1;
            }
            next.desired_revision = revision;
            (State::Queued, None)
        }
        (Stage::Idle | Stage::UnderWay | Stage::Failed, Event::Withheld(reason)) => {
            (State::NotApplicable, Some(reason))
        }
        (Stage::UnderWay, Event::Waits(reason)) => (State::WaitingDependency, Some(reason)),
        (Stage::UnderWay, Event::Notified) => (State::Notified, None),
        (Stage::UnderWay, Event::Sent) => (State::Sent, None),
        (Stage::UnderWay, Event::Deferred(reason)) => (State::Deferred, Some(reason)),
        (Stage::UnderWay, Event::Acknowledged(revision)) => {
            next.applied_revision = Some(revision);
            if next.desired_revision > revision {
                (State::UpdatePending, None)
            } else {
                (State::Installed, None)
            }
        }
        (Stage::UnderWay | Stage::There, Event::AsksUser(reason)) => {
            (State::AwaitingUser, Some(reason))
        }
        (Stage::There | Stage::Failed, Event::Approved(revision)) => {
            next.applied_revision = Some(revision);
            (State::Installed, None)
        }
        (Stage::There, Event::Declined { before }) => {
            next.applied_revision = before;
            (State::Error, Some(Reason::UserDeclined))
        }
        (
            Stage::UnderWay | Stage::There | Stage::Failed | Stage::Leaving,
            Event::Failed(reason),
        ) => (State::Error, Some(reason)),
        (Stage::UnderWay | Stage::There | Stage::Failed, Event::Conflicts(reason)) => {
            (State::Conflict, Some(reason))
        }
        (Stage::There, Event::Drifted(reason)) => (State::Drifted, Some(reason)),
        (Stage::There, Event::EditedUnseen(revision)) => {
            next.desired_revision = revision;
            next.applied_revision = Some(revision);
            (from, next.reason.clone())
        }
        (Stage::There, Event::Outdated(revision)) => {
            next.desired_revision = revision;
            (State::UpdatePending, None)
        }
        (Stage::UnderWay | Stage::There | Stage::Failed, Event::Withdrawn(reason)) => {
            (State::RemovalPending, Some(reason))
        }
        (Stage::UnderWay | Stage::There | Stage::Failed, Event::Blocked(reason)) => {
            (State::RemovalBlocked, Some(reason))
        }
        (Stage::There, Event::Kept) if from == State::RemovalBlocked => (State::Installed, None),
        (Stage::Idle, Event::Untargeted) => (State::NotTargeted, None),
        (
            Stage::UnderWay | Stage::There | Stage::Failed | Stage::Leaving,
            Event::Removed(reason),
        ) => {
            next.applied_revision = None;
            (State::Removed, reason)
        }
        (
            Stage::Idle | Stage::UnderWay | Stage::There | Stage::Failed | Stage::Leaving,
            Event::Left(reason),
        ) => {
            next.applied_revision = None;
            (State::Gone, Some(reason))
        }
        (
            Stage::Idle
            | Stage::UnderWay
            | Stage::There
            | Stage::Failed
            | Stage::Leaving
            | Stage::Over,
            event,
        ) => return Err(Unexpected { state: from, event }),
    };
    Ok(next.into_state(state, reason, now))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::delivery::Target;
    use crate::id::{ChannelId, DeviceId, Scope};

    fn fresh(state: DeliveryState, applied: Option<u32>) -> Delivery {
        let device: DeviceId = "d-1".parse().unwrap();
        let target = Target::Channel {
            channel: ChannelId::device(&device),
            device,
        };
        let mut delivery = Delivery::queued(
            "y-1".parse().unwrap(),
            Scope::default(),
            "mail".parse().unwrap(),
            1,
            target,
            Timestamp(0),
        );
        delivery.state = state;
        delivery.applied_revision = applied;
        delivery
    }

    fn events() -> impl Strategy<Value = Event> {
        let revision = 1..5_u32;
        prop_oneof![
            (revision.clone(), any::<bool>())
                .prop_map(|(revision, anew)| Event::Wanted { revision, anew }),
            Just(Event::Withheld(Reason::NoUser)),
            Just(Event::Waits(Reason::IdentityCert)),
            Just(Event::Notified),
            Just(Event::Sent),
            Just(Event::Deferred(Reason::NotNow)),
            revision.clone().prop_map(Event::Acknowledged),
            Just(Event::AsksUser(Reason::IdentityCert)),
            revision.clone().prop_map(Event::Approved),
            proptest::option::of(revision.clone()).prop_map(|before| Event::Declined { before }),
            Just(Event::Failed(Reason::Duplicate)),
            Just(Event::Conflicts(Reason::Duplicate)),
            Just(Event::Drifted(Reason::DeviceRejected)),
            revision.clone().prop_map(Event::EditedUnseen),
            revision.prop_map(Event::Outdated),
            Just(Event::Withdrawn(Reason::Unassigned)),
            Just(Event::Blocked(Reason::OnlyProfile)),
            Just(Event::Kept),
            Just(Event::Untargeted),
            Just(Event::Removed(None)),
            Just(Event::Left(Reason::DeviceLeft)),
        ]
    }

    /// Which events a state takes.
    #[test]
    fn what_each_state_takes() {
        let all = [
            Event::Wanted {
                revision: 1,
                anew: false,
            },
            Event::Withheld(Reason::NoUser),
            Event::Sent,
            Event::Acknowledged(1),
            Event::Declined { before: None },
            Event::Drifted(Reason::DeviceRejected),
            Event::Withdrawn(Reason::Unassigned),
            Event::Kept,
            Event::Removed(None),
            Event::Left(Reason::DeviceLeft),
        ];
        let taken = |state| -> String {
            all.iter()
                .map(
                    |event| match on(fresh(state, Some(1)), event.clone(), Timestamp(1)) {
                        Ok(_) => 'x',
                        Err(refused) => {
                            assert_eq!(refused.state, state);
                            '-'
                        }
                    },
                )
                .collect()
        };
        let told: Vec<String> = DeliveryState::ALL
            .iter()
            .map(|state| format!("{} {}", taken(*state), state.as_str()))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        xx-------x not_targeted
        xx-------x not_applicable
        xxxx--x-xx waiting_dependency
        xxxx--x-xx queued
        xxxx--x-xx notified
        xxxx--x-xx sent
        xxxx--x-xx deferred
        x---xxx-xx downloaded
        x---xxx-xx awaiting_user
        x---xxx-xx installed
        x---xxx-xx update_pending
        xx----x-xx error
        xx----x-xx conflict
        xx----x-xx drifted
        x-------xx removal_pending
        x---xxxxxx removal_blocked
        ---------- removed
        ---------- gone
        ");
    }

    proptest! {
        /// From any state, any events: no revision is lost, what is over stays over, and a removal always ends.
        #[test]
        fn any_sequence_keeps_the_invariants(
            start in 0..DeliveryState::ALL.len(),
            applied in proptest::option::of(1..5_u32),
            sequence in proptest::collection::vec(events(), 0..40),
        ) {
            let mut delivery = fresh(DeliveryState::ALL[start], applied);
            for (at, event) in (0..).zip(sequence) {
                let before = delivery.clone();
                match on(delivery, event.clone(), Timestamp(at)) {
                    Err(refused) => {
                        prop_assert_eq!(refused.state, before.state);
                        delivery = before;
                        continue;
                    }
                    Ok(after) => delivery = after,
                }
                prop_assert!(delivery.generation >= before.generation);
                prop_assert!(delivery.history.len() <= Delivery::HISTORY);
                if matches!(before.state, DeliveryState::Removed | DeliveryState::Gone) {
                    prop_assert!(false, "what is over took {:?}", event);
                }
                let may_apply = matches!(event, Event::Acknowledged(_) | Event::Approved(_)
                    | Event::Declined { .. } | Event::EditedUnseen(_) | Event::Removed(_) | Event::Left(_));
                if !may_apply {
                    prop_assert_eq!(delivery.applied_revision, before.applied_revision, "{:?} lost a revision", event);
                }
            }
            if delivery.state == DeliveryState::RemovalPending {
                let ended = on(delivery.clone(), Event::Removed(None), Timestamp(99)).unwrap();
                prop_assert!(!ended.state.is_live());
                let gone = on(delivery, Event::Left(Reason::DeviceLeft), Timestamp(99)).unwrap();
                prop_assert!(!gone.state.is_live());
            }
        }
    }
}
