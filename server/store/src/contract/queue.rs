//! What may be offered on a channel.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mdm_core::channel::Channel;
use mdm_core::command::{Command, CommandState};
use mdm_core::ports::{Commit, Key, Queue, Record, Store};

use super::{put, sample};

async fn channel_with(store: &dyn Store, commands: &[&str]) -> Channel {
    let device = sample::device("d-1", 1);
    let channel = sample::channel(&device);
    let mut records = vec![Record::Device(device), Record::Channel(channel.clone())];
    records.extend(
        commands
            .iter()
            .map(|uuid| Record::Command(sample::command(uuid, &channel))),
    );
    put(store, records).await;
    store
        .channel(&channel.id)
        .await
        .unwrap()
        .expect("it is there")
}

async fn change(store: &dyn Store, uuid: &str, change: impl FnOnce(&mut Command)) {
    let mut command = store
        .command(&uuid.parse().unwrap())
        .await
        .unwrap()
        .expect("it is there");
    change(&mut command);
    put(store, [Record::Command(command)]).await;
}

async fn queue(store: &dyn Store, channel: &Channel, new_session: bool) -> Queue {
    store
        .queue(&channel.id, new_session, Queue::WINDOW)
        .await
        .unwrap()
        .expect("it is there")
}

fn names(commands: &[Command]) -> Vec<&str> {
    commands
        .iter()
        .map(|command| command.uuid.as_str())
        .collect()
}

