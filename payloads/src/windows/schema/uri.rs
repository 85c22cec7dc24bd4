//! Addresses of nodes, taken apart.

/// The longest address that is looked at, in bytes; Windows says less of its own (`DevDetail/URI/MaxTotLen`).
const LONGEST: usize = 2048;

/// The segments of `uri`, decoded; `None` where it is none a device takes (OMA DM Tree and Description 1.2.1 section 7.3): it begins with
/// `./`, holds neither `.`, `..` nor an empty segment after that, and its escapes are whole.
pub(super) fn segments(uri: &str) -> Option<Vec<String>> {
    let rest = uri.strip_prefix("./").filter(|_| uri.len() <= LONGEST)?;
    rest.split('/')
        .map(|segment| match segment {
            "" | "." | ".." => None,
            _ => decode(segment),
        })
        .collect()
}

/// Replaces `%7B` and its like (RFC 3986 section 2.1).
fn decode(segment: &str) -> Option<String> {
    let mut parts = segment.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_apart() {
        for (uri, expected) in [
            ("./a/b", Some(vec!["a", "b"])),
            ("./%7Ba%7d/b", Some(vec!["{a}", "b"])),
            ("./%C3%A9", Some(vec!["é"])),
            ("./é%25", Some(vec!["é%"])),
            ("/a", None),
            ("a/b", None),
            ("./", None),
            ("./a//b", None),
            ("./a/../b", None),
            ("./a/", None),
            ("./%7", None),
            ("./%zz", None),
            ("./%+7", None),
            ("./%FF", None),
            ("./%é", None),
        ] {
            let found = segments(uri);
            let found: Option<Vec<_>> = found
                .as_ref()
                .map(|segments| segments.iter().map(String::as_str).collect());
            assert_eq!(found, expected, "{uri}");
        }
        assert_eq!(segments(&format!("./{}", "a".repeat(LONGEST))), None);
    }
}
