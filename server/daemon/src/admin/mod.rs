//! The admin API: JSON over HTTP under `/api/v1`, for people's scripts and the command line.
//!
//! A request passes the `guard` first; then one file per resource reads it (`extract`), asks a service or the store,
//! and shows a view that holds no secret. Whatever goes wrong is a `problem::Failure`, answered in one place.

mod apply;
mod assignments;
mod certificates;
mod codes;
mod commands;
mod deliveries;
mod devices;
mod events;
mod exchanges;
mod extract;
mod groups;
mod guard;
mod judgement;
mod links;
mod listeners;
mod near_miss;
mod problem;
mod profiles;
mod prompts;
mod qr;
mod settings;
mod status;
mod stream;
#[cfg(test)]
mod tests;
mod users;
mod wait;

use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use axum::{Extension, Router};

use crate::server::Server;
use guard::Guard;
use listeners::Listeners;
use problem::Failure;

/// The most bytes a request body may have.
const BODY_LIMIT: usize = 1 << 20;
/// The same, where a profile is sent: it may carry certificates.
const PROFILE_LIMIT: usize = 2 << 20;
/// The same, where a whole lab is sent, or a group.
const LAB_LIMIT: usize = 32 << 20;

/// Every route of the admin API, behind its guard.
pub fn router(server: Server) -> Router {
    let guard = Guard::of(&server);
    let large = Router::new()
        .route("/profiles/lint", post(profiles::lint))
        .route("/profiles/lint-set", post(judgement::lint_together))
        .route("/profiles/diff", post(judgement::diff))
        .route(
            "/profiles/{id}",
            get(profiles::show)
                .put(profiles::put)
                .delete(profiles::delete),
        )
        .layer(DefaultBodyLimit::max(PROFILE_LIMIT));
    let largest = Router::new()
        .route("/apply", post(apply::apply))
        .route(
            "/groups/{id}",
            get(groups::show).put(groups::put).delete(groups::delete),
        )
        .layer(DefaultBodyLimit::max(LAB_LIMIT));
    let small = Router::new()
        .route("/server", get(status::server))
        .route("/doctor", get(status::doctor))
        .route("/ca.pem", get(status::root))
        .route("/devices", get(devices::list))
        .route("/devices/{id}", get(devices::show).delete(devices::forget))
        .route("/devices/{id}/push", post(devices::push))
        .route("/devices/{id}/renew", post(devices::renew))
        .route(
            "/devices/{id}/commands",
            get(commands::list).post(commands::queue),
        )
        .route(
            "/commands/{uuid}",
            get(commands::show).delete(commands::cancel),
        )
        .route("/users", get(users::list))
        .route(
            "/users/{id}",
            get(users::show).put(users::put).delete(users::delete),
        )
        .route("/groups", get(groups::list))
        .route("/assignments", get(assignments::list))
        .route(
            "/assignments/{profile}",
            get(assignments::show)
                .put(assignments::put)
                .delete(assignments::delete),
        )
        .route("/prompts", get(prompts::list))
        .route("/prompts/{id}", get(prompts::show))
        .route("/prompts/{id}/answer", post(prompts::answer))
        .route("/settings", get(settings::show).put(settings::put))
        .route("/profiles", get(profiles::list))
        .route("/profiles/{id}/render", post(profiles::render))
        .route(
            "/deliveries",
            get(deliveries::list).post(deliveries::deliver),
        )
        .route(
            "/deliveries/{id}",
            get(deliveries::show).delete(deliveries::undeliver),
        )
        .route("/deliveries/{id}/redeliver", post(deliveries::redeliver))
        .route("/codes", get(codes::list).post(codes::mint))
        .route("/links", post(links::mint))
        .route("/events", get(events::list))
        .route("/events/stream", get(stream::follow))
        .route("/wait", get(wait::wait))
        .route("/certificates", get(certificates::list))
        .route("/certificates/{serial}/revoke", post(certificates::revoke))
        .route("/exchanges", get(exchanges::list))
        .route("/exchanges/{id}", get(exchanges::show))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(Extension(Listeners::new()));
    Router::new()
        .nest("/api/v1", small.merge(large).merge(largest))
        .route("/livez", get(status::live))
        .route("/readyz", get(status::ready))
        .fallback(|| async { Failure::NoRoute })
        .method_not_allowed_fallback(|| async { Failure::Method })
        .layer(middleware::from_fn_with_state(guard, guard::check))
        .with_state(server)
}
