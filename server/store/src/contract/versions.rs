//! Records are read back as written, and written only by whoever saw the last version.

use mdm_core::id::Version;
use mdm_core::ports::{Commit, CommitError, DeliveryFilter, EventFilter, Record, Store};

use super::put;
use super::sample;

fn commit(record: Record) -> Commit {
    Commit {
        records: vec![record],
        ..Commit::default()
    }
}

/// Whether records are read back as they were written, at this version; they are counted on.
macro_rules! is_read_back {
    ($store:ident, $version:ident, $($record:ident by $key:ident),*) => {$(
        let found = $store.$record(&$record.$key).await.unwrap().expect("it is there");
        assert_eq!(found.version, Version($version), "{}", stringify!($record));
        $record.version = found.version;
        assert_eq!(found, $record);
    )*};
}

pub(super) async fn the_directory_is_read_back_at_its_version(store: &dyn Store) {
    let mut user = sample::user("ada@example.com", 1);
    let mut group = sample::group("g1", 1);
    let mut assignment = sample::assignment("mail", 1);
    let mut settings = sample::settings("lab");
    let mut prompt = sample::prompt("y-1");
    for version in 1..=3 {
        let records = [
            Record::User(user.clone()),
            Record::Group(group.clone()),
            Record::Assignment(assignment.clone()),
            Record::Settings(settings.clone()),
            Record::Prompt(prompt.clone()),
        ];
        put(store, records).await;
        is_read_back!(store, version, user by id, group by id, assignment by profile, settings by scope, prompt by id);
    }
}

pub(super) async fn every_record_is_read_back_at_its_version(store: &dyn Store) {
    let mut device = sample::device("d-1", 1);
    let mut channel = sample::channel(&device);
    let mut command = sample::command("c-1", &channel);
    let mut delivery = sample::delivery("y-1", "d-1", 1);
    let mut profile = sample::profile("mail", 1);
    let mut code = sample::code("CODE-1", 1);
    let mut challenge = sample::challenge("aa");
    let mut certificate = sample::certificate("f1", "01", 1);
    let mut link = sample::link("l1");
    let mut session = sample::session("d-1");
    for version in 1..=3 {
        let records = [
            Record::Device(device.clone()),
            Record::Channel(channel.clone()),
            Record::Command(command.clone()),
            Record::Delivery(delivery.clone()),
            Record::Profile(profile.clone()),
            Record::Code(code.clone()),
            Record::Challenge(challenge.clone()),
            Record::Certificate(certificate.clone()),
            Record::Link(link.clone()),
            Record::Session(session.clone()),
        ];
        put(store, records).await;
        command.seq = store
            .command(&command.uuid)
            .await
            .unwrap()
            .expect("it is there")
            .seq;
        assert!(command.seq > 0);
        is_read_back!(store, version, device by id, channel by id, command by uuid, delivery by id, profile by id, code by code);
        is_read_back!(store, version, challenge by id, certificate by fingerprint, link by token, session by device);
    }
}

