//! What a person at the screen wants to know of a server that just started, beside its addresses.

use std::path::PathBuf;

/// What a person at the screen wants to know of a server that just started, beside [`Ready`](crate::ready::Ready).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// The advertised name.
    pub name: String,
    /// Other names and addresses in the TLS certificate.
    pub other_names: Vec<String>,
    /// Where the records are kept.
    pub data: PathBuf,
    /// They are removed at stop.
    pub ephemeral: bool,
    /// Subject of the root certificate, RFC 4514 text.
    pub ca_subject: String,
    /// SHA-256 of the root certificate, lower-case hexadecimal without separators.
    pub ca_sha256: String,
    /// The enrollment code for devices; none under open enrollment.
    pub code: Option<String>,
    /// What the QR code holds: the page a device opens first.
    pub landing_url: String,
    /// The topic of the push certificate; none where push is not configured or off.
    pub push_topic: Option<String>,
    /// What is not configured or not well, in words.
    pub notices: Vec<Notice>,
}

/// Something a person should know at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is: `Apple push is not configured`.
    pub text: String,
    /// What can be done about it.
    pub hint: Option<String>,
}
