//! Alternative names of a subject.

use std::net::IpAddr;

use rcgen::SanType;

use crate::der::{DerError, Element, Tag, Writer};
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

    /// The same for `rcgen`.
    pub(crate) fn to_rcgen(&self) -> Result<SanType, rcgen::Error> {
        Ok(match self {
            Self::Email(text) => SanType::Rfc822Name(text.as_str().try_into()?),
            Self::Dns(text) => SanType::DnsName(text.as_str().try_into()?),
            Self::Uri(text) => SanType::URI(text.as_str().try_into()?),
            Self::Upn(text) => {
                SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3], text.into()))
            }
            Self::Ip(address) => SanType::IpAddress(*address),
        })
    }

    /// The entries in the value of a `subjectAltName` extension, in order. Kinds that we have no
    /// use for and entries that are malformed are passed over.
    pub fn read_all(value: &[u8]) -> Result<Vec<Self>, DerError> {
        let mut entries = Element::parse(value)?.children();
        let mut names = Vec::new();
        while !entries.is_empty() {
            names.extend(Self::read(&entries.next("an alternative name")?));
        }
        Ok(names)
    }

    fn read(entry: &Element<'_>) -> Option<Self> {
        match entry.tag().0 & 0x1f {
            0 => principal(entry).ok().flatten().map(Self::Upn),
            1 => Some(Self::Email(entry.text())),
            2 => Some(Self::Dns(entry.text())),
            6 => Some(Self::Uri(entry.text())),
            7 => {
                let octets = entry.content();
                let address = <[u8; 4]>::try_from(octets)
                    .map(IpAddr::from)
                    .or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from));
                address.ok().map(Self::Ip)
            }
            _ => None,
        }
    }
}

/// The text of an `otherName` that is a principal name.
fn principal(entry: &Element<'_>) -> Result<Option<String>, DerError> {
    let mut members = entry.children();
    if members.oid("the kind of an other name")? != oid::USER_PRINCIPAL_NAME {
        return Ok(None);
    }
    let explicit = members.expect(Tag::context(0), "a principal name")?;
    Ok(Some(explicit.children().next("a principal name")?.text()))
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
    use crate::der::encode;

    #[test]
    fn other_kinds_and_malformed_entries_are_passed_over() {
        let value = encode(|w| {
            w.sequence(|w| {
                San::Upn("é@lab".into()).write(w).unwrap();
                w.primitive(Tag::context_primitive(8), &[0x2a, 3]);
                w.context(0, Writer::null);
                w.primitive(Tag::context_primitive(7), &[1, 2, 3]);
                San::Ip([192, 0, 2, 1].into()).write(w).unwrap();
                w.primitive(Tag::context_primitive(2), b"a<&\"\xff");
            });
        });
        assert_eq!(
            San::read_all(&value).unwrap(),
            [
                San::Upn("é@lab".into()),
                San::Ip([192, 0, 2, 1].into()),
                San::Dns("a<&\"\u{fffd}".into()),
            ]
        );
        assert!(San::read_all(&value[..9]).is_err());
    }

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
