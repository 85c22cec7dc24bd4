//! The result of `ProfileList`.

use super::CommandReport;
use super::listed::{Item, Listed};
use crate::plist::{Dict, FieldError, Value};

/// A profile that is installed on the channel that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledProfile {
    /// `PayloadIdentifier`.
    pub identifier: String,
    /// `PayloadUUID`.
    pub uuid: String,
    /// `PayloadDisplayName`.
    pub display_name: Option<String>,
    /// `IsManaged`: installed by this server.
    pub is_managed: Option<bool>,
    /// `IsEncrypted`.
    pub is_encrypted: Option<bool>,
    /// `Source`: how it came, on iOS 18.
    pub source: Option<String>,
    /// The number of `SignerCertificates`; 0 if it is not signed.
    pub signer_certificates: usize,
    /// `PayloadContent`, as far as its entries can be read.
    pub payloads: Vec<InstalledPayload>,
}

/// One payload of an installed profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledPayload {
    /// `PayloadType`.
    pub payload_type: String,
    /// `PayloadIdentifier`.
    pub identifier: Option<String>,
    /// `PayloadUUID`.
    pub uuid: Option<String>,
}

impl CommandReport {
    /// The result of `ProfileList`.
    pub fn profiles(&self) -> Result<Listed<InstalledProfile>, FieldError> {
        self.listed("ProfileList", profile)
    }
}

fn profile(item: Item<'_>) -> Result<InstalledProfile, FieldError> {
    let array = |key| {
        item.dict
            .get(key)
            .and_then(Value::as_array)
            .unwrap_or_default()
    };
    Ok(InstalledProfile {
        identifier: item.text("PayloadIdentifier")?,
        uuid: item.text("PayloadUUID")?,
        display_name: item.optional_text("PayloadDisplayName"),
        is_managed: item.bool("IsManaged"),
        is_encrypted: item.bool("IsEncrypted"),
        source: item.optional_text("Source"),
        signer_certificates: array("SignerCertificates").len(),
        payloads: array("PayloadContent")
            .iter()
            .filter_map(Value::as_dict)
            .filter_map(payload)
            .collect(),
    })
}

fn payload(dict: &Dict) -> Option<InstalledPayload> {
    let text = |key| dict.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(InstalledPayload {
        payload_type: text("PayloadType")?,
        identifier: text("PayloadIdentifier"),
        uuid: text("PayloadUUID"),
    })
}
