//! Deleting takes everything that belongs to a record, and nothing else.

use std::collections::BTreeMap;

use mdm_core::event::Kind;
use mdm_core::ports::{Commit, EventFilter, Kept, Key, Record, Store};
use mdm_core::time::Timestamp;

use super::{put, sample};

fn kept(key: &str) -> Kept {
    Kept {
        key: key.to_owned(),
        bytes: Some(key.as_bytes().to_vec()),
    }
}

/// A device with everything that can belong to one.
async fn full_device(store: &dyn Store, id: &str) {
    let device = sample::device(id, 1);
    let channel = sample::channel(&device);
    let user = sample::user_channel(&device, "u");
    let mut certificate = sample::certificate(&format!("f-{id}"), &format!("5{id}"), 1);
    certificate.device = Some(device.id.clone());
    let commit = Commit {
        records: vec![
            Record::Command(sample::command(&format!("c-{id}"), &channel)),
            Record::Command(sample::command(&format!("u-{id}"), &user)),
            Record::Delivery(sample::delivery(&format!("y-{id}"), id, 1)),
            Record::Certificate(certificate),
            Record::Channel(channel),
            Record::Channel(user),
            Record::Session(sample::session(id)),
            Record::Device(device.clone()),
        ],
        kept: vec![
            kept(&format!("command:c-{id}")),
            kept(&format!("session:{id}")),
        ],
        events: vec![sample::event(sample::HOSTILE).device(&device.id)],
        ..Commit::default()
    };
    store.commit(commit).await.unwrap();
    store.touch(vec![(device.id, Timestamp(5))]).await.unwrap();
}

pub(super) async fn a_device_takes_what_is_its_with_it(store: &dyn Store) {
    full_device(store, "d-1").await;
    full_device(store, "d-2").await;
    let gone = "d-1".parse().unwrap();
    let forgotten = sample::event("d-1 was forgotten").device(&gone);
    let commit = Commit {
        deleted: vec![Key::Device(gone.clone())],
        events: vec![forgotten.clone()],
        ..Commit::default()
    };
    store.commit(commit).await.unwrap();
    for (id, there) in [("d-1", false), ("d-2", true)] {
        let device = id.parse().unwrap();
        assert_eq!(
            store.device(&device).await.unwrap().is_some(),
            there,
            "{id}"
        );
        assert_eq!(
            store
                .device_by_udid(&format!("udid-{id}"))
                .await
                .unwrap()
                .is_some(),
            there,
            "{id}"
        );
        assert_eq!(
            store.channels(&device).await.unwrap().len(),
            if there { 2 } else { 0 },
            "{id}"
        );
        assert_eq!(
            store.commands(&device, false, 9).await.unwrap().len(),
            if there { 2 } else { 0 },
            "{id}"
        );
        assert_eq!(
            store
                .command(&format!("u-{id}").parse().unwrap())
                .await
                .unwrap()
                .is_some(),
            there,
            "{id}"
        );
        assert_eq!(
            store
                .queue(&id.parse().unwrap(), true, 4)
                .await
                .unwrap()
                .is_some(),
            there,
            "{id}"
        );
        assert_eq!(
            store
                .kept(&format!("command:c-{id}"))
                .await
                .unwrap()
                .is_some(),
            there,
            "{id}"
        );
        assert_eq!(
            store
                .kept(&format!("session:{id}"))
                .await
                .unwrap()
                .is_some(),
            there,
            "{id}"
        );
        assert_eq!(
            store.session(&device).await.unwrap().is_some(),
            there,
            "{id}"
        );
        assert_eq!(
            store.last_seen(&device).await.unwrap().is_some(),
            there,
            "{id}"
        );
        // For the record:
        assert!(
            store
                .delivery(&format!("y-{id}").parse().unwrap())
                .await
                .unwrap()
                .is_some(),
            "{id}"
        );
        assert_eq!(
            store.certificates(Some(&device), 9).await.unwrap().len(),
            1,
            "{id}"
        );
    }
    let of = |device| EventFilter {
        device: Some(device),
        ..EventFilter::default()
    };
    let events = store.events(0, &of(gone), 9).await.unwrap();
    assert_eq!(
        events.len(),
        2,
        "events stay, because their numbers have no gaps"
    );
    let old = &events[0].event;
    assert_eq!(
        (old.text.as_str(), &old.facts, old.kind),
        ("", &BTreeMap::new(), Kind::CodeMinted)
    );
    assert_eq!(
        events[1].event, forgotten,
        "what is said of the deletion itself stays"
    );
    let other = store
        .events(0, &of("d-2".parse().unwrap()), 9)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(other.event.text, sample::HOSTILE);
}

