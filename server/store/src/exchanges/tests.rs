//! Recording, keeping and pruning exchanges.

use mdm_core::time::Timestamp;
use tempfile::TempDir;

use super::blob::tests::poll;
use super::*;

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(dir: &TempDir, retention: Retention) -> ExchangeStore {
    ExchangeStore::open(
        dir.path(),
        Options {
            retention,
            ..Options::default()
        },
    )
    .unwrap()
}

fn changing(device: Option<&str>, at: i64) -> Exchange {
    Exchange {
        changed: true,
        operation: "connect Acknowledged".to_owned(),
        ..poll(device, at)
    }
}

fn of(device: Option<&str>, after: Option<u64>) -> ExchangeFilter {
    ExchangeFilter {
        device: device.map(|d| d.parse().unwrap()),
        after,
    }
}

async fn times(store: &ExchangeStore, filter: &ExchangeFilter, limit: usize) -> Vec<i64> {
    store
        .list(filter, limit)
        .await
        .unwrap()
        .iter()
        .map(|summary| summary.at.0)
        .collect()
}

#[tokio::test]
async fn what_was_recorded_is_read_back() {
    let dir = place();
    let store = open(&dir, Retention::default());
    for exchange in [
        poll(Some("d-1"), 1),
        changing(Some("d-1"), 2),
        changing(None, 3),
        poll(Some("d-2"), 4),
    ] {
        store.record(exchange);
    }
    let all = store.list(&of(None, None), 10).await.unwrap();
    assert_eq!(all.iter().map(|s| s.id).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(store.get(2).await.unwrap(), Some(changing(Some("d-1"), 2)));
    assert_eq!(store.get(4).await.unwrap(), Some(poll(Some("d-2"), 4)));
    assert_eq!(store.get(5).await.unwrap(), None);
    for (filter, limit, expected) in [
        (of(None, None), 2, vec![3, 4]),
        (of(None, Some(1)), 2, vec![2, 3]),
        (of(None, Some(4)), 2, vec![]),
        (of(Some("d-1"), None), 9, vec![1, 2]),
        (of(Some("d-1"), None), 1, vec![2]),
        (of(Some("d-1"), Some(0)), 1, vec![1]),
        (of(Some("d-1"), Some(1)), 9, vec![2]),
        (of(Some("d-9"), None), 9, vec![]),
    ] {
        assert_eq!(
            times(&store, &filter, limit).await,
            expected,
            "{filter:?}, {limit}"
        );
    }
    assert_eq!(store.lost(), 0);
}

#[tokio::test]
async fn of_polls_the_last_few_stay_over_restarts() {
    let dir = place();
    let retention = Retention {
        polls_per_device: 3,
        ..Retention::default()
    };
    let store = open(&dir, retention);
    for at in 0..10 {
        store.record(poll(Some("d-1"), at));
        store.record(changing(Some("d-1"), 100 + at));
        store.record(poll(Some("d-2"), 200 + at));
    }
    drop(store);
    let store = open(&dir, retention);
    store.record(poll(Some("d-1"), 10));
    let mut first = times(&store, &of(Some("d-1"), None), 100).await;
    first.sort_unstable();
    assert_eq!(
        first,
        [8, 9, 10, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109]
    );
    assert_eq!(
        times(&store, &of(Some("d-2"), None), 100).await,
        [207, 208, 209]
    );
    let newest = store.list(&of(None, None), 1).await.unwrap().remove(0);
    assert_eq!((newest.id, newest.at), (31, Timestamp(10)), "numbers go on");
}

/// Bytes that one exchange of these tests takes.
async fn stored_size() -> u64 {
    let dir = place();
    let store = open(&dir, Retention::default());
    store.record(changing(Some("d-1"), 1));
    store.flush().await;
    let outside = rusqlite::Connection::open(store.path()).unwrap();
    outside
        .query_row("SELECT size FROM exchange", [], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn the_oldest_are_pruned() {
    let keep = Retention::default();
    let size = 2 * stored_size().await;
    for (name, retention, expected) in [
        (
            "count",
            Retention {
                max_count: 3,
                ..keep
            },
            vec![7, 8, 9],
        ),
        (
            "bytes",
            Retention {
                max_bytes: size,
                ..keep
            },
            vec![8, 9],
        ),
        (
            "age",
            Retention {
                max_age_seconds: 4,
                ..keep
            },
            vec![5, 6, 7, 8, 9],
        ),
        ("nothing", keep, vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ] {
        let dir = place();
        let store = open(&dir, retention);
        for at in 0..10 {
            store.record(changing(Some("d-1"), at * 1000));
        }
        let found: Vec<i64> = times(&store, &of(None, None), 100)
            .await
            .iter()
            .map(|at| at / 1000)
            .collect();
        assert_eq!(found, expected, "{name}");
        drop(store);
        // What is held is counted again after opening.
        let store = open(&dir, retention);
        store.record(changing(Some("d-1"), 10_000));
        let found = times(&store, &of(None, None), 100).await.len();
        assert_eq!(
            found,
            if name == "nothing" {
                11
            } else {
                expected.len()
            },
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_forgotten_device_leaves_nothing() {
    let dir = place();
    let store = open(&dir, Retention::default());
    for at in 0..3 {
        store.record(poll(Some("d-1"), at));
        store.record(changing(Some("d-1"), at));
        store.record(changing(Some("d-2"), at));
    }
    store.forget(&"d-1".parse().unwrap()).await;
    assert_eq!(times(&store, &of(Some("d-1"), None), 100).await, [0_i64; 0]);
    assert_eq!(times(&store, &of(None, None), 100).await, [0, 1, 2]);
    store.record(poll(Some("d-1"), 9));
    assert_eq!(times(&store, &of(Some("d-1"), None), 100).await, [9]);
}

#[tokio::test]
async fn what_finds_no_room_is_lost_and_counted() {
    let dir = place();
    let huge = Exchange {
        request_body: vec![0; 3000].into(),
        ..changing(None, 1)
    };
    let options = Options {
        waiting_bytes: 2500,
        ..Options::default()
    };
    let store = ExchangeStore::open(dir.path(), options).unwrap();
    store.record(huge);
    store.record(changing(None, 2));
    assert_eq!(times(&store, &of(None, None), 100).await, [2]);
    assert_eq!(store.lost(), 1);
}

#[tokio::test]
async fn what_cannot_be_written_is_lost_and_counted() {
    let dir = place();
    let store = open(&dir, Retention::default());
    store.record(changing(None, 1));
    store.flush().await;
    let outside = rusqlite::Connection::open(store.path()).unwrap();
    outside
        .execute_batch("ALTER TABLE exchange RENAME TO hidden")
        .unwrap();
    store.record(changing(None, 2));
    store.record(changing(None, 3));
    store.flush().await;
    assert_eq!(store.lost(), 2);
    outside
        .execute_batch("ALTER TABLE hidden RENAME TO exchange")
        .unwrap();
    store.record(changing(None, 4));
    assert_eq!(
        times(&store, &of(None, None), 100).await,
        [1, 4],
        "it goes on when it can"
    );
}

/// Not a measurement of speed: every one of a load is there or counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_from_many_sides_is_there_or_counted() {
    let dir = place();
    let store = Arc::new(open(
        &dir,
        Retention {
            polls_per_device: 10_000,
            ..Retention::default()
        },
    ));
    let mut sides = tokio::task::JoinSet::new();
    for side in 0..4 {
        let store = Arc::clone(&store);
        sides.spawn(async move {
            for at in 0..5_000 {
                store.record(poll(Some(&format!("d-{side}")), at));
            }
        });
    }
    sides.join_all().await;
    let there = store.list(&of(None, Some(0)), 100_000).await.unwrap().len() as u64;
    assert_eq!(there + store.lost(), 20_000);
}
