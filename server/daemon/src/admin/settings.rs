//! What is set for a scope.

use axum::Json;
use axum::extract::State;
use mdm_core::lab::Lab;
use mdm_core::settings::ScopeSettings;
use serde_json::{Map, Value};

use super::apply::{make_so, without_place};
use super::extract::{Body, Params};
use super::problem::Failure;
use super::profiles::InScope;
use crate::server::Server;

/// `GET /settings`.
pub(super) async fn show(
    State(server): State<Server>,
    Params(query): Params<InScope>,
) -> Result<Json<ScopeSettings>, Failure> {
    let scope = query.scope.unwrap_or_else(|| server.config.scope.clone());
    Ok(Json(server.services.settings(&scope).await?))
}

/// `PUT /settings`.
pub(super) async fn put(
    State(server): State<Server>,
    Params(query): Params<InScope>,
    Body(object): Body<Map<String, Value>>,
) -> Result<Json<ScopeSettings>, Failure> {
    let whole = Map::from_iter([("settings".to_owned(), Value::Object(object))]);
    let lab = Lab::read(whole).map_err(|e| without_place(e.into()))?;
    let scope = query.scope.unwrap_or_else(|| server.config.scope.clone());
    let applied = make_so(&server, scope.clone(), lab, false, false).await;
    applied.map_err(without_place)?;
    Ok(Json(server.services.settings(&scope).await?))
}
