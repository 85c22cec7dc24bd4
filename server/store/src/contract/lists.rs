//! Lists: their order, their filters, their limits.

use mdm_core::delivery::{DeliveryState, Target};
use mdm_core::id::Version;
use mdm_core::ports::{DeliveryFilter, Record, Store};
use mdm_core::time::Timestamp;

use super::{Place, put, sample};

macro_rules! keys {
    ($records:expr, $key:ident) => {
        $records
            .iter()
            .map(|record| record.$key.as_str())
            .collect::<Vec<_>>()
    };
}

pub(super) async fn devices_page_in_the_order_they_were_made(store: &dyn Store) {
    let mut elsewhere = sample::device("d-5", 2);
    elsewhere.scope = sample::scope("other");
    // The same millisecond: the order of writing decides.
    let devices = [
        sample::device("d-9", 1),
        sample::device("d-1", 1),
        sample::device("d-7", 3),
        elsewhere,
        sample::device("d-3", 2),
    ];
    put(store, devices.map(Record::Device)).await;
    let all = store.devices(None, None, 10).await.unwrap();
    assert_eq!(keys!(all, id), ["d-9", "d-1", "d-5", "d-3", "d-7"]);
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = store.devices(None, after.as_ref(), 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        paged.extend(page);
    }
    assert_eq!(paged, all);
    let here = sample::scope("default");
    assert_eq!(
        keys!(store.devices(Some(&here), None, 2).await.unwrap(), id),
        ["d-9", "d-1"]
    );
    let after = "d-1".parse().unwrap();
    assert_eq!(
        keys!(
            store.devices(Some(&here), Some(&after), 9).await.unwrap(),
            id
        ),
        ["d-3", "d-7"]
    );
}

pub(super) async fn the_latest_device_of_a_udid_is_found(store: &dyn Store) {
    for (id, made, udid) in [
        ("d-1", 5, "U"),
        ("d-2", 9, "U"),
        ("d-3", 7, "U"),
        ("d-4", 99, "u"),
    ] {
        let mut device = sample::device(id, made);
        device.hardware.udid = Some(udid.to_owned());
        device.state = mdm_core::device::DeviceState::Removed;
        put(store, [Record::Device(device)]).await;
    }
    let found = store
        .device_by_udid("U")
        .await
        .unwrap()
        .expect("it is there");
    assert_eq!(
        found.id.as_str(),
        "d-2",
        "the latest, removed or not, and never another spelling"
    );
}

pub(super) async fn deliveries_are_filtered_newest_first(store: &dyn Store) {
    let mut elsewhere = sample::delivery("y-2", "d-1", 3);
    elsewhere.scope = sample::scope("other");
    let mut removed = sample::delivery("y-3", "d-1", 2);
    removed.state = DeliveryState::Removed;
    let mut linked = sample::delivery("y-4", "d-1", 4);
    linked.target = Target::Link {
        link: "l1".parse().unwrap(),
    };
    let mut trust = sample::delivery("y-5", "d-2", 4);
    trust.profile = "trust".parse().unwrap();
    let deliveries = [
        sample::delivery("y-1", "d-1", 1),
        elsewhere,
        removed,
        linked,
        trust,
    ];
    put(store, deliveries.map(Record::Delivery)).await;
    let none = DeliveryFilter::default();
    let device = Some("d-1".parse().unwrap());
    for (filter, limit, expected) in [
        (none.clone(), 9, vec!["y-5", "y-4", "y-2", "y-3", "y-1"]),
        (none.clone(), 2, vec!["y-5", "y-4"]),
        (
            DeliveryFilter {
                device: device.clone(),
                ..none.clone()
            },
            9,
            vec!["y-2", "y-3", "y-1"],
        ),
        (
            DeliveryFilter {
                scope: Some(sample::scope("other")),
                ..none.clone()
            },
            9,
            vec!["y-2"],
        ),
        (
            DeliveryFilter {
                profile: Some("trust".parse().unwrap()),
                ..none.clone()
            },
            9,
            vec!["y-5"],
        ),
        (
            DeliveryFilter {
                state: Some(DeliveryState::Removed),
                ..none.clone()
            },
            9,
            vec!["y-3"],
        ),
        (
            DeliveryFilter {
                device,
                state: Some(DeliveryState::Queued),
                ..none.clone()
            },
            9,
            vec!["y-2", "y-1"],
        ),
    ] {
        let found = store.deliveries(&filter, limit).await.unwrap();
        assert_eq!(keys!(found, id), expected, "{filter:?}");
    }
    // A change of state is seen by the filter.
    let mut first = store
        .delivery(&"y-1".parse().unwrap())
        .await
        .unwrap()
        .expect("it is there");
    first.state = DeliveryState::Installed;
    put(store, [Record::Delivery(first)]).await;
    let filter = DeliveryFilter {
        state: Some(DeliveryState::Installed),
        ..none
    };
    assert_eq!(
        keys!(store.deliveries(&filter, 9).await.unwrap(), id),
        ["y-1"]
    );
}

