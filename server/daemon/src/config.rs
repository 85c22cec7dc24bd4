//! Everything the server is told before it starts: plain values. Who read them, and from where, is not known here.

mod windows;

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use http::Uri;
pub use mdm_core::id::Scope;
pub use mdm_payloads::Secret;

pub use crate::edge::Network;
pub use windows::{EnrollmentPolicy, UnknownPolicy, Windows};

/// The configuration of a server.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the records and the keys live.
    pub data: Data,
    /// The names devices reach the server by. The first is advertised: it is written into profiles. The others,
    /// like addresses, only become names of the TLS certificate.
    pub names: Vec<String>,
    /// The HTTPS address devices use instead, where the server is behind a tunnel.
    pub public_url: Option<Uri>,
    /// Lets `names` or `public_url` differ from what this data directory was made with. Devices enrolled under the
    /// old name lose the server.
    pub change_name: bool,
    /// Plain HTTP, for what a device needs before it trusts the server.
    pub bootstrap: Option<SocketAddr>,
    /// HTTPS without client certificates. At least one.
    pub listen: Vec<SocketAddr>,
    /// HTTPS that asks for a client certificate.
    pub mtls: Option<SocketAddr>,
    /// The admin API.
    pub admin: SocketAddr,
    /// Written once the server serves, beside `ready.json` in the data directory.
    pub ready_file: Option<PathBuf>,
    /// Lets devices enroll without a code.
    pub open_enrollment: bool,
    /// Lets erase, lock and their like be sent.
    pub allow_destructive: bool,
    /// What happens to a message that deviates from its specification.
    pub strict: Strict,
    /// Names of rules that are not applied (`plist.unknown-key`).
    pub waivers: BTreeSet<String>,
    /// Keeps secrets in recorded exchanges of real devices.
    pub keep_secrets: bool,
    /// How devices are woken.
    pub push: Push,
    /// What happens to a device that shows a revoked identity.
    pub revoked_identity: RevokedIdentity,
    /// How far a device's clock may be off: for the signing time of `Mdm-Signature` and the validity of certificates.
    pub clock_tolerance: Duration,
    /// The organization named in profiles, 1 to 100 characters.
    pub organization: String,
    /// Peers that the per-address limits do not count.
    pub exempt_networks: Vec<Network>,
    /// The scope of whatever names none.
    pub scope: Scope,
    /// What Windows devices are told.
    pub windows: Windows,
}

/// Where a server keeps its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// The directory, private to its owner (mode 0700).
    pub path: PathBuf,
    /// The directory must not exist yet and is removed with everything in it when the server stops.
    pub ephemeral: bool,
}

/// What happens to a message that deviates from its specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strict {
    /// Nothing, and nothing is said.
    Off,
    /// It is served; the deviation is a finding.
    #[default]
    Report,
    /// It is refused. For clients under test, not for real devices.
    Reject,
}

/// What happens to a device that shows a revoked identity. Never 401, which makes Apple devices unenroll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RevokedIdentity {
    /// It is served; an event says so.
    #[default]
    Report,
    /// It is refused with 403.
    Refuse,
}

/// A word that is none of those a setting knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is none of {allowed}")]
pub struct UnknownWord {
    found: String,
    allowed: &'static str,
}

impl Strict {
    /// The word used in settings and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Report => "report",
            Self::Reject => "reject",
        }
    }
}

impl FromStr for Strict {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "off" => Ok(Self::Off),
            "report" => Ok(Self::Report),
            "reject" => Ok(Self::Reject),
            other => Err(UnknownWord {
                found: other.to_owned(),
                allowed: "off, report, reject",
            }),
        }
    }
}

impl RevokedIdentity {
    /// The word used in settings and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Refuse => "refuse",
        }
    }
}

impl FromStr for RevokedIdentity {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "report" => Ok(Self::Report),
            "refuse" => Ok(Self::Refuse),
            other => Err(UnknownWord {
                found: other.to_owned(),
                allowed: "report, refuse",
            }),
        }
    }
}

/// How devices are woken.
#[derive(Debug, Clone, Default)]
pub enum Push {
    /// Nobody said. The server starts, and says loudly that it cannot wake a device.
    #[default]
    Unconfigured,
    /// Not at all, on purpose: the devices poll.
    None,
    /// By Apple's push service.
    Apns(Apns),
}

/// Apple's push service and the right to use it.
#[derive(Debug, Clone)]
pub struct Apns {
    /// The MDM push certificate with its key: a PEM or a PKCS#12 file.
    pub certificate: PathBuf,
    /// What decrypts its key.
    pub password: Option<Secret>,
    /// Another service than Apple's: scheme, host and port.
    pub endpoint: Option<Uri>,
    /// PEM roots that vouch for that other service, instead of Apple's.
    pub ca_file: Option<PathBuf>,
}

