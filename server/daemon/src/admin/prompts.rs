//! Prompts: list, show, answer.

use axum::Json;
use axum::extract::State;
use mdm_core::id::{DeviceId, PromptId, Scope};
use mdm_core::prompt::{Answer, Prompt};
use serde::{Deserialize, Serialize};

use super::extract::{Body, Params, Segment};
use super::problem::Failure;
use crate::server::Server;

/// The query of `GET /prompts`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    scope: Option<Scope>,
    device: Option<DeviceId>,
    answer: Option<Answer>,
}

/// Prompts, oldest first.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<Prompt>,
}

/// `GET /prompts`.
pub(super) async fn list(
    State(server): State<Server>,
    Params(query): Params<List>,
) -> Result<Json<Page>, Failure> {
    let mut items = server.store.prompts(query.scope.as_ref()).await?;
    items.retain(|prompt| {
        query
            .device
            .as_ref()
            .is_none_or(|id| prompt.device.as_ref() == Some(id))
            && query.answer.is_none_or(|answer| prompt.answer == answer)
    });
    Ok(Json(Page { items }))
}

/// `GET /prompts/{id}`.
pub(super) async fn show(
    State(server): State<Server>,
    Segment(id): Segment<PromptId>,
) -> Result<Json<Prompt>, Failure> {
    let prompt = server.store.prompt(&id).await?;
    prompt
        .ok_or_else(|| Failure::not_found("prompt", &id))
        .map(Json)
}

/// The body of `POST /prompts/{id}/answer`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    answer: Answer,
}

/// `POST /prompts/{id}/answer`: what a person saw the user say.
pub(super) async fn answer(
    State(server): State<Server>,
    Segment(id): Segment<PromptId>,
    Body(said): Body<Said>,
) -> Result<Json<Prompt>, Failure> {
    Ok(Json(server.services.answer_prompt(&id, said.answer).await?))
}
