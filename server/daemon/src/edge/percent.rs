//! Percent-decoding that refuses what a path or a query has no business to contain.

use std::borrow::Cow;

/// Decodes `%XX` once (RFC 3986 section 2.1); says what is wrong otherwise.
pub(super) fn decode(text: &str) -> Result<Cow<'_, str>, &'static str> {
    let decoded = if text.contains('%') {
        Cow::Owned(String::from_utf8(bytes(text)?).map_err(|_| "bytes that are not UTF-8")?)
    } else {
        Cow::Borrowed(text)
    };
    if decoded.chars().any(char::is_control) {
        return Err("a control character");
    }
    Ok(decoded)
}

fn bytes(text: &str) -> Result<Vec<u8>, &'static str> {
    const BROKEN: &str = "a percent sign without two hex digits";
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        out.push(if byte == b'%' {
            let digits = (rest.next().and_then(digit), rest.next().and_then(digit));
            let (Some(high), Some(low)) = digits else {
                return Err(BROKEN);
            };
            high << 4 | low
        } else {
            byte
        });
    }
    Ok(out)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_once_and_safely() {
        for (text, outcome) in [
            ("plain", Ok("plain")),
            ("%2E%2e", Ok("..")),
            ("%252f", Ok("%2f")),
            ("caf%C3%A9", Ok("café")),
            ("%00", Err("a control character")),
            ("a%0d%0ab", Err("a control character")),
            ("%ff", Err("bytes that are not UTF-8")),
            ("%", Err("a percent sign without two hex digits")),
            ("%4", Err("a percent sign without two hex digits")),
            ("%+1", Err("a percent sign without two hex digits")),
        ] {
            assert_eq!(decode(text).as_deref(), outcome.as_deref(), "{text}");
        }
    }
}
