//! Groups: list, show, put, delete.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use mdm_core::group::{Group, GroupKind};
use mdm_core::id::{GroupId, Scope};
use mdm_core::lab::{Lab, NewGroup};
use mdm_core::time::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::apply::{make_so, named, without_place};
use super::extract::{Body, Params, Segment};
use super::problem::Failure;
use super::profiles::InScope;
use super::users::status;
use crate::server::Server;

/// All groups, with how many members each has.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<Summary>,
}

/// A group without its members.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    id: GroupId,
    scope: Scope,
    display_name: Option<String>,
    kind: GroupKind,
    members: usize,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Group> for Summary {
    fn from(group: Group) -> Self {
        Self {
            members: group.members.len(),
            id: group.id,
            scope: group.scope,
            display_name: group.display_name,
            kind: group.kind,
            created_at: group.created_at,
            updated_at: group.updated_at,
        }
    }
}

/// `GET /groups`.
pub(super) async fn list(
    State(server): State<Server>,
    Params(query): Params<InScope>,
) -> Result<Json<Page>, Failure> {
    let groups = server.store.groups(query.scope.as_ref()).await?;
    let items = groups.into_iter().map(Summary::from).collect();
    Ok(Json(Page { items }))
}

/// `GET /groups/{id}`.
pub(super) async fn show(
    State(server): State<Server>,
    Segment(id): Segment<GroupId>,
) -> Result<Json<Group>, Failure> {
    found(&server, &id).await.map(Json)
}

/// `PUT /groups/{id}`: makes it, or replaces all that is said of it.
pub(super) async fn put(
    State(server): State<Server>,
    Segment(id): Segment<GroupId>,
    Params(query): Params<InScope>,
    Body(mut object): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<Group>), Failure> {
    named("id", id.as_str(), &mut object)?;
    let lab = Lab {
        groups: vec![NewGroup::read(object).map_err(Failure::Lab)?],
        ..Lab::default()
    };
    let scope = query.scope.unwrap_or_else(|| server.config.scope.clone());
    let applied = make_so(&server, scope, lab, false, false).await;
    let applied = applied.map_err(without_place)?;
    let group = found(&server, &id).await?;
    Ok((status(&applied.plan.changes), Json(group)))
}

/// `DELETE /groups/{id}`.
pub(super) async fn delete(
    State(server): State<Server>,
    Segment(id): Segment<GroupId>,
) -> Result<StatusCode, Failure> {
    server.services.delete_group(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn found(server: &Server, id: &GroupId) -> Result<Group, Failure> {
    let group = server.store.group(id).await?;
    group.ok_or_else(|| Failure::not_found("group", id))
}
