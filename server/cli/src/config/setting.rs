//! Every setting, named once. `listen_on` is `--listen-on`, `MOCKMDM_LISTEN_ON`, and `listen_on = ...` in the file.

/// How a setting's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One value.
    Text,
    /// Several: a flag given again, commas in a variable, an array in the file.
    List,
    /// `true` or `false`; the bare flag means `true`.
    Switch,
}

/// Which commands a setting is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// All of them.
    Everyone,
    /// Those that start a server.
    Serving,
}

/// A setting.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its key in the file.
    pub(crate) key: &'static str,
    /// How its value is written.
    pub(crate) shape: Shape,
    /// Which commands it is for.
    pub(crate) audience: Audience,
    /// What stands for the value in a usage text.
    pub(crate) value: &'static str,
    /// One line of help; says the default.
    pub(crate) help: &'static str,
}

const fn everyone(
    key: &'static str,
    shape: Shape,
    value: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        shape,
        audience: Audience::Everyone,
        value,
        help,
    }
}

const fn serving(
    key: &'static str,
    shape: Shape,
    value: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        shape,
        audience: Audience::Serving,
        value,
        help,
    }
}

use Shape::{List, Switch, Text};

/// All settings, in the order in which they are shown.
pub(crate) static SETTINGS: &[Setting] = &[
    everyone(
        "config",
        Text,
        "FILE",
        "Configuration file [default: ./mockmdm.toml, else the one in the user's configuration directory]",
    ),
    everyone(
        "data",
        Text,
        "DIR",
        "Where records and keys are kept [default: the user's data directory]",
    ),
    everyone(
        "server",
        Text,
        "URL",
        "Admin API of the server to talk to [default: the one that runs on the data directory]",
    ),
    everyone(
        "token",
        Text,
        "TOKEN",
        "Admin token [default: the one in the data directory]",
    ),
    everyone(
        "json",
        Switch,
        "BOOL",
        "Print JSON only on standard output, prose on standard error",
    ),
    everyone(
        "log",
        Text,
        "FILTER",
        "What to log, on standard error: a level, or levels by target [default: info when serving, else warn]",
    ),
    everyone("log_json", Switch, "BOOL", "Log JSON lines"),
    serving(
        "ephemeral",
        Switch,
        "BOOL",
        "Temporary directory, new CA, loopback, ports chosen by the system; removed at exit",
    ),
    serving(
        "name",
        List,
        "HOST",
        "Name devices reach the server by; the first is written into profiles [default: <hostname>.local]",
    ),
    serving(
        "public_url",
        Text,
        "URL",
        "HTTPS address devices use instead, where the server is behind a tunnel",
    ),
    serving(
        "change_name",
        Switch,
        "BOOL",
        "Let the name differ from the data directory's; enrolled devices lose the server",
    ),
    serving(
        "bootstrap",
        Text,
        "ADDR",
        "Plain HTTP for devices that do not trust us yet; `none` for no such listener [default: 0.0.0.0:8480]",
    ),
    serving(
        "listen",
        List,
        "ADDR",
        "HTTPS for devices [default: 0.0.0.0:8443]",
    ),
    serving(
        "mtls",
        Text,
        "ADDR",
        "HTTPS that asks for client certificates; `none` for no such listener [default: 0.0.0.0:8444]",
    ),
    serving("admin", Text, "ADDR", "Admin API [default: 127.0.0.1:8481]"),
    serving(
        "ready_file",
        Text,
        "FILE",
        "Also write ready.json here once serving",
    ),
    serving(
        "open_enrollment",
        Switch,
        "BOOL",
        "Let devices enroll without a code",
    ),
    serving(
        "allow_destructive",
        Switch,
        "BOOL",
        "Let erase, lock, clear passcode and restart be sent",
    ),
    serving(
        "strict",
        Text,
        "WORD",
        "What a deviation from a specification does: off, report, reject [default: report]",
    ),
    serving(
        "waive",
        List,
        "RULE",
        "Rule that is not applied, such as plist.unknown-key",
    ),
    serving(
        "keep_secrets",
        Switch,
        "BOOL",
        "Keep secrets in the recorded exchanges of real devices",
    ),
    serving(
        "push",
        Text,
        "WORD",
        "How devices are woken: apns, or none where they poll [default: apns with a certificate]",
    ),
    serving(
        "push_certificate",
        Text,
        "FILE",
        "MDM push certificate with its key, PEM or PKCS#12",
    ),
    serving(
        "push_password",
        Text,
        "TEXT",
        "Password of that file; prefer the environment, a command line is seen by other users",
    ),
    serving(
        "push_endpoint",
        Text,
        "URL",
        "Another push service than Apple's",
    ),
    serving(
        "push_ca_file",
        Text,
        "FILE",
        "PEM roots that vouch for that push service",
    ),
    serving(
        "revoked_identity",
        Text,
        "WORD",
        "What a device with a revoked identity gets: report, refuse [default: report]",
    ),
    serving(
        "clock_tolerance",
        Text,
        "TIME",
        "How far a device's clock may be off [default: 10m]",
    ),
    serving(
        "organization",
        Text,
        "TEXT",
        "Organization named in profiles [default: mockmdm test lab]",
    ),
    serving(
        "exempt_network",
        List,
        "NET",
        "Network whose peers the per-address limits do not count, such as 192.168.1.0/24",
    ),
    serving(
        "scope",
        Text,
        "SCOPE",
        "Scope of whatever names none [default: default]",
    ),
    serving(
        "windows_policy",
        List,
        "WORD",
        "How a Windows device may say who enrolls: on-premise, federated, certificate [default: the first two]",
    ),
    serving(
        "windows_certificate_lifetime",
        Text,
        "TIME",
        "How long the certificate of a Windows device is valid [default: 365d]",
    ),
    serving(
        "windows_renew_days",
        Text,
        "DAYS",
        "How many days before its end a Windows device renews it [default: 42]",
    ),
    serving(
        "windows_retry_days",
        Text,
        "DAYS",
        "After how many days it tries again [default: 7]",
    ),
    serving(
        "windows_proof",
        Text,
        "WORD",
        "Weakest proof of a Windows session: certificate, digest, basic [default: certificate]",
    ),
    serving(
        "windows_poll_minutes",
        Text,
        "MINUTES",
        "How often a Windows device comes by itself [default: 1]",
    ),
];

impl Setting {
    /// The setting of that key.
    pub(crate) fn find(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }

    /// Its flag, without the hyphens.
    pub(crate) fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// Its environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.to_ascii_uppercase())
    }

    /// Whether its value is shown to nobody.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self.key, "token" | "push_password")
    }
}

/// How every environment variable begins.
pub(crate) const PREFIX: &str = "MOCKMDM_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_distinct_and_snake_case() {
        for (index, setting) in SETTINGS.iter().enumerate() {
            let legal = setting
                .key
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(legal, "{}", setting.key);
            assert!(
                SETTINGS
                    .iter()
                    .skip(index + 1)
                    .all(|other| other.key != setting.key),
                "{}",
                setting.key
            );
        }
        let setting = Setting::find("push_ca_file").unwrap();
        assert_eq!(
            (setting.flag().as_str(), setting.variable().as_str()),
            ("push-ca-file", "MOCKMDM_PUSH_CA_FILE")
        );
    }

    #[test]
    fn the_readme_names_every_setting() {
        let readme = include_str!("../../../../README.md");
        for setting in SETTINGS {
            assert!(
                readme.contains(&format!("`--{}", setting.flag())),
                "README does not name --{}",
                setting.flag()
            );
        }
    }
}
