//! What the deliveries of the demo have to come to, and whether they did.

use std::collections::BTreeMap;

use serde_json::Value;

use super::catalogue::{
    CLIENT_PHONE81, CLIENT_WINDOWS, EXCHANGE_IOS, EXCHANGE_MACOS, EXCHANGE_OLD, EXCHANGE_PHONE81,
    EXCHANGE_WINDOWS, IMAP_IOS, IMAP_WINDOWS, ROOT_IOS, ROOT_MACOS, ROOT_PHONE81, ROOT_WINDOWS,
};
use crate::field::text;
use crate::table::Table;

/// A device of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// Alice's.
    Phone,
    /// Bob's.
    Mac,
    /// Carol's, with Windows 11.
    Pc,
    /// Dave's, with Windows Phone 8.1.
    Phone81,
}

impl Who {
    /// What it is called on screens.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "iPhone",
            Self::Mac => "Mac",
            Self::Pc => "PC",
            Self::Phone81 => "WP 8.1",
        }
    }
}

/// What a delivery has to come to.
struct Goal {
    who: Who,
    profile: &'static str,
    state: &'static str,
    evidence: &'static [&'static str],
}

const INSTALLED: &str = "installed";
/// It was there until its device left.
const GONE: &str = "gone";
/// What is known of a profile without an identity.
const LISTED: &[&str] = &["acknowledged", "read_back"];
/// What is known of a profile with an identity, as long as no mail server saw it.
const WITH_IDENTITY: &[&str] = &["acknowledged", "read_back", "identity_issued"];
/// The truths that the table shows.
const TRUTHS: [&str; 3] = ["acknowledged", "read_back", "identity_issued"];

const GOALS: [Goal; 13] = [
    Goal {
        who: Who::Phone,
        profile: ROOT_IOS,
        state: INSTALLED,
        evidence: LISTED,
    },
    Goal {
        who: Who::Phone,
        profile: EXCHANGE_OLD,
        state: "removed",
        evidence: LISTED,
    },
    Goal {
        who: Who::Phone,
        profile: EXCHANGE_IOS,
        state: INSTALLED,
        evidence: WITH_IDENTITY,
    },
    Goal {
        who: Who::Phone,
        profile: IMAP_IOS,
        state: INSTALLED,
        evidence: WITH_IDENTITY,
    },
    Goal {
        who: Who::Mac,
        profile: ROOT_MACOS,
        state: INSTALLED,
        evidence: LISTED,
    },
    Goal {
        who: Who::Mac,
        profile: EXCHANGE_MACOS,
        state: INSTALLED,
        evidence: WITH_IDENTITY,
    },
    Goal {
        who: Who::Pc,
        profile: ROOT_WINDOWS,
        state: INSTALLED,
        evidence: LISTED,
    },
    Goal {
        who: Who::Pc,
        profile: CLIENT_WINDOWS,
        state: INSTALLED,
        evidence: WITH_IDENTITY,
    },
    Goal {
        who: Who::Pc,
        profile: EXCHANGE_WINDOWS,
        state: INSTALLED,
        evidence: LISTED,
    },
    Goal {
        who: Who::Pc,
        profile: IMAP_WINDOWS,
        state: INSTALLED,
        evidence: LISTED,
    },
    Goal {
        who: Who::Phone81,
        profile: ROOT_PHONE81,
        state: GONE,
        evidence: LISTED,
    },
    Goal {
        who: Who::Phone81,
        profile: CLIENT_PHONE81,
        state: GONE,
        evidence: WITH_IDENTITY,
    },
    Goal {
        who: Who::Phone81,
        profile: EXCHANGE_PHONE81,
        state: GONE,
        evidence: LISTED,
    },
];

/// What the deliveries came to.
pub(super) struct Verdict {
    lines: Vec<(Goal, Option<Value>)>,
}

impl Verdict {
    /// Judges deliveries as the admin API lists them; `ids` are the devices of the demo.
    pub(super) fn new(deliveries: &[Value], ids: &BTreeMap<Who, String>) -> Self {
        let find = |goal: &Goal| {
            deliveries
                .iter()
                .find(|delivery| {
                    text(delivery, "profile") == goal.profile
                        && ids.get(&goal.who) == Some(&text(delivery, "target.device"))
                })
                .cloned()
        };
        let lines = GOALS
            .into_iter()
            .map(|goal| {
                let found = find(&goal);
                (goal, found)
            })
            .collect();
        Self { lines }
    }

    /// Whether everything came as it has to.
    pub(super) fn is_good(&self) -> bool {
        self.missing().is_empty()
    }

    /// How many deliveries came as they have to, of how many.
    pub(super) fn count(&self) -> (usize, usize) {
        let good = self
            .lines
            .iter()
            .filter(|(goal, delivery)| lacks(goal, delivery.as_ref()).is_empty());
        (good.count(), self.lines.len())
    }