/// One thing wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The setting, named as in a configuration file.
    pub setting: &'static str,
    /// What is wrong with it.
    pub text: String,
}

/// Everything wrong with a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaints(pub Vec<Complaint>);

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, complaint) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}`{}`: {}", complaint.setting, complaint.text)?;
        }
        Ok(())
    }
}

impl std::error::Error for Complaints {}

impl Config {
    /// A server with every default of a program that lives in `data` and is called `name`.
    pub fn new(data: Data, name: impl Into<String>) -> Self {
        let any = |port| SocketAddr::from(([0, 0, 0, 0], port));
        Self {
            data,
            names: vec![name.into()],
            public_url: None,
            change_name: false,
            bootstrap: Some(any(8480)),
            listen: vec![any(8443)],
            mtls: Some(any(8444)),
            admin: SocketAddr::from(([127, 0, 0, 1], 8481)),
            ready_file: None,
            open_enrollment: false,
            allow_destructive: false,
            strict: Strict::default(),
            waivers: BTreeSet::new(),
            keep_secrets: false,
            push: Push::default(),
            revoked_identity: RevokedIdentity::default(),
            clock_tolerance: Self::CLOCK_TOLERANCE,
            organization: Self::ORGANIZATION.to_owned(),
            exempt_networks: Vec::new(),
            scope: Scope::default(),
            windows: Windows::default(),
        }
    }

    /// The default of [`Config::clock_tolerance`].
    pub const CLOCK_TOLERANCE: Duration = Duration::from_mins(10);
    /// The default of [`Config::organization`].
    pub const ORGANIZATION: &'static str = "mockmdm test lab";

    /// The name written into profiles: the first one.
    pub fn advertised(&self) -> &str {
        self.names.first().map_or("localhost", String::as_str)
    }

    /// The name by which a device asks for mutual TLS on a port of the device listener: `mtls.` before
    /// the advertised name, told by SNI. None where that is an address, which SNI cannot carry.
    pub fn mtls_name(&self) -> Option<String> {
        let name = self.advertised();
        let address = name.trim_start_matches('[').trim_end_matches(']');
        address
            .parse::<IpAddr>()
            .is_err()
            .then(|| format!("mtls.{name}"))
    }

    /// Checks each value and how they go together, and tells everything wrong at once.
    pub fn validate(&self) -> Result<(), Complaints> {
        let mut complaints = Vec::new();
        let mut complain = |setting, text: String| complaints.push(Complaint { setting, text });
        if self.data.path.as_os_str().is_empty() {
            complain("data", "the path is empty".to_owned());
        }
        if self.names.is_empty() {
            complain("name", "at least one name is needed".to_owned());
        }
        for (index, name) in self.names.iter().enumerate() {
            if !is_host(name) {
                complain("name", format!("`{name}` is no host name and no address"));
            } else if self
                .names
                .iter()
                .take(index)
                .any(|other| other.eq_ignore_ascii_case(name))
            {
                complain("name", format!("`{name}` is given twice"));
            }
        }
        if let Some(url) = &self.public_url {
            if url.scheme_str() != Some("https") || url.host().is_none_or(|host| !is_host(host)) {
                complain(
                    "public_url",
                    format!("`{url}` is no https address with a host"),
                );
            } else if url.path() != "/" || url.query().is_some() {
                complain(
                    "public_url",
                    format!("`{url}` has a path; only scheme, host and port are used"),
                );
            }
        }
        if self.listen.is_empty() {
            complain("listen", "at least one address is needed".to_owned());
        }
        let bound: Vec<(&'static str, SocketAddr)> = self
            .bootstrap
            .iter()
            .map(|address| ("bootstrap", *address))
            .chain(self.listen.iter().map(|address| ("listen", *address)))
            .chain(self.mtls.iter().map(|address| ("mtls", *address)))
            .chain([("admin", self.admin)])
            .collect();
        for (index, (setting, address)) in bound.iter().enumerate() {
            if let Some((other, _)) = bound
                .iter()
                .take(index)
                .find(|(_, taken)| collide(*taken, *address))
            {
                complain(setting, format!("`{address}` collides with `{other}`"));
            }
        }
        if self.clock_tolerance > Duration::from_hours(366 * 24) {
            complain(
                "clock_tolerance",
                "more than a year checks nothing".to_owned(),
            );
        }
        self.windows.complain(&mut complain);
        let length = self.organization.chars().count();
        if !(1..=100).contains(&length) || self.organization.chars().any(char::is_control) {
            complain(
                "organization",
                "1 to 100 characters without control characters are allowed".to_owned(),
            );
        }
        for waiver in &self.waivers {
            let legal = waiver.contains('.')
                && waiver
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b".-_".contains(&b));
            if !legal {
                complain(
                    "waive",
                    format!("`{waiver}` is no name of a rule such as `plist.unknown-key`"),
                );
            }
        }
        if let Push::Apns(apns) = &self.push
            && let Some(url) = &apns.endpoint
            && (url.scheme_str() != Some("https") || url.host().is_none())
        {
            complain(
                "push_endpoint",
                format!("`{url}` is no https address with a host"),
            );
        }
        if complaints.is_empty() {
            Ok(())
        } else {
            Err(Complaints(complaints))
        }
    }
}

