//! From text to the server's typed configuration, telling everything wrong at once.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use http::Uri;
use mdm_daemon::config::{
    Apns, Config, Data, Network, Push, RevokedIdentity, Scope, Secret, Strict, Windows,
};

use super::complaint::Complaint;
use super::duration::Span;
use super::layer::Resolved;
use super::setting::{SETTINGS, Setting, Shape};

/// The server's configuration. `temporary` is the directory to use where none is kept.
pub(crate) fn config(resolved: &Resolved, temporary: PathBuf) -> Result<Config, Vec<Complaint>> {
    let mut reader = Reader {
        resolved,
        complaints: Vec::new(),
    };
    reader.switches();
    let ephemeral = resolved.is_on("ephemeral");
    let path = if ephemeral {
        Some(temporary)
    } else {
        reader.path("data")
    };
    if path.is_none() {
        reader.complain(
            "data",
            "this user has no data directory",
            Some("give one with `--data DIR`"),
        );
    }
    let data = Data {
        path: path.unwrap_or_default(),
        ephemeral,
    };
    let config = Config {
        data,
        names: reader.list("name", "a name"),
        public_url: reader.one("public_url", "an address such as https://lab.example"),
        change_name: resolved.is_on("change_name"),
        bootstrap: reader.optional_listener("bootstrap"),
        listen: reader.list("listen", ADDRESS),
        mtls: reader.optional_listener("mtls"),
        admin: reader
            .one("admin", ADDRESS)
            .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8481))),
        ready_file: reader.path("ready_file"),
        open_enrollment: resolved.is_on("open_enrollment"),
        allow_destructive: resolved.is_on("allow_destructive"),
        strict: reader.own_words::<Strict>("strict").unwrap_or_default(),
        waivers: BTreeSet::from_iter(reader.list("waive", "a rule")),
        keep_secrets: resolved.is_on("keep_secrets"),
        push: reader.push(),
        revoked_identity: reader
            .own_words::<RevokedIdentity>("revoked_identity")
            .unwrap_or_default(),
        clock_tolerance: reader
            .own_words("clock_tolerance")
            .map_or(Duration::ZERO, |Span(span)| span),
        organization: resolved.text("organization").unwrap_or_default().to_owned(),
        exempt_networks: reader
            .list::<Network>("exempt_network", "a network such as 192.168.1.0/24"),
        scope: reader.own_words::<Scope>("scope").unwrap_or_default(),
        windows: reader.windows(),
    };
    let mut complaints = reader.complaints;
    if complaints.is_empty()
        && let Err(found) = config.validate()
    {
        let told = |complaint: mdm_daemon::config::Complaint| Complaint {
            at: resolved.at(complaint.setting),
            text: complaint.text,
            hint: None,
        };
        complaints.extend(found.0.into_iter().map(told));
    }
    if complaints.is_empty() {
        Ok(config)
    } else {
        Err(complaints)
    }
}

const ADDRESS: &str = "an address such as 0.0.0.0:8443";

struct Reader<'a> {
    resolved: &'a Resolved,
    complaints: Vec<Complaint>,
}

