//! Events: read by cursor, with filters.

use axum::Json;
use axum::extract::State;
use mdm_core::event::{Event, Kind};
use mdm_core::id::{DeliveryId, DeviceId, Scope};
use mdm_core::ports::EventFilter;
use serde::{Deserialize, Serialize};

use super::extract::Params;
use super::problem::Failure;
use crate::server::Server;

/// Events read at once, and the most of a page.
pub(super) const BATCH: usize = 500;
/// Events of a page that does not say how many.
const PAGE: usize = 100;

/// Kinds of events, separated by commas: `command.sent,command.failed`, or a family of them: `command.`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Kinds(pub(super) Vec<Kind>);

impl TryFrom<String> for Kinds {
    type Error = mdm_core::event::UnknownKind;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut kinds = Vec::new();
        for name in text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            let family = || {
                Kind::ALL
                    .iter()
                    .copied()
                    .filter(|kind| name.ends_with('.') && kind.as_str().starts_with(name))
            };
            let before = kinds.len();
            kinds.extend(family());
            if kinds.len() == before {
                kinds.push(name.parse()?);
            }
        }
        Ok(Self(kinds))
    }
}

/// The query of `GET /events`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    since: Option<u64>,
    limit: Option<usize>,
    scope: Option<Scope>,
    device: Option<DeviceId>,
    delivery: Option<DeliveryId>,
    #[serde(default)]
    kind: Kinds,
}

/// Events in order.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<Event>,
    /// What to give as `since` for what follows.
    next_since: u64,
}

/// `GET /events`: those after `since`, or from the oldest that is kept.
pub(super) async fn list(
    State(server): State<Server>,
    Params(query): Params<List>,
) -> Result<Json<Page>, Failure> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, BATCH);
    let range = server.store.event_range().await?;
    let since = cursor(query.since, range)?.unwrap_or(range.0.saturating_sub(1));
    let filter = EventFilter {
        scope: query.scope,
        device: query.device,
        delivery: query.delivery,
        kinds: query.kind.0,
    };
    let items = server.store.events(since, &filter, limit).await?;
    let next_since = next(since, &items, limit, range.1);
    Ok(Json(Page { items, next_since }))
}

/// A cursor is good from the oldest event to the newest; one that is not was pruned away, or is another server's.
pub(super) fn cursor(
    since: Option<u64>,
    (oldest, newest): (u64, u64),
) -> Result<Option<u64>, Failure> {
    match since {
        Some(since) if since.saturating_add(1) < oldest => Err(Failure::Gone { since, oldest }),
        Some(since) if since > newest => Err(Failure::Ahead { since, newest }),
        other => Ok(other),
    }
}

/// Where to go on after a read of at most `limit` events after `since`. `newest` was the newest event before the read:
/// when the read was not cut off, whatever does not match up to there need not be looked at again.
pub(super) fn next(since: u64, read: &[Event], limit: usize, newest: u64) -> u64 {
    let last = read.last().map_or(since, |event| event.seq);
    if read.len() < limit {
        last.max(newest)
    } else {
        last
    }
}

#[cfg(test)]
pub(super) mod tests {
    use mdm_core::event::NewEvent;
    use mdm_core::time::Timestamp;

    use super::*;

    pub(in crate::admin) fn event(seq: u64, kind: Kind) -> Event {
        Event {
            seq,
            event: NewEvent::new(Timestamp(0), &Scope::default(), kind, "x"),
        }
    }

    #[test]
    fn kinds_are_read_by_name() {
        let read = |text: &str| Kinds::try_from(text.to_owned()).map_err(|e| e.to_string());
        for (text, kinds) in [
            ("command.sent", Ok(vec![Kind::CommandSent])),
            (
                "command.sent, command.failed,",
                Ok(vec![Kind::CommandSent, Kind::CommandFailed]),
            ),
            ("", Ok(vec![])),
            (
                "device.,crl.",
                Ok(vec![Kind::DeviceForgotten, Kind::CrlPublished]),
            ),
            ("no.", Err("`no.` is no kind of event".to_owned())),
            (
                "command.sent,no.such",
                Err("`no.such` is no kind of event".to_owned()),
            ),
        ] {
            assert_eq!(read(text).map(|k| k.0), kinds, "{text}");
        }
    }

    #[test]
    fn cursors_are_good_between_oldest_and_newest() {
        for (since, range, verdict) in [
            (None, (5, 9), Ok(None)),
            (Some(4), (5, 9), Ok(Some(4))),
            (Some(9), (5, 9), Ok(Some(9))),
            (Some(0), (1, 0), Ok(Some(0))),
            (
                Some(3),
                (5, 9),
                Err("events after 3 were pruned; the oldest kept is 5"),
            ),
            (
                Some(0),
                (5, 9),
                Err("events after 0 were pruned; the oldest kept is 5"),
            ),
            (
                Some(10),
                (5, 9),
                Err("no event 10 exists here; the newest is 9"),
            ),
            (
                Some(u64::MAX),
                (5, 9),
                Err("no event 18446744073709551615 exists here; the newest is 9"),
            ),
        ] {
            assert_eq!(
                cursor(since, range).map_err(|e| e.to_string()),
                verdict.map_err(str::to_owned)
            );
        }
    }

    #[test]
    fn a_cursor_passes_what_did_not_match() {
        let read = [event(7, Kind::CommandSent), event(8, Kind::CommandSent)];
        for (since, read, limit, newest, expected) in [
            (3, &read[..], 2, 20, 8),
            (3, &read[..], 3, 20, 20),
            (3, &read[..], 3, 7, 8),
            (3, &read[..0], 3, 20, 20),
            (3, &read[..0], 3, 0, 3),
        ] {
            assert_eq!(next(since, read, limit, newest), expected);
        }
    }
}