pub(super) async fn certificates_are_found_by_all_their_names(store: &dyn Store) {
    let mut first = sample::certificate("f1", "01", 1);
    first.transaction = Some(sample::HOSTILE.to_owned());
    first.device = Some("d-1".parse().unwrap());
    let mut again = sample::certificate("f2", "02", 2);
    again.transaction = first.transaction.clone();
    let mut other_key = sample::certificate("f3", "03", 3);
    other_key.transaction = first.transaction.clone();
    other_key.key_sha256 = String::from("bb");
    put(store, [first, again, other_key].map(Record::Certificate)).await;
    let by = async |transaction: &str, key: &str| {
        let found = store
            .certificate_by_transaction(transaction, key)
            .await
            .unwrap();
        found.map(|certificate| certificate.fingerprint.as_str().to_owned())
    };
    assert_eq!(
        by(sample::HOSTILE, "aa").await.as_deref(),
        Some("f2"),
        "the last one"
    );
    assert_eq!(by(sample::HOSTILE, "bb").await.as_deref(), Some("f3"));
    assert_eq!(by("another", "aa").await, None);
    let by_serial = store
        .certificate_by_serial(&"02".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(by_serial.expect("it is there").fingerprint.as_str(), "f2");
    assert_eq!(
        keys!(store.certificates(None, 2).await.unwrap(), fingerprint),
        ["f3", "f2"]
    );
    let device = "d-1".parse().unwrap();
    assert_eq!(
        keys!(
            store.certificates(Some(&device), 9).await.unwrap(),
            fingerprint
        ),
        ["f1"]
    );
    assert_eq!(store.revoked().await.unwrap(), []);
    let mut revoked = store
        .certificate(&"f2".parse().unwrap())
        .await
        .unwrap()
        .expect("it is there");
    revoked.revoked = Some(sample::revocation());
    put(store, [Record::Certificate(revoked)]).await;
    assert_eq!(keys!(store.revoked().await.unwrap(), fingerprint), ["f2"]);
}

pub(super) async fn profiles_and_codes_are_in_the_order_they_were_made(store: &dyn Store) {
    let mut elsewhere = sample::profile("a", 2);
    elsewhere.scope = sample::scope("other");
    put(
        store,
        [sample::profile("c", 1), elsewhere, sample::profile("b", 3)].map(Record::Profile),
    )
    .await;
    assert_eq!(
        keys!(store.profiles(None).await.unwrap(), id),
        ["c", "a", "b"]
    );
    assert_eq!(
        keys!(
            store.profiles(Some(&sample::scope("other"))).await.unwrap(),
            id
        ),
        ["a"]
    );
    // An edit does not move it.
    let mut edited = sample::profile("c", 1);
    edited.version = Version(1);
    edited.updated_at = Timestamp(9);
    put(store, [Record::Profile(edited)]).await;
    assert_eq!(
        keys!(store.profiles(None).await.unwrap(), id),
        ["c", "a", "b"]
    );
    put(
        store,
        [
            sample::code("Z", 1),
            sample::code("Y", 1),
            sample::code("A", 0),
        ]
        .map(Record::Code),
    )
    .await;
    assert_eq!(keys!(store.codes().await.unwrap(), code), ["A", "Z", "Y"]);
}

pub(super) async fn last_seen_is_remembered(place: &impl Place) {
    let store = place.open().await;
    let id = "d-1".parse().unwrap();
    put(&*store, [Record::Device(sample::device("d-1", 1))]).await;
    assert_eq!(store.last_seen(&id).await.unwrap(), None);
    store.touch(vec![(id.clone(), Timestamp(5))]).await.unwrap();
    store
        .touch(vec![(id.clone(), Timestamp(7)), (id.clone(), Timestamp(6))])
        .await
        .unwrap();
    store.touch(Vec::new()).await.unwrap();
    assert_eq!(store.last_seen(&id).await.unwrap(), Some(Timestamp(7)));
    drop(store);
    let store = place.open().await;
    assert_eq!(
        store.last_seen(&id).await.unwrap(),
        Some(Timestamp(7)),
        "an orderly end loses nothing"
    );
    assert_eq!(
        store
            .device(&id)
            .await
            .unwrap()
            .expect("it is there")
            .version,
        Version(1),
        "no new version"
    );
}

pub(super) async fn the_directory_is_in_the_order_it_was_made(store: &dyn Store) {
    let other = sample::scope("other");
    let (mut user, mut group, mut assignment) = (
        sample::user("b", 2),
        sample::group("b", 2),
        sample::assignment("b", 2),
    );
    user.scope = other.clone();
    group.scope = other.clone();
    assignment.scope = other.clone();
    let mut records = vec![
        Record::User(user),
        Record::Group(group),
        Record::Assignment(assignment),
    ];
    for (name, made) in [("c", 1), ("a", 3)] {
        records.push(Record::User(sample::user(name, made)));
        records.push(Record::Group(sample::group(name, made)));
        records.push(Record::Assignment(sample::assignment(name, made)));
    }
    put(store, records).await;
    for (scope, expected) in [(None, &["c", "b", "a"][..]), (Some(&other), &["b"])] {
        assert_eq!(keys!(store.users(scope).await.unwrap(), id), expected);
        assert_eq!(keys!(store.groups(scope).await.unwrap(), id), expected);
        let assignments = store.assignments(scope).await.unwrap();
        assert_eq!(keys!(assignments, profile), expected);
    }
}

pub(super) async fn current_deliveries_are_grouped_by_device(store: &dyn Store) {
    let mut records = Vec::new();
    for (id, device, made, state) in [
        ("y-1", "d-1", 1, DeliveryState::Installed),
        ("y-2", "d-1", 2, DeliveryState::NotApplicable),
        ("y-3", "d-1", 3, DeliveryState::Removed),
        ("y-4", "d-2", 4, DeliveryState::Gone),
        ("y-5", "d-3", 5, DeliveryState::Queued),
    ] {
        let mut delivery = sample::delivery(id, device, made);
        delivery.state = state;
        records.push(Record::Delivery(delivery));
    }
    put(store, records).await;
    let devices = ["d-3", "d-1", "d-2"].map(|id| id.parse().unwrap());
    let found = store.current_deliveries(&devices).await.unwrap();
    let found: Vec<_> = found.iter().map(|of| keys!(of, id)).collect();
    assert_eq!(found, [vec!["y-5"], vec!["y-2", "y-1"], vec![]]);
}
