use super::{BadMessageId, Refusal};
use crate::xml::ReadError;

/// What is wrong with a request. Values that may be secret are not repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// It is not XML, or more of it than is read.
    #[error("request cannot be read as XML")]
    Xml(#[from] ReadError),
    /// Another element stands where one must.
    #[error("request: `{expected}` expected, not `{found}`{}", if *.foreign { " of another namespace" } else { "" })]
    Element {
        /// What must stand there.
        expected: &'static str,
        /// The name of what does, without a prefix.
        found: String,
        /// Whether only the namespace differs.
        foreign: bool,
    },
    /// An element that must be there is not, or is empty.
    #[error("request: `{element}` is missing or empty")]
    Missing {
        /// The element.
        element: &'static str,
    },
    /// An element that may be there once is there twice.
    #[error("request: `{element}` is there twice")]
    Twice {
        /// The element.
        element: &'static str,
    },
    /// A text is too long.
    #[error("request: `{element}` is longer than {longest} bytes")]
    TooLong {
        /// The element.
        element: &'static str,
        /// The limit.
        longest: usize,
    },
    /// A list is too long.
    #[error("request: more than {most} of `{element}`")]
    TooMany {
        /// The element.
        element: &'static str,
        /// The limit.
        most: usize,
    },
    /// A text has another form than it must.
    #[error("request: `{element}` is not {expected}")]
    Value {
        /// The element.
        element: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A text is not base64.
    #[error("request: `{element}` is not base64")]
    Base64 {
        /// The element.
        element: &'static str,
        /// Why.
        #[source]
        source: base64::DecodeError,
    },
    /// `MessageID` is none.
    #[error("request: `MessageID` cannot be echoed")]
    MessageId(#[from] BadMessageId),
    /// `Action` is not the one of this address.
    #[error("request: action is not `{expected}`")]
    Action {
        /// The one that is.
        expected: &'static str,
    },
    /// The security header cannot be read.
    #[error("request: security header cannot be read")]
    Security(#[source] Box<Self>),
}

impl RequestError {
    /// Whether it is a limit that was hit, not a mistake of the client.
    pub fn is_limit(&self) -> bool {
        match self {
            Self::Xml(error) => error.is_limit(),
            Self::Security(error) => error.is_limit(),
            Self::TooLong { .. } | Self::TooMany { .. } => true,
            Self::Element { .. }
            | Self::Missing { .. }
            | Self::Twice { .. }
            | Self::Value { .. }
            | Self::Base64 { .. }
            | Self::MessageId(_)
            | Self::Action { .. } => false,
        }
    }

    /// How a client is told.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Action { .. } => Refusal::ActionMismatch,
            Self::Security(_) => Refusal::InvalidSecurity,
            Self::Xml(_)
            | Self::Element { .. }
            | Self::Missing { .. }
            | Self::Twice { .. }
            | Self::TooLong { .. }
            | Self::TooMany { .. }
            | Self::Value { .. }
            | Self::Base64 { .. }
            | Self::MessageId(_) => Refusal::MessageFormat,
        }
    }
}
