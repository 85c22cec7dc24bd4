//! Failures of the admin API, and the one place that turns them into answers: problem details (RFC 9457).

use std::error::Error;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use mdm_core::id::BadId;
use mdm_core::ports::{NotEncodable, StoreUnavailable};
use mdm_core::service::ServiceError;
use mdm_core::service::directory::ApplyError;
use mdm_payloads::Complaints;
use serde::Serialize;

use crate::pki::PkiError;

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// There is no such path.
    #[error("there is nothing at this path")]
    NoRoute,
    /// There is, but not with this method.
    #[error("this path does not know this method")]
    Method,
    /// What was named does not exist.
    #[error("there is no {kind} `{key}`")]
    NotFound {
        /// What kind of thing.
        kind: &'static str,
        /// Its name.
        key: String,
    },
    /// `Host` names somebody else: a browser was led here by a foreign name.
    #[error("`Host` is `{0}`, which is not this server")]
    Host(String),
    /// The request comes from a web page of somebody else.
    #[error("`Origin` is `{0}`; pages of other sites may not use this API")]
    Origin(String),
    /// The token is needed and was not given.
    #[error("{0} needs the token")]
    TokenMissing(&'static str),
    /// A token was given, not ours.
    #[error("the token is not this server's")]
    TokenWrong,
    /// A destructive command that is not allowed here.
    #[error("`{0}` is destructive, and this server does not allow destructive commands")]
    Destructive(String),
    /// A part of the path, the query or the body cannot be read.
    #[error("{what}: {why}")]
    Unreadable {
        /// Which part.
        what: &'static str,
        /// What is wrong, naming the field.
        why: String,
    },
    /// The body is too long, or was cut off.
    #[error("reading the request body: {why}")]
    Body {
        /// 413, or 400.
        status: StatusCode,
        /// What is wrong.
        why: String,
    },
    /// The body is something else than JSON.
    #[error("the content type is `{0}`")]
    MediaType(String),
    /// An identifier that is none.
    #[error(transparent)]
    Id(#[from] BadId),
    /// A profile that makes no sense, with everything that is wrong with it.
    #[error("{} things are wrong with the profile", .0.0.len())]
    Profile(Complaints),
    /// A lab, or a part of one, that makes no sense, with everything that is wrong with it.
    #[error("{} things are wrong with what was sent", .0.0.len())]
    Lab(Complaints),
    /// A profile that cannot be made for this user and device.
    #[error(transparent)]
    Render(#[from] NotEncodable),
    /// No place is left for one who waits.
    #[error("{} wait or follow events already", super::listeners::Listeners::MOST)]
    Crowded,
    /// A cursor before the oldest event that is kept.
    #[error("events after {since} were pruned; the oldest kept is {oldest}")]
    Gone {
        /// The cursor.
        since: u64,
        /// The oldest event.
        oldest: u64,
    },
    /// A cursor behind the newest event: it is another server's.
    #[error("no event {since} exists here; the newest is {newest}")]
    Ahead {
        /// The cursor.
        since: u64,
        /// The newest event.
        newest: u64,
    },
    /// Something that is not possible now.
    #[error("{what}")]
    Conflict {
        /// Why not.
        what: String,
        /// What to do instead.
        hint: &'static str,
    },
    /// A service refused or failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The revocation is recorded, but the list could not be made.
    #[error("publishing the revocation list")]
    Publish(#[source] PkiError),
    /// A QR code could not be drawn.
    #[error("drawing the QR code")]
    Qr(#[source] qrcode::types::QrError),
}

impl From<StoreUnavailable> for Failure {
    fn from(cause: StoreUnavailable) -> Self {
        Self::Service(cause.into())
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Lab(complaints) => Self::Lab(complaints),
            ApplyError::Service(error) => Self::Service(error),
            // The error may grow in another crate.
            other => Self::Service(ServiceError::Conflict {
                what: other.to_string(),
                hint: "see the server's log",
            }),
        }
    }
}

impl From<Complaints> for Failure {
    fn from(complaints: Complaints) -> Self {
        Self::Profile(complaints)
    }
}

impl Failure {
    /// An unreadable part.
    pub(super) fn unreadable(what: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Unreadable {
            what,
            why: why.to_string(),
        }
    }

    /// Something that does not exist.
    pub(super) fn not_found(kind: &'static str, key: impl std::fmt::Display) -> Self {
        Self::NotFound {
            kind,
            key: key.to_string(),
        }
    }

    /// Status and title. A new failure does not compile until somebody decides.
    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoRoute
            | Self::NotFound { .. }
            | Self::Service(ServiceError::NotFound { .. }) => (StatusCode::NOT_FOUND, "not found"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
            Self::Host(_) => (StatusCode::FORBIDDEN, "wrong host"),
            Self::Origin(_) => (StatusCode::FORBIDDEN, "foreign origin"),
            Self::TokenMissing(_) => (StatusCode::UNAUTHORIZED, "token needed"),
            Self::TokenWrong => (StatusCode::UNAUTHORIZED, "wrong token"),
            Self::Destructive(_) => (StatusCode::FORBIDDEN, "destructive commands are off"),
            Self::Unreadable { .. } | Self::Id(_) | Self::Service(ServiceError::Illegal(_)) => {
                (StatusCode::BAD_REQUEST, "bad request")
            }
            Self::Body { status, .. } => (*status, "unreadable body"),
            Self::MediaType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not JSON"),
            Self::Profile(_) => (StatusCode::BAD_REQUEST, "invalid profile"),
            Self::Lab(_) => (StatusCode::BAD_REQUEST, "invalid lab"),
            Self::Render(_) => (StatusCode::UNPROCESSABLE_ENTITY, "not deliverable"),
            Self::Gone { .. } => (StatusCode::GONE, "events pruned"),
            Self::Ahead { .. } => (StatusCode::BAD_REQUEST, "cursor of another server"),
            Self::Conflict { .. } | Self::Service(ServiceError::Conflict { .. }) => {
                (StatusCode::CONFLICT, "not possible now")
            }
            Self::Crowded | Self::Service(ServiceError::Contended(_) | ServiceError::Store(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
            // `ServiceError` may grow in another crate; what is not known there is a fault of this server.
            Self::Service(_) | Self::Publish(_) | Self::Qr(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "failed")
            }
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Service(ServiceError::Conflict { hint, .. }) | Self::Conflict { hint, .. } => {
                hint
            }
            Self::Service(ServiceError::NotFound { kind, .. }) | Self::NotFound { kind, .. } => {
                let list = match *kind {
                    "device" => "devices",
                    "profile" => "profiles",
                    "delivery" => "deliveries",
                    "certificate" => "certificates",
                    "user" => "users",
                    "group" => "groups",
                    "prompt" => "prompts",
                    "assignment" => "assignments",
                    _ => return None,
                };
                return Some(format!("`GET /api/v1/{list}` lists what there is"));
            }
            Self::Service(ServiceError::Contended(_) | ServiceError::Store(_)) => {
                "try again in a moment"
            }
            Self::Crowded => "end a wait or an event stream first",
            Self::NoRoute => "the API is below `/api/v1`",
            Self::Host(_) => {
                "use the address the server printed at start; with `--name` it answers to more names"
            }
            Self::Origin(_) => "call the API from a program, or from a page this server sent",
            Self::TokenMissing(_) | Self::TokenWrong => {
                "send `Authorization: Bearer TOKEN`; `token_file` in `ready.json` names the file that holds it"
            }
            Self::Destructive(_) => "start the server with `--allow-destructive`",
            Self::MediaType(_) => "send `Content-Type: application/json`",
            Self::Gone { .. } => "begin again without `since`, or with one less than `oldest`",
            Self::Ahead { .. } => "begin again without `since`",
            Self::Render(_) => {
                "name a user or device that has what the profile asks for, or change the profile"
            }
            Self::Method
            | Self::Unreadable { .. }
            | Self::Body { .. }
            | Self::Id(_)
            | Self::Profile(_)
            | Self::Lab(_)
            | Self::Service(_)
            | Self::Publish(_)
            | Self::Qr(_) => return None,
        };
        Some(text.to_owned())
    }

    fn problem(&self) -> Problem {
        let (status, title) = self.kind();
        let errors = match self {
            Self::Profile(complaints) | Self::Lab(complaints) => complaints
                .0
                .iter()
                .map(|c| Wrong {
                    path: c.path.clone(),
                    found: c.found.clone(),
                    allowed: c.allowed.clone(),
                })
                .collect(),
            _ => Vec::new(),
        };
        let detail = match self {
            Self::Profile(complaints) | Self::Lab(complaints) => complaints.to_string(),
            _ => self.to_string(),
        };
        let (oldest, newest) = match self {
            Self::Gone { oldest, .. } => (Some(*oldest), None),
            Self::Ahead { newest, .. } => (None, Some(*newest)),
            _ => (None, None),
        };
        Problem {
            kind: format!(
                "urn:mockmdm:problem:{}",
                title.replace(' ', "-").to_lowercase()
            ),
            title,
            status: status.as_u16(),
            detail,
            hint: self.hint(),
            errors,
            oldest,
            newest,
        }
    }
}

/// Problem details (RFC 9457 section 3.1), with `hint`, `errors`, `oldest` and `newest` as extensions.
#[derive(Debug, Serialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Wrong>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<u64>,
}

/// One mistake in a profile.
#[derive(Debug, Serialize)]
struct Wrong {
    path: String,
    found: String,
    allowed: String,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let (status, _) = self.kind();
        if status.is_server_error() {
            tracing::error!(detail = %problem.detail, causes = %causes(&self), "an admin request failed");
        }
        let mut response = (status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The causes behind a failure, outermost first.
fn causes(failure: &Failure) -> String {
    let mut texts = Vec::new();
    let mut next = failure.source();
    while let Some(cause) = next {
        texts.push(cause.to_string());
        next = cause.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use mdm_payloads::Complaint;

    use super::*;

    #[test]
    fn each_failure_has_its_status() {
        let store = || StoreUnavailable {
            doing: "reading".to_owned(),
            overloaded: true,
            source: None,
        };
        for (failure, status, detail) in [
            (Failure::NoRoute, 404, "there is nothing at this path"),
            (Failure::Method, 405, "this path does not know this method"),
            (
                ServiceError::not_found("device", "d-1").into(),
                404,
                "there is no device `d-1`",
            ),
            (
                ServiceError::Conflict {
                    what: "no".to_owned(),
                    hint: "do",
                }
                .into(),
                409,
                "no",
            ),
            (
                ServiceError::Contended("code").into(),
                503,
                "`code` is changed by too many at once",
            ),
            (store().into(), 503, "storage: reading"),
            (
                Failure::Host("evil".to_owned()),
                403,
                "`Host` is `evil`, which is not this server",
            ),
            (Failure::TokenWrong, 401, "the token is not this server's"),
            (
                Failure::Destructive("EraseDevice".to_owned()),
                403,
                "`EraseDevice` is destructive, and this server does not allow destructive commands",
            ),
            (
                Failure::unreadable("the body", "uses: invalid type"),
                400,
                "the body: uses: invalid type",
            ),
        ] {
            let problem = failure.problem();
            assert_eq!((problem.status, problem.detail.as_str()), (status, detail));
            assert_eq!(failure.into_response().status().as_u16(), status);
        }
    }

    #[test]
    fn a_problem_as_it_leaves() {
        let complaints = Complaints(vec![
            Complaint::new("host_name", "`a & <b> \"é\"`", "a host name"),
            Complaint::new("port", "0", "1 to 65535"),
        ]);
        let text = serde_json::to_string(&Failure::Profile(complaints).problem()).unwrap();
        insta::assert_snapshot!(text, @r##"{"type":"urn:mockmdm:problem:invalid-profile","title":"invalid profile","status":400,"detail":"`host_name`: found `a & <b> \"é\"`, expected a host name; `port`: found 0, expected 1 to 65535","errors":[{"path":"host_name","found":"`a & <b> \"é\"`","allowed":"a host name"},{"path":"port","found":"0","allowed":"1 to 65535"}]}"##);
        let gone = serde_json::to_string(
            &Failure::Gone {
                since: 3,
                oldest: 9,
            }
            .problem(),
        )
        .unwrap();
        insta::assert_snapshot!(gone, @r##"{"type":"urn:mockmdm:problem:events-pruned","title":"events pruned","status":410,"detail":"events after 3 were pruned; the oldest kept is 9","hint":"begin again without `since`, or with one less than `oldest`","oldest":9}"##);
        let response = Failure::TokenMissing("revoking").into_response();
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
    }
}