pub(super) async fn takes_only_what_is_named(store: &dyn Store) {
    let two = |n: &str| {
        [
            Record::Profile(sample::profile(&format!("p{n}"), 1)),
            Record::Code(sample::code(&format!("C{n}"), 1)),
            Record::Challenge(sample::challenge(&format!("a{n}"))),
            Record::Link(sample::link(&format!("l{n}"))),
            Record::User(sample::user(&format!("u{n}"), 1)),
            Record::Group(sample::group(&format!("g{n}"), 1)),
            Record::Assignment(sample::assignment(&format!("p{n}"), 1)),
        ]
    };
    put(store, two("1").into_iter().chain(two("2"))).await;
    let deleted = vec![
        Key::Profile("p1".parse().unwrap()),
        Key::Code("C1".parse().unwrap()),
        Key::Challenge("a1".parse().unwrap()),
        Key::Link("l1".parse().unwrap()),
        Key::Link("never-there".parse().unwrap()),
        Key::User("u1".parse().unwrap()),
        Key::Group("g1".parse().unwrap()),
        Key::Assignment("p1".parse().unwrap()),
    ];
    let message = Commit {
        kept: vec![kept("link:l1"), kept("link:l2")],
        ..Commit::default()
    };
    store.commit(message).await.unwrap();
    store
        .commit(Commit {
            deleted,
            ..Commit::default()
        })
        .await
        .unwrap();
    for (n, there) in [("1", false), ("2", true)] {
        macro_rules! is_there {
            ($($record:ident $letter:literal),*) => {$(
                let key = format!("{}{n}", $letter).parse().unwrap();
                assert_eq!(store.$record(&key).await.unwrap().is_some(), there, "{key}");
            )*};
        }
        is_there!(user "u", group "g", assignment "p");
        assert_eq!(
            store
                .profile(&format!("p{n}").parse().unwrap())
                .await
                .unwrap()
                .is_some(),
            there
        );
        assert_eq!(
            store
                .code(&format!("C{n}").parse().unwrap())
                .await
                .unwrap()
                .is_some(),
            there
        );
        assert_eq!(
            store
                .challenge(&format!("a{n}").parse().unwrap())
                .await
                .unwrap()
                .is_some(),
            there
        );
        assert_eq!(
            store
                .link(&format!("l{n}").parse().unwrap())
                .await
                .unwrap()
                .is_some(),
            there
        );
        assert_eq!(
            store.kept(&format!("link:l{n}")).await.unwrap().is_some(),
            there,
            "a link takes its message"
        );
    }
    // What was deleted can be made anew.
    put(store, two("1")).await;
}

pub(super) async fn kept_messages_are_replaced_and_dropped(store: &dyn Store) {
    let keep = async |bytes: Option<&[u8]>| {
        let kept = vec![Kept {
            key: "command:x".to_owned(),
            bytes: bytes.map(<[u8]>::to_vec),
        }];
        store
            .commit(Commit {
                kept,
                ..Commit::default()
            })
            .await
            .unwrap();
        store.kept("command:x").await.unwrap()
    };
    assert_eq!(
        keep(Some(b"\x00\xff one")).await.as_deref(),
        Some(&b"\x00\xff one"[..])
    );
    assert_eq!(keep(Some(b"")).await.as_deref(), Some(&b""[..]));
    let longest = vec![7; 4 << 20];
    assert_eq!(keep(Some(&longest)).await, Some(longest));
    assert_eq!(keep(None).await, None);
    assert_eq!(
        keep(None).await,
        None,
        "dropping what is not there is nothing"
    );
}

pub(super) async fn a_sweep_takes_what_is_of_no_use(store: &dyn Store) {
    let at = |seconds: i64| Timestamp(seconds * 1000);
    let challenge = |id: &str, bound: bool| {
        let mut challenge = sample::challenge(id);
        challenge.expires_at = at(1000);
        if !bound {
            challenge.bound = None;
        }
        Record::Challenge(challenge)
    };
    let link = |token: &str, opened: Option<i64>| {
        let mut link = sample::link(token);
        link.opened_at = opened.map(at);
        Record::Link(link)
    };
    let waits = |challenge: &str| Kept {
        key: format!("scep:{challenge}:k"),
        bytes: Some(format!(r#"{{"challenge":"{challenge}"}}"#).into_bytes()),
    };
    let commit = Commit {
        records: vec![
            challenge("aa", false),
            challenge("bb", true),
            link("old", Some(100)),
            link("new", Some(1900)),
            link("shut", None),
        ],
        kept: vec![
            kept("link:old"),
            kept("link:new"),
            kept("command:c-1"),
            waits("aa"),
        ],
        ..Commit::default()
    };
    store.commit(commit).await.unwrap();
    store.sweep(at(999)).await.unwrap();
    assert!(
        store
            .challenge(&"aa".parse().unwrap())
            .await
            .unwrap()
            .is_some()
    );
    store.sweep(at(2000)).await.unwrap();
    for (id, there) in [("aa", false), ("bb", true)] {
        let found = store.challenge(&id.parse().unwrap()).await.unwrap();
        assert_eq!(found.is_some(), there, "{id}");
    }
    for (key, there) in [
        ("link:old", false),
        ("link:new", true),
        ("command:c-1", true),
        ("scep:aa:k", false),
    ] {
        assert_eq!(store.kept(key).await.unwrap().is_some(), there, "{key}");
    }
    assert!(
        store.link(&"old".parse().unwrap()).await.unwrap().is_some(),
        "its record stays"
    );
}
