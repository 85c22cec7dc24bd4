//! One device request: routed, answered, recorded once.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use mdm_core::device::Reality;
use mdm_core::event::{Kind, NewEvent};
use mdm_core::id::{DeviceId, Scope};
use mdm_windows::soap::{Action, ActivityId, Reply as Header};

use crate::announce::Announcer;
use crate::config::Strict;
use crate::edge::{BodyError, BodyLimit, Conn, Handler, NoRoute, Route};
use crate::enrollment::EnrollmentProfiles;
use crate::record::{Recorder, Request};
use crate::respond::{Dialect, Failure, Reply, Soap, empty};
use crate::server::Server;

/// Answers devices.
#[derive(Clone)]
pub struct Devices {
    pub(crate) server: Server,
    pub(crate) enrollments: Arc<EnrollmentProfiles>,
    pub(super) scep: Arc<super::scep::Scep>,
    recorder: Recorder,
    pub(crate) announcer: Arc<Announcer>,
}

/// What became known of a request while it was answered.
#[derive(Debug, Clone)]
pub(crate) struct Knowledge {
    /// Whose request it is.
    pub(crate) device: Option<DeviceId>,
    /// In which scope.
    pub(crate) scope: Scope,
    /// Real or simulated.
    pub(crate) reality: Reality,
    /// What it asks, in words: `connect Idle`.
    pub(crate) operation: String,
    /// False for a poll that changed nothing.
    pub(crate) changed: bool,
    /// Deviations from the specification: rule and detail.
    pub(crate) findings: Vec<(String, String)>,
    /// How the peer is told of a failure.
    pub(crate) dialect: Dialect,
}

/// One request, whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) conn: &'a Conn,
    pub(crate) head: &'a Parts,
    pub(crate) body: &'a Bytes,
}

impl Devices {
    /// Answers devices of this server.
    pub fn new(
        server: Server,
        enrollments: Arc<EnrollmentProfiles>,
        announcer: Arc<Announcer>,
    ) -> Self {
        let recorder = Recorder::new(Arc::clone(&server.exchanges), server.config.keep_secrets);
        let scep = Arc::new(super::scep::Scep::new(&server));
        Self {
            server,
            enrollments,
            scep,
            recorder,
            announcer,
        }
    }

    async fn answer(
        &self,
        route: Result<Route, NoRoute>,
        asked: Asked<'_>,
        body: Result<(), BodyError>,
        known: &mut Knowledge,
    ) -> Result<Reply, Failure> {
        let route = route?;
        body?;
        match route {
            Route::CheckIn => self.check_in(asked, known).await,
            Route::Connect => self.connect(asked, known).await,
            Route::WindowsManagement => self.manage(asked, known).await,
            Route::Scep => self.scep(asked, known).await,
            Route::EnrollApple => self.enroll_apple(asked, known).await,
            Route::LinkedProfile(token) => self.linked_profile(token.reveal(), known).await,
            Route::Landing => Ok(self.landing(asked)),
            Route::Enroll => Ok(self.enroll_page(asked)),
            Route::TrustRootDer | Route::PkiCa => Ok(self.root_der(asked, known).await),
            Route::TrustRootPem => Ok(self.root_pem(asked, known).await),
            Route::TrustProfile => self.trust_profile(asked, known).await,
            Route::TrustPing => Ok(Self::trust_ping()),
            Route::PkiCrl => Ok(self.crl()),
            Route::MdmServiceConfig => Ok(self.service_config()),
            Route::EnrollWindows => Ok(self.enroll_windows_page(asked)),
            Route::WindowsDiscovery => self.windows_discovery(asked, known),
            Route::WindowsPolicy => self.windows_policy(asked, known).await,
            Route::WindowsEnrollment => self.windows_enrollment(asked, known).await,
            Route::WindowsLogin => self.windows_login(asked, known).await,
            Route::Later { what } => Err(Failure::Later { what }),
        }
    }

    /// Findings become events, or a refusal, as configured.
    async fn judge(&self, known: &Knowledge) -> Result<(), Failure> {
        let config = &self.server.config;
        let mut counted = known
            .findings
            .iter()
            .filter(|(rule, _)| !config.waivers.contains(rule));
        match config.strict {
            Strict::Off => Ok(()),
            Strict::Reject => match counted.next() {
                Some((rule, detail)) => Err(Failure::Malformed {
                    what: "a message that keeps to its specification",
                    detail: format!("{rule}: {detail}"),
                    limit: None,
                }),
                None => Ok(()),
            },
            Strict::Report => {
                for (rule, detail) in counted {
                    self.announcer
                        .finding(known.device.as_ref(), &known.scope, rule, detail)
                        .await;
                }
                Ok(())
            }
        }
    }

