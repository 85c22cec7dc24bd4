//! What a certificate may be used for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::distinguished_name::is_oid;

/// An extended key usage (RFC 5280 section 4.2.1.12), written by name or as a dotted object identifier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExtendedKeyUsage(String);

/// A text that names no extended key usage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "extended key usage `{0}`: expected an object identifier or one of client_authentication, \
     server_authentication, email_protection, smart_card_logon, any"
)]
pub struct InvalidExtendedKeyUsage(String);

const NAMES: [(&str, &str); 5] = [
    ("client_authentication", "1.3.6.1.5.5.7.3.2"),
    ("server_authentication", "1.3.6.1.5.5.7.3.1"),
    ("email_protection", "1.3.6.1.5.5.7.3.4"),
    ("smart_card_logon", "1.3.6.1.4.1.311.20.2.2"),
    ("any", "2.5.29.37.0"),
];

impl ExtendedKeyUsage {
    /// TLS client authentication, what signs in at a mail server.
    pub fn client_authentication() -> Self {
        Self("1.3.6.1.5.5.7.3.2".to_owned())
    }

    /// S/MIME.
    pub fn email_protection() -> Self {
        Self("1.3.6.1.5.5.7.3.4".to_owned())
    }

    /// The dotted object identifier.
    pub fn oid(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExtendedKeyUsage {
    type Err = InvalidExtendedKeyUsage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match NAMES.iter().find(|(name, _)| *name == text) {
            Some((_, oid)) => Ok(Self((*oid).to_owned())),
            None if is_oid(text) => Ok(Self(text.to_owned())),
            None => Err(InvalidExtendedKeyUsage(text.chars().take(80).collect())),
        }
    }
}

impl TryFrom<String> for ExtendedKeyUsage {
    type Error = InvalidExtendedKeyUsage;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ExtendedKeyUsage> for String {
    fn from(usage: ExtendedKeyUsage) -> Self {
        usage.to_string()
    }
}

impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, oid)| *oid == self.0);
        f.write_str(name.map_or(self.0.as_str(), |(name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_identifiers() {
        for (text, oid, shown) in [
            ("email_protection", "1.3.6.1.5.5.7.3.4", "email_protection"),
            (
                "1.3.6.1.5.5.7.3.2",
                "1.3.6.1.5.5.7.3.2",
                "client_authentication",
            ),
            ("1.2.3.4", "1.2.3.4", "1.2.3.4"),
        ] {
            let usage: ExtendedKeyUsage = text.parse().unwrap();
            assert_eq!((usage.oid(), usage.to_string().as_str()), (oid, shown));
        }
        assert_eq!(
            "mail".parse::<ExtendedKeyUsage>().unwrap_err().to_string(),
            "extended key usage `mail`: expected an object identifier or one of client_authentication, \
             server_authentication, email_protection, smart_card_logon, any"
        );
    }
}
