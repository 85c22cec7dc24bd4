//! Users: list, show, put, delete.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use mdm_core::id::{Scope, UserId};
use mdm_core::lab::{Lab, NewUser};
use mdm_core::plan::Action;
use mdm_core::time::Timestamp;
use mdm_core::user::StoredUser;
use mdm_payloads::User;
use serde::Serialize;
use serde_json::{Map, Value};

use super::apply::{make_so, named, to_the_end, without_place};
use super::extract::{Body, Params, Segment};
use super::problem::Failure;
use super::profiles::InScope;
use crate::server::Server;

/// All users.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<UserView>,
}

/// A user without the password.
#[derive(Debug, Serialize)]
pub(super) struct UserView {
    id: UserId,
    scope: Scope,
    #[serde(flatten)]
    user: User,
    licensed: bool,
    /// Whether there is one.
    enrollment_password: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<StoredUser> for UserView {
    fn from(user: StoredUser) -> Self {
        Self {
            id: user.id,
            scope: user.scope,
            user: user.user,
            licensed: user.licensed,
            enrollment_password: user.enrollment_password.is_some(),
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// `GET /users`.
pub(super) async fn list(
    State(server): State<Server>,
    Params(query): Params<InScope>,
) -> Result<Json<Page>, Failure> {
    let users = server.store.users(query.scope.as_ref()).await?;
    let items = users.into_iter().map(UserView::from).collect();
    Ok(Json(Page { items }))
}

/// `GET /users/{id}`.
pub(super) async fn show(
    State(server): State<Server>,
    Segment(id): Segment<UserId>,
) -> Result<Json<UserView>, Failure> {
    let id = UserId::of(id.as_str())?;
    let user = server.store.user(&id).await?;
    let user = user.ok_or_else(|| Failure::not_found("user", &id))?;
    Ok(Json(user.into()))
}

/// `PUT /users/{id}`: makes or changes the user of this principal name.
pub(super) async fn put(
    State(server): State<Server>,
    Segment(id): Segment<UserId>,
    Params(query): Params<InScope>,
    Body(mut object): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<UserView>), Failure> {
    named("user_principal_name", id.as_str(), &mut object)?;
    let lab = Lab {
        users: vec![NewUser::read(object).map_err(Failure::Lab)?],
        ..Lab::default()
    };
    let scope = query.scope.unwrap_or_else(|| server.config.scope.clone());
    let applied = make_so(&server, scope, lab, false, false).await;
    let applied = applied.map_err(without_place)?;
    let id = UserId::of(id.as_str())?;
    let user = server.store.user(&id).await?;
    let user = user.ok_or_else(|| Failure::not_found("user", &id))?;
    Ok((status(&applied.plan.changes), Json(user.into())))
}

/// 201 for what was made, 200 for what was there.
pub(super) fn status(changes: &[mdm_core::plan::Planned]) -> StatusCode {
    if changes.iter().any(|c| c.action == Action::Create) {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    }
}

/// `DELETE /users/{id}`.
pub(super) async fn delete(
    State(server): State<Server>,
    Segment(id): Segment<UserId>,
) -> Result<StatusCode, Failure> {
    let (services, id) = (server.services, UserId::of(id.as_str())?);
    to_the_end(async move { services.delete_user(&id).await }).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use mdm_core::id::Version;

    use super::*;

    #[test]
    fn a_user_as_it_leaves_holds_no_password() {
        let user = StoredUser {
            id: "ada@example.com".parse().unwrap(),
            version: Version(1),
            scope: Scope::default(),
            user: User {
                user_principal_name: "Ada@example.com".to_owned(),
                ..User::default()
            },
            licensed: true,
            enrollment_password: Some("p&<secret".into()),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let text = serde_json::to_string(&UserView::from(user)).unwrap();
        assert!(!text.contains("secret"), "{text}");
        assert!(
            text.contains(r#""user_principal_name":"Ada@example.com""#)
                && text.contains(r#""enrollment_password":true"#),
            "{text}"
        );
    }
}
