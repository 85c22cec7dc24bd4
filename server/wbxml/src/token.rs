//! Global tokens, the same on every code page (WAP-192 section 7.1).

pub(crate) const SWITCH_PAGE: u8 = 0x00;
pub(crate) const END: u8 = 0x01;
pub(crate) const ENTITY: u8 = 0x02;
pub(crate) const STR_I: u8 = 0x03;
pub(crate) const LITERAL: u8 = 0x04;
pub(crate) const STR_T: u8 = 0x83;
pub(crate) const OPAQUE: u8 = 0xC3;

/// The flag of a tag with attributes.
pub(crate) const HAS_ATTRIBUTES: u8 = 0x80;
/// The flag of a tag with content.
pub(crate) const HAS_CONTENT: u8 = 0x40;
/// The bits of a tag that are not flags.
pub(crate) const TAG: u8 = 0x3F;

/// UTF-8 in IANA's list of character sets (its `MIBenum`).
pub(crate) const UTF_8: u32 = 106;
/// US-ASCII in the same list.
pub(crate) const US_ASCII: u32 = 3;
/// No character set given: the transport's, which for us is UTF-8.
pub(crate) const UNKNOWN_CHARSET: u32 = 0;
