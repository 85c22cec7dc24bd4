//! What every node of Windows allows: access, format, values, the builds that have it. Facts of Microsoft's device
//! description files, kept in `tests/fixtures/windows-csp`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;

use super::syncml::Verb;

const NODES: &str = include_str!("../../../fixtures/windows-csp/nodes.json");

/// Providers Windows Phone 8.1 has; there is no description file for it.
const PHONE_81: [&str; 9] = [
    "ActiveSync",
    "CertificateStore",
    "DMAcc",
    "DMClient",
    "DevDetail",
    "DevInfo",
    "EMAIL2",
    "RemoteLock",
    "RemoteWipe",
];

#[derive(Deserialize)]
struct Row {
    path: String,
    access: BTreeSet<String>,
    format: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    default: Option<String>,
    #[serde(default)]
    allowed: Option<Allowed>,
    #[serde(default)]
    atomic_required: bool,
    #[serde(default)]
    os_build: String,
}

/// Values a node takes.
#[derive(Debug, Clone, Default, Deserialize)]
struct Allowed {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    value: String,
    #[serde(default, rename = "enum")]
    listed: Vec<String>,
}

impl Allowed {
    fn takes(&self, value: &str) -> bool {
        match self.kind.as_str() {
            "ENUM" => self.listed.iter().any(|listed| listed == value),
            "Flag" => match (number(value), flags(&self.listed)) {
                (Some(value), Some(all)) => value & !all == 0,
                _ => false,
            },
            "Range" => range(&self.value).is_none_or(|(least, most)| {
                value
                    .parse::<i64>()
                    .is_ok_and(|value| (least..=most).contains(&value))
            }),
            // The only patterns of the files are those of a GUID in braces and of a version.
            "RegEx" if self.value.contains("{8}") => is_guid(value),
            "RegEx" if self.value.starts_with("^(\\d") => {
                let digits: Vec<&str> = value.split('.').collect();
                digits.len() <= 2
                    && digits
                        .iter()
                        .all(|digit| digit.len() == 1 && digit.bytes().all(|b| b.is_ascii_digit()))
            }
            _ => true,
        }
    }
}

fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn flags(listed: &[String]) -> Option<i64> {
    listed
        .iter()
        .try_fold(0, |all, flag| Some(all | number(flag)?))
}

/// `[1-1000]`, or `[(-1)-4294967295]` with a bound below zero.
fn range(text: &str) -> Option<(i64, i64)> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let (least, most) = match inner.strip_prefix('(') {
        Some(rest) => rest.split_once(")-")?,
        None => inner.split_once('-')?,
    };
    Some((least.parse().ok()?, most.parse().ok()?))
}

