//! Identifier octets.

use std::fmt;

/// An identifier octet (X.690 8.1.2): class, form and a tag number of at most 30.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag(pub u8);

impl Tag {
    /// `BOOLEAN`.
    pub const BOOLEAN: Self = Self(0x01);
    /// `INTEGER`.
    pub const INTEGER: Self = Self(0x02);
    /// `BIT STRING`.
    pub const BIT_STRING: Self = Self(0x03);
    /// `OCTET STRING`, primitive.
    pub const OCTET_STRING: Self = Self(0x04);
    /// `NULL`.
    pub const NULL: Self = Self(0x05);
    /// `OBJECT IDENTIFIER`.
    pub const OID: Self = Self(0x06);
    /// `ENUMERATED`.
    pub const ENUMERATED: Self = Self(0x0a);
    /// `UTF8String`.
    pub const UTF8_STRING: Self = Self(0x0c);
    /// `PrintableString`.
    pub const PRINTABLE_STRING: Self = Self(0x13);
    /// `TeletexString`, also called `T61String`.
    pub const TELETEX_STRING: Self = Self(0x14);
    /// `IA5String`.
    pub const IA5_STRING: Self = Self(0x16);
    /// `UTCTime`.
    pub const UTC_TIME: Self = Self(0x17);
    /// `GeneralizedTime`.
    pub const GENERALIZED_TIME: Self = Self(0x18);
    /// `VisibleString`.
    pub const VISIBLE_STRING: Self = Self(0x1a);
    /// `UniversalString`: four octets a character.
    pub const UNIVERSAL_STRING: Self = Self(0x1c);
    /// `BMPString`: two octets a character.
    pub const BMP_STRING: Self = Self(0x1e);
    /// `SEQUENCE`.
    pub const SEQUENCE: Self = Self(0x30);
    /// `SET`.
    pub const SET: Self = Self(0x31);

    /// `[number]`, constructed: the explicit tag, or an implicit one over a constructed type.
    pub const fn context(number: u8) -> Self {
        Self(0xa0 | (number & 0x1f))
    }

    /// `[number]`, primitive: an implicit tag over a primitive type.
    pub const fn context_primitive(number: u8) -> Self {
        Self(0x80 | (number & 0x1f))
    }

    /// Whether the content is elements rather than octets.
    pub const fn is_constructed(self) -> bool {
        self.0 & 0x20 != 0
    }

    /// The same tag in primitive form: strings may come in either (X.690 8.7.1).
    #[must_use]
    pub const fn primitive(self) -> Self {
        Self(self.0 & !0x20)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x}", self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({self})")
    }
}
