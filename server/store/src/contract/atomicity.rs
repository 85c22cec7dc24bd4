//! A commit is all or nothing, by itself, and lasts.

use mdm_core::id::{DeviceId, Version};
use mdm_core::ports::{Commit, CommitError, EventFilter, Kept, Key, Record, Store};

use super::{Place, put, sample};

fn failing() -> Record {
    let mut stale = sample::code("NONE-1", 1);
    stale.version = Version(7);
    Record::Code(stale)
}

pub(super) async fn a_failing_record_undoes_its_whole_commit(store: &dyn Store) {
    put(store, [Record::Code(sample::code("CODE-1", 1))]).await;
    let commit = Commit {
        records: vec![Record::Device(sample::device("d-1", 1)), failing()],
        deleted: vec![Key::Code("CODE-1".parse().unwrap())],
        kept: vec![Kept {
            key: "link:x".to_owned(),
            bytes: Some(vec![1]),
        }],
        events: vec![sample::event("never")],
    };
    let refused = store
        .commit(commit)
        .await
        .expect_err("one of its records is stale");
    assert!(
        matches!(refused, CommitError::Stale { kind: "code", .. }),
        "{refused}"
    );
    assert_eq!(store.device(&"d-1".parse().unwrap()).await.unwrap(), None);
    assert!(
        store
            .code(&"CODE-1".parse().unwrap())
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(store.kept("link:x").await.unwrap(), None);
    assert_eq!(store.event_range().await.unwrap(), (1, 0));
    let oversized = Commit {
        records: vec![Record::Device(sample::device("d-1", 1))],
        kept: vec![Kept {
            key: "link:x".to_owned(),
            bytes: Some(vec![0; (4 << 20) + 1]),
        }],
        ..Commit::default()
    };
    store
        .commit(oversized)
        .await
        .expect_err("a message is too long");
    assert_eq!(store.device(&"d-1".parse().unwrap()).await.unwrap(), None);
}

pub(super) async fn neighbours_of_a_failing_commit_stay(store: &dyn Store) {
    let commits = (0..60).map(|n| {
        let mut records = vec![Record::Device(sample::device(&format!("d-{n}"), n))];
        if n % 3 == 0 {
            records.push(failing());
        }
        let event = sample::event("x").device(&format!("d-{n}").parse().unwrap());
        Commit {
            records,
            events: vec![event],
            ..Commit::default()
        }
    });
    let (mut numbers, mut written) = (Vec::new(), 0);
    let outcomes = all(commits.map(|commit| store.commit(commit)).collect()).await;
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let id: DeviceId = format!("d-{n}").parse().unwrap();
        let there = store.device(&id).await.unwrap().is_some();
        let event = EventFilter {
            device: Some(id),
            ..EventFilter::default()
        };
        let events = store.events(0, &event, 10).await.unwrap().len();
        assert_eq!(
            (there, events),
            (n % 3 != 0, usize::from(n % 3 != 0)),
            "{n}: {outcome:?}"
        );
        if let Ok(number) = outcome {
            numbers.push(number);
            written += 1;
        }
    }
    numbers.sort_unstable();
    assert_eq!(
        numbers,
        (1..=written).collect::<Vec<u64>>(),
        "each its own number, without gaps"
    );
}

/// Waits for all of them at once.
async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.into_iter().map(|f| (Box::pin(f), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in pending.iter_mut().filter(|(_, output)| output.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(context) {
                *output = Some(value);
            }
        }
        if pending.iter().all(|(_, output)| output.is_some()) {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
    pending
        .into_iter()
        .filter_map(|(_, output)| output)
        .collect()
}

pub(super) async fn what_was_answered_is_there_after_opening_again(place: &impl Place) {
    let store = place.open().await;
    let device = sample::device("d-1", 1);
    put(
        &*store,
        [
            Record::Device(device.clone()),
            Record::Channel(sample::channel(&device)),
        ],
    )
    .await;
    drop(store);
    let store = place.open().await;
    let found = store
        .device(&device.id)
        .await
        .unwrap()
        .expect("it is there");
    assert_eq!(
        found,
        mdm_core::device::Device {
            version: Version(1),
            ..device
        }
    );
    put(&*store, [Record::Device(found)]).await;
}
