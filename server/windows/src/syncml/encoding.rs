//! The two ways in which a message stands in an HTTP body.

use super::problem::Structure;
use crate::xml::{ReadError, WriteError};

/// How a message is written. A reply is written as its request was (OMA Device Management Protocol).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// XML.
    Xml,
    /// WBXML.
    Wbxml,
}

impl Encoding {
    /// By the `Content-Type`, letter case and parameters ignored.
    /// Differs: `application/vnd.syncml+xml` and `+wbxml` are those of synchronization, but some clients use them here.
    pub fn of_media_type(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            "application/vnd.syncml.dm+xml" | "application/vnd.syncml+xml" => Some(Self::Xml),
            "application/vnd.syncml.dm+wbxml" | "application/vnd.syncml+wbxml" => Some(Self::Wbxml),
            _ => None,
        }
    }

    /// The `Content-Type` of a reply.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Xml => "application/vnd.syncml.dm+xml; charset=utf-8",
            Self::Wbxml => "application/vnd.syncml.dm+wbxml",
        }
    }
}

/// Why a body is no message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Not XML, or too much of it.
    #[error("message cannot be read as XML")]
    Xml(#[source] ReadError),
    /// Not WBXML, or too much of it.
    #[error("message cannot be read as WBXML")]
    Wbxml(#[source] mdm_wbxml::ReadError),
    /// WBXML without an element.
    #[error("message in WBXML is empty")]
    Empty,
    /// WBXML with an element that SyncML does not have.
    #[error("message in WBXML has the element `{0}`, which is none of SyncML")]
    Literal(String),
    /// WBXML with something that XML cannot carry.
    #[error("message in WBXML cannot be understood as XML")]
    NotXml(#[source] WriteError),
    /// Not a message.
    #[error("message cannot be understood")]
    Structure(#[source] Structure),
}

impl DecodeError {
    /// Whether it is a limit that was hit, not a mistake of the message.
    pub fn is_limit(&self) -> bool {
        match self {
            Self::Xml(error) => error.is_limit(),
            Self::Wbxml(error) => matches!(
                error,
                mdm_wbxml::ReadError::TooLong { .. }
                    | mdm_wbxml::ReadError::TooDeep { .. }
                    | mdm_wbxml::ReadError::TooManyNodes { .. }
                    | mdm_wbxml::ReadError::TooMuchContent { .. }
            ),
            Self::Empty | Self::Literal(_) | Self::NotXml(_) | Self::Structure(_) => false,
        }
    }
}

/// Why a message cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A text holds what XML cannot carry.
    #[error("message cannot be written as XML")]
    Xml(#[source] WriteError),
    /// Our XML was not understood by our WBXML.
    #[error("message cannot be written as WBXML")]
    Wbxml(#[source] mdm_wbxml::WriteError),
    /// Our XML was not understood by our own reader.
    #[error("message written as XML cannot be read back")]
    Reread(#[source] ReadError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        for (content_type, encoding) in [
            (
                "application/vnd.syncml.dm+xml; charset=utf-8",
                Some(Encoding::Xml),
            ),
            ("Application/VND.syncml+XML", Some(Encoding::Xml)),
            ("application/vnd.syncml.dm+wbxml", Some(Encoding::Wbxml)),
            ("application/vnd.syncml+wbxml;x=y", Some(Encoding::Wbxml)),
            ("text/xml", None),
            ("", None),
        ] {
            assert_eq!(
                Encoding::of_media_type(content_type),
                encoding,
                "{content_type}"
            );
        }
        for encoding in [Encoding::Xml, Encoding::Wbxml] {
            assert_eq!(
                Encoding::of_media_type(encoding.media_type()),
                Some(encoding)
            );
        }
    }
}
