//! The alternative names that a request asks for.

use std::net::IpAddr;

use crate::der::{DerError, Element, Tag};
use crate::oid;
use crate::x509::San;

/// The names in the value of a `subjectAltName` extension (RFC 5280 section 4.2.1.6), in order; the
/// kinds that [`San`] does not have are passed over.
pub(super) fn read(value: &[u8]) -> Result<Vec<San>, DerError> {
    let mut names = Element::parse(value)?.children();
    let mut read = Vec::new();
    while !names.is_empty() {
        let name = names.next("alternative name")?;
        read.extend(one(&name)?);
    }
    Ok(read)
}

fn one(name: &Element<'_>) -> Result<Option<San>, DerError> {
    Ok(match name.tag().0 & 0x1f {
        0 => principal(name)?.map(San::Upn),
        1 => Some(San::Email(name.text())),
        2 => Some(San::Dns(name.text())),
        6 => Some(San::Uri(name.text())),
        7 => address(name.content()).map(San::Ip),
        _ => None,
    })
}

/// `[0] { type, [0] EXPLICIT value }` with Microsoft's type of a principal name.
fn principal(name: &Element<'_>) -> Result<Option<String>, DerError> {
    let mut members = name.children();
    if members.oid("kind of name")? != oid::USER_PRINCIPAL_NAME {
        return Ok(None);
    }
    let explicit = members.expect(Tag::context(0), "principal name")?;
    Ok(Some(explicit.children().next("principal name")?.text()))
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(octets)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}
