//! Alternative names of a subject.

use std::net::IpAddr;

use x509_parser::extensions::GeneralName;

use crate::der::{Element, Tag, Writer};
use crate::oid;

/// One entry of `subjectAltName` (RFC 5280 section 4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum San {
    /// `dNSName`.
    Dns(String),
    /// `rfc822Name`.
    Email(String),
    /// `uniformResourceIdentifier`.
    Uri(String),
    /// The user principal name of a Windows account, an `otherName` holding a `UTF8String`
    /// ([MS-WCCE] 2.2.2.7.7.3; Apple's payloads call it `ntPrincipalName`).
    Upn(String),
    /// `iPAddress`.
    Ip(IpAddr),
}

/// Text that its kind of name cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SanError {
    /// Host names, mail addresses and URIs are `IA5String`.
    #[error("alternative name `{text}`: a {kind} is ASCII")]
    NotAscii {
        /// Which kind of name.
        kind: &'static str,
        /// The text.
        text: String,
    },
    /// No text at all.
    #[error("alternative name: the {kind} is empty")]
    Empty {
        /// Which kind of name.
        kind: &'static str,
    },
}

impl San {
    /// Appends the `GeneralName`.
    pub(crate) fn write(&self, w: &mut Writer) -> Result<(), SanError> {
        match self {
            Self::Email(text) => ascii(w, 1, "mail address", text),
            Self::Dns(text) => ascii(w, 2, "host name", text),
            Self::Uri(text) => ascii(w, 6, "URI", text),
            Self::Upn(text) if text.is_empty() => Err(SanError::Empty {
                kind: "principal name",
            }),
            Self::Upn(text) => {
                w.context(0, |w| {
                    w.oid(oid::USER_PRINCIPAL_NAME);
                    w.context(0, |w| w.utf8_string(text));
                });
                Ok(())
            }
            Self::Ip(IpAddr::V4(address)) => {
                w.primitive(Tag::context_primitive(7), &address.octets());
                Ok(())
            }
            Self::Ip(IpAddr::V6(address)) => {
                w.primitive(Tag::context_primitive(7), &address.octets());
                Ok(())
            }
        }
    }

    /// The entry that a peer's certificate holds; `None` for kinds that we have no use for.
    pub(crate) fn read(name: &GeneralName<'_>) -> Option<Self> {
        match name {
            GeneralName::DNSName(text) => Some(Self::Dns((*text).to_owned())),
            GeneralName::RFC822Name(text) => Some(Self::Email((*text).to_owned())),
            GeneralName::URI(text) => Some(Self::Uri((*text).to_owned())),
            GeneralName::IPAddress(octets) => {
                let address = <[u8; 4]>::try_from(*octets)
                    .map(IpAddr::from)
                    .or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from));
                address.ok().map(Self::Ip)
            }
            GeneralName::OtherName(kind, value)
                if kind.as_bytes() == oid::USER_PRINCIPAL_NAME.content() =>
            {
                let outer = Element::parse(value).ok()?;
                let text = outer.children().next("a principal name").ok()?.text();
                Some(Self::Upn(text))
            }
            _ => None,
        }
    }
}

fn ascii(w: &mut Writer, number: u8, kind: &'static str, text: &str) -> Result<(), SanError> {
    if text.is_empty() {
        return Err(SanError::Empty { kind });
    }
    if !text.is_ascii() {
        return Err(SanError::NotAscii {
            kind,
            text: text.to_owned(),
        });
    }
    w.primitive(Tag::context_primitive(number), text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_written_are_refused() {
        for (san, complaint) in [
            (
                San::Email("é@lab.test".into()),
                "alternative name `é@lab.test`: a mail address is ASCII",
            ),
            (
                San::Dns(String::new()),
                "alternative name: the host name is empty",
            ),
            (
                San::Uri("http://é".into()),
                "alternative name `http://é`: a URI is ASCII",
            ),
            (
                San::Upn(String::new()),
                "alternative name: the principal name is empty",
            ),
        ] {
            let refused = san.write(&mut Writer::default()).unwrap_err();
            assert_eq!(refused.to_string(), complaint);
        }
    }
}
