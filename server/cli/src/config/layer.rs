//! Values as they were given, by whom, and which of them counts.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::complaint::Complaint;
use super::setting::Setting;

/// Who gave a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag on the command line.
    Flag(String),
    /// An environment variable.
    Variable(String),
    /// A line of the configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// It follows from `ephemeral`, which was given by that origin.
    Ephemeral(Box<Self>),
    /// Nobody.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "--{flag}"),
            Self::Variable(name) => f.write_str(name),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Ephemeral(origin) => write!(f, "ephemeral ({origin})"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    /// The text; one for anything but a list.
    pub(crate) values: Vec<String>,
    /// Who gave it.
    pub(crate) origin: Origin,
}

/// What one place says, by key.
pub(crate) type Layer = BTreeMap<&'static str, Given>;

/// What `ephemeral` says of the settings it decides: directory, name and addresses of a server that nobody else sees.
pub(crate) const EPHEMERAL: [(&str, &str); 6] = [
    ("data", "(temporary)"),
    ("name", "localhost"),
    ("bootstrap", "127.0.0.1:0"),
    ("listen", "127.0.0.1:0"),
    ("mtls", "127.0.0.1:0"),
    ("admin", "127.0.0.1:0"),
];

/// The values that count.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    layer: Layer,
}

impl Resolved {
    /// Merges layers, the first one counting most, over the defaults. A layer that says `ephemeral` also decides the
    /// name and the addresses it does not give itself, over every layer that counts less.
    pub(crate) fn new(layers: Vec<Layer>, defaults: Layer) -> Result<Self, Vec<Complaint>> {
        let mut merged = Layer::new();
        for mut layer in layers {
            let decided = merged.contains_key("ephemeral");
            let ephemeral = layer
                .get("ephemeral")
                .filter(|given| !decided && given.values == ["true"])
                .cloned();
            if let Some(Given { origin, .. }) = ephemeral {
                if let Some(data) = merged.get("data").or_else(|| layer.get("data")) {
                    return Err(vec![Complaint {
                        at: data.origin.to_string(),
                        text: format!("a data directory is kept, but {origin} makes it temporary"),
                        hint: Some(
                            "give one of `data` and `ephemeral`; `--ephemeral=false` overrides"
                                .to_owned(),
                        ),
                    }]);
                }
                for (key, value) in EPHEMERAL {
                    let origin = Origin::Ephemeral(Box::new(origin.clone()));
                    layer.entry(key).or_insert_with(|| Given {
                        values: vec![value.to_owned()],
                        origin,
                    });
                }
            }
            for (key, given) in layer {
                merged.entry(key).or_insert(given);
            }
        }
        for (key, given) in defaults {
            merged.entry(key).or_insert(given);
        }
        Ok(Self { layer: merged })
    }

    /// What was given for a setting.
    pub(crate) fn given(&self, key: &str) -> Option<&Given> {
        self.layer.get(key)
    }

    /// The value of a setting that has one.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.given(key)
            .and_then(|given| given.values.first())
            .map(String::as_str)
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, key: &str) -> bool {
        self.text(key) == Some("true")
    }

    /// Where to look for a value that is wrong: who gave it and, for a default, what it is called.
    pub(crate) fn at(&self, key: &'static str) -> String {
        match self.given(key).map(|given| &given.origin) {
            None | Some(Origin::Default | Origin::Ephemeral(_)) => Setting::find(key)
                .map_or_else(|| key.to_owned(), |setting| format!("--{}", setting.flag())),
            Some(origin @ (Origin::Flag(_) | Origin::Variable(_))) => origin.to_string(),
            Some(origin @ Origin::File { .. }) => format!("{origin}: {key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::file;

    fn given(origin: &Origin, values: &[(&'static str, &str)]) -> Layer {
        values
            .iter()
            .map(|(key, value)| {
                (
                    *key,
                    Given {
                        values: vec![(*value).to_owned()],
                        origin: origin.clone(),
                    },
                )
            })
            .collect()
    }

    fn flag(values: &[(&'static str, &str)]) -> Layer {
        given(&Origin::Flag("flag".to_owned()), values)
    }

    fn defaults() -> Layer {
        given(
            &Origin::Default,
            &[
                ("name", "lab.local"),
                ("listen", "0.0.0.0:8443"),
                ("strict", "report"),
                ("data", "/d"),
            ],
        )
    }

    fn told(resolved: &Resolved) -> String {
        let lines = resolved
            .layer
            .iter()
            .map(|(key, given)| format!("{key} = {} ({})", given.values.join("|"), given.origin));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn flag_then_variable_then_file_then_default() {
        let variables = given(
            &Origin::Variable("MOCKMDM_X".to_owned()),
            &[("strict", "off"), ("name", "env")],
        );
        let file = file::parse(
            Path::new("m.toml"),
            "name = \"file\"\nlisten = \"0.0.0.0:1\"\n",
        )
        .unwrap();
        let resolved = Resolved::new(
            vec![flag(&[("strict", "reject")]), variables, file],
            defaults(),
        )
        .unwrap();
        insta::assert_snapshot!(told(&resolved), @r"
        data = /d (default)
        listen = 0.0.0.0:1 (m.toml:2)
        name = env (MOCKMDM_X)
        strict = reject (--flag)
        ");
        assert_eq!(resolved.at("listen"), "m.toml:2: listen");
        assert_eq!(resolved.at("name"), "MOCKMDM_X");
        assert_eq!(resolved.at("mtls"), "--mtls");
    }

    #[test]
    fn ephemeral_overrides_what_counts_less() {
        let file = file::parse(
            Path::new("m.toml"),
            "listen = \"0.0.0.0:1\"\ndata = \"/file\"\n",
        )
        .unwrap();
        let resolved = Resolved::new(
            vec![flag(&[("ephemeral", "true"), ("name", "box")]), file],
            defaults(),
        )
        .unwrap();
        insta::assert_snapshot!(told(&resolved), @r"
        admin = 127.0.0.1:0 (ephemeral (--flag))
        bootstrap = 127.0.0.1:0 (ephemeral (--flag))
        data = (temporary) (ephemeral (--flag))
        ephemeral = true (--flag)
        listen = 127.0.0.1:0 (ephemeral (--flag))
        mtls = 127.0.0.1:0 (ephemeral (--flag))
        name = box (--flag)
        strict = report (default)
        ");
    }

    #[test]
    fn ephemeral_and_kept_exclude_each_other() {
        let file = file::parse(Path::new("m.toml"), "ephemeral = true\n").unwrap();
        let complaints =
            Resolved::new(vec![flag(&[("data", "/d")]), file.clone()], defaults()).unwrap_err();
        let texts: Vec<_> = complaints
            .iter()
            .map(|complaint| complaint.text.as_str())
            .collect();
        assert_eq!(
            texts,
            ["a data directory is kept, but m.toml:1 makes it temporary"]
        );
        let off = Resolved::new(
            vec![flag(&[("data", "/d"), ("ephemeral", "false")]), file],
            defaults(),
        )
        .unwrap();
        assert!(!off.is_on("ephemeral"));
        assert_eq!(off.text("data"), Some("/d"));
    }
}
