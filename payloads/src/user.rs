//! The user a profile is rendered for.

use serde::{Deserialize, Serialize};

/// What the directory knows about a user. What is `None` the directory does not know.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// `ada@example.com`; also the sign-in name. Never empty.
    #[serde(deserialize_with = "not_empty")]
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

/// A user without a name would render accounts without an address.
fn not_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(serde::de::Error::custom("`user_principal_name` is empty"));
    }
    Ok(text)
}

impl User {
    /// The part of the user principal name before its `@`.
    pub fn user_name(&self) -> &str {
        self.user_principal_name
            .split_once('@')
            .map_or(self.user_principal_name.as_str(), |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_a_name() {
        for (given, complaint) in [
            (
                r#"{"user_principal_name":""}"#,
                "`user_principal_name` is empty",
            ),
            (
                r#"{"user_principal_name":" "}"#,
                "`user_principal_name` is empty",
            ),
            (r#"{"mail":"a@b"}"#, "missing field `user_principal_name`"),
        ] {
            let told = serde_json::from_str::<User>(given).unwrap_err().to_string();
            assert!(told.starts_with(complaint), "{given}: {told}");
        }
        let user: User =
            serde_json::from_str(r#"{"user_principal_name":"ada@example.com"}"#).unwrap();
        assert_eq!(user.user_name(), "ada");
    }
}