    /// What is missing, in words.
    pub(super) fn missing(&self) -> Vec<String> {
        let of = |(goal, delivery): &(Goal, Option<Value>)| {
            lacks(goal, delivery.as_ref())
                .into_iter()
                .map(|lack| format!("`{}` on the {}: {lack}", goal.profile, goal.who.as_str()))
                .collect::<Vec<_>>()
        };
        self.lines.iter().flat_map(of).collect()
    }

    /// The deliveries with what is known of each.
    pub(super) fn table(&self) -> Table {
        let mut headings = vec!["device", "profile", "state"];
        headings.extend(TRUTHS);
        let mut table = Table::new(&headings, "no deliveries");
        for (goal, delivery) in &self.lines {
            let delivery = delivery.as_ref().unwrap_or(&Value::Null);
            let mut cells = vec![
                goal.who.as_str().to_owned(),
                goal.profile.to_owned(),
                text(delivery, "state"),
            ];
            cells.extend(TRUTHS.map(|truth| {
                let word = match (holds(delivery, truth), goal.evidence.contains(&truth)) {
                    (true, _) => "yes",
                    (false, true) => "missing",
                    (false, false) => "-",
                };
                word.to_owned()
            }));
            table.row(cells);
        }
        table
    }
}

fn holds(delivery: &Value, truth: &str) -> bool {
    text(delivery, &format!("evidence.{truth}")) != "-"
}

/// What a delivery lacks.
fn lacks(goal: &Goal, delivery: Option<&Value>) -> Vec<String> {
    let Some(delivery) = delivery else {
        return vec!["it was not delivered".to_owned()];
    };
    let state = text(delivery, "state");
    let mut lacks = Vec::new();
    if state != goal.state {
        lacks.push(format!("it is `{state}`, not `{}`", goal.state));
    }
    let evidence = goal.evidence.iter().filter(|truth| !holds(delivery, truth));
    lacks.extend(evidence.map(|truth| format!("there is no evidence `{truth}`")));
    lacks
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids() -> BTreeMap<Who, String> {
        BTreeMap::from(
            [
                (Who::Phone, "p"),
                (Who::Mac, "m"),
                (Who::Pc, "w"),
                (Who::Phone81, "o"),
            ]
            .map(|(who, id)| (who, id.to_owned())),
        )
    }

    fn delivery(goal: &Goal) -> Value {
        let evidence: serde_json::Map<_, _> = goal
            .evidence
            .iter()
            .map(|truth| ((*truth).to_owned(), json!("2026-11-21T03:00:00Z")))
            .collect();
        json!({
            "profile": goal.profile,
            "target": {"kind": "channel", "device": ids()[&goal.who]},
            "state": goal.state,
            "evidence": evidence,
        })
    }

    #[test]
    fn everything_came_as_it_has_to() {
        let deliveries: Vec<Value> = GOALS.iter().map(delivery).collect();
        let verdict = Verdict::new(&deliveries, &ids());
        assert!(verdict.is_good());
        assert_eq!(verdict.count(), (13, 13));
        insta::assert_snapshot!(verdict.table().to_string(), @r"
        device  profile                state      acknowledged  read_back  identity_issued
        iPhone  lab-root-ios           installed  yes           yes        -
        iPhone  exchange-ios-password  removed    yes           yes        -
        iPhone  exchange-ios           installed  yes           yes        yes
        iPhone  imap-ios-smime         installed  yes           yes        yes
        Mac     lab-root-macos         installed  yes           yes        -
        Mac     exchange-macos         installed  yes           yes        yes
        PC      lab-root-windows       installed  yes           yes        -
        PC      client-windows         installed  yes           yes        yes
        PC      exchange-windows       installed  yes           yes        -
        PC      imap-windows           installed  yes           yes        -
        WP 8.1  lab-root-phone81       gone       yes           yes        -
        WP 8.1  client-phone81         gone       yes           yes        yes
        WP 8.1  exchange-phone81       gone       yes           yes        -
        ");
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut deliveries: Vec<Value> = GOALS.iter().skip(1).map(delivery).collect();
        deliveries[0]["state"] = json!("removal_pending");
        deliveries[1]["evidence"]["identity_issued"] = Value::Null;
        deliveries[4]["target"]["device"] = json!("p");
        let verdict = Verdict::new(&deliveries, &ids());
        assert!(!verdict.is_good());
        assert_eq!(verdict.count(), (9, 13));
        insta::assert_snapshot!(verdict.missing().join("\n"), @r"
        `lab-root-ios` on the iPhone: it was not delivered
        `exchange-ios-password` on the iPhone: it is `removal_pending`, not `removed`
        `exchange-ios` on the iPhone: there is no evidence `identity_issued`
        `exchange-macos` on the Mac: it was not delivered
        ");
        let table = verdict.table().to_string();
        assert!(table.contains("  yes        missing\n"), "{table}");
    }
}
