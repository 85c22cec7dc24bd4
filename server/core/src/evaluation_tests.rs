use std::collections::BTreeSet;

use mdm_payloads::User;
use serde_json::json;

use super::*;
use crate::delivery::Target;
use crate::device::{Hardware, Platform, Reality};
use crate::id::{ChannelId, Scope, Version};
use crate::lab::Lab;
use crate::service::enrollment::provisional;
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp(0);

fn device(user: Option<&str>) -> Device {
    let identity = "aa".parse().unwrap();
    let mut device = provisional(
        "d-1".parse().unwrap(),
        &Scope::default(),
        None,
        Reality::Simulated,
        identity,
        NOW,
    );
    device.platform = Platform::Ios;
    device.hardware = Hardware {
        serial_number: Some("C02ABC".to_owned()),
        os_version: Some("17.0".to_owned()),
        ..Hardware::default()
    };
    device.user = user.map(|name| User {
        user_principal_name: name.to_owned(),
        ..User::default()
    });
    device
}

/// Groups `u1` of Ada, `u2` of Ada and Bob, `u3` of nobody; `d1` of the device by serial number, `d2` by id, `d3` of none.
fn targeting(
    semantics: Semantics,
    profiles: &[&str],
    assignments: &serde_json::Value,
) -> Targeting {
    let lab = json!({
        "user": [
            {"user_principal_name": "Ada@example.com"},
            {"user_principal_name": "bob@example.com", "licensed": false},
        ],
        "group": [
            {"id": "u1", "kind": "user", "members": ["ada@EXAMPLE.com"]},
            {"id": "u2", "kind": "user", "members": ["ada@example.com", "bob@example.com"]},
            {"id": "u3", "kind": "user"},
            {"id": "d1", "kind": "device", "members": ["c02abc"]},
            {"id": "d2", "kind": "device", "members": ["D-1"]},
            {"id": "d3", "kind": "device", "members": ["other"]},
        ],
        "profile": profiles.iter().map(|id| json!({
            "id": id, "type": "ios_exchange", "display_name": "M", "host_name": "m.example.com", "account_name": "M",
        })).collect::<Vec<_>>(),
        "assignment": assignments,
    });
    let serde_json::Value::Object(lab) = lab else {
        panic!("no object")
    };
    let lab = Lab::read(lab).unwrap();
    let scope = Scope::default();
    let stored = |profile: &mdm_payloads::Profile| StoredProfile {
        id: profile.id.clone(),
        version: Version(1),
        scope: scope.clone(),
        revision: 1,
        profile: profile.clone(),
        created_at: NOW,
        updated_at: NOW,
        edits: Vec::new(),
    };
    Targeting::new(
        semantics,
        lab.profiles.iter().map(stored).collect(),
        lab.users.iter().map(|u| u.record(&scope, NOW)).collect(),
        lab.groups.iter().map(|g| g.record(&scope, NOW)).collect(),
        lab.assignments
            .iter()
            .map(|a| a.record(&scope, NOW))
            .collect(),
    )
}

