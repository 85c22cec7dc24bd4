//! Labs: what one is to look like, made so.

use axum::Json;
use axum::extract::State;
use mdm_core::id::Scope;
use mdm_core::lab::Lab;
use mdm_core::plan::Planned;
use mdm_core::ports::StoreUnavailable;
use mdm_core::service::directory::{Applied, ApplyError};
use mdm_payloads::{Complaint, Complaints};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::extract::{Body, Params};
use super::problem::Failure;
use super::profiles::FindingView;
use crate::server::Server;

/// The query of `POST /apply`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    scope: Option<Scope>,
    /// Only tell what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Delete what the lab does not name.
    #[serde(default)]
    prune: bool,
}

/// What was done, or would be.
#[derive(Debug, Serialize)]
pub(super) struct View {
    dry_run: bool,
    changes: Vec<Planned>,
    /// How many things of the lab were as they should be.
    unchanged: usize,
    /// Devices for which deliveries changed.
    devices: usize,
    warnings: Vec<Warning>,
}

/// A finding about an assignment.
#[derive(Debug, Serialize)]
pub(super) struct Warning {
    profile: String,
    #[serde(flatten)]
    finding: FindingView,
}

impl Warning {
    /// What a plan found.
    pub(super) fn all(applied: &Applied) -> Vec<Self> {
        let one = |(profile, finding): &(mdm_core::id::ProfileId, _)| Self {
            profile: profile.to_string(),
            finding: FindingView::from(finding),
        };
        applied.plan.findings.iter().map(one).collect()
    }
}

/// `POST /apply`: the tables of a lab file as JSON.
pub(super) async fn apply(
    State(server): State<Server>,
    Params(query): Params<Query>,
    Body(object): Body<Map<String, Value>>,
) -> Result<Json<View>, Failure> {
    let lab = Lab::read(object).map_err(Failure::Lab)?;
    let scope = query.scope.unwrap_or_else(|| server.config.scope.clone());
    let applied = make_so(&server, scope, lab, query.prune, query.dry_run).await?;
    Ok(Json(View {
        dry_run: query.dry_run,
        warnings: Warning::all(&applied),
        changes: applied.plan.changes,
        unchanged: applied.plan.unchanged,
        devices: applied.devices,
    }))
}

/// Applies a lab to its end.
pub(super) async fn make_so(
    server: &Server,
    scope: Scope,
    lab: Lab,
    prune: bool,
    dry_run: bool,
) -> Result<Applied, ApplyError> {
    let services = server.services.clone();
    to_the_end(async move { services.apply(&scope, &lab, prune, dry_run).await }).await
}

/// Does something that concerns many devices to its end, even if whoever asked goes away meanwhile.
pub(super) async fn to_the_end<T, E>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreUnavailable> + Send + 'static,
{
    match tokio::spawn(work).await {
        Ok(outcome) => outcome,
        Err(stopped) => Err(StoreUnavailable {
            doing: "evaluating assignments".to_owned(),
            overloaded: false,
            source: Some(Box::new(stopped)),
        }
        .into()),
    }
}

/// The key of the path is the thing's; the body may leave it out, but not differ.
pub(super) fn named(
    key: &'static str,
    id: &str,
    object: &mut Map<String, Value>,
) -> Result<(), Failure> {
    match object.get(key) {
        None => {
            object.insert(key.to_owned(), Value::from(id));
            Ok(())
        }
        Some(Value::String(other)) if other.eq_ignore_ascii_case(id) => Ok(()),
        Some(other) => {
            let found: String = other.to_string().chars().take(80).collect();
            let allowed = format!("`{id}`, as in the path");
            Err(Failure::Lab(Complaints(vec![Complaint::new(
                key, found, allowed,
            )])))
        }
    }
}

/// Complaints about the only thing of a lab, without its place.
pub(super) fn without_place(error: ApplyError) -> Failure {
    match error {
        ApplyError::Lab(Complaints(complaints)) => {
            let strip = |c: Complaint| Complaint {
                path: match c.path.split_once('.') {
                    Some((_, path)) => path.to_owned(),
                    None => c.path,
                },
                found: c.found,
                allowed: c.allowed,
            };
            Failure::Lab(Complaints(complaints.into_iter().map(strip).collect()))
        }
        other => other.into(),
    }
}