/// Whoever is told that a change is written may rely on the next poll having it, whoever else polls meanwhile.
pub(super) async fn a_change_that_was_answered_is_offered(store: Arc<dyn Store>) {
    let channel = channel_with(&*store, &[]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let polls = tokio::spawn({
        let (store, channel, stop) = (Arc::clone(&store), channel.clone(), Arc::clone(&stop));
        async move {
            while !stop.load(Ordering::Relaxed) {
                queue(&*store, &channel, true).await;
                tokio::task::yield_now().await;
            }
        }
    });
    for number in channel.session..channel.session + 200 {
        let uuid = format!("c-{number}");
        put(&*store, [Record::Command(sample::command(&uuid, &channel))]).await;
        let offered = queue(&*store, &channel, true).await.offerable;
        assert_eq!(names(&offered), [uuid.as_str()]);
        change(&*store, &uuid, |command| {
            command.state = CommandState::Acknowledged;
        })
        .await;
        let mut changed = queue(&*store, &channel, true).await.channel;
        assert_eq!(changed.session, number);
        changed.session += 1;
        put(&*store, [Record::Channel(changed)]).await;
        let after = queue(&*store, &channel, true).await;
        assert_eq!(
            (after.channel.session, after.offerable),
            (number + 1, vec![])
        );
    }
    let deleted = Commit {
        deleted: vec![Key::Device(channel.device.clone())],
        ..Commit::default()
    };
    stop.store(true, Ordering::Relaxed);
    polls.await.expect("polling does not fail");
    queue(&*store, &channel, true).await;
    store.commit(deleted).await.expect("the commit is written");
    assert_eq!(
        store.queue(&channel.id, true, Queue::WINDOW).await.unwrap(),
        None
    );
}

pub(super) async fn offers_in_order_and_no_more_than_wanted(store: &dyn Store) {
    let channel = channel_with(store, &[]).await;
    let empty = Queue {
        channel: channel.clone(),
        offerable: Vec::new(),
        deferred: false,
    };
    assert_eq!(queue(store, &channel, false).await, empty);
    // Names that sort the other way round: places decide, not names.
    for uuid in ["c-6", "c-5", "c-4", "c-3", "c-2", "c-1"] {
        put(store, [Record::Command(sample::command(uuid, &channel))]).await;
    }
    let full = queue(store, &channel, false).await;
    assert_eq!(names(&full.offerable), ["c-6", "c-5", "c-4", "c-3"]);
    assert_eq!(full.channel, channel);
    let many = store.queue(&channel.id, false, Queue::MANY).await.unwrap();
    let many = many.expect("it is there").offerable;
    assert_eq!(
        names(&many),
        ["c-6", "c-5", "c-4", "c-3", "c-2", "c-1"],
        "as many as are wanted"
    );
    assert!(
        full.offerable
            .windows(2)
            .all(|pair| pair[0].seq < pair[1].seq)
    );
    for (uuid, state) in [
        ("c-6", CommandState::Acknowledged),
        ("c-5", CommandState::Sent),
        ("c-4", CommandState::Failed),
        ("c-3", CommandState::Cancelled),
        ("c-2", CommandState::Malformed),
    ] {
        change(store, uuid, |command| command.state = state).await;
    }
    let left = queue(store, &channel, true).await;
    assert_eq!(
        names(&left.offerable),
        ["c-5", "c-1"],
        "open ones only, in their order"
    );
    assert!(!left.deferred);
}

pub(super) async fn holds_what_was_deferred_in_this_session(store: &dyn Store) {
    let channel = channel_with(store, &["c-1", "c-2", "c-3"]).await;
    let defer = |session| {
        move |command: &mut Command| {
            command.state = CommandState::Deferred;
            command.deferred_in = Some(session);
        }
    };
    change(store, "c-1", defer(channel.session)).await;
    change(store, "c-2", defer(channel.session - 1)).await;
    let now = queue(store, &channel, false).await;
    assert_eq!(
        (names(&now.offerable), now.deferred),
        (vec!["c-2", "c-3"], true)
    );
    let next = queue(store, &channel, true).await;
    assert_eq!(
        (names(&next.offerable), next.deferred),
        (vec!["c-1", "c-2", "c-3"], false)
    );
    // What was deferred once and is sent now is no longer held.
    change(store, "c-1", |command| command.state = CommandState::Sent).await;
    let sent = queue(store, &channel, false).await;
    assert_eq!(
        (names(&sent.offerable), sent.deferred),
        (vec!["c-1", "c-2", "c-3"], false)
    );
    // The channel's session decides.
    change(store, "c-1", defer(channel.session)).await;
    let mut later = channel.clone();
    later.session += 1;
    put(store, [Record::Channel(later)]).await;
    let later = queue(store, &channel, false).await;
    assert_eq!(
        (names(&later.offerable), later.deferred),
        (vec!["c-1", "c-2", "c-3"], false)
    );
    // Held ones behind a full window are told too.
    for uuid in ["c-4", "c-5", "c-6"] {
        put(store, [Record::Command(sample::command(uuid, &channel))]).await;
    }
    change(store, "c-6", defer(channel.session + 1)).await;
    let full = queue(store, &channel, false).await;
    assert_eq!((full.offerable.len(), full.deferred), (Queue::WINDOW, true));
}

pub(super) async fn keeps_places_for_good(store: &dyn Store) {
    let channel = channel_with(store, &["c-1", "c-2"]).await;
    change(store, "c-1", |command| {
        command.seq = 99;
        command.attempts = 1;
    })
    .await;
    let commands = store.commands(&channel.device, false, 10).await.unwrap();
    assert_eq!(
        names(&commands),
        ["c-1", "c-2"],
        "a place is the store's to give"
    );
    assert_eq!(commands[0].attempts, 1);
    change(store, "c-1", |command| {
        command.state = CommandState::Acknowledged;
    })
    .await;
    let device = &channel.device;
    assert_eq!(
        names(&store.commands(device, true, 10).await.unwrap()),
        ["c-2"]
    );
    put(store, [Record::Command(sample::command("c-3", &channel))]).await;
    assert_eq!(
        names(&store.commands(device, false, 2).await.unwrap()),
        ["c-2", "c-3"],
        "the newest, in order"
    );
}

pub(super) async fn channels_are_apart(store: &dyn Store) {
    let channel = channel_with(store, &["c-1"]).await;
    let device = sample::device("d-1", 1);
    let user = sample::user_channel(&device, sample::HOSTILE);
    // Written before the device's own channel of another device.
    let other = sample::device("d-2", 1);
    let (late, own) = (sample::user_channel(&other, "u"), sample::channel(&other));
    put(
        store,
        [
            Record::Channel(user.clone()),
            Record::Command(sample::command("c-2", &user)),
        ],
    )
    .await;
    put(
        store,
        [Record::Channel(late.clone()), Record::Channel(own.clone())],
    )
    .await;
    let of_user = store
        .queue(&user.id, false, Queue::WINDOW)
        .await
        .unwrap()
        .expect("it is there");
    assert_eq!(names(&of_user.offerable), ["c-2"]);
    assert_eq!(
        names(&queue(store, &channel, false).await.offerable),
        ["c-1"]
    );
    assert_eq!(
        names(&store.commands(&device.id, true, 10).await.unwrap()),
        ["c-1", "c-2"]
    );
    let channels = store.channels(&other.id).await.unwrap();
    assert_eq!(
        channels.iter().map(|c| &c.id).collect::<Vec<_>>(),
        [&own.id, &late.id],
        "the device's own first"
    );
}
