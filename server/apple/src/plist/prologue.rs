//! What stands before the root element: encoding, XML declaration, DOCTYPE.

use quick_xml::events::BytesDecl;

use super::budget::{Budget, Limit};
use super::error::Problem;
use super::excerpt::excerpt;
use crate::finding::{Findings, Rule};

/// Checks what comes before XML: length, encoding, byte order marks.
pub(super) fn begin<'d>(
    document: &'d [u8],
    budget: Budget,
    findings: &mut Findings,
) -> Result<&'d str, (Problem, usize)> {
    if document.len() > budget.bytes {
        return Err((Problem::Limit(Limit::Bytes(budget.bytes)), budget.bytes));
    }
    if document.starts_with(b"bplist") {
        return Err((Problem::Binary, 0));
    }
    let utf16 = [&[0xFE, 0xFF][..], &[0xFF, 0xFE], b"\0<", b"<\0", b"\0\0"];
    if utf16.iter().any(|mark| document.starts_with(mark)) {
        return Err((Problem::Utf16, 0));
    }
    let text = std::str::from_utf8(document).map_err(|e| (Problem::NotUtf8, e.valid_up_to()))?;
    let text = text.strip_prefix('\u{feff}').map_or(text, |rest| {
        findings.add(Rule::ByteOrderMark, || "before the document".to_owned());
        rest
    });
    if text.trim_ascii().is_empty() {
        Err((Problem::Empty, 0))
    } else {
        Ok(text)
    }
}

/// The XML declaration may name no encoding but UTF-8 and its subset.
pub(super) fn declaration(decl: &BytesDecl<'_>) -> Result<(), Problem> {
    match decl.encoding() {
        None => Ok(()),
        Some(Ok(name))
            if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") =>
        {
            Ok(())
        }
        Some(Ok(name)) => Err(Problem::DeclaredEncoding(excerpt(&name))),
        Some(Err(error)) => Err(Problem::Xml(excerpt(&error.to_string()))),
    }
}

/// `plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd"`, also with the older
/// owner `Apple Computer`, with https, or by `SYSTEM` alone.
pub(super) fn apples_doctype(text: &str) -> bool {
    let mut rest = text.split_ascii_whitespace();
    if rest.next() != Some("plist") {
        return false;
    }
    let rest = rest.collect::<Vec<_>>().join(" ").replace('\'', "\"");
    let system = match rest.strip_prefix("PUBLIC ") {
        Some(rest) => rest
            .strip_prefix("\"-//Apple//DTD PLIST 1.0//EN\" ")
            .or_else(|| rest.strip_prefix("\"-//Apple Computer//DTD PLIST 1.0//EN\" ")),
        None => rest.strip_prefix("SYSTEM "),
    };
    matches!(
        system,
        Some(
            "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\""
                | "\"https://www.apple.com/DTDs/PropertyList-1.0.dtd\""
        )
    )
}
