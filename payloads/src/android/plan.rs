//! What a device is given, in order.

use serde::{Deserialize, Serialize};

use super::restriction::Bundle;
use crate::profile_id::ProfileId;

/// What a device is given for one profile. Certificates must be there before the account names them: an app that is configured with an
/// alias it does not find sets up an account without an identity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// The certificates, in order: roots, then identities.
    pub certificates: Vec<CertificateNeed>,
    /// The account, if the profile is one.
    pub account: Option<Target>,
}

/// A certificate the device must have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateNeed {
    /// A certificate to trust.
    Root {
        /// The profile it is described by.
        profile: ProfileId,
    },
    /// A key with its certificate.
    Identity {
        /// The profile it is described by.
        profile: ProfileId,
        /// The alias under which it lies in the key store.
        alias: String,
        /// The package that must be allowed to use it without asking the user.
        grant: Option<String>,
    },
}

/// Who holds the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// An app with a managed configuration.
    App(AppConfiguration),
    /// Samsung's mail app, by Knox.
    Knox(KnoxAccount),
}

/// The managed configuration of one app. The app must be installed first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppConfiguration {
    /// The package.
    pub package: String,
    /// Its values.
    pub restrictions: Bundle,
}

impl AppConfiguration {
    /// What takes the account away again: a package that is merely no longer named keeps its values.
    #[must_use]
    pub fn retraction(&self) -> Self {
        Self {
            package: self.package.clone(),
            restrictions: Bundle::new(),
        }
    }
}

/// An account of Samsung's mail app (Samsung, Knox SDK, `ExchangeAccount`), and what is set once it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnoxAccount {
    /// The fields of the account, by their names.
    pub account: Bundle,
    /// What `ExchangeAccountPolicy` is called with afterwards.
    pub policy: KnoxPolicy,
}

/// Settings of an account that is there (Samsung, Knox SDK, `ExchangeAccountPolicy`). They are enforced again at each check-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnoxPolicy {
    /// What is synchronised (`setDataSyncs`).
    pub sync_calendar: bool,
    /// See `sync_calendar`.
    pub sync_contacts: bool,
    /// See `sync_calendar`.
    pub sync_tasks: bool,
    /// See `sync_calendar`. Selecting notes has been reported to fail with 0x87D1FDE8.
    pub sync_notes: bool,
    /// Messages must be signed and encrypted (`setRequireSignedSMIMEMessages`, `setRequireEncryptedSMIMEMessages`).
    pub require_smime: bool,
    /// The alias of the identity to sign with (`setForceSMIMECertificateAlias`).
    pub smime_signing_alias: Option<String>,
}
