//! Events are numbered without gaps, filtered and followed.

use mdm_core::event::Kind;
use mdm_core::ports::{Commit, EventFilter, Store};
use mdm_core::time::Timestamp;

use super::{Place, sample};

async fn append(store: &dyn Store, count: usize) -> u64 {
    let events = (0..count).map(|_| sample::event(sample::HOSTILE)).collect();
    store
        .commit(Commit {
            events,
            ..Commit::default()
        })
        .await
        .expect("the events are written")
}

async fn numbers(store: &dyn Store, after: u64, filter: &EventFilter, limit: usize) -> Vec<u64> {
    store
        .events(after, filter, limit)
        .await
        .unwrap()
        .iter()
        .map(|event| event.seq)
        .collect()
}

pub(super) async fn are_numbered_without_gaps(store: &dyn Store) {
    assert_eq!(append(store, 2).await, 2);
    assert_eq!(append(store, 1).await, 3);
    assert_eq!(
        store.commit(Commit::default()).await.unwrap(),
        3,
        "the number of the last one there is"
    );
    assert_eq!(store.event_range().await.unwrap(), (1, 3));
    let all = EventFilter::default();
    assert_eq!(numbers(store, 0, &all, 10).await, [1, 2, 3]);
    assert_eq!(numbers(store, 1, &all, 1).await, [2]);
    assert_eq!(numbers(store, 3, &all, 10).await, [0_u64; 0]);
    assert_eq!(numbers(store, u64::MAX, &all, usize::MAX).await, [0_u64; 0]);
    let found = store.events(0, &all, 1).await.unwrap().remove(0);
    assert_eq!(
        found.event,
        sample::event(sample::HOSTILE),
        "as it was appended"
    );
}

pub(super) async fn are_numbered_on_after_opening_again(place: &impl Place) {
    for round in 1..=3 {
        let store = place.open().await;
        assert_eq!(store.newest_event().newest(), (round - 1) * 2);
        assert_eq!(append(&*store, 2).await, round * 2);
        assert_eq!(store.event_range().await.unwrap(), (1, round * 2));
    }
}

pub(super) async fn are_filtered(store: &dyn Store) {
    let (device, delivery) = ("d-1".parse().unwrap(), "y-1".parse().unwrap());
    let mut sent = sample::event("1")
        .device(&device)
        .delivery(&delivery, &"mail".parse().unwrap());
    sent.kind = Kind::DeliverySent;
    let mut elsewhere = sample::event("2").device(&device);
    elsewhere.scope = sample::scope("other");
    let mut forgotten = sample::event("3").device(&"d-2".parse().unwrap());
    forgotten.kind = Kind::DeviceForgotten;
    let events = vec![sent, elsewhere, forgotten, sample::event("4")];
    store
        .commit(Commit {
            events,
            ..Commit::default()
        })
        .await
        .unwrap();
    let none = EventFilter::default();
    let kinds = |kinds: &[Kind]| kinds.to_vec();
    for (filter, expected) in [
        (none.clone(), vec![1, 2, 3, 4]),
        (
            EventFilter {
                scope: Some(sample::scope("other")),
                ..none.clone()
            },
            vec![2],
        ),
        (
            EventFilter {
                device: Some(device.clone()),
                ..none.clone()
            },
            vec![1, 2],
        ),
        (
            EventFilter {
                delivery: Some(delivery),
                ..none.clone()
            },
            vec![1],
        ),
        (
            EventFilter {
                kinds: kinds(&[Kind::DeliverySent, Kind::DeviceForgotten]),
                ..none.clone()
            },
            vec![1, 3],
        ),
        (
            EventFilter {
                kinds: kinds(&[Kind::PushSent]),
                ..none.clone()
            },
            vec![],
        ),
        (
            EventFilter {
                device: Some(device),
                kinds: kinds(&[Kind::CodeMinted]),
                ..none.clone()
            },
            vec![2],
        ),
    ] {
        assert_eq!(numbers(store, 0, &filter, 10).await, expected, "{filter:?}");
    }
}

pub(super) async fn can_be_followed(store: &dyn Store) {
    let follow = store.newest_event();
    assert_eq!(follow.newest(), 0);
    let (seen, appended) = tokio::join!(follow.beyond(0), append(store, 3));
    assert_eq!((seen, appended, follow.newest()), (3, 3, 3));
    assert_eq!(
        follow.beyond(1).await,
        3,
        "what is beyond already is answered at once"
    );
    let (seen, _, _) = tokio::join!(follow.beyond(4), append(store, 1), append(store, 1));
    assert_eq!(seen, 5);
    // A commit without events moves nothing.
    store
        .touch(vec![("d-1".parse().unwrap(), Timestamp(1))])
        .await
        .unwrap();
    super::put(
        store,
        [mdm_core::ports::Record::Code(sample::code("CODE-1", 1))],
    )
    .await;
    assert_eq!(follow.newest(), 5);
}
