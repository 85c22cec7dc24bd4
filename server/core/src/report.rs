//! What a device answers to a command, in the domain's words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{CommandUuid, Fingerprint};

/// One entry of a device's error chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorEntry {
    /// `ErrorDomain`.
    pub domain: String,
    /// `ErrorCode`; numbers vary by OS version, so nothing branches on them but the one
    /// documented duplicate-account code.
    pub code: i64,
    /// The device's own text.
    pub description: String,
    /// What it means, in our words, where we know.
    pub meaning: Option<String>,
}

/// The device's verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nothing to report: a new session.
    Idle,
    /// Done.
    Acknowledged,
    /// Refused or failed.
    Error(Vec<ErrorEntry>),
    /// The user refused.
    Declined(Vec<ErrorEntry>),
    /// It could not read the command.
    CommandFormatError(Vec<ErrorEntry>),
    /// Not possible now; later.
    NotNow,
}

/// A profile that the device lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedProfile {
    /// `PayloadIdentifier`.
    pub identifier: String,
    /// `PayloadUUID`.
    pub uuid: String,
    /// Installed by this server.
    pub managed: bool,
}

/// A certificate that the device lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedCertificate {
    /// SHA-256 of its DER.
    pub fingerprint: Fingerprint,
    /// `CommonName`.
    pub common_name: String,
    /// The device holds its private key.
    pub is_identity: bool,
}

/// What an answer carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Nothing, or nothing the domain uses.
    Nothing,
    /// Installed profiles.
    Profiles(Vec<ListedProfile>),
    /// Installed certificates.
    Certificates(Vec<ListedCertificate>),
    /// Facts of the device, as text by query.
    Information(BTreeMap<String, String>),
    /// An answer that could not be read; it does not block the queue.
    Unreadable(String),
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which command it answers; none for `Idle`.
    pub command: Option<CommandUuid>,
    /// The verdict.
    pub status: Status,
    /// What it carried.
    pub answer: Answer,
}
