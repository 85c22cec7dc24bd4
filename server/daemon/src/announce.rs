//! Telling of what peers did wrong, without letting them fill the record: limits hit and refusals
//! are counted per rule, peer and second, findings are told once per device and rule.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use mdm_core::event::{Kind, NewEvent};
use mdm_core::id::{DeviceId, Scope};
use mdm_core::ports::Clock;
use mdm_core::service::Services;
use mdm_core::time::Timestamp;

use crate::edge::{Conn, LimitSink, Role};

/// Findings, peers and rules remembered; all are forgotten when there are more.
const MOST: usize = 10_000;
/// Refusals written per second, of all peers together; the others are counted in the next one.
const REFUSALS_PER_SECOND: u32 = 20;

/// Writes events about peers.
pub struct Announcer {
    services: Services,
    clock: Arc<dyn Clock>,
    scope: Scope,
    state: Mutex<State>,
    runtime: tokio::runtime::Handle,
}

#[derive(Default)]
struct State {
    /// The second in which something was last told of a peer, and how often it happened since.
    told: HashMap<(&'static str, IpAddr), (i64, u64)>,
    findings: HashSet<(Option<DeviceId>, String)>,
    refusal_second: i64,
    refusals: u32,
    suppressed: u64,
}

impl Announcer {
    /// Writes through `services`. Must be made within a tokio runtime.
    pub fn new(services: Services, clock: Arc<dyn Clock>, scope: Scope) -> Self {
        let runtime = tokio::runtime::Handle::current();
        Self {
            services,
            clock,
            scope,
            state: Mutex::default(),
            runtime,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often `what` happened with `peer` since it was last told; none when it was told in this
    /// second already.
    fn due(&self, what: &'static str, peer: IpAddr, now: Timestamp) -> Option<u64> {
        let second = now.0 / 1000;
        let mut state = self.state();
        if state.told.len() >= MOST {
            state.told.clear();
        }
        let entry = state.told.entry((what, peer)).or_insert((i64::MIN, 0));
        entry.1 += 1;
        if entry.0 == second {
            return None;
        }
        entry.0 = second;
        Some(std::mem::take(&mut entry.1))
    }

    /// A limit was hit.
    pub fn limit(&self, rule: &'static str, peer: IpAddr) {
        let now = self.clock.now();
        let Some(hits) = self.due(rule, peer, now) else {
            return;
        };
        let text = format!("{rule} was reached by {peer}");
        tracing::warn!(%peer, rule, hits, "limit reached");
        let event = NewEvent::new(now, &self.scope, Kind::LimitHit, text)
            .fact("rule", rule)
            .fact("peer", peer.to_string())
            .fact("hits", hits);
        self.write_later(event);
    }

    /// A root certificate or trust profile was fetched, by somebody who needs no permission for it.
    pub async fn trust_fetched(&self, what: &'static str, conn: &Conn, scope: &Scope) {
        let now = self.clock.now();
        let peer = conn.peer.ip();
        if self.due(what, peer, now).is_some() {
            let event = NewEvent::new(
                now,
                scope,
                Kind::TrustFetched,
                format!("the {what} was fetched"),
            )
            .fact("peer", peer.to_string())
            .fact("listener", conn.role.name());
            self.write(event).await;
        }
    }

    /// A message deviated from its specification and was served.
    pub async fn finding(
        &self,
        device: Option<&DeviceId>,
        scope: &Scope,
        rule: &str,
        detail: &str,
    ) {
        {
            let mut state = self.state();
            if state.findings.len() >= MOST {
                state.findings.clear();
            }
            if !state.findings.insert((device.cloned(), rule.to_owned())) {
                return;
            }
        }
        let text = format!("{rule}: {detail}");
        let mut event =
            NewEvent::new(self.clock.now(), scope, Kind::FindingReported, text).fact("rule", rule);
        if let Some(device) = device {
            event = event.device(device);
        }
        self.write(event).await;
    }

    /// A request was refused.
    pub async fn refusal(&self, event: NewEvent) {
        let second = event.at.0 / 1000;
        let missed = {
            let mut state = self.state();
            if state.refusal_second != second {
                state.refusal_second = second;
                state.refusals = 0;
            }
            state.refusals += 1;
            if state.refusals > REFUSALS_PER_SECOND {
                state.suppressed += 1;
                return;
            }
            std::mem::take(&mut state.suppressed)
        };
        let event = if missed > 0 {
            event.fact("refusals_not_told", missed)
        } else {
            event
        };
        self.write(event).await;
    }

    /// Exchanges were lost.
    pub async fn lost(&self, count: u64) {
        let text = format!("{count} exchanges were not recorded: their writer could not keep up");
        let event = NewEvent::new(self.clock.now(), &self.scope, Kind::ExchangeLost, text)
            .fact("count", count);
        self.write(event).await;
    }

    async fn write(&self, event: NewEvent) {
        if let Err(error) = self.services.note(vec![event]).await {
            tracing::error!(%error, "an event could not be written");
        }
    }

    fn write_later(&self, event: NewEvent) {
        let services = self.services.clone();
        self.runtime.spawn(async move {
            if let Err(error) = services.note(vec![event]).await {
                tracing::error!(%error, "an event could not be written");
            }
        });
    }
}

impl LimitSink for Announcer {
    fn limit_hit(&self, rule: &'static str, peer: IpAddr) {
        self.limit(rule, peer);
    }

    fn handshake_failed(&self, role: Role, peer: SocketAddr, why: &str) {
        tracing::info!(%peer, %role, why, "TLS handshake failed");
    }

    fn malformed_request(&self, conn: &Conn, why: &str) {
        tracing::warn!(peer = %conn.peer, why, "malformed request");
    }

    fn handler_panicked(&self, conn: &Conn, what: &str) {
        tracing::error!(peer = %conn.peer, what, "a request could not be answered: this is a defect of the server");
    }
}

impl std::fmt::Debug for Announcer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Announcer")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
