//! WBXML of SyncML 1.2 (WAP-192): a tree becomes bytes and bytes become a tree, one token after another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::syncml::{METINF, SYNCML};
use super::xml::Element;

/// Version 1.3, public identifier 0x1201 (SyncML 1.2), UTF-8, no string table.
const PROLOGUE: [u8; 5] = [0x03, 0xa4, 0x01, 0x6a, 0x00];
const SWITCH_PAGE: u8 = 0x00;
const END: u8 = 0x01;
const ENTITY: u8 = 0x02;
const STR_I: u8 = 0x03;
const STR_T: u8 = 0x83;
const OPAQUE: u8 = 0xc3;
const CONTENT: u8 = 0x40;
const MAX_DEPTH: usize = 64;
const MAX_ELEMENTS: usize = 100_000;

/// Tokens of code page 0 (OMA SyncML Representation Protocol 1.2, section 8), from 0x05; `""` is unassigned.
const PAGE_0: [&str; 56] = [
    "Add",
    "Alert",
    "Archive",
    "Atomic",
    "Chal",
    "Cmd",
    "CmdID",
    "CmdRef",
    "Copy",
    "Cred",
    "Data",
    "Delete",
    "Exec",
    "Final",
    "Get",
    "Item",
    "Lang",
    "LocName",
    "LocURI",
    "Map",
    "MapItem",
    "Meta",
    "MsgID",
    "MsgRef",
    "NoResp",
    "NoResults",
    "Put",
    "Replace",
    "RespURI",
    "Results",
    "Search",
    "Sequence",
    "SessionID",
    "SftDel",
    "Source",
    "SourceRef",
    "Status",
    "Sync",
    "SyncBody",
    "SyncHdr",
    "SyncML",
    "Target",
    "TargetRef",
    "",
    "VerDTD",
    "VerProto",
    "NumberOfChanges",
    "MoreData",
    "Field",
    "Filter",
    "Record",
    "FilterType",
    "SourceParent",
    "TargetParent",
    "Move",
    "Correlator",
];
/// Tokens of code page 1 (OMA SyncML Meta-Information 1.2, section 8), from 0x05.
const PAGE_1: [&str; 18] = [
    "Anchor",
    "EMI",
    "Format",
    "FreeID",
    "FreeMem",
    "Last",
    "Mark",
    "MaxMsgSize",
    "Mem",
    "MetInf",
    "Next",
    "NextNonce",
    "SharedMem",
    "Size",
    "Type",
    "Version",
    "MaxObjSize",
    "FieldLevel",
];

/// Why bytes are not the WBXML that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WbxmlError {
    /// The bytes end too early.
    #[error("WBXML ends in the middle")]
    Truncated,
    /// Another kind of document.
    #[error("WBXML document is not of SyncML 1.2")]
    Document,
    /// A token nobody defined.
    #[error("WBXML token {0:#04x} is unknown on its page")]
    Token(u8),
    /// Text that is not UTF-8, or points outside the string table.
    #[error("WBXML text cannot be read")]
    Text,
    /// A bound was reached.
    #[error("WBXML document is nested too deep or has too many elements")]
    Bound,
    /// An element that has no token.
    #[error("element `{0}` has no WBXML token")]
    Unnamed(String),
}

/// Encodes a SyncML tree. Text is inline, except the data of binary items, which is opaque.
pub(crate) fn encode(root: &Element) -> Result<Vec<u8>, WbxmlError> {
    let mut out = PROLOGUE.to_vec();
    let mut page = 0;
    put(&mut out, root, &mut page)?;
    Ok(out)
}

fn put(out: &mut Vec<u8>, element: &Element, page: &mut u8) -> Result<(), WbxmlError> {
    let (wanted, token) =
        token(element).ok_or_else(|| WbxmlError::Unnamed(element.name.clone()))?;
    if wanted != *page {
        out.extend([SWITCH_PAGE, wanted]);
        *page = wanted;
    }
    if element.children.is_empty() && element.text.is_empty() {
        out.push(token);
        return Ok(());
    }
    out.push(token | CONTENT);
    if !element.text.is_empty() {
        out.push(STR_I);
        out.extend(element.text.bytes().filter(|byte| *byte != 0));
        out.push(0);
    }
    for child in &element.children {
        put(out, child, page)?;
    }
    out.push(END);
    Ok(())
}

fn token(element: &Element) -> Option<(u8, u8)> {
    let (page, names): (u8, &[&str]) = match element.ns.as_str() {
        SYNCML => (0, &PAGE_0),
        METINF => (1, &PAGE_1),
        _ => return None,
    };
    let at = names.iter().position(|name| *name == element.name)?;
    Some((page, u8::try_from(at).ok()? + 5))
}

