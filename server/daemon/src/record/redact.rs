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

/// Elements whose texts are secrets, by local name: in SOAP a password, and a token or a provisioning document.
const ELEMENTS: [&str; 2] = ["Password", "BinarySecurityToken"];
/// Tokens that are none: what a certificate is asked for with.
const REQUESTS: [&str; 2] = ["#PKCS10\"", "#PKCS7\""];

/// Nodes of a Windows device whose values are secrets, by the last part of their names in lower case (pages "`ActiveSync` CSP",
/// "EMAIL2 CSP", "`ClientCertificateInstall` CSP", "`CertificateStore` CSP", "`DMAcc` CSP").
const NODES: [&str; 9] = [
    "password",
    "authsecret",
    "smtpaltpassword",
    "pfxcertpassword",
    "pfxcertblob",
    "challenge",
    "aauthsecret",
    "aauthdata",
    "newpinvalue",
];

/// Query parameters whose values are secrets.
const PARAMETERS: [&str; 1] = ["code"];

/// Cuts the secrets out of a body. A body without any is given back as it is; a binary property list is cut as a whole.
pub(super) fn body(bytes: Bytes) -> Bytes {
    if bytes.starts_with(b"bplist") {
        return Bytes::from(marker(&bytes));
    }
    if bytes.first().is_some_and(|byte| (1..9).contains(byte)) {
        return wbxml(bytes);
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
    for element in ELEMENTS {
        cuts.extend(element_texts(&bytes, element));
    }
    cuts.extend(syncml(&bytes));
    cuts.extend(login_form(&bytes));
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

/// A message in WBXML: as a whole, where it holds a secret or cannot be read.
fn wbxml(bytes: Bytes) -> Bytes {
    let open = mdm_windows::syncml::to_xml(&bytes, mdm_windows::xml::Budget::default())
        .is_ok_and(|xml| syncml(xml.as_bytes()).is_empty());
    if open {
        bytes
    } else {
        Bytes::from(marker(&bytes))
    }
}

/// In SyncML: what proves a sender, and the values of secret nodes, whatever the prefix.
fn syncml(bytes: &[u8]) -> Vec<(usize, usize)> {
    if find(bytes, b"SYNCML:SYNCML1.", 0).is_none() {
        return Vec::new();
    }
    let mut cuts = Vec::new();
    for (start, end) in element_texts_until(bytes, "Cred", "Cred") {
        cuts.extend(within(bytes, start, end, "Data"));
    }
    for (start, end) in element_texts_until(bytes, "Item", "Item") {
        let secret = within(bytes, start, end, "LocURI")
            .into_iter()
            .filter_map(|(from, to)| bytes.get(from..to))
            .any(|uri| {
                let uri = String::from_utf8_lossy(uri).to_ascii_lowercase();
                let name = uri.trim().rsplit('/').next().unwrap_or_default();
                NODES.contains(&name) || uri.contains('&')
            });
        if secret {
            cuts.extend(within(bytes, start, end, "Data"));
        }
    }
    cuts
}

/// The texts of the elements of this name between two places.
fn within(bytes: &[u8], start: usize, end: usize, name: &str) -> Vec<(usize, usize)> {
    let part = bytes.get(start..end).unwrap_or_default();
    element_texts(part, name)
        .into_iter()
        .map(|(from, to)| (start + from, start + to))
        .collect()
}

/// What stands in the elements of this name, up to their end tags, other elements included.
fn element_texts_until(bytes: &[u8], name: &str, end_name: &str) -> Vec<(usize, usize)> {
    element_texts(bytes, name)
        .into_iter()
        .map(|(start, _)| {
            let mut from = start;
            while let Some(at) = find(bytes, b"</", from) {
                let rest = bytes.get(at + 2..).unwrap_or_default();
                let length = rest
                    .iter()
                    .position(|byte| *byte == b'>')
                    .unwrap_or(rest.len());
                let tag = rest.get(..length).unwrap_or_default();
                let local = tag.rsplit(|byte| *byte == b':').next().unwrap_or_default();
                if local.trim_ascii_end() == end_name.as_bytes() {
                    return (start, at);
                }
                from = at + 2;
            }
            // Not closed: half a secret is a secret.
            (start, bytes.len())
        })
        .collect()
}

/// The texts of all elements of this name, whatever their prefix; but for certificate requests, which hold no secret.
fn element_texts(bytes: &[u8], name: &str) -> Vec<(usize, usize)> {
    let mut texts = Vec::new();
    let mut from = 0;
    while let Some(at) = find(bytes, name.as_bytes(), from) {
        from = at + name.len();
        let opened = match at.checked_sub(1).and_then(|before| bytes.get(before)) {
            Some(b'<') => true,
            Some(b':') => prefix_opens(bytes, at - 1),
            _ => false,
        };
        let rest = bytes.get(from..).unwrap_or_default();
        let whole = rest
            .first()
            .is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
        if !opened || !whole {
            continue;
        }
        let Some(end) = rest.iter().position(|byte| *byte == b'>') else {
            continue;
        };
        let attributes = rest.get(..end).unwrap_or_default();
        let request = REQUESTS
            .iter()
            .any(|kind| find(attributes, kind.as_bytes(), 0).is_some());
        if attributes.ends_with(b"/") || request {
            continue;
        }
        let start = from + end + 1;
        // Not the next `<`: that may open a CDATA section.
        let end = find(bytes, b"</", start).unwrap_or(bytes.len());
        texts.push((start, end));
        from = end;
    }
    texts
}

/// Whether what stands before this colon is the prefix of a start tag.
fn prefix_opens(bytes: &[u8], colon: usize) -> bool {
    let before = bytes.get(..colon).unwrap_or_default();
    let start = before.iter().rposition(|byte| *byte == b'<');
    start.is_some_and(|start| {
        before
            .get(start + 1..)
            .unwrap_or_default()
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    })
}

/// What the login page is told and what it hands out.
fn login_form(bytes: &[u8]) -> Vec<(usize, usize)> {
    const TOKEN: &[u8] = b"name=wresult value=\"";
    if let Some(at) = find(bytes, TOKEN, 0) {
        let start = at + TOKEN.len();
        let end = find(bytes, b"\"", start).unwrap_or(bytes.len());
        return vec![(start, end)];
    }
    if bytes.first() == Some(&b'<') || find(bytes, b"appru=", 0).is_none() {
        return Vec::new();
    }
    let mut cuts = Vec::new();
    let mut at = 0;
    for pair in bytes.split(|byte| *byte == b'&') {
        let equals = pair.iter().position(|byte| *byte == b'=');
        if let Some(equals) = equals {
            let name = pair.get(..equals).unwrap_or_default();
            let known = PARAMETERS.iter().any(|own| own.as_bytes() == name);
            if known || name.contains(&b'%') {
                cuts.push((at + equals + 1, at + pair.len()));
            }
        }
        at += pair.len() + 1;
    }
    cuts
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
                "<o:Password Type=\"t\"><![CDATA[abc]]></o:Password><PasswordHint>x</PasswordHint>",
                "<o:Password Type=\"t\">***(15 bytes, sha256 17022e39d37de78c882448db1f2b7a30ebcf7f27bef87ff0a086fe8a4187c071)</o:Password><PasswordHint>x</PasswordHint>",
            ),
            (
                "<a:BinarySecurityToken ValueType=\"x#PKCS10\">CSR</a:BinarySecurityToken><BinarySecurityToken>abc",
                "<a:BinarySecurityToken ValueType=\"x#PKCS10\">CSR</a:BinarySecurityToken><BinarySecurityToken>***(3 bytes, sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad)",
            ),
            (
                "appru=ms-app%3a%2f%2fx&code=abc&user=u",
                "appru=ms-app%3a%2f%2fx&code=***(3 bytes, sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad)&user=u",
            ),
            (
                "<form><input type=hidden name=wresult value=\"abc\">",
                "<form><input type=hidden name=wresult value=\"***(3 bytes, sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad)\">",
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
    fn secrets_of_windows_go_from_its_messages() {
        let message =
            |inner: &str| format!("<SyncML xmlns=\"SYNCML:SYNCML1.2\"><x:Y/>{inner}</SyncML>");
        let item = |uri: &str| {
            format!(
                "<a:Item><Target><LocURI> {uri} </LocURI></Target><Meta/><Data>S3CRET</Data></a:Item>"
            )
        };
        for (inner, kept) in [
            (
                item("./User/Vendor/MSFT/ActiveSync/Accounts/%7Bx%7D/ServerName"),
                true,
            ),
            (
                item("./User/Vendor/MSFT/ActiveSync/Accounts/%7Bx%7D/Password"),
                false,
            ),
            (item("./Vendor/MSFT/EMAIL2/x/AUTHSECRET"), false),
            (
                item("./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/x/Install/Challenge"),
                false,
            ),
            (
                item("./Device/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/x/PFXCertBlob"),
                false,
            ),
            (item("./x/Pass&#119;ord"), false),
            (
                "<s:Cred><Meta><Type>syncml:auth-md5</Type></Meta><s:Data>S3CRET</s:Data></s:Cred>"
                    .to_owned(),
                false,
            ),
            ("<Cred><Data>S3CRET".to_owned(), false),
        ] {
            let given = message(&inner);
            let found = body(Bytes::from(given.clone().into_bytes()));
            let found = String::from_utf8(found.to_vec()).unwrap();
            assert_eq!(found.contains("S3CRET"), kept, "{found}");
            assert_eq!(found == given, kept, "{found}");
        }
        assert!(body(Bytes::from_static(b"\x03\xa4\x01\x6a\x00S3CRET")).starts_with(b"***("));
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
