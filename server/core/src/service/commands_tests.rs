//! What is taken back with a command, and when the time of a replacement begins.

use super::*;
use crate::channel::Owner;
use crate::device::Reality;
use crate::id::{Scope, Version};

fn channel(outstanding: Option<&str>, read_back_queued: bool) -> Channel {
    Channel {
        id: "d-1".parse().unwrap(),
        version: Version(1),
        scope: Scope::default(),
        device: "d-1".parse().unwrap(),
        owner: Owner::Device,
        active: true,
        push: None,
        outstanding: outstanding.map(|u| u.parse().unwrap()),
        session: 1,
        owes_push: false,
        refusals: 0,
        read_back_queued,
        token_updated_at: None,
    }
}

fn command(item: Item, origin: Origin, attempts: u32) -> Command {
    let mut command = Command::queued(
        "c-1".parse().unwrap(),
        Scope::default(),
        "d-1".parse().unwrap(),
        "d-1".parse().unwrap(),
        item,
        origin,
        Timestamp(0),
    );
    command.attempts = attempts;
    command
}

#[test]
fn a_channel_forgets_what_it_counted_on() {
    let list = Item::Profiles {
        managed_only: false,
    };
    let certificates = Item::Certificates {
        managed_only: false,
    };
    for (before, command, after) in [
        (
            channel(Some("c-1"), true),
            command(Item::SecurityInfo, Origin::Operator, 1),
            Some(channel(None, true)),
        ),
        (
            channel(Some("c-2"), true),
            command(list.clone(), Origin::ReadBack, 0),
            Some(channel(Some("c-2"), false)),
        ),
        (
            channel(None, true),
            command(list.clone(), Origin::ReadBack, 1),
            None,
        ),
        (
            channel(None, true),
            command(list, Origin::Operator, 0),
            None,
        ),
        (
            channel(None, true),
            command(certificates, Origin::ReadBack, 0),
            None,
        ),
    ] {
        assert_eq!(without(before, &command), after, "{command:?}");
    }
}

#[test]
fn a_replacement_begins_when_its_profile_goes_out() {
    let device = crate::service::enrollment::provisional(
        "d-1".parse().unwrap(),
        &Scope::default(),
        None,
        Reality::Real,
        "aa".parse().unwrap(),
        Timestamp(0),
    );
    let seen = Replacement {
        identity: Some("bb".parse().unwrap()),
        ..Replacement::announced(Timestamp(0))
    };
    for before in [None, Some(seen)] {
        let mut learned = device.clone();
        learned.awaiting_configuration = true;
        learned.replacement.clone_from(&before);
        let mut commit = Commit {
            records: vec![Record::Device(learned)],
            ..Commit::default()
        };
        announce_again(&mut commit, &device, Timestamp(5000));
        let [Record::Device(after)] = commit.records.as_slice() else {
            panic!("one record of the device: {commit:?}");
        };
        assert!(after.awaiting_configuration, "what was learned stays");
        let replacement = after.replacement.clone().unwrap();
        assert_eq!(replacement.expires_at, Timestamp(1_805_000));
        assert_eq!(replacement.identity, before.and_then(|b| b.identity));
    }
}