/// A DNS name (letters, digits, hyphens and dots, RFC 1123 section 2.1) or an address.
/// Differs: an underscore passes, because names of lab machines have it.
fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse::<IpAddr>().is_ok() || (text.len() <= 253 && text.split('.').all(label))
}

/// Both cannot be bound: the same port (not 0) at the same address, or one of them at every address of the family.
fn collide(a: SocketAddr, b: SocketAddr) -> bool {
    let overlap = a.ip() == b.ip()
        || (a.is_ipv4() == b.is_ipv4() && (a.ip().is_unspecified() || b.ip().is_unspecified()));
    a.port() != 0 && a.port() == b.port() && overlap
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::new(
            Data {
                path: PathBuf::from("/data"),
                ephemeral: false,
            },
            "lab.local",
        )
    }

    #[test]
    fn the_defaults_are_valid() {
        config().validate().unwrap();
        assert_eq!(config().advertised(), "lab.local");
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let mut wrong = config();
        wrong.data.path = PathBuf::new();
        wrong.names = vec![
            "lab_1.local".to_owned(),
            "LAB_1.local".to_owned(),
            "a&b".to_owned(),
            "x..y".to_owned(),
        ];
        wrong.public_url = Some(Uri::from_static("http://lab.example"));
        wrong.listen = vec![
            "0.0.0.0:8444".parse().unwrap(),
            "127.0.0.1:8444".parse().unwrap(),
        ];
        wrong.organization = "a\nb".to_owned();
        wrong.clock_tolerance = Duration::MAX;
        wrong.waivers.insert("Everything".to_owned());
        wrong.push = Push::Apns(Apns {
            certificate: PathBuf::from("push.pem"),
            password: Some(Secret::from("p")),
            endpoint: Some(Uri::from_static("http://127.0.0.1:1")),
            ca_file: None,
        });
        let told = wrong
            .validate()
            .unwrap_err()
            .to_string()
            .replace("; ", "\n");
        let expected = "\
`data`: the path is empty
`name`: `LAB_1.local` is given twice
`name`: `a&b` is no host name and no address
`name`: `x..y` is no host name and no address
`public_url`: `http://lab.example/` is no https address with a host
`listen`: `127.0.0.1:8444` collides with `listen`
`mtls`: `0.0.0.0:8444` collides with `listen`
`clock_tolerance`: more than a year checks nothing
`organization`: 1 to 100 characters without control characters are allowed
`waive`: `Everything` is no name of a rule such as `plist.unknown-key`
`push_endpoint`: `http://127.0.0.1:1/` is no https address with a host";
        assert_eq!(told, expected);
    }

    #[test]
    fn ports_chosen_by_the_system_never_collide() {
        let mut many = config();
        let zero: SocketAddr = "127.0.0.1:0".parse().unwrap();
        (many.bootstrap, many.mtls, many.admin) = (Some(zero), Some(zero), zero);
        many.listen = vec![zero, zero];
        many.validate().unwrap();
    }

    #[test]
    fn words() {
        for strict in [Strict::Off, Strict::Report, Strict::Reject] {
            assert_eq!(strict.as_str().parse(), Ok(strict));
        }
        for answer in [RevokedIdentity::Report, RevokedIdentity::Refuse] {
            assert_eq!(answer.as_str().parse(), Ok(answer));
        }
        assert_eq!(
            "on".parse::<Strict>().unwrap_err().to_string(),
            "`on` is none of off, report, reject"
        );
        assert_eq!(
            "".parse::<RevokedIdentity>().unwrap_err().to_string(),
            "`` is none of report, refuse"
        );
    }

    #[test]
    fn debug_hides_the_password() {
        let apns = Apns {
            certificate: PathBuf::from("push.p12"),
            password: Some(Secret::from("hunter2")),
            endpoint: None,
            ca_file: None,
        };
        assert!(!format!("{apns:?}").contains("hunter2"));
    }
}
