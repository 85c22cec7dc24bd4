//! Waiting: for an event, or for a delivery to reach a state or an evidence.
//!
//! What holds already is answered at once; then the request stays open until it holds or the time is over. Who waits for
//! something that may have happened before gives `since`, the cursor of an earlier answer.

use std::fmt::Write as _;
use std::time::Duration;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use mdm_core::delivery::{Delivery, DeliveryState, Evidence};
use mdm_core::event::{Event, Kind};
use mdm_core::id::{DeliveryId, DeviceId, ProfileId, Scope};
use mdm_core::ports::{DeliveryFilter, EventFilter};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::deliveries::DeliveryView;
use super::events::{BATCH, Kinds, cursor, next};
use super::extract::Params;
use super::listeners::Listeners;
use super::near_miss::{Failed, NearMiss, NearMisses};
use super::problem::Failure;
use crate::server::Server;

/// How long a request waits that does not say, in seconds.
const TIMEOUT: u64 = 30;
/// The longest a request waits, in seconds. Who wants to wait longer asks again with the cursor of the answer.
const LONGEST: u64 = 120;
/// Events before the present that are looked at for near misses.
const LOOK_BACK: u64 = 500;
/// Deliveries that are looked at at once.
const DELIVERIES: usize = 1000;
/// Deliveries told as near misses.
const MISSES: usize = 3;

/// The query of `GET /wait`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    since: Option<u64>,
    scope: Option<Scope>,
    #[serde(default)]
    kind: Kinds,
    device: Option<DeviceId>,
    delivery: Option<DeliveryId>,
    state: Option<DeliveryState>,
    evidence: Option<Truth>,
    /// Seconds.
    timeout: Option<u64>,
}

/// What may be known of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Truth {
    Acknowledged,
    ReadBack,
    IdentityIssued,
    IdentityUsed,
    Proven,
}

impl Truth {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::ReadBack => "read_back",
            Self::IdentityIssued => "identity_issued",
            Self::IdentityUsed => "identity_used",
            Self::Proven => "proven",
        }
    }

    const fn holds(self, evidence: &Evidence) -> bool {
        match self {
            Self::Acknowledged => evidence.acknowledged.is_some(),
            Self::ReadBack => evidence.read_back.is_some(),
            Self::IdentityIssued => evidence.identity_issued.is_some(),
            Self::IdentityUsed => evidence.identity_used.is_some(),
            Self::Proven => evidence.proven.is_some(),
        }
    }
}

/// What is waited for.
#[derive(Debug)]
enum Goal {
    /// An event after `since`.
    Event(EventFilter),
    /// A delivery that is in a state or has an evidence, now or later.
    Delivery(Wanted),
}

/// A delivery as somebody wants it.
#[derive(Debug)]
struct Wanted {
    scope: Option<Scope>,
    device: Option<DeviceId>,
    delivery: Option<DeliveryId>,
    state: Option<DeliveryState>,
    evidence: Option<Truth>,
}

/// What `GET /wait` answers.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    matched: bool,
    /// The cursor to wait on from.
    since: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Event>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<DeliveryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    near_misses: Option<Misses>,
}

/// What came closest, the nearest first.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Misses {
    Events(Vec<NearMiss>),
    Deliveries(Vec<DeliveryMiss>),
}

/// A delivery that is not as wanted.
#[derive(Debug, PartialEq, Serialize)]
struct DeliveryMiss {
    delivery: DeliveryId,
    device: Option<DeviceId>,
    profile: ProfileId,
    state: DeliveryState,
    /// All of it in words.
    text: String,
    failed_criteria: Vec<Failed>,
}

/// `GET /wait`.
pub(super) async fn wait(
    State(server): State<Server>,
    Extension(listeners): Extension<Listeners>,
    Params(query): Params<Query>,
) -> Result<Json<Answer>, Failure> {
    let _place = listeners.join()?;
    let range = server.store.event_range().await?;
    let since = cursor(query.since, range)?;
    let deadline =
        Instant::now() + Duration::from_secs(query.timeout.unwrap_or(TIMEOUT).min(LONGEST));
    let answer = match goal(query)? {
        Goal::Event(filter) => event(&server, filter, since, range, deadline).await?,
        Goal::Delivery(wanted) => delivery(&server, &wanted, range.1, deadline).await?,
    };
    Ok(Json(answer))
}