impl Reader<'_> {
    fn complain(&mut self, key: &'static str, text: impl Into<String>, hint: Option<&str>) {
        let at = self.resolved.at(key);
        self.complaints.push(Complaint {
            at,
            text: text.into(),
            hint: hint.map(str::to_owned),
        });
    }

    /// Flags and the file cannot hold anything else, variables can.
    fn switches(&mut self) {
        for Setting { key, .. } in SETTINGS
            .iter()
            .filter(|setting| setting.shape == Shape::Switch)
        {
            if let Some(text) = self.resolved.text(key)
                && !matches!(text, "true" | "false")
            {
                self.complain(key, format!("`{text}` is neither true nor false"), None);
            }
        }
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        self.resolved.text(key).map(PathBuf::from)
    }

    /// A value whose own error does not say what is expected.
    fn parse<T: FromStr>(&mut self, key: &'static str, text: &str, expected: &str) -> Option<T> {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.complain(key, format!("`{text}` is not {expected}"), None);
        }
        parsed
    }

    fn one<T: FromStr>(&mut self, key: &'static str, expected: &str) -> Option<T> {
        let text = self.resolved.text(key)?;
        self.parse(key, text, expected)
    }

    /// A value whose own error says it all.
    fn own_words<T: FromStr<Err: fmt::Display>>(&mut self, key: &'static str) -> Option<T> {
        match self.resolved.text(key)?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.complain(key, error.to_string(), None);
                None
            }
        }
    }

    fn list<T: FromStr>(&mut self, key: &'static str, expected: &str) -> Vec<T> {
        let Some(given) = self.resolved.given(key) else {
            return Vec::new();
        };
        given
            .values
            .iter()
            .filter_map(|text| self.parse(key, text, expected))
            .collect()
    }

    fn optional_listener(&mut self, key: &'static str) -> Option<SocketAddr> {
        match self.resolved.text(key)? {
            "none" => None,
            text => self.parse(key, text, "`none` or an address such as 0.0.0.0:8443"),
        }
    }

    fn windows(&mut self) -> Windows {
        let default = Windows::default();
        let policies = self.list(
            "windows_policy",
            "one of on-premise, federated, certificate",
        );
        Windows {
            policies: if policies.is_empty() {
                default.policies
            } else {
                policies
            },
            certificate_lifetime: self
                .own_words("windows_certificate_lifetime")
                .map_or(default.certificate_lifetime, |Span(span)| span),
            renew_days: self
                .one("windows_renew_days", "a number of days")
                .unwrap_or(default.renew_days),
            retry_days: self
                .one("windows_retry_days", "a number of days")
                .unwrap_or(default.retry_days),
            proof: self.own_words("windows_proof").unwrap_or(default.proof),
            poll_minutes: self
                .one("windows_poll_minutes", "a number of minutes")
                .unwrap_or(default.poll_minutes),
        }
    }

    fn push(&mut self) -> Push {
        let certificate = self.path("push_certificate");
        match (self.resolved.text("push"), certificate) {
            (Some("none"), _) => Push::None,
            (None | Some("apns"), Some(certificate)) => Push::Apns(Apns {
                certificate,
                password: self.resolved.text("push_password").map(Secret::from),
                endpoint: self
                    .one::<Uri>("push_endpoint", "an address such as https://127.0.0.1:2197"),
                ca_file: self.path("push_ca_file"),
            }),
            (Some("apns"), None) => {
                self.complain(
                    "push",
                    "a push certificate is needed",
                    Some("give it with `--push-certificate FILE`"),
                );
                Push::Unconfigured
            }
            (Some(other), _) => {
                self.complain("push", format!("`{other}` is none of apns, none"), None);
                Push::Unconfigured
            }
            (None, None) => {
                for key in ["push_password", "push_endpoint", "push_ca_file"] {
                    if self.resolved.given(key).is_some() {
                        let hint = Some("give it with `--push-certificate FILE`");
                        self.complain(key, "this is of use with a push certificate only", hint);
                    }
                }
                Push::Unconfigured
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Environment;
    use crate::config::{defaults, file};

    fn read(text: &str) -> Result<Config, String> {
        let environment = Environment {
            data_dir: Some(PathBuf::from("/home/ada/.local/share/mockmdm")),
            hostname: Some("lab".to_owned()),
            ..Environment::default()
        };
        let layer = file::parse(std::path::Path::new("m.toml"), text).expect("legal file");
        let resolved =
            Resolved::new(vec![layer], defaults::layer(&environment)).expect("no contradiction");
        config(&resolved, PathBuf::from("/tmp/mockmdm-1")).map_err(|complaints| {
            let lines = complaints.into_iter().map(|complaint| {
                let hint = complaint
                    .hint
                    .map_or_else(String::new, |hint| format!(" ({hint})"));
                format!("{}: {}{hint}", complaint.at, complaint.text)
            });
            lines.collect::<Vec<_>>().join("\n")
        })
    }

    #[test]
    fn the_defaults_are_the_servers() {
        let data = Data {
            path: PathBuf::from("/home/ada/.local/share/mockmdm"),
            ephemeral: false,
        };
        let expected = Config::new(data, "lab.local");
        assert_eq!(
            format!("{:#?}", read("").unwrap()),
            format!("{expected:#?}")
        );
    }

    #[test]
    fn ephemeral_is_private() {
        let config = read("ephemeral = true\nmtls = \"none\"\n").unwrap();
        assert_eq!(
            config.data,
            Data {
                path: PathBuf::from("/tmp/mockmdm-1"),
                ephemeral: true
            }
        );
        assert_eq!(config.names, ["localhost"]);
        let loopback: SocketAddr = "127.0.0.1:0".parse().unwrap();
        assert_eq!(
            (config.bootstrap, config.mtls, config.admin),
            (Some(loopback), None, loopback)
        );
        assert_eq!(config.listen, [loopback]);
    }

    #[test]
    fn push() {
        assert!(matches!(read("").unwrap().push, Push::Unconfigured));
        assert!(matches!(
            read("push = \"none\"\npush_certificate = \"a.pem\"")
                .unwrap()
                .push,
            Push::None
        ));
        let Push::Apns(apns) = read("push_certificate = \"a.p12\"\npush_password = \"&<é\"")
            .unwrap()
            .push
        else {
            panic!("push is configured");
        };
        assert_eq!(apns.certificate, PathBuf::from("a.p12"));
        assert_eq!(apns.password.unwrap().expose(), "&<é");
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let told = read(
            "listen = [\"8443\", \"0.0.0.0:1\"]\nbootstrap = \"off\"\nadmin = \"here\"\nstrict = \"on\"\n\
             revoked_identity = \"401\"\nclock_tolerance = \"soon\"\nexempt_network = \"lab\"\nscope = \"a b\"\n\
             push = \"apns\"\npublic_url = \"a b\"\nwindows_policy = \"kerberos\"\nwindows_proof = \"hmac\"\nwindows_renew_days = \"x\"\n",
        )
        .unwrap_err();
        insta::assert_snapshot!(told, @r"
        m.toml:10: public_url: `a b` is not an address such as https://lab.example
        m.toml:2: bootstrap: `off` is not `none` or an address such as 0.0.0.0:8443
        m.toml:1: listen: `8443` is not an address such as 0.0.0.0:8443
        m.toml:3: admin: `here` is not an address such as 0.0.0.0:8443
        m.toml:4: strict: `on` is none of off, report, reject
        m.toml:9: push: a push certificate is needed (give it with `--push-certificate FILE`)
        m.toml:5: revoked_identity: `401` is none of report, refuse
        m.toml:6: clock_tolerance: `soon` is no span of time such as 90s, 10m, 2h or 1d
        m.toml:7: exempt_network: `lab` is not a network such as 192.168.1.0/24
        m.toml:8: scope: `a b` is not a legal scope: 1 to 64 printable ASCII characters without space are allowed
        m.toml:11: windows_policy: `kerberos` is not one of on-premise, federated, certificate
        m.toml:13: windows_renew_days: `x` is not a number of days
        m.toml:12: windows_proof: `hmac` is none of certificate, digest, basic
        ");
    }

    #[test]
    fn what_the_server_refuses_is_told_with_its_line() {
        let told = read("# a comment\nname = [\"lab&co\"]\nmtls = \"0.0.0.0:8443\"\n").unwrap_err();
        insta::assert_snapshot!(told, @r"
        m.toml:2: name: `lab&co` is no host name and no address
        m.toml:3: mtls: `0.0.0.0:8443` collides with `listen`
        ");
        assert_eq!(
            read("push_password = \"x\"")
                .unwrap_err()
                .split_once(": ")
                .unwrap()
                .0,
            "m.toml:1"
        );
    }
}