#[test]
fn r20_groups_of_users_and_devices_and_all_of_them_are_targets() {
    let ada = Some("ada@example.com");
    for (user, include, exclude, targeted) in [
        (ada, json!({"include": ["u1"]}), json!([]), true),
        (ada, json!({"include": ["u3"]}), json!([]), false),
        (None, json!({"include": ["u1"]}), json!([]), false),
        (None, json!({"include": ["d1"]}), json!([]), true),
        (None, json!({"include": ["d2"]}), json!([]), true),
        (ada, json!({"include": ["d3"]}), json!([]), false),
        (ada, json!({"all_devices": true}), json!([]), true),
        (None, json!({"all_devices": true}), json!([]), true),
        (None, json!({"all_users": true}), json!([]), false),
        (ada, json!({"all_users": true}), json!([]), true),
        // Bob has no licence; Eve is not in the directory.
        (
            Some("bob@example.com"),
            json!({"all_users": true}),
            json!([]),
            false,
        ),
        (
            Some("eve@example.com"),
            json!({"all_users": true}),
            json!([]),
            true,
        ),
        // Of one kind, the exclusion wins.
        (ada, json!({"include": ["u1"]}), json!(["u2"]), false),
        (ada, json!({"include": ["u1"]}), json!(["u3"]), true),
        (ada, json!({"include": ["d1"]}), json!(["d2"]), false),
        (ada, json!({"all_devices": true}), json!(["d1"]), false),
        (ada, json!({"all_users": true}), json!(["u1"]), false),
        // Of the other kind, it says nothing.
        (ada, json!({"include": ["u1"]}), json!(["d1"]), true),
        (ada, json!({"include": ["d1"]}), json!(["u1"]), true),
        (ada, json!({"include": ["u1", "d1"]}), json!(["d2"]), true),
        (
            ada,
            json!({"include": ["u1", "d1"]}),
            json!(["d2", "u2"]),
            false,
        ),
    ] {
        let mut assignment = include.clone();
        assignment["profile"] = json!("mail");
        assignment["exclude"] = exclude.clone();
        let targeting = targeting(Semantics::Y2020, &["mail"], &json!([assignment]));
        let found = targeting.targeted(&device(user));
        assert_eq!(
            found.len(),
            usize::from(targeted),
            "{user:?} {include} {exclude}"
        );
    }
}

fn delivery(profile: &str, state: DeliveryState, wanted: Wanted) -> Delivery {
    let device: crate::id::DeviceId = "d-1".parse().unwrap();
    let target = Target::Channel {
        channel: ChannelId::device(&device),
        device,
    };
    let mut delivery = Delivery::queued(
        format!("y-{profile}").parse().unwrap(),
        Scope::default(),
        profile.parse().unwrap(),
        1,
        target,
        NOW,
    );
    delivery.wanted = wanted;
    delivery.state = state;
    if state != DeliveryState::Queued && state.is_live() {
        delivery.applied_revision = Some(1);
    }
    delivery
}

/// What is wanted of each profile, in a word.
fn changes(targeting: &Targeting, current: Vec<Delivery>) -> Vec<String> {
    decide(targeting, &device(Some("ada@example.com")), current)
        .iter()
        .map(|change| match change {
            Change::Deliver { profile, delivery } => {
                format!(
                    "{} {}",
                    if delivery.is_some() { "again" } else { "new" },
                    profile.id
                )
            }
            Change::Withhold { profile, why, .. } => format!("{} {}", why.as_str(), profile.id),
            Change::Note { profile, .. } => format!("note {}", profile.id),
            Change::Keep(delivery) => format!("keep {}", delivery.profile),
            Change::Remove(delivery, _) => format!("remove {}", delivery.profile),
            Change::Block(delivery) => format!("block {}", delivery.profile),
            Change::Forget(delivery) => format!("forget {}", delivery.profile),
        })
        .collect()
}

#[test]
fn assigned_deliveries_follow_and_direct_ones_stay() {
    use DeliveryState::{Installed, NotApplicable, NotTargeted, Queued, RemovalPending};
    let here = json!([{"profile": "a", "include": ["u1"]}]);
    let nowhere = json!([{"profile": "a", "include": ["u3"]}]);
    let assigned = |state| vec![delivery("a", state, Wanted::Assigned)];
    for (assignments, current, expected) in [
        (&here, vec![], &["new a"][..]),
        (&here, assigned(Installed), &[]),
        (&here, assigned(Queued), &[]),
        (&here, assigned(RemovalPending), &["again a"]),
        (&here, assigned(NotApplicable), &["again a"]),
        (&here, assigned(NotTargeted), &["again a"]),
        (&here, vec![delivery("a", Installed, Wanted::Direct)], &[]),
        (&nowhere, vec![], &[]),
        (&nowhere, assigned(Installed), &["remove a"]),
        (&nowhere, assigned(Queued), &["remove a"]),
        (&nowhere, assigned(RemovalPending), &[]),
        (&nowhere, assigned(NotApplicable), &["forget a"]),
        (
            &nowhere,
            vec![delivery("a", Installed, Wanted::Direct)],
            &[],
        ),
    ] {
        let targeting = targeting(Semantics::Y2020, &["a"], assignments);
        let shown = format!("{assignments} {current:?}");
        assert_eq!(changes(&targeting, current), expected, "{shown}");
    }
}

