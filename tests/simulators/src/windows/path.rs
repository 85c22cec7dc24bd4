//! Places in the tree: a `LocURI` with its escapes undone.

use super::provisioning::percent_decode;
use super::schema::is_guid;

/// Deepest place and longest segment (`DevDetail/URI` of Windows says no bound; these keep a hostile one short).
const MAX_SEGMENTS: usize = 32;
const MAX_BYTES: usize = 2048;

/// A place: the segments after the dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Path(Vec<String>);

impl Path {
    /// Reads a `LocURI`: it begins with `./` and has no empty segment, nor a dot as one. `%7B` and `0x7B` are braces;
    /// `./Vendor` is the device's; thumbprints and GUIDs are compared without regard to case.
    pub(crate) fn parse(uri: &str) -> Option<Self> {
        if uri.len() > MAX_BYTES {
            return None;
        }
        let rest = uri.strip_prefix("./")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            if segment.is_empty() || segment == "." || segment == ".." {
                return None;
            }
            let text = percent_decode(segment)?;
            let text = match text
                .strip_prefix("0x7B")
                .and_then(|text| text.strip_suffix("0x7D"))
            {
                Some(inner) => format!("{{{inner}}}"),
                None => text,
            };
            let hash = text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
            segments.push(if hash || is_guid(&text) {
                text.to_uppercase()
            } else {
                text
            });
        }
        if segments.first().is_some_and(|first| first == "Vendor") {
            segments.insert(0, "Device".to_owned());
        }
        (segments.len() <= MAX_SEGMENTS).then_some(Self(segments))
    }

    /// A place of fixed names.
    pub(crate) fn of(segments: &[&str]) -> Self {
        Self(
            segments
                .iter()
                .map(|segment| (*segment).to_owned())
                .collect(),
        )
    }

    /// The segments.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How many segments there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The last segment.
    pub(crate) fn name(&self) -> &str {
        self.0.last().map(String::as_str).unwrap_or_default()
    }

    /// The segment at this place.
    pub(crate) fn segment(&self, at: usize) -> &str {
        self.0.get(at).map(String::as_str).unwrap_or_default()
    }

    /// The first so many segments.
    pub(crate) fn first(&self, count: usize) -> Self {
        Self(self.0.iter().take(count).cloned().collect())
    }

    /// The place around this one.
    pub(crate) fn parent(&self) -> Self {
        self.first(self.0.len().saturating_sub(1))
    }

    /// The place of this name below.
    pub(crate) fn join(&self, name: &str) -> Self {
        let mut segments = self.0.clone();
        segments.extend(name.split('/').map(str::to_owned));
        Self(segments)
    }

    /// Whether it is this place, or below it.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Whether the first segments are these.
    pub(crate) fn begins(&self, segments: &[&str]) -> bool {
        self.0.len() >= segments.len() && self.segments().zip(segments).all(|(a, b)| a == *b)
    }

    /// The same place with another first segment.
    pub(crate) fn under(&self, first: &str) -> Self {
        let mut segments = self.0.clone();
        if let Some(old) = segments.first_mut() {
            first.clone_into(old);
        }
        Self(segments)
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "./{}", self.0.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let told = |uri: &str| Path::parse(uri).map(|path| path.to_string());
        for (uri, expected) in [
            ("./DevInfo", Some("./DevInfo")),
            ("./Vendor/MSFT/X/", Some("./Device/Vendor/MSFT/X")),
            (
                "./User/%7Bc6d47067-6e92-480e-b0fc-4ba82182fac7%7D",
                Some("./User/{C6D47067-6E92-480E-B0FC-4BA82182FAC7}"),
            ),
            (
                "./User/0x7Bc6d47067-6e92-480e-b0fc-4ba82182fac70x7D",
                Some("./User/{C6D47067-6E92-480E-B0FC-4BA82182FAC7}"),
            ),
            ("/DevInfo", None),
            ("./a//b", None),
            ("./a/../b", None),
            ("./a/%zz", None),
            ("./", None),
        ] {
            assert_eq!(told(uri).as_deref(), expected, "{uri}");
        }
        assert_eq!(Path::parse(&"./a".repeat(40)), None);
    }
}