/// What a query means.
fn goal(query: Query) -> Result<Goal, Failure> {
    let refuse = |why: &str| Err(Failure::unreadable("the query", why));
    if query.state.is_some() || query.evidence.is_some() {
        if !query.kind.0.is_empty() {
            return refuse(
                "`kind` is of events, `state` and `evidence` of deliveries; wait for one of them at a time",
            );
        }
        if query.device.is_none() && query.delivery.is_none() {
            return refuse("`state` and `evidence` need a `delivery` or a `device`");
        }
        return Ok(Goal::Delivery(Wanted {
            scope: query.scope,
            device: query.device,
            delivery: query.delivery,
            state: query.state,
            evidence: query.evidence,
        }));
    }
    if query.kind.0.is_empty() && query.device.is_none() && query.delivery.is_none() {
        return refuse("nothing to wait for: give `kind`, `device` or `delivery`");
    }
    Ok(Goal::Event(EventFilter {
        scope: query.scope,
        device: query.device,
        delivery: query.delivery,
        kinds: query.kind.0,
    }))
}

/// Waits for an event. Without a cursor, what is kept counts where a device or delivery is named, because an identity
/// does not mean another run by mistake; an event of a kind alone is waited for from now on.
async fn event(
    server: &Server,
    wanted: EventFilter,
    since: Option<u64>,
    (oldest, newest): (u64, u64),
    deadline: Instant,
) -> Result<Answer, Failure> {
    let named = wanted.device.is_some() || wanted.delivery.is_some();
    let since = since.unwrap_or(if named {
        oldest.saturating_sub(1)
    } else {
        newest
    });
    if let Some(event) = server.store.events(since, &wanted, 1).await?.pop() {
        return Ok(Answer {
            event: Some(event.clone()),
            ..Answer::new(true, event.seq)
        });
    }
    let everything = EventFilter::default();
    let follow = server.store.newest_event();
    let mut misses = NearMisses::default();
    let mut at = newest
        .saturating_sub(LOOK_BACK)
        .max(oldest.saturating_sub(1));
    loop {
        let before = follow.newest();
        let read = server.store.events(at, &everything, BATCH).await?;
        for event in &read {
            if misses.matches(event, &wanted, since) {
                return Ok(Answer {
                    event: Some(event.clone()),
                    ..Answer::new(true, event.seq)
                });
            }
        }
        let stopping = read
            .iter()
            .any(|event| event.seq > newest && event.event.kind == Kind::ServerStopping);
        let cut_off = read.len() >= BATCH;
        at = next(at, &read, BATCH, before);
        if stopping || (!cut_off && timeout_at(deadline, follow.beyond(at)).await.is_err()) {
            let near_misses = Some(Misses::Events(misses.into_vec()));
            return Ok(Answer {
                near_misses,
                ..Answer::new(false, at)
            });
        }
    }
}

/// Waits for a delivery. It looks again after whatever happens, since every change of a delivery is an event.
async fn delivery(
    server: &Server,
    wanted: &Wanted,
    newest: u64,
    deadline: Instant,
) -> Result<Answer, Failure> {
    let follow = server.store.newest_event();
    let stop = EventFilter {
        kinds: vec![Kind::ServerStopping],
        ..EventFilter::default()
    };
    loop {
        let at = follow.newest();
        let deliveries = candidates(server, wanted).await?;
        if let Some(found) = deliveries.iter().position(|d| wanted.failed(d).is_empty()) {
            let delivery = deliveries.into_iter().nth(found).map(DeliveryView::from);
            return Ok(Answer {
                delivery,
                ..Answer::new(true, at)
            });
        }
        let stopping = !server.store.events(newest, &stop, 1).await?.is_empty();
        if stopping || timeout_at(deadline, follow.beyond(at)).await.is_err() {
            let near_misses = Some(Misses::Deliveries(wanted.misses(&deliveries)));
            return Ok(Answer {
                near_misses,
                ..Answer::new(false, at)
            });
        }
    }
}