#[test]
fn r24_removal_of_the_only_mail_profile_is_blocked_under_2017() {
    use DeliveryState::{Installed, Queued, RemovalBlocked};
    let a = |state| delivery("a", state, Wanted::Assigned);
    let b = |state| delivery("b", state, Wanted::Assigned);
    let both = json!([]);
    let one = json!([{"profile": "b", "include": ["u1"]}]);
    for (semantics, assignments, current, expected) in [
        (
            Semantics::Y2017,
            &both,
            vec![a(Installed)],
            &["block a"][..],
        ),
        (Semantics::Y2020, &both, vec![a(Installed)], &["remove a"]),
        (Semantics::Current, &both, vec![a(Installed)], &["remove a"]),
        // Nothing of it is on the device yet.
        (Semantics::Y2017, &both, vec![a(Queued)], &["remove a"]),
        // Of two, one stays.
        (
            Semantics::Y2017,
            &both,
            vec![a(Installed), b(Installed)],
            &["remove a", "block b"],
        ),
        (
            Semantics::Y2017,
            &one,
            vec![a(Installed), b(Installed)],
            &["remove a"],
        ),
        // A blocked removal is let go by a second profile, and by the rules of 2020.
        (Semantics::Y2017, &both, vec![a(RemovalBlocked)], &[]),
        (
            Semantics::Y2017,
            &one,
            vec![a(RemovalBlocked), b(Queued)],
            &[],
        ),
        (
            Semantics::Y2017,
            &one,
            vec![a(RemovalBlocked), b(Installed)],
            &["remove a"],
        ),
        (
            Semantics::Y2020,
            &both,
            vec![a(RemovalBlocked)],
            &["remove a"],
        ),
        // Assigned again, it simply stays.
        (Semantics::Y2017, &one, vec![b(RemovalBlocked)], &["keep b"]),
    ] {
        let targeting = targeting(semantics, &["a", "b"], assignments);
        let shown = format!("{semantics} {assignments} {current:?}");
        assert_eq!(changes(&targeting, current), expected, "{shown}");
    }
}

#[test]
fn r26_a_device_without_user_is_not_applicable_today() {
    let assignments = json!([{"profile": "a", "all_devices": true}]);
    for (semantics, expected) in [
        (Semantics::Y2017, "new a"),
        (Semantics::Y2020, "new a"),
        (Semantics::Current, "no_user"),
    ] {
        let targeting = targeting(semantics, &["a"], &assignments);
        let [change] = &decide(&targeting, &device(None), Vec::new())[..] else {
            panic!("one change")
        };
        let shown = match change {
            Change::Deliver { profile, .. } => format!("new {}", profile.id),
            Change::Withhold { why, .. } => why.as_str().to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(shown, expected, "{semantics}");
    }
}

/// The work for one device is counted, not timed: what an index leads to is all that is looked at.
#[test]
fn other_profiles_cost_a_device_nothing() {
    let names: Vec<String> = (0..500).map(|n| format!("p{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let assignments: Vec<_> = names
        .iter()
        .map(|name| json!({"profile": name, "include": [if *name == "p7" { "u1" } else { "u3" }]}))
        .collect();
    let targeting = targeting(Semantics::Y2020, &names, &json!(assignments));
    let device = device(Some("ada@example.com"));
    let found: BTreeSet<_> = targeting
        .targeted(&device)
        .into_iter()
        .map(|t| t.profile.id.to_string())
        .collect();
    assert_eq!(found, BTreeSet::from(["p7".to_owned()]));
    let reached: usize = targeting.of_user["ada@example.com"]
        .iter()
        .map(|place| targeting.targets[*place].include.len())
        .sum();
    assert_eq!(reached, 1, "the groups of the device lead to one profile");
}
