//! Checks of host names, ports and URLs as people write them into settings.

use crate::complaint::Complaint;

/// Complains unless `host` is a bare host name or address, without scheme, port or path.
pub(crate) fn host(path: &str, host: &str, complaints: &mut Vec<Complaint>) {
    let bare = |c: char| c.is_alphanumeric() || ".-_".contains(c);
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    let fits = !host.is_empty()
        && host.len() <= 253
        && (host.chars().all(bare) || address.parse::<std::net::Ipv6Addr>().is_ok());
    if !fits {
        complaints.push(Complaint::new(
            path,
            format!("`{host}`"),
            "a host name or address, without scheme, port or path",
        ));
    }
}

/// Complains about port 0.
pub(crate) fn port(path: &str, port: Option<u16>, complaints: &mut Vec<Complaint>) {
    if port == Some(0) {
        complaints.push(Complaint::new(path, "0", "1 to 65535"));
    }
}

/// Complains unless `url` begins with one of `schemes` and names a host.
pub(crate) fn url(path: &str, url: &str, schemes: &[&str], complaints: &mut Vec<Complaint>) {
    if !is_url(url, schemes) {
        complaints.push(Complaint::new(
            path,
            format!("`{url}`"),
            format!("a URL beginning with {}", schemes.join(" or ")),
        ));
    }
}

/// Whether `url` begins with one of `schemes` (`https://`), names a host and holds no white space.
pub(crate) fn is_url(url: &str, schemes: &[&str]) -> bool {
    let rest = schemes
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))
        .unwrap_or_default();
    !rest.is_empty() && !rest.starts_with(['/', ':', '?']) && !url.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (text, good) in [
            ("mail.example.com", true),
            ("büro.example", true),
            ("10.0.0.1", true),
            ("::1", true),
            ("[fe80::1]", true),
            ("", false),
            ("https://mail.example.com", false),
            ("mail.example.com/x", false),
            ("mail.example.com:443", false),
            ("a b", false),
        ] {
            let mut complaints = Vec::new();
            host("host_name", text, &mut complaints);
            assert_eq!(complaints.is_empty(), good, "{text}");
        }
    }

    #[test]
    fn urls() {
        for (text, good) in [
            ("https://a", true),
            ("https://a:8443/x?y", true),
            ("http://a", false),
            ("https://", false),
            ("https:///x", false),
            ("https://a b", false),
            ("", false),
        ] {
            assert_eq!(is_url(text, &["https://"]), good, "{text}");
        }
    }
}