/// The deliveries that may be meant, newest first.
async fn candidates(server: &Server, wanted: &Wanted) -> Result<Vec<Delivery>, Failure> {
    if let Some(id) = &wanted.delivery {
        let delivery = server.store.delivery(id).await?;
        return Ok(vec![
            delivery.ok_or_else(|| Failure::not_found("delivery", id))?,
        ]);
    }
    let filter = DeliveryFilter {
        scope: wanted.scope.clone(),
        device: wanted.device.clone(),
        ..DeliveryFilter::default()
    };
    Ok(server.store.deliveries(&filter, DELIVERIES).await?)
}

impl Answer {
    fn new(matched: bool, since: u64) -> Self {
        Self {
            matched,
            since,
            event: None,
            delivery: None,
            near_misses: None,
        }
    }
}

impl Wanted {
    /// What does not hold of a delivery.
    fn failed(&self, delivery: &Delivery) -> Vec<Failed> {
        let mut failed = Vec::new();
        if let Some(device) = &self.device
            && delivery.device() != Some(device)
        {
            let found = delivery.device().map(ToString::to_string);
            failed.push(Failed {
                criterion: "device",
                wanted: device.to_string(),
                found,
            });
        }
        if let Some(scope) = &self.scope
            && *scope != delivery.scope
        {
            let found = Some(delivery.scope.to_string());
            failed.push(Failed {
                criterion: "scope",
                wanted: scope.to_string(),
                found,
            });
        }
        if let Some(state) = self.state
            && state != delivery.state
        {
            let (wanted, found) = (
                state.as_str().to_owned(),
                Some(delivery.state.as_str().to_owned()),
            );
            failed.push(Failed {
                criterion: "state",
                wanted,
                found,
            });
        }
        if let Some(truth) = self.evidence
            && !truth.holds(&delivery.evidence)
        {
            failed.push(Failed {
                criterion: "evidence",
                wanted: truth.as_str().to_owned(),
                found: None,
            });
        }
        failed
    }

    /// The deliveries that lack least, of equals the one that changed last.
    fn misses(&self, deliveries: &[Delivery]) -> Vec<DeliveryMiss> {
        let mut all: Vec<_> = deliveries.iter().map(|d| (self.failed(d), d)).collect();
        all.sort_by_key(|(failed, delivery)| {
            (failed.len(), std::cmp::Reverse(delivery.state_since))
        });
        all.into_iter()
            .take(MISSES)
            .map(|(failed_criteria, delivery)| DeliveryMiss {
                delivery: delivery.id.clone(),
                device: delivery.device().cloned(),
                profile: delivery.profile.clone(),
                state: delivery.state,
                text: words(delivery, &failed_criteria),
                failed_criteria,
            })
            .collect()
    }
}

/// Where a delivery stands and what it lacks, in words.
fn words(delivery: &Delivery, failed: &[Failed]) -> String {
    let mut text = format!(
        "delivery {} of `{}` is {}",
        delivery.id,
        delivery.profile,
        delivery.state.as_str()
    );
    if let Some(reason) = &delivery.reason {
        // A reason is plain data, so it always becomes JSON.
        let reason = serde_json::to_value(reason).unwrap_or_default();
        let word = |name: &str| reason.get(name).and_then(serde_json::Value::as_str);
        let detail = word("text")
            .or_else(|| word("name"))
            .or_else(|| word("what"));
        let code = word("code").unwrap_or_default();
        text.push_str(&detail.map_or_else(
            || format!(" ({code})"),
            |detail| format!(" ({code}: {detail})"),
        ));
    }
    if let Some(error) = delivery.errors.first() {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "; the device said: {}", error.description);
    }
    for failed in failed {
        let _ = write!(
            text,
            "; {} `{}` does not hold",
            failed.criterion, failed.wanted
        );
    }
    text
}

#[cfg(test)]
mod tests;
