//! Elements that hold one text and may stand once.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::RequestError;
use crate::xml::{Element, Reader};

/// How long an ordinary text may be, in bytes.
pub(crate) const SHORT: usize = 1_024;

/// How long a password or another long text may be, in bytes.
pub(crate) const LONG: usize = 64 * 1_024;

/// The text of the element that is open, without white space around it.
pub(crate) fn text(
    reader: &mut Reader<'_>,
    name: &'static str,
    longest: usize,
) -> Result<String, RequestError> {
    let text = reader.text()?;
    let text = text.trim();
    if text.len() > longest {
        return Err(RequestError::TooLong {
            element: name,
            longest,
        });
    }
    Ok(text.to_owned())
}

/// Reads the text of the element that is open into its slot. Empty, or `nil`, is absent; a second text is refused.
pub(crate) fn once(
    slot: &mut Option<String>,
    reader: &mut Reader<'_>,
    element: &Element,
    name: &'static str,
) -> Result<(), RequestError> {
    let text = text(reader, name, SHORT)?;
    if text.is_empty() || element.is_nil() {
        return Ok(());
    }
    put(slot, text, name)
}

/// Fills a slot that must be empty.
pub(crate) fn put<T>(
    slot: &mut Option<T>,
    value: T,
    name: &'static str,
) -> Result<(), RequestError> {
    if slot.is_some() {
        return Err(RequestError::Twice { element: name });
    }
    *slot = Some(value);
    Ok(())
}

/// What must be there.
pub(crate) fn required<T>(value: Option<T>, name: &'static str) -> Result<T, RequestError> {
    value.ok_or(RequestError::Missing { element: name })
}

/// The octets of the element that is open, which are base64 with or without line breaks.
pub(crate) fn octets(reader: &mut Reader<'_>, name: &'static str) -> Result<Vec<u8>, RequestError> {
    let mut text = reader.text()?;
    text.retain(|c| !c.is_ascii_whitespace());
    if text.is_empty() {
        return Err(RequestError::Missing { element: name });
    }
    BASE64_STANDARD
        .decode(text)
        .map_err(|source| RequestError::Base64 {
            element: name,
            source,
        })
}
