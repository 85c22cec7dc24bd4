//! A path of the admin API with its query, percent-encoded (RFC 3986 sections 2.1 and 3.4).

use std::fmt::Write as _;

/// A path of the admin API with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    path: String,
    separator: char,
}

impl Target {
    /// `/api/v1` and the segments below it.
    pub(crate) fn new(segments: &[&str]) -> Self {
        let mut path = "/api/v1".to_owned();
        for segment in segments {
            path.push('/');
            encode(&mut path, segment);
        }
        Self {
            path,
            separator: '?',
        }
    }

    /// Adds a parameter.
    #[must_use]
    pub(crate) fn query(mut self, name: &str, value: &(impl ToString + ?Sized)) -> Self {
        self.path.push(self.separator);
        self.separator = '&';
        self.path.push_str(name);
        self.path.push('=');
        encode(&mut self.path, &value.to_string());
        self
    }

    /// Adds a parameter that is there.
    #[must_use]
    pub(crate) fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, &value),
            None => self,
        }
    }

    /// The text to send.
    pub(crate) fn as_str(&self) -> &str {
        &self.path
    }
}

/// Everything but the unreserved characters is encoded, and a segment that is all dots, which would climb.
fn encode(out: &mut String, text: &str) {
    let climbs = matches!(text, "." | "..");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) || (byte == b'.' && !climbs) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_in_its_place() {
        let target = Target::new(&["devices", "../a?b#c/é", ".."])
            .query("kind", "a,b&c=d")
            .maybe("since", Some(3))
            .maybe("device", None::<&str>);
        assert_eq!(
            target.as_str(),
            "/api/v1/devices/..%2Fa%3Fb%23c%2F%C3%A9/%2E%2E?kind=a%2Cb%26c%3Dd&since=3"
        );
    }
}
