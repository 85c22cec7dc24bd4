//! What goes back over HTTP.

/// A whole answer: status, media type and body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`; absent where there is no body.
    pub media_type: Option<&'static str>,
    /// The body. Zero bytes end a session; an empty dictionary would not.
    pub body: Vec<u8>,
}

/// The media type of every property list that leaves.
pub const XML: &str = "application/xml";
/// The media type of JSON answers to declarative management.
pub const JSON: &str = "application/json";

impl Answer {
    /// 200 without a body.
    pub const fn empty() -> Self {
        Self::status(200)
    }

    /// A status without a body.
    pub const fn status(status: u16) -> Self {
        Self {
            status,
            media_type: None,
            body: Vec::new(),
        }
    }

    pub(crate) const fn plist(body: Vec<u8>) -> Self {
        Self {
            status: 200,
            media_type: Some(XML),
            body,
        }
    }

    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self {
            status: 200,
            media_type: Some(JSON),
            body: value.to_string().into_bytes(),
        }
    }
}
