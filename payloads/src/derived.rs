//! Identities derived from a smart card.

use serde::{Deserialize, Serialize};

use crate::{
    address, complaint::Complaint, platform::Platform, profile_id::ProfileId,
    properties::properties,
};

/// Who issues derived credentials (Microsoft Graph, `deviceManagementDerivedCredentialIssuer`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DerivedCredentialIssuer {
    /// Intercede.
    Intercede,
    /// Entrust Datacard.
    EntrustDatacard,
    /// DISA Purebred.
    Purebred,
    /// `XTec`.
    XTec,
}

/// How a user learns that a credential is to be had (Microsoft Graph, `deviceManagementDerivedCredentialNotificationType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DerivedCredentialNotification {
    /// Not at all.
    None,
    /// In the portal.
    #[default]
    CompanyPortal,
    /// By mail.
    Email,
}

properties! {
    /// An identity that the user derives from a smart card at an issuer (Microsoft Graph, `iosDerivedCredentialAuthenticationConfiguration`
    /// and `deviceManagementDerivedCredentialSettings`). It is not renewed: the user is told at 80 % of its life and derives a new one.
    pub struct DerivedCredential {
        shared {}
        own {
            /// The platform it is for.
            platform: Platform,
            /// Who issues it. Microsoft has one issuer for all of an organization.
            issuer: DerivedCredentialIssuer,
            /// How the user learns of it.
            notification_type: DerivedCredentialNotification = DerivedCredentialNotification::default(),
            /// Where the user is led through it.
            help_url: Option<String> = None,
            /// When this percentage of its life is left, the user is told: 1 to 99.
            renewal_threshold_percentage: u8 = 20,
            /// The root delivered with it.
            root_certificate: Option<ProfileId> = None,
        }
    }
}

impl DerivedCredential {
    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        if !matches!(self.platform, Platform::Ios | Platform::AndroidOwner) {
            complaints.push(Complaint::new(
                "platform",
                format!("`{}`", self.platform),
                "ios or android_owner, which take derived credentials",
            ));
        }
        if let Some(url) = &self.help_url {
            address::url("help_url", url, &["https://"], complaints);
        }
        if !(1..=99).contains(&self.renewal_threshold_percentage) {
            complaints.push(Complaint::new(
                "renewal_threshold_percentage",
                self.renewal_threshold_percentage.to_string(),
                "1 to 99",
            ));
        }
    }
}
