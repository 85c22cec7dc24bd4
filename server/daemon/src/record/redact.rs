//! Cutting secrets out of messages: the value goes, its length and digest stay.
//!
//! A property list names what it carries, also inside a signed profile, whose XML lies in the
//! message as it is. So the values of known keys are cut, wherever the text stands.

use bytes::Bytes;

use crate::digest::sha256_hex;

/// Keys whose values are secrets.
const KEYS: [&str; 18] = [
    "ActivationLockBypassCode",
    "Challenge",
    "CurrentPassword",
    "DigestResponse",
    "NewPassword",
    "NewRecoveryPassword",
    "passwordHash",
    "PersonalRecoveryKey",
    "Password",
    "Payload",
    "PayloadContent",
    "Token",
    "PushMagic",
    "UnlockToken",
    "BootstrapToken",
    "TokenData",
    "PIN",
    "AuthToken",
];

/// Query parameters whose values are secrets.
const PARAMETERS: [&str; 1] = ["code"];

/// Cuts the secrets out of a body. A body without any is given back as it is; a binary property list is cut as a whole.
pub(super) fn body(bytes: Bytes) -> Bytes {
    if bytes.starts_with(b"bplist") {
        return Bytes::from(marker(&bytes));
    }
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    for key in KEYS {
        let tag = format!("<key>{key}</key>");
        let mut from = 0;
        while let Some(at) = find(&bytes, tag.as_bytes(), from) {
            from = at + tag.len();
            cuts.extend(value_after(&bytes, from));
        }
    }
    if cuts.is_empty() {
        return bytes;
    }
    cuts.sort_unstable();
    let mut out = Vec::with_capacity(bytes.len());
    let mut done = 0;
    for (start, end) in cuts {
        let (Some(before), Some(secret)) = (bytes.get(done..start), bytes.get(start..end)) else {
            continue;
        };
        out.extend_from_slice(before);
        out.extend_from_slice(marker(secret).as_bytes());
        done = end;
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    Bytes::from(out)
}

/// Cuts the secrets out of a path with query, however they are written: paths ignore case, and what is percent-encoded
/// where no request of ours needs it is cut as a whole, because it may be anything.
pub(super) fn path(path: &str) -> String {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    let path = match path.split_at_checked(3) {
        _ if path.contains('%') => marker(path.as_bytes()),
        Some((start, token)) if start.eq_ignore_ascii_case("/p/") => {
            format!("{start}{}", marker(token.as_bytes()))
        }
        _ => path.to_owned(),
    };
    let Some(query) = query else { return path };
    let query: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if name.contains('%') || PARAMETERS.contains(&name) => {
                format!("{name}={}", marker(value.as_bytes()))
            }
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", query.join("&"))
}

fn marker(secret: &[u8]) -> String {
    format!("***({} bytes, sha256 {})", secret.len(), sha256_hex(secret))
}

/// The extent of the text of a `string` or `data` element that begins after white space.
fn value_after(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = bytes.get(from..)?;
    let blank = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let at = from + blank;
    for (open, close) in [("<string>", "</string>"), ("<data>", "</data>")] {
        if bytes.get(at..)?.starts_with(open.as_bytes()) {
            let start = at + open.len();
            // Cut to the end when it is not closed: half a secret is a secret.
            let end = find(bytes, close.as_bytes(), start).unwrap_or(bytes.len());
            return Some((start, end));
        }
    }
    None
}

fn find(bytes: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let first = *needle.first()?;
    let mut at = 0;
    while let Some(step) = rest.get(at..)?.iter().position(|b| *b == first) {
        let here = at + step;
        if rest.get(here..)?.starts_with(needle) {
            return Some(from + here);
        }
        at = here + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        for (given, expected) in [
            (
                "<dict><key>Name</key><string>x</string></dict>",
                "<dict><key>Name</key><string>x</string></dict>",
            ),
            (
                "<key>Challenge</key>\n\t<string>abc</string><key>URL</key><string>u</string>",
                "<key>Challenge</key>\n\t<string>***(3 bytes, sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad)</string><key>URL</key><string>u</string>",
            ),
            (
                "<key>Token</key><data>ab",
                "<key>Token</key><data>***(2 bytes, sha256 fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603)",
            ),
            (
                "<key>PayloadContent</key><array/>",
                "<key>PayloadContent</key><array/>",
            ),
            (
                "bplist00abc",
                "***(11 bytes, sha256 39a8e9c72cb1a69a09e8492a06f81d113e2578df390c2bce7ee8c55bf1b1e87f)",
            ),
        ] {
            assert_eq!(
                body(Bytes::from_static(given.as_bytes())),
                expected,
                "{given}"
            );
        }
    }

    #[test]
    fn codes_and_links_go_from_paths() {
        for (given, expected) in [
            ("/mdm/connect", "/mdm/connect"),
            ("/p", "/p"),
            ("/\u{e9}", "/\u{e9}"),
            (
                "/enroll/apple?code=S3&signed=false",
                "/enroll/apple?code=***&signed=false",
            ),
            ("/enroll/apple?c%6fde=S3", "/enroll/apple?c%6fde=***"),
            ("/p/S3", "/p/***"),
            ("/P/S3?x", "/P/***?x"),
            ("/%70/S3", "***"),
            ("/%50%2fS3?code=S3", "***?code=***"),
        ] {
            let found = path(given);
            assert!(!found.contains("S3"), "{found}");
            // The extent and digest of what was cut are shown elsewhere.
            let mut shown = String::new();
            for part in found.split_inclusive(')') {
                shown += &match part.split_once('(') {
                    Some((before, _)) => before.to_owned(),
                    None => part.to_owned(),
                };
            }
            assert_eq!(shown, expected, "{given}");
        }
    }
}