/// A GUID in braces.
pub(crate) fn is_guid(text: &str) -> bool {
    let Some(inner) = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
    else {
        return false;
    };
    let lengths = inner.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && inner.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// What one node allows.
#[derive(Debug)]
pub(crate) struct Spec {
    access: BTreeSet<String>,
    pub(crate) format: String,
    pub(crate) permanent: bool,
    pub(crate) atomic_required: bool,
    pub(crate) default: Option<String>,
    /// Whether the last segment is a name the server chooses.
    pub(crate) dynamic: bool,
    allowed: Option<Allowed>,
    builds: Vec<(u32, u32, u32)>,
    provider: String,
}

impl Spec {
    /// Whether this verb may be used.
    pub(crate) fn allows(&self, verb: Verb) -> bool {
        self.access.contains(verb.as_str())
    }

    /// Whether it is an interior node.
    pub(crate) fn is_interior(&self) -> bool {
        self.format == "node"
    }

    /// Whether this value may be set, or this name be chosen.
    pub(crate) fn takes(&self, value: &str) -> bool {
        self.allowed
            .as_ref()
            .is_none_or(|allowed| allowed.takes(value))
    }

    /// Whether a build has it: the description files count from the first build of Windows 10, some name the builds it
    /// was brought to later.
    pub(crate) fn is_on(&self, build: (u32, u32, u32)) -> bool {
        if build.0 < 10 {
            let old = self.builds.iter().any(|first| *first <= (10, 0, 10586));
            return old && PHONE_81.contains(&self.provider.as_str());
        }
        self.builds.iter().any(|first| *first <= build)
    }

    /// Whether a format fits. Binary data may be called `b64` or `bin`, XML may be called text.
    pub(crate) fn fits(&self, format: &str) -> bool {
        match self.format.as_str() {
            "b64" | "bin" => matches!(format, "b64" | "bin"),
            "xml" => matches!(format, "xml" | "chr"),
            "time" | "date" => matches!(format, "time" | "date" | "chr"),
            wanted => wanted == format,
        }
    }
}

#[derive(Debug, Default)]
struct Branch {
    spec: Option<Spec>,
    named: BTreeMap<String, Self>,
    any: Option<Box<Self>>,
}

/// All nodes.
#[derive(Debug)]
pub(crate) struct Schema(Branch);

impl Schema {
    /// The table of the project. A table that cannot be read has no nodes, which its test tells.
    pub(crate) fn windows() -> &'static Self {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| Self::read(NODES))
    }

    fn read(json: &str) -> Self {
        let table: BTreeMap<String, Vec<Row>> = serde_json::from_str(json).unwrap_or_default();
        let mut root = Branch::default();
        for (provider, rows) in table {
            for row in rows {
                let path = canonical_prefix(&row.path);
                let mut branch = &mut root;
                let mut dynamic = false;
                for segment in path.split('/').skip(1) {
                    dynamic = segment.starts_with('{');
                    branch = if dynamic {
                        branch.any.get_or_insert_default()
                    } else {
                        branch.named.entry(segment.to_owned()).or_default()
                    };
                }
                let builds = row.os_build.split(',').filter_map(build).collect();
                branch.spec = Some(Spec {
                    access: row.access,
                    format: row.format,
                    permanent: row.scope == "Permanent",
                    atomic_required: row.atomic_required,
                    default: row.default,
                    dynamic,
                    allowed: row.allowed,
                    builds,
                    provider: provider.clone(),
                });
            }
        }
        Self(root)
    }

    /// The node at this place (segments after the dot), if there is one in the files.
    pub(crate) fn find<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Option<&Spec> {
        let mut branch = &self.0;
        for segment in segments {
            branch = match branch.named.get(segment) {
                Some(named) => named,
                None => branch.any.as_deref()?,
            };
        }
        branch.spec.as_ref()
    }

    /// Names of the permanent nodes right below this place, on this build.
    pub(crate) fn permanent_below<'a>(
        &self,
        segments: impl IntoIterator<Item = &'a str>,
        build: (u32, u32, u32),
    ) -> Vec<&str> {
        let mut branch = &self.0;
        for segment in segments {
            let next = branch.named.get(segment).or(branch.any.as_deref());
            let Some(next) = next else {
                return Vec::new();
            };
            branch = next;
        }
        let permanent = branch.named.iter().filter(|(_, branch)| {
            branch
                .spec
                .as_ref()
                .is_some_and(|spec| spec.permanent && spec.is_on(build))
        });
        permanent.map(|(name, _)| name.as_str()).collect()
    }
}

/// `10.0.19041.1387`: the first three numbers.
fn build(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.trim().split('.').map(str::parse);
    Some((
        numbers.next()?.ok()?,
        numbers.next()?.ok()?,
        numbers.next()?.ok()?,
    ))
}

/// `./Vendor/MSFT` is the device's.
pub(crate) fn canonical_prefix(path: &str) -> String {
    match path.strip_prefix("./Vendor/") {
        Some(rest) => format!("./Device/Vendor/{rest}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str) -> Option<&'static Spec> {
        Schema::windows().find(path.split('/').skip(1))
    }

    #[test]
    fn what_nodes_allow() {
        let guid = "./User/Vendor/MSFT/ActiveSync/Accounts/{A}";
        let schedule = find(&format!("{guid}/Options/Schedule")).unwrap();
        for (value, expected) in [("-1", true), ("15", true), ("-2", false), ("x", false)] {
            assert_eq!(schedule.takes(value), expected, "{value}");
        }
        let account = find(guid).unwrap();
        assert!(account.atomic_required && account.dynamic && account.is_interior());
        assert!(account.takes("{C6D47067-6E92-480E-B0FC-4BA82182FAC7}"));
        assert!(!account.takes("C6D47067-6E92-480E-B0FC-4BA82182FAC7"));
        let enroll =
            find("./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/x/Install/Enroll").unwrap();
        assert!(enroll.allows(Verb::Exec) && !enroll.allows(Verb::Get));
        assert!(enroll.is_on((10, 0, 19045)) && !enroll.is_on((8, 10, 14219)));
        let bytes =
            find("./Device/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/x/PFXCertBlob")
                .unwrap();
        assert!(bytes.fits("b64") && !bytes.fits("chr"));
        let version =
            find("./Device/Vendor/MSFT/DMClient/Provider/p/SyncApplicationVersion").unwrap();
        assert!(version.takes("3.0") && version.takes("5") && !version.takes("10.0"));
        assert!(
            find("./Device/Vendor/MSFT/RootCATrustedCertificates/Root/aa/EncodedCertificate")
                .is_some()
        );
        assert!(
            find("./User/Vendor/MSFT/RootCATrustedCertificates/Root/aa/EncodedCertificate")
                .is_none()
        );
        assert!(find("./Device/Vendor/MSFT/Nothing").is_none());
        let phone =
            find("./Device/Vendor/MSFT/CertificateStore/MY/SCEP/x/Install/HashAlgrithm").unwrap();
        assert!(phone.is_on((8, 10, 14219)));
        assert!(find("./Device/Vendor/MSFT/DeviceStatus").is_some());
    }
}
