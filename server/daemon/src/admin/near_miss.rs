//! What came closest to what somebody waits for, and what it failed by.

use mdm_core::event::Event;
use mdm_core::id::{DeliveryId, DeviceId};
use mdm_core::ports::EventFilter;
use serde::Serialize;

/// One thing that had to hold and did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Failed {
    /// The parameter of the wait: `kind`, `device`, `state`.
    pub(super) criterion: &'static str,
    /// What it asked for.
    pub(super) wanted: String,
    /// What was there instead.
    pub(super) found: Option<String>,
}

/// An event that matched something.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct NearMiss {
    #[serde(flatten)]
    event: Event,
    failed_criteria: Vec<Failed>,
    #[serde(skip)]
    score: u32,
}

/// The nearest misses seen so far: those that match most, of equals the latest.
#[derive(Debug, Default)]
pub(super) struct NearMisses(Vec<NearMiss>);

impl NearMisses {
    /// How many are kept.
    const KEPT: usize = 3;

    /// Looks at an event. True when it matches and came after `since`.
    pub(super) fn matches(&mut self, event: &Event, wanted: &EventFilter, since: u64) -> bool {
        let (score, mut failed_criteria) = judge(event, wanted);
        if event.seq <= since {
            let found = Some(event.seq.to_string());
            failed_criteria.push(Failed {
                criterion: "since",
                wanted: format!("after {since}"),
                found,
            });
        }
        if failed_criteria.is_empty() {
            return true;
        }
        if score == 0 {
            return false;
        }
        let place = self
            .0
            .partition_point(|m| (m.score, m.event.seq) > (score, event.seq));
        if place < Self::KEPT {
            self.0.insert(
                place,
                NearMiss {
                    event: event.clone(),
                    failed_criteria,
                    score,
                },
            );
            self.0.truncate(Self::KEPT);
        }
        false
    }

    /// The nearest first.
    pub(super) fn into_vec(self) -> Vec<NearMiss> {
        self.0
    }
}

/// How much of what is wanted an event has, and what it lacks. An event of the same family of kinds (`delivery.*`) is
/// nearer than any other.
fn judge(event: &Event, wanted: &EventFilter) -> (u32, Vec<Failed>) {
    let event = &event.event;
    let mut score = 0;
    let mut failed = Vec::new();
    let mut compare = |criterion, wanted: Option<String>, found: Option<String>| match wanted {
        None => {}
        Some(wanted) if found.as_ref() == Some(&wanted) => score += 2,
        Some(wanted) => failed.push(Failed {
            criterion,
            wanted,
            found,
        }),
    };
    let about = &event.about;
    let device = |id: &Option<DeviceId>| id.as_ref().map(ToString::to_string);
    let delivery = |id: &Option<DeliveryId>| id.as_ref().map(ToString::to_string);
    compare("device", device(&wanted.device), device(&about.device));
    compare(
        "delivery",
        delivery(&wanted.delivery),
        delivery(&about.delivery),
    );
    // Being in the right scope makes no event interesting; being in another one is a miss all the same.
    if let Some(scope) = &wanted.scope
        && *scope != event.scope
    {
        let found = Some(event.scope.to_string());
        failed.push(Failed {
            criterion: "scope",
            wanted: scope.to_string(),
            found,
        });
    }
    if !wanted.kinds.is_empty() && !wanted.kinds.contains(&event.kind) {
        let family = |kind: &str| kind.split('.').next().map(str::to_owned);
        score += u32::from(
            wanted
                .kinds
                .iter()
                .any(|k| family(k.as_str()) == family(event.kind.as_str())),
        );
        let names: Vec<_> = wanted.kinds.iter().map(|k| k.as_str()).collect();
        failed.push(Failed {
            criterion: "kind",
            wanted: names.join(","),
            found: Some(event.kind.to_string()),
        });
    } else if !wanted.kinds.is_empty() {
        score += 2;
    }
    (score, failed)
}

#[cfg(test)]
mod tests {
    use mdm_core::event::Kind;

    use super::super::events::tests::event;
    use super::*;

    fn of(seq: u64, kind: Kind, device: &str) -> Event {
        let mut event = event(seq, kind);
        event.event = event.event.device(&device.parse::<DeviceId>().unwrap());
        event
    }

    #[test]
    fn the_nearest_are_kept() {
        let wanted = EventFilter {
            device: Some("d-1".parse().unwrap()),
            kinds: vec![Kind::CommandAcknowledged],
            ..EventFilter::default()
        };
        let mut misses = NearMisses::default();
        for seen in [
            of(1, Kind::CommandSent, "d-1"),
            of(2, Kind::CodeMinted, "d-2"),
            of(3, Kind::CommandAcknowledged, "d-2"),
            of(4, Kind::CommandFailed, "d-2"),
            of(5, Kind::CommandFailed, "d-1"),
            of(6, Kind::DeliverySent, "d-1"),
        ] {
            assert!(!misses.matches(&seen, &wanted, 0), "{seen:?}");
        }
        assert!(
            !misses.matches(&of(7, Kind::CommandAcknowledged, "d-1"), &wanted, 7),
            "before the cursor"
        );
        assert!(misses.matches(&of(7, Kind::CommandAcknowledged, "d-1"), &wanted, 6));
        let kept = misses.into_vec();
        let told: Vec<_> = kept
            .iter()
            .map(|m| {
                (
                    m.event.seq,
                    m.failed_criteria
                        .iter()
                        .map(|f| f.criterion)
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [(7, vec!["since"]), (5, vec!["kind"]), (1, vec!["kind"])]
        );
        assert_eq!(
            kept[1].failed_criteria,
            [Failed {
                criterion: "kind",
                wanted: "command.acknowledged".to_owned(),
                found: Some("command.failed".to_owned())
            }]
        );
    }

    #[test]
    fn anything_matches_no_criteria() {
        assert!(NearMisses::default().matches(
            &event(1, Kind::CodeMinted),
            &EventFilter::default(),
            0
        ));
    }
}