struct Bytes<'a> {
    rest: &'a [u8],
    table: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> Result<u8, WbxmlError> {
        let (first, rest) = self.rest.split_first().ok_or(WbxmlError::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    /// A multi-byte integer of at most 32 bits.
    fn number(&mut self) -> Result<u32, WbxmlError> {
        let mut value = 0_u32;
        for _ in 0..5 {
            let byte = self.byte()?;
            let shifted = value.checked_mul(128).ok_or(WbxmlError::Text)?;
            value = shifted | u32::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WbxmlError::Text)
    }

    fn take(&mut self, length: u32) -> Result<&'a [u8], WbxmlError> {
        let length = usize::try_from(length).map_err(|_| WbxmlError::Truncated)?;
        let taken = self.rest.get(..length).ok_or(WbxmlError::Truncated)?;
        self.rest = self.rest.get(length..).unwrap_or_default();
        Ok(taken)
    }

    fn inline(&mut self) -> Result<&'a str, WbxmlError> {
        let end = self.rest.iter().position(|byte| *byte == 0);
        let end = end.ok_or(WbxmlError::Truncated)?;
        let text = self.rest.get(..end).unwrap_or_default();
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        std::str::from_utf8(text).map_err(|_| WbxmlError::Text)
    }

    fn referred(&mut self) -> Result<&'a str, WbxmlError> {
        let at = usize::try_from(self.number()?).map_err(|_| WbxmlError::Text)?;
        let mut there = Bytes {
            rest: self.table.get(at..).ok_or(WbxmlError::Text)?,
            table: &[],
        };
        there.inline().map_err(|_| WbxmlError::Text)
    }
}

/// Decodes a SyncML document. Opaque data that is no text is given in base64.
pub(crate) fn decode(bytes: &[u8]) -> Result<Element, WbxmlError> {
    let mut input = Bytes {
        rest: bytes,
        table: &[],
    };
    let version = input.byte()?;
    let public = input.number()?;
    let named = if public == 0 {
        Some(input.number()?)
    } else {
        None
    };
    let charset = input.number()?;
    let length = input.number()?;
    input.table = input.take(length)?;
    let known = match named {
        None => public == 0x1201,
        Some(at) => {
            let at = usize::try_from(at).map_err(|_| WbxmlError::Document)?;
            let name = input.table.get(at..).unwrap_or_default();
            name.starts_with(b"-//SYNCML//DTD SyncML 1.2//EN")
        }
    };
    if !known || !matches!(version, 1..=3) || charset != 0x6a {
        return Err(WbxmlError::Document);
    }
    let mut open: Vec<Element> = Vec::new();
    let mut page = 0_u8;
    let mut elements = 0_usize;
    loop {
        let byte = input.byte()?;
        match byte {
            SWITCH_PAGE => page = input.byte()?,
            END => {
                let done = open.pop().ok_or(WbxmlError::Document)?;
                if let Some(done) = close(&mut open, done) {
                    return Ok(done);
                }
            }
            ENTITY | STR_I | STR_T | OPAQUE => {
                let text = match byte {
                    STR_I => input.inline()?.to_owned(),
                    STR_T => input.referred()?.to_owned(),
                    ENTITY => char::from_u32(input.number()?)
                        .ok_or(WbxmlError::Text)?
                        .to_string(),
                    _ => {
                        let length = input.number()?;
                        let data = input.take(length)?;
                        std::str::from_utf8(data)
                            .map_or_else(|_| STANDARD.encode(data), str::to_owned)
                    }
                };
                let element = open.last_mut().ok_or(WbxmlError::Document)?;
                element.text.push_str(&text);
            }
            token => {
                elements += 1;
                if elements > MAX_ELEMENTS || open.len() >= MAX_DEPTH {
                    return Err(WbxmlError::Bound);
                }
                let element = named_element(page, token)?;
                if token & CONTENT != 0 {
                    open.push(element);
                } else if let Some(done) = close(&mut open, element) {
                    return Ok(done);
                }
            }
        }
    }
}

/// Puts a finished element into the one around it; gives it back when there is none.
fn close(open: &mut [Element], done: Element) -> Option<Element> {
    match open.last_mut() {
        Some(parent) => {
            parent.children.push(done);
            None
        }
        None => Some(done),
    }
}

