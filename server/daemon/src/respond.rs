//! The one place that turns a failure towards a device into a response.
//!
//! Never 401: an Apple device that gets it from its MDM server unenrolls itself.

mod soap;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use mdm_apple::answer::Answer;
use mdm_core::code::CodeRefused;
use mdm_core::link::LinkRefused;
use mdm_core::ports::NotEncodable;
use mdm_core::service::ServiceError;
use mdm_core::service::enrollment::{EnrollmentError, NotAdmitted};
use mdm_core::service::links::LinkError;
use mdm_core::service::windows_enrollment::TicketRefused;

use crate::chain::chain;
use crate::edge::{BodyError, NoRoute};
use crate::identity::Unproven;
use crate::windows::WindowsRefused;

pub use soap::{MEDIA_TYPE as SOAP_MEDIA_TYPE, Soap};

/// A response with its whole body.
pub type Reply = Response<Full<Bytes>>;

/// Why a device does not get what it asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// There is nothing at this place.
    #[error(transparent)]
    Route(#[from] NoRoute),
    /// There will be something at this place.
    #[error("{what} is not part of this version")]
    Later {
        /// What will be there.
        what: &'static str,
    },
    /// The body was not read.
    #[error("the request body was not read")]
    Body(#[from] BodyError),
    /// What came cannot be understood.
    #[error("{what} cannot be understood: {detail}")]
    Malformed {
        /// What it should have been.
        what: &'static str,
        /// What is wrong.
        detail: String,
        /// The budget that it would have gone beyond, if that is the trouble.
        limit: Option<&'static str>,
    },
    /// Its media type is none that belongs here.
    #[error("the media type `{0}` does not belong here")]
    MediaType(String),
    /// Who sent it is not known.
    #[error(transparent)]
    Unproven(#[from] Unproven),
    /// The certificate is of another device than the message says it is from.
    #[error("the message is from `{named}`, which is not the device of certificate {fingerprint}")]
    NotThisDevice {
        /// Who the message says it is from.
        named: String,
        /// The certificate.
        fingerprint: String,
    },
    /// Its identity was revoked, and that counts here.
    #[error("the identity with serial number {0} was revoked")]
    Revoked(String),
    /// It is not let in.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The link gives nothing.
    #[error(transparent)]
    Link(#[from] LinkRefused),
    /// The profile cannot be made.
    #[error(transparent)]
    Profile(#[from] NotEncodable),
    /// A Windows device does not get what it asked for.
    #[error(transparent)]
    Windows(#[from] WindowsRefused),
    /// The service fails.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A certificate or signature cannot be made.
    #[error("{doing} failed: {cause}")]
    Crypto {
        /// What was being done.
        doing: &'static str,
        /// Why.
        cause: String,
    },
}

impl From<EnrollmentError> for Failure {
    fn from(error: EnrollmentError) -> Self {
        match error {
            EnrollmentError::NotAdmitted(refusal) => Self::NotAdmitted(refusal),
            EnrollmentError::Service(cause) => Self::Service(cause),
            other => Self::Crypto {
                doing: "enrollment",
                cause: other.to_string(),
            },
        }
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Refused(refusal) => Self::Link(refusal),
            LinkError::Service(cause) => Self::Service(cause),
            other => Self::Crypto {
                doing: "opening a link",
                cause: other.to_string(),
            },
        }
    }
}

impl Failure {
    /// The status that tells the device. What an MDM endpoint refuses gets 400: the device keeps
    /// its result and tries again later.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Route(no_route) => no_route.status(),
            Self::Later { .. } => StatusCode::NOT_FOUND,
            Self::Body(error) => error.status(),
            Self::Malformed { .. } | Self::Unproven(_) => StatusCode::BAD_REQUEST,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Revoked(_) | Self::NotThisDevice { .. } => StatusCode::FORBIDDEN,
            Self::NotAdmitted(refusal) => match refusal {
                NotAdmitted::Code(code) => match code {
                    CodeRefused::Missing | CodeRefused::Unknown => StatusCode::FORBIDDEN,
                    _ => StatusCode::GONE,
                },
                NotAdmitted::Ticket(_) => StatusCode::FORBIDDEN,
                _ => StatusCode::BAD_REQUEST,
            },
            Self::Link(refusal) => match refusal {
                LinkRefused::Unknown => StatusCode::NOT_FOUND,
                _ => StatusCode::GONE,
            },
            Self::Profile(_) => StatusCode::CONFLICT,
            Self::Windows(refused) => refused.status(),
            Self::Service(error) => match error {
                ServiceError::NotFound { .. } => StatusCode::NOT_FOUND,
                ServiceError::Conflict { .. } => StatusCode::CONFLICT,
                ServiceError::Illegal(_) => StatusCode::BAD_REQUEST,
                ServiceError::Store(cause) if !cause.overloaded => {
                    StatusCode::INTERNAL_SERVER_ERROR
                }
                _ => StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::Crypto { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotAdmitted(NotAdmitted::Code(_)) => {
                Some("the server prints a code at start; `mockmdm code` makes another")
            }
            Self::NotAdmitted(NotAdmitted::Ticket(TicketRefused::Password(_))) => Some(
                "`enrollment_password` of the user (`mockmdm apply`, or PUT /api/v1/users/NAME) is what to type; `mockmdm code` makes a code",
            ),
            Self::Link(_) => Some("`mockmdm link PROFILE` makes a new one"),
            Self::Windows(refused) => refused.hint(),
            Self::Unproven(Unproven::Signature(_)) => Some(
                "something between device and server may have altered the body; compare both digests",
            ),
            Self::Unproven(Unproven::Untrusted { .. }) => {
                Some("the device may be enrolled with another server, or its clock may be wrong")
            }
            Self::Route(_)
            | Self::Later { .. }
            | Self::Body(_)
            | Self::Malformed { .. }
            | Self::MediaType(_)
            | Self::Unproven(_)
            | Self::Revoked(_)
            | Self::NotThisDevice { .. }
            | Self::NotAdmitted(_)
            | Self::Profile(_)
            | Self::Service(_)
            | Self::Crypto { .. } => None,
        }
    }

    /// The limit that was hit, if it was one.
    pub fn limit(&self) -> Option<&'static str> {
        match self {
            Self::Body(error) => error.rule(),
            Self::Malformed { limit, .. } => *limit,
            Self::Windows(refused) => refused.limit(),
            Self::Route(_)
            | Self::Later { .. }
            | Self::MediaType(_)
            | Self::Unproven(_)
            | Self::Revoked(_)
            | Self::NotThisDevice { .. }
            | Self::NotAdmitted(_)
            | Self::Link(_)
            | Self::Profile(_)
            | Self::Service(_)
            | Self::Crypto { .. } => None,
        }
    }

    /// The failure with all its causes, in one line.
    pub fn explain(&self) -> String {
        chain(self)
    }

    /// What whoever asked is told: nothing of what failed on our side.
    fn told(&self) -> String {
        match (self.status().is_server_error(), self.hint()) {
            (true, _) => "the server failed; its log says why\n".to_owned(),
            (false, Some(hint)) => format!("{}\nhint: {hint}\n", self.explain()),
            (false, None) => format!("{}\n", self.explain()),
        }
    }

    /// The response, in the dialect of who asked.
    pub fn reply(&self, dialect: &Dialect) -> Reply {
        match dialect {
            Dialect::Http => self.plain(),
            Dialect::Soap(soap) => soap.fault(self),
        }
    }

    fn plain(&self) -> Reply {
        let status = self.status();
        let text = self.told();
        let mut reply = whole(status, "text/plain; charset=utf-8", text);
        if let Self::Route(NoRoute::Method { allow }) = self {
            reply
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            reply
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        reply
    }
}

/// How whoever asked is told of a failure.
#[derive(Debug, Clone)]
pub enum Dialect {
    /// By HTTP status and a text.
    Http,
    /// By a SOAP fault.
    Soap(Soap),
}

/// A response of one piece.
pub fn whole(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    reply
}

/// A response without a body.
pub fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::new()));
    *reply.status_mut() = status;
    reply
}

/// An answer in Apple's dialect.
pub fn apple(answer: Answer) -> Reply {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match answer.media_type {
        Some(media_type) => whole(status, media_type, answer.body),
        None => empty(status),
    }
}