    /// Refuses by finding, before anything changes, where that is configured.
    pub(crate) async fn judged(&self, known: &Knowledge) -> Result<(), Failure> {
        if known.findings.is_empty() {
            Ok(())
        } else {
            self.judge(known).await
        }
    }

    /// The dialect of failures on a route.
    fn dialect(&self, route: Result<&Route, &NoRoute>) -> Dialect {
        let action = match route {
            Ok(Route::WindowsDiscovery) => Action::Discover,
            Ok(Route::WindowsPolicy) => Action::GetPolicies,
            Ok(Route::WindowsEnrollment) => Action::RequestSecurityToken,
            Ok(_) | Err(_) => return Dialect::Http,
        };
        Dialect::Soap(Soap {
            action,
            header: Header {
                relates_to: None,
                activity: ActivityId::new(self.server.ids.bytes()),
            },
        })
    }

    /// Writes down that a request was refused.
    pub(crate) async fn tell(&self, failure: &Failure, asked: Asked<'_>, known: &Knowledge) {
        let text = failure.explain();
        let peer = asked.conn.peer;
        let path = crate::record::shown(asked.head.uri.path());
        tracing::warn!(%peer, %path, reason = %text, "request refused");
        if let Some(rule) = failure.limit()
            && !matches!(failure, Failure::Body(_))
        {
            self.announcer.limit(rule, peer.ip());
        }
        if matches!(failure, Failure::Route(_) | Failure::Later { .. }) {
            return; // nothing of a device's: scanners ask for many paths
        }
        let status = failure.reply(&known.dialect).status();
        self.note_refusal(text, status, asked, known).await;
    }

    /// Says that somebody was not let in, in an answer that is none of HTTP's refusals.
    pub(crate) async fn tell_refused(&self, text: String, asked: Asked<'_>, known: &Knowledge) {
        tracing::warn!(peer = %asked.conn.peer, reason = %text, "message refused");
        self.note_refusal(text, StatusCode::OK, asked, known).await;
    }

    async fn note_refusal(
        &self,
        text: String,
        status: StatusCode,
        asked: Asked<'_>,
        known: &Knowledge,
    ) {
        let now = self.server.clock.now();
        let path = crate::record::shown(asked.head.uri.path());
        let mut event = NewEvent::new(now, &known.scope, Kind::RequestRefused, text)
            .fact("path", path)
            .fact("peer", asked.conn.peer.to_string())
            .fact("status", status.as_u16());
        if let Some(device) = &known.device {
            event = event.device(device);
        }
        self.announcer.refusal(event).await;
    }
}

#[async_trait]
impl Handler for Devices {
    fn body_limit(&self, conn: &Conn, head: &Parts) -> BodyLimit {
        Route::parse(conn.role, &head.method, head.uri.path())
            .map_or(NoRoute::BODY, |route| route.body_limit())
    }

    async fn handle(&self, conn: Arc<Conn>, head: Parts, body: Result<Bytes, BodyError>) -> Reply {
        let started = Instant::now();
        let mut known = Knowledge {
            device: None,
            scope: self.server.config.scope.clone(),
            reality: Reality::Real,
            operation: String::new(),
            changed: true,
            findings: Vec::new(),
            dialect: Dialect::Http,
        };
        let (body, failed) = match body {
            Ok(body) => (body, Ok(())),
            Err(error) => (Bytes::new(), Err(error)),
        };
        let route = Route::parse(conn.role, &head.method, head.uri.path());
        known.dialect = self.dialect(route.as_ref());
        let asked = Asked {
            conn: &conn,
            head: &head,
            body: &body,
        };
        let reply = match self.answer(route, asked, failed, &mut known).await {
            Ok(reply) => reply,
            Err(failure) => {
                known.changed = true;
                self.tell(&failure, asked, &known).await;
                failure.reply(&known.dialect)
            }
        };
        if let Some(device) = &known.device {
            self.server.seen.note(device, self.server.clock.now());
        }
        let request = Request {
            at: self.server.clock.now(),
            conn: &conn,
            head: &head,
            body: &body,
        };
        self.recorder
            .record(request, &reply, &known.into(), started.elapsed());
        reply
    }
}

impl From<Knowledge> for crate::record::About {
    fn from(known: Knowledge) -> Self {
        Self {
            device: known.device,
            simulated: known.reality == Reality::Simulated,
            operation: known.operation,
            changed: known.changed,
        }
    }
}

/// 200 without a body.
pub(super) fn done() -> Reply {
    empty(StatusCode::OK)
}

impl std::fmt::Debug for Devices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Devices").finish_non_exhaustive()
    }
}