fn named_element(page: u8, token: u8) -> Result<Element, WbxmlError> {
    let (ns, names): (&str, &[&str]) = match page {
        0 => (SYNCML, &PAGE_0),
        1 => (METINF, &PAGE_1),
        _ => return Err(WbxmlError::Token(token)),
    };
    let at = usize::from(token & 0x3f).checked_sub(5);
    let name = at
        .and_then(|at| names.get(at))
        .filter(|name| !name.is_empty());
    match name {
        Some(name) if token & 0x80 == 0 => Ok(Element::new(ns, name)),
        _ => Err(WbxmlError::Token(token)),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::xml;
    use super::*;

    const MESSAGE: &[u8] = include_bytes!("../../../fixtures/wbxml/message.xml");

    fn message() -> Element {
        let text = String::from_utf8(MESSAGE.to_vec()).unwrap();
        let start = text.find("<SyncML").unwrap();
        xml::read(&text.as_bytes()[start..]).unwrap()
    }

    /// Text between elements means nothing in SyncML.
    fn bare(mut element: Element) -> Element {
        if !element.children.is_empty() {
            element.text.clear();
        }
        element.children = element.children.into_iter().map(bare).collect();
        element
    }

    /// The same document with escapes instead of CDATA sections.
    fn escaped(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("<![CDATA[") {
            let (inner, after) = after.split_once("]]>").unwrap();
            out.push_str(before);
            out.push_str(&quick_xml::escape::escape(inner));
            rest = after;
        }
        out + rest
    }

    /// The proof: libwbxml's programs read what we write, and we read what they write.
    #[test]
    fn libwbxml_agrees_both_ways() {
        let folder = tempfile::tempdir().unwrap();
        let ours = folder.path().join("ours.wbxml");
        let xml_file = folder.path().join("out.xml");
        let tree = bare(message());
        std::fs::write(&ours, encode(&tree).unwrap()).unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let done = Command::new(program)
                .current_dir(folder.path())
                .args(arguments)
                .output()
                .unwrap();
            assert!(done.status.success(), "{program}: {done:?}");
        };
        run(
            "wbxml2xml",
            &["-l", "SYNCML12", "-o", "out.xml", "ours.wbxml"],
        );
        let text = std::fs::read_to_string(&xml_file).unwrap();
        let start = text.find("<SyncML").unwrap();
        // libwbxml writes data as CDATA sections.
        let theirs = escaped(&text[start..]);
        assert_eq!(bare(xml::read(theirs.as_bytes()).unwrap()), tree);
        std::fs::write(folder.path().join("in.xml"), xml::write(&tree, &[])).unwrap();
        for arguments in [
            ["-o", "theirs.wbxml", "in.xml"].as_slice(),
            &["-n", "-o", "theirs.wbxml", "in.xml"],
        ] {
            run("xml2wbxml", arguments);
            let bytes = std::fs::read(folder.path().join("theirs.wbxml")).unwrap();
            assert_eq!(bare(decode(&bytes).unwrap()), tree);
        }
    }

    #[test]
    fn what_libwbxml_wrote_is_read() {
        for bytes in [
            include_bytes!("../../../fixtures/wbxml/message-inline.wbxml").as_slice(),
            include_bytes!("../../../fixtures/wbxml/message-table.wbxml"),
        ] {
            assert_eq!(bare(decode(bytes).unwrap()), bare(message()));
            for end in 0..bytes.len() {
                decode(&bytes[..end]).unwrap_err();
            }
        }
    }

    #[test]
    fn what_is_refused() {
        let with = |rest: &[u8]| [PROLOGUE.as_slice(), rest].concat();
        let deep = with(&[0x6d; 65]);
        for (bytes, error) in [
            (vec![], WbxmlError::Truncated),
            (vec![3, 1, 0x6a, 0, 0x2d], WbxmlError::Document),
            (with(&[0x04]), WbxmlError::Token(0x04)),
            (with(&[0x30]), WbxmlError::Token(0x30)),
            (with(&[0xed]), WbxmlError::Token(0xed)),
            (with(&[0x00, 7, 0x05]), WbxmlError::Token(0x05)),
            (with(&[0x6d, 0x83, 9, 1]), WbxmlError::Text),
            (with(&[0x6d, 0x03, 0xff, 0, 1]), WbxmlError::Text),
            (
                with(&[0x6d, 0xc3, 0xff, 0xff, 0xff, 0x7f]),
                WbxmlError::Truncated,
            ),
            (with(&[0x01]), WbxmlError::Document),
            (deep, WbxmlError::Bound),
        ] {
            assert_eq!(decode(&bytes).unwrap_err(), error, "{bytes:?}");
        }
        let unnamed = Element::new("urn:x", "Add");
        assert_eq!(encode(&unnamed), Err(WbxmlError::Unnamed("Add".to_owned())));
    }
}
