//! Distinguished names that we write.

use crate::der::{Tag, encode};
use crate::oid::Oid;

/// The attributes of a name that have a text form of their own (RFC 4519, RFC 5280 appendix A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Attribute {
    /// `CN`.
    CommonName,
    /// `serialNumber`, of a device.
    SerialNumber,
    /// `C`, two letters.
    Country,
    /// `L`.
    Locality,
    /// `ST`.
    State,
    /// `O`.
    Organization,
    /// `OU`.
    OrganizationalUnit,
    /// `DC`.
    DomainComponent,
    /// `UID`.
    UserId,
    /// `emailAddress` of PKCS#9 (RFC 2985 section 5.2.1).
    Email,
}

impl Attribute {
    const fn oid(self) -> Oid<'static> {
        Oid::new(match self {
            Self::CommonName => &[0x55, 4, 3],
            Self::SerialNumber => &[0x55, 4, 5],
            Self::Country => &[0x55, 4, 6],
            Self::Locality => &[0x55, 4, 7],
            Self::State => &[0x55, 4, 8],
            Self::Organization => &[0x55, 4, 10],
            Self::OrganizationalUnit => &[0x55, 4, 11],
            Self::DomainComponent => &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25],
            Self::UserId => &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1],
            Self::Email => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1],
        })
    }

    /// The string type the definition asks for, where the text fits it; else `UTF8String`.
    fn tag(self, text: &str) -> Tag {
        match self {
            Self::Email | Self::DomainComponent if text.is_ascii() => Tag::IA5_STRING,
            Self::Country | Self::SerialNumber if is_printable(text) => Tag::PRINTABLE_STRING,
            _ => Tag::UTF8_STRING,
        }
    }
}

fn is_printable(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte))
}

/// A distinguished name in the order written, one attribute to each relative name.
///
/// ```
/// use mdm_certs::x509::{Attribute, Name};
/// let der = Name::new().with(Attribute::CommonName, "lab").to_der();
/// assert_eq!(der[..4], [0x30, 14, 0x31, 12]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name(Vec<(Attribute, String)>);

impl Name {
    /// The longest `CN` that X.520 allows, in characters (`ub-common-name`).
    pub const MAX_COMMON_NAME: usize = 64;

    /// The empty name.
    pub fn new() -> Self {
        Self::default()
    }

    /// The name of nothing but a `CN`.
    pub fn common(text: &str) -> Self {
        Self::new().with(Attribute::CommonName, text)
    }

    /// The name with one attribute more. Any text is accepted, whatever its length.
    #[must_use]
    pub fn with(mut self, attribute: Attribute, text: &str) -> Self {
        self.0.push((attribute, text.to_owned()));
        self
    }

    /// The `Name` of RFC 5280 section 4.1.2.4.
    pub fn to_der(&self) -> Vec<u8> {
        encode(|w| {
            w.sequence(|w| {
                for (attribute, text) in &self.0 {
                    w.set(|w| {
                        w.sequence(|w| {
                            w.oid(attribute.oid());
                            w.primitive(attribute.tag(text), text.as_bytes());
                        });
                    });
                }
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::{FromDer as _, X509Name};

    #[test]
    fn names_are_read_by_another_reader() {
        let all = [
            Attribute::CommonName,
            Attribute::SerialNumber,
            Attribute::Country,
            Attribute::Locality,
            Attribute::State,
            Attribute::Organization,
            Attribute::OrganizationalUnit,
            Attribute::DomainComponent,
            Attribute::UserId,
            Attribute::Email,
        ];
        for (text, shown) in [
            (
                "x1",
                "CN=x1, serialNumber=x1, C=x1, L=x1, ST=x1, O=x1, OU=x1, DC=x1, uid=x1, Email=x1",
            ),
            (
                "<&\"é",
                "CN=<&\"é, serialNumber=<&\"é, C=<&\"é, L=<&\"é, ST=<&\"é, O=<&\"é, OU=<&\"é, DC=<&\"é, uid=<&\"é, Email=<&\"é",
            ),
        ] {
            let name = all
                .iter()
                .fold(Name::new(), |name, attribute| name.with(*attribute, text));
            let der = name.to_der();
            let (rest, read) = X509Name::from_der(&der).unwrap();
            assert!(rest.is_empty());
            assert_eq!(read.to_string(), shown);
        }
    }
}
