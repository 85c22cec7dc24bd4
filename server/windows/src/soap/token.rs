use super::{RequestError, field};
use crate::{
    secret::Token,
    xml::{Element, Ns, Reader},
};

/// `BinarySecurityToken` of WS-Security 1.0 section 6.3: what proves who enrolls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityToken {
    /// What it is (`ValueType`).
    pub kind: TokenKind,
    /// Its octets, base64 undone and nothing else.
    pub content: Token,
}

/// What a [`SecurityToken`] is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// What the login page handed out, opaque to the device (`DeviceEnrollmentUserToken`).
    User,
    /// A JSON web token of Entra ID.
    Jwt,
    /// A certificate.
    X509,
    /// A request for a certificate (`#PKCS10`).
    Pkcs10,
    /// A signed request for a new certificate (`#PKCS7`).
    Pkcs7,
    /// Anything else.
    Other(String),
}

impl TokenKind {
    fn of(value_type: &str) -> Self {
        match value_type {
            "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment/DeviceEnrollmentUserToken" => {
                Self::User
            }
            "urn:ietf:params:oauth:token-type:jwt" => Self::Jwt,
            "http://schemas.microsoft.com/windows/pki/2009/01/enrollment#PKCS10" => Self::Pkcs10,
            // Documented under the one namespace, sent and accepted elsewhere under the other.
            "http://schemas.microsoft.com/windows/pki/2009/01/enrollment#PKCS7"
            | "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#PKCS7" => {
                Self::Pkcs7
            }
            "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3" => {
                Self::X509
            }
            other => Self::Other(other.to_owned()),
        }
    }
}

impl SecurityToken {
    /// Reads the token that is open.
    ///
    /// Differs: `EncodingType` is not looked at; clients write it in different ways and mean base64 always.
    pub(crate) fn read(reader: &mut Reader<'_>, element: &Element) -> Result<Self, RequestError> {
        let value_type = element
            .attribute(Ns::Bare, "ValueType")
            .or_else(|| element.attribute(Ns::Security, "ValueType"))
            .map(str::trim)
            .filter(|value| !value.is_empty());
        let value_type = field::required(value_type, "BinarySecurityToken/@ValueType")?;
        if value_type.len() > field::SHORT {
            return Err(RequestError::TooLong {
                element: "BinarySecurityToken/@ValueType",
                longest: field::SHORT,
            });
        }
        Ok(Self {
            kind: TokenKind::of(value_type),
            content: Token::new(field::octets(reader, "BinarySecurityToken")?),
        })
    }
}
