//! Assignments: list, show, replace, end.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use mdm_core::assignment::Assignment;
use mdm_core::id::ProfileId;
use mdm_core::lab::{Lab, NewAssignment};
use serde::Serialize;
use serde_json::{Map, Value};

use super::apply::{Warning, make_so, named, to_the_end, without_place};
use super::extract::{Body, Params, Segment};
use super::problem::Failure;
use super::profiles::InScope;
use super::users::status;
use crate::server::Server;

/// All assignments.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<Assignment>,
}

/// `GET /assignments`.
pub(super) async fn list(
    State(server): State<Server>,
    Params(query): Params<InScope>,
) -> Result<Json<Page>, Failure> {
    Ok(Json(Page {
        items: server.store.assignments(query.scope.as_ref()).await?,
    }))
}

/// `GET /assignments/{profile}`.
pub(super) async fn show(
    State(server): State<Server>,
    Segment(profile): Segment<ProfileId>,
) -> Result<Json<Assignment>, Failure> {
    found(&server, &profile).await.map(Json)
}

/// An assignment as it was written, and what is to be said of it.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    #[serde(flatten)]
    assignment: Assignment,
    warnings: Vec<Warning>,
    /// Devices for which deliveries changed.
    devices: usize,
}

/// `PUT /assignments/{profile}`: replaces the whole assignment, as Microsoft Graph's `assign` does.
pub(super) async fn put(
    State(server): State<Server>,
    Segment(profile): Segment<ProfileId>,
    Params(query): Params<InScope>,
    Body(mut object): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<Written>), Failure> {
    named("profile", profile.as_str(), &mut object)?;
    let lab = Lab {
        assignments: vec![NewAssignment::read(object).map_err(Failure::Lab)?],
        ..Lab::default()
    };
    let scope = query.scope.unwrap_or_else(|| server.config.scope.clone());
    let applied = make_so(&server, scope, lab, false, false).await;
    let mut applied = applied.map_err(without_place)?;
    applied.plan.findings.retain(|(of, _)| *of == profile);
    let written = Written {
        assignment: found(&server, &profile).await?,
        warnings: Warning::all(&applied),
        devices: applied.devices,
    };
    Ok((status(&applied.plan.changes), Json(written)))
}

/// `DELETE /assignments/{profile}`: it is removed from the devices that have it by that.
pub(super) async fn delete(
    State(server): State<Server>,
    Segment(profile): Segment<ProfileId>,
) -> Result<StatusCode, Failure> {
    let services = server.services;
    to_the_end(async move { services.unassign(&profile).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn found(server: &Server, profile: &ProfileId) -> Result<Assignment, Failure> {
    let assignment = server.store.assignment(profile).await?;
    assignment.ok_or_else(|| Failure::not_found("assignment", profile))
}
