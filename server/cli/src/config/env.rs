//! The only reader of the environment: variables, directories of the user, the name of the machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use directories::ProjectDirs;

use super::layer::{Given, Layer, Origin};
use super::setting::{PREFIX, SETTINGS, Shape};
use super::suggestion::nearest;

/// What `mockmdm exec` tells its child beside `MOCKMDM_SERVER` and `MOCKMDM_TOKEN`: no settings, and no mistakes.
pub(crate) const EXPORTED: [&str; 4] = [
    "MOCKMDM_DEVICE_URL",
    "MOCKMDM_MTLS_URL",
    "MOCKMDM_BOOTSTRAP_URL",
    "MOCKMDM_CA_FILE",
];

/// What surrounds the process, read once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// The variables that begin with `MOCKMDM_`, empty ones left out.
    pub(crate) variables: BTreeMap<String, String>,
    /// The user's configuration directory for this program.
    pub(crate) config_dir: Option<PathBuf>,
    /// The user's data directory for this program.
    pub(crate) data_dir: Option<PathBuf>,
    /// Where temporary directories go.
    pub(crate) temporary: PathBuf,
    /// The name of the machine, without its domain.
    pub(crate) hostname: Option<String>,
}

impl Environment {
    /// Reads it.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the place that reads the environment"
    )]
    pub(crate) fn read() -> Self {
        let variables = std::env::vars_os()
            .map(|(name, value)| {
                (
                    name.to_string_lossy().into_owned(),
                    value.to_string_lossy().into_owned(),
                )
            })
            .filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty())
            .collect();
        let directories = ProjectDirs::from("", "", "mockmdm");
        Self {
            variables,
            config_dir: directories
                .as_ref()
                .map(|found| found.config_dir().to_owned()),
            data_dir: directories
                .as_ref()
                .map(|found| found.data_dir().to_owned()),
            temporary: std::env::temp_dir(),
            hostname: hostname(),
        }
    }

    /// What the variables say.
    pub(crate) fn layer(&self) -> Layer {
        let mut layer = Layer::new();
        for setting in SETTINGS {
            let name = setting.variable();
            let Some(value) = self.variables.get(&name) else {
                continue;
            };
            let values = match setting.shape {
                Shape::List => split(value),
                Shape::Text | Shape::Switch => vec![value.clone()],
            };
            layer.insert(
                setting.key,
                Given {
                    values,
                    origin: Origin::Variable(name),
                },
            );
        }
        layer
    }

    /// Variables that look like a misspelled setting. Others are left alone: container platforms set `MOCKMDM_PORT`
    /// and the like for a service of that name.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let known: Vec<String> = SETTINGS
            .iter()
            .map(super::setting::Setting::variable)
            .collect();
        self.variables
            .keys()
            .filter(|name| !known.contains(name) && !EXPORTED.contains(&name.as_str()))
            .filter_map(|name| {
                let key = name.strip_prefix(PREFIX)?;
                let meant = nearest(key, SETTINGS.iter().map(|setting| setting.key))?;
                let meant = format!("{PREFIX}{}", meant.to_ascii_uppercase());
                Some(format!(
                    "warning: `{name}` is no setting; did you mean `{meant}`?"
                ))
            })
            .collect()
    }
}

/// The elements of a list written in one text.
pub(crate) fn split(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The name of the machine: from the kernel where it tells (Linux), else from the program `hostname`.
fn hostname() -> Option<String> {
    let told = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname"))
        .ok()
        .or_else(|| {
            let output = Command::new("hostname")
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .output()
                .ok()?;
            String::from_utf8(output.stdout).ok()
        })?;
    let short = told
        .trim()
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let legal = short
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && short != "localhost";
    (legal && !short.is_empty()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Environment {
            variables,
            ..Environment::default()
        }
    }

    #[test]
    fn variables_become_values() {
        let layer = environment(&[
            ("MOCKMDM_LISTEN", "127.0.0.1:1, 127.0.0.1:2,"),
            ("MOCKMDM_ORGANIZATION", "A, B & C"),
            ("MOCKMDM_JSON", "true"),
        ])
        .layer();
        let values: Vec<_> = layer
            .iter()
            .map(|(key, given)| (*key, given.values.join("|")))
            .collect();
        assert_eq!(
            values,
            [
                ("json", "true".to_owned()),
                ("listen", "127.0.0.1:1|127.0.0.1:2".to_owned()),
                ("organization", "A, B & C".to_owned())
            ]
        );
        assert_eq!(
            layer.get("json").unwrap().origin.to_string(),
            "MOCKMDM_JSON"
        );
    }

    #[test]
    fn only_near_misses_are_mentioned() {
        let warnings = environment(&[
            ("MOCKMDM_LISTENN", "x"),
            ("MOCKMDM_CA_FILE", "exported"),
            (
                "MOCKMDM_SERVICE_PORT_8443_TCP",
                "set by a container platform",
            ),
            ("MOCKMDM_SERVER", "known"),
        ])
        .warnings();
        assert_eq!(
            warnings,
            ["warning: `MOCKMDM_LISTENN` is no setting; did you mean `MOCKMDM_LISTEN`?"]
        );
    }
}
