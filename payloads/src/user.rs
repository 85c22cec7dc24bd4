//! The user a profile is rendered for.

use serde::{Deserialize, Serialize};

/// What the directory knows about a user. What is `None` the directory does not know.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// `ada@example.com`; also the sign-in name.
    pub user_principal_name: String,
    /// The primary SMTP address.
    #[serde(default)]
    pub mail: Option<String>,
    /// The account name of an on-premises directory, without its domain.
    #[serde(default)]
    pub sam_account_name: Option<String>,
    /// The DNS form of the on-premises domain, `corp.example.com`.
    #[serde(default)]
    pub domain_name: Option<String>,
    /// The short form of the on-premises domain, `CORP`.
    #[serde(default)]
    pub net_bios_domain_name: Option<String>,
    /// The name shown to people.
    #[serde(default)]
    pub full_name: Option<String>,
    /// The given name.
    #[serde(default)]
    pub given_name: Option<String>,
    /// The family name.
    #[serde(default)]
    pub surname: Option<String>,
    /// The distinguished name in an on-premises directory, as RFC 4514 text.
    #[serde(default)]
    pub on_premises_distinguished_name: Option<String>,
    /// The on-premises security identifier, `S-1-5-21-...`.
    #[serde(default)]
    pub on_premises_security_identifier: Option<String>,
}

impl User {
    /// The part of the user principal name before its `@`.
    pub fn user_name(&self) -> &str {
        self.user_principal_name
            .split_once('@')
            .map_or(self.user_principal_name.as_str(), |(name, _)| name)
    }
}
