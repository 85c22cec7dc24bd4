//! Why a command, or a whole message, cannot be understood.

use std::fmt;

use super::identifier::{IdentifierError, excerpt};
use super::status_code::StatusCode;
use crate::xml::Ns;

/// What is wrong with one command. The message goes on: each such command is answered with [`Problem::status`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No `CmdID`; it is answered under an empty `CmdRef` ("OMA DM protocol support").
    #[error("has no `CmdID`")]
    NoCmdId,
    /// A `CmdID` that is no number from 1 up.
    #[error("has the `CmdID` `{0}`; expected a number from 1")]
    CmdId(String),
    /// An element without which it means nothing.
    #[error("has no `{0}`")]
    Missing(&'static str),
    /// An element that is not the number it should be.
    #[error("has `{text}` for `{element}`; expected a number")]
    Number {
        /// Which.
        element: &'static str,
        /// What it holds.
        text: String,
    },
    /// An address that cannot be one.
    #[error("has a `{element}` whose `LocURI` cannot be used")]
    LocUri {
        /// `Target` or `Source`.
        element: &'static str,
        /// Why.
        #[source]
        source: IdentifierError,
    },
    /// A command of SyncML that device management has no use for.
    #[error("is not supported in device management")]
    Unsupported,
    /// No command at all (400 by "OMA DM protocol support").
    #[error("is no command")]
    Unknown,
}

impl Problem {
    pub(super) fn number(element: &'static str, text: &str) -> Self {
        Self::Number {
            element,
            text: excerpt(text),
        }
    }

    /// How the command is answered.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NoCmdId | Self::CmdId(_) | Self::Number { .. } | Self::Unknown => {
                StatusCode::BAD_REQUEST
            }
            Self::Missing(_) => StatusCode::INCOMPLETE,
            Self::LocUri { source, .. } => match source {
                IdentifierError::Long(_) => StatusCode::URI_TOO_LONG,
                IdentifierError::Empty
                | IdentifierError::Control
                | IdentifierError::LeadingSlash => StatusCode::BAD_REQUEST,
            },
            Self::Unsupported => StatusCode::FEATURE_NOT_SUPPORTED,
        }
    }
}

/// What is wrong with the message as a whole: nothing in it can be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Structure {
    /// Another document, or another version of this one.
    #[error("begins with `{name}` of {}; expected `SyncML` of `SYNCML:SYNCML1.2`", Shown(*namespace))]
    Root {
        /// Its name.
        name: String,
        /// Its namespace, `None` for one that we have no name for.
        namespace: Option<Ns>,
    },
    /// A part of the header, or of the message, that must be there.
    #[error("has no `{element}` in `{within}`")]
    Missing {
        /// What.
        element: &'static str,
        /// Where.
        within: &'static str,
    },
    /// Two of what there can be only one of.
    #[error("has more than one `{0}`")]
    Twice(&'static str),
    /// An identifier in the header that cannot be one.
    #[error("has a `{element}` in `SyncHdr` that cannot be used")]
    Identifier {
        /// Which.
        element: &'static str,
        /// Why.
        #[source]
        source: IdentifierError,
    },
    /// `MsgID` is no number.
    #[error("has the `MsgID` `{0}`; expected a number")]
    MsgId(String),
}

struct Shown(Option<Ns>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Ns::Bare) => f.write_str("no namespace"),
            Some(ns) => write!(f, "`{}`", ns.uri()),
            None => f.write_str("an unknown namespace"),
        }
    }
}
