//! What a declarative management message asks for.

use std::convert::Infallible;
use std::str::FromStr;

/// `Endpoint` of a `DeclarativeManagement` message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// `tokens`: is there anything new?
    Tokens,
    /// `declaration-items`: the list of declarations.
    DeclarationItems,
    /// `declaration/<kind>/<identifier>`.
    Declaration {
        /// Which of the four kinds.
        kind: DeclarationKind,
        /// The declaration's `Identifier`, not empty.
        identifier: String,
    },
    /// `status`: a report in the message's `Data`.
    Status,
    /// Anything else, as sent.
    Unknown(String),
}

/// The four kinds of declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclarationKind {
    /// `activation`.
    Activation,
    /// `asset`.
    Asset,
    /// `configuration`.
    Configuration,
    /// `management`.
    Management,
}

impl FromStr for Endpoint {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let declaration = || {
            let (kind, identifier) = text.strip_prefix("declaration/")?.split_once('/')?;
            let kind = match kind {
                "activation" => DeclarationKind::Activation,
                "asset" => DeclarationKind::Asset,
                "configuration" => DeclarationKind::Configuration,
                "management" => DeclarationKind::Management,
                _ => return None,
            };
            (!identifier.is_empty()).then(|| Self::Declaration {
                kind,
                identifier: identifier.to_owned(),
            })
        };
        Ok(match text {
            "tokens" => Self::Tokens,
            "declaration-items" => Self::DeclarationItems,
            "status" => Self::Status,
            _ => declaration().unwrap_or_else(|| Self::Unknown(text.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        let declaration = |kind, identifier: &str| Endpoint::Declaration {
            kind,
            identifier: identifier.into(),
        };
        for (text, endpoint) in [
            ("tokens", Endpoint::Tokens),
            ("declaration-items", Endpoint::DeclarationItems),
            ("status", Endpoint::Status),
            (
                "declaration/activation/a",
                declaration(DeclarationKind::Activation, "a"),
            ),
            (
                "declaration/configuration/a/b c",
                declaration(DeclarationKind::Configuration, "a/b c"),
            ),
            (
                "declaration/asset/é",
                declaration(DeclarationKind::Asset, "é"),
            ),
            (
                "declaration/management/m",
                declaration(DeclarationKind::Management, "m"),
            ),
            (
                "declaration/asset/",
                Endpoint::Unknown("declaration/asset/".into()),
            ),
            (
                "declaration/other/a",
                Endpoint::Unknown("declaration/other/a".into()),
            ),
            ("Tokens", Endpoint::Unknown("Tokens".into())),
            ("", Endpoint::Unknown(String::new())),
        ] {
            assert_eq!(text.parse(), Ok(endpoint), "{text}");
        }
    }
}
