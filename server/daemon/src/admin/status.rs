//! The server itself: whether it lives, where it is, what is not configured.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use mdm_core::ports::StoreUnavailable;
use mdm_core::time::Timestamp;
use serde::Serialize;

use super::problem::Failure;
use crate::config::Push;
use crate::doctor;
use crate::server::Server;

/// `GET /livez`: the process answers.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: storage answers too.
pub(super) async fn ready(State(server): State<Server>) -> Result<&'static str, Failure> {
    server.store.event_range().await?;
    Ok("ready\n")
}

/// `GET /server`.
pub(super) async fn server(State(server): State<Server>) -> Result<Json<ServerView>, Failure> {
    let (devices, scopes) = census(&server).await?;
    let facts = server.pki.authority().facts();
    let config = &server.config;
    Ok(Json(ServerView {
        name: server.advertised.name.clone(),
        version: env!("CARGO_PKG_VERSION"),
        urls: UrlsView {
            bootstrap: server.urls.bootstrap.clone(),
            device: server.urls.device.clone(),
            mtls: server.urls.mtls.clone(),
            admin: server.urls.admin.clone(),
            landing: server.urls.landing(),
            scep: server.urls.scep(),
            crl: server.urls.crl(),
        },
        push: PushView::of(&server),
        ca: CaView {
            subject: facts.subject.clone(),
            sha256: facts.fingerprint.to_string(),
            not_after: facts.validity.not_after.into(),
        },
        data: config.data.path.display().to_string(),
        ephemeral: config.data.ephemeral,
        scope_count: scopes,
        devices,
        open_enrollment: config.open_enrollment,
        allow_destructive: config.allow_destructive,
    }))
}

/// `GET /doctor`.
pub(super) async fn doctor(State(server): State<Server>) -> Result<Json<DoctorView>, Failure> {
    Ok(Json(DoctorView {
        findings: doctor::examine(&server).await?,
    }))
}

/// `GET /ca.pem`: the root certificate.
pub(super) async fn root(State(server): State<Server>) -> Response {
    (
        [(CONTENT_TYPE, "application/x-pem-file")],
        server.pki.authority().certificate_pem(),
    )
        .into_response()
}

/// Devices read at once while counting.
const PAGE: usize = 1000;

/// How many devices there are, and in how many scopes.
async fn census(server: &Server) -> Result<(usize, usize), StoreUnavailable> {
    let (mut count, mut scopes, mut after) = (0, BTreeSet::new(), None);
    loop {
        let page = server.store.devices(None, after.as_ref(), PAGE).await?;
        count += page.len();
        let full = page.len() == PAGE;
        after = page.last().map(|device| device.id.clone());
        scopes.extend(page.into_iter().map(|device| device.scope));
        if !full {
            return Ok((count, scopes.len()));
        }
    }
}

/// What `GET /server` shows.
#[derive(Debug, Serialize)]
pub(super) struct ServerView {
    name: String,
    version: &'static str,
    urls: UrlsView,
    push: PushView,
    ca: CaView,
    data: String,
    ephemeral: bool,
    scope_count: usize,
    devices: usize,
    open_enrollment: bool,
    allow_destructive: bool,
}

#[derive(Debug, Serialize)]
struct UrlsView {
    bootstrap: Option<String>,
    device: String,
    mtls: Option<String>,
    admin: String,
    landing: String,
    scep: String,
    crl: String,
}

#[derive(Debug, Serialize)]
struct PushView {
    configured: bool,
    topic: Option<String>,
    hint: Option<&'static str>,
}

impl PushView {
    fn of(server: &Server) -> Self {
        let topic = server.pusher.topic();
        let hint = match (&topic, &server.config.push) {
            (Some(_), _) => None,
            (None, Push::None) => {
                Some("push is off: devices get commands when they poll by themselves")
            }
            (None, Push::Unconfigured | Push::Apns(_)) => Some(
                "real devices cannot be woken: give `--push-certificate FILE`, or `--push none` for devices that poll",
            ),
        };
        Self {
            configured: topic.is_some(),
            topic: topic.map(ToOwned::to_owned),
            hint,
        }
    }
}

#[derive(Debug, Serialize)]
struct CaView {
    subject: String,
    sha256: String,
    not_after: Timestamp,
}

/// What `GET /doctor` shows.
#[derive(Debug, Serialize)]
pub(super) struct DoctorView {
    findings: Vec<doctor::Finding>,
}