pub(super) async fn what_is_not_there_is_none_or_empty(store: &dyn Store) {
    let device = "d-none".parse().unwrap();
    let channel = "d-none".parse().unwrap();
    assert_eq!(store.device(&device).await.unwrap(), None);
    assert_eq!(store.device_by_udid("none").await.unwrap(), None);
    assert_eq!(store.devices(None, None, 10).await.unwrap(), []);
    assert_eq!(store.last_seen(&device).await.unwrap(), None);
    assert_eq!(store.channel(&channel).await.unwrap(), None);
    assert_eq!(store.channels(&device).await.unwrap(), []);
    assert_eq!(store.queue(&channel, true, 4).await.unwrap(), None);
    assert_eq!(store.command(&"none".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.commands(&device, false, 10).await.unwrap(), []);
    assert_eq!(store.kept("command:none").await.unwrap(), None);
    assert_eq!(
        store.delivery(&"none".parse().unwrap()).await.unwrap(),
        None
    );
    assert_eq!(
        store
            .deliveries(&DeliveryFilter::default(), 10)
            .await
            .unwrap(),
        []
    );
    assert_eq!(store.profile(&"none".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.profiles(None).await.unwrap(), []);
    assert_eq!(
        store
            .current_deliveries(std::slice::from_ref(&device))
            .await
            .unwrap(),
        [vec![]]
    );
    assert_eq!(store.user(&"none".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.users(None).await.unwrap(), []);
    assert_eq!(store.group(&"none".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.groups(None).await.unwrap(), []);
    assert_eq!(
        store.assignment(&"none".parse().unwrap()).await.unwrap(),
        None
    );
    assert_eq!(store.assignments(None).await.unwrap(), []);
    assert_eq!(
        store.settings(&"none".parse().unwrap()).await.unwrap(),
        None
    );
    assert_eq!(store.code(&"none".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.codes().await.unwrap(), []);
    assert_eq!(
        store.challenge(&"none".parse().unwrap()).await.unwrap(),
        None
    );
    assert_eq!(
        store.certificate(&"none".parse().unwrap()).await.unwrap(),
        None
    );
    assert_eq!(
        store
            .certificate_by_serial(&"none".parse().unwrap())
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        store
            .certificate_by_transaction("none", "aa")
            .await
            .unwrap(),
        None
    );
    assert_eq!(store.certificates(None, 10).await.unwrap(), []);
    assert_eq!(store.revoked().await.unwrap(), []);
    assert_eq!(store.session(&device).await.unwrap(), None);
    assert_eq!(store.link(&"none".parse().unwrap()).await.unwrap(), None);
    assert_eq!(
        store.events(0, &EventFilter::default(), 10).await.unwrap(),
        []
    );
    assert_eq!(store.event_range().await.unwrap(), (1, 0));
    assert_eq!(
        store.commit(Commit::default()).await.unwrap(),
        0,
        "an empty commit does nothing"
    );
}

pub(super) async fn a_changed_record_is_stale(store: &dyn Store) {
    let device = sample::device("d-1", 1);
    put(store, [Record::Device(device.clone())]).await;
    for (version, why) in [
        (0, "a new one that is there already"),
        (2, "a version that is not written yet"),
    ] {
        let mut other = device.clone();
        other.version = Version(version);
        let refused = store
            .commit(commit(Record::Device(other)))
            .await
            .expect_err(why);
        assert_eq!(
            refused.to_string(),
            "the device `d-1` was changed meanwhile",
            "{why}"
        );
        assert!(
            matches!(refused, CommitError::Stale { kind: "device", .. }),
            "{why}"
        );
    }
    let mut missing = sample::device("d-2", 1);
    missing.version = Version(1);
    let refused = store
        .commit(commit(Record::Device(missing)))
        .await
        .expect_err("there is none to write again");
    assert!(matches!(refused, CommitError::Stale { .. }), "{refused}");
    let mut twice = device.clone();
    twice.version = Version(1);
    let both = Commit {
        records: vec![Record::Device(twice.clone()), Record::Device(twice)],
        ..Commit::default()
    };
    let refused = store
        .commit(both)
        .await
        .expect_err("the second writes over the first");
    assert!(matches!(refused, CommitError::Stale { .. }), "{refused}");
    assert_eq!(
        store
            .device(&device.id)
            .await
            .unwrap()
            .expect("it is there")
            .version,
        Version(1)
    );
}

pub(super) async fn one_of_many_writers_wins(store: &dyn Store) {
    let code = sample::code("CODE-1", 1);
    put(store, [Record::Code(code.clone())]).await;
    let mut loaded = code;
    loaded.version = Version(1);
    let (a, b, c) = tokio::join!(
        store.commit(commit(Record::Code(loaded.clone()))),
        store.commit(commit(Record::Code(loaded.clone()))),
        store.commit(commit(Record::Code(loaded.clone()))),
    );
    let won = [&a, &b, &c]
        .into_iter()
        .filter(|outcome| outcome.is_ok())
        .count();
    assert_eq!(won, 1, "{a:?} {b:?} {c:?}");
    assert_eq!(
        store
            .code(&loaded.code)
            .await
            .unwrap()
            .expect("it is there")
            .version,
        Version(2)
    );
}

pub(super) async fn a_serial_number_is_taken_once(store: &dyn Store) {
    put(
        store,
        [Record::Certificate(sample::certificate("f1", "01", 1))],
    )
    .await;
    let other = sample::certificate("f2", "01", 2);
    let refused = store
        .commit(commit(Record::Certificate(other.clone())))
        .await
        .expect_err("the number is taken");
    assert!(
        matches!(
            refused,
            CommitError::Taken {
                kind: "certificate",
                ..
            }
        ),
        "{refused}"
    );
    assert_eq!(
        refused.to_string(),
        "the certificate `f2` claims what another one has"
    );
    assert_eq!(store.certificate(&other.fingerprint).await.unwrap(), None);
}
