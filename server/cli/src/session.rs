//! What every command works with: the settings, the surroundings, and where to print.

use std::path::{Path, PathBuf};

use mdm_daemon::config::Config;

use crate::client::Client;
use crate::config::layer::{Given, Origin};
use crate::config::{Complaint, Environment, Layer, Resolved, defaults, file, typed};
use crate::endpoint;
use crate::failure::Failure;
use crate::log;
use crate::output::Output;

/// What every command works with.
pub(crate) struct Session {
    /// The settings.
    pub(crate) resolved: Resolved,
    /// What surrounds the process.
    pub(crate) environment: Environment,
    /// Where to print.
    pub(crate) output: Output,
}

/// The name of the configuration file where none is given.
const FILE: &str = "mockmdm.toml";

impl Session {
    /// Reads the file, merges it with flags and variables, and says what is probably misspelled.
    pub(crate) fn open(flags: Layer, environment: Environment) -> Result<Self, Failure> {
        let variables = environment.layer();
        let named = flags
            .get("config")
            .or_else(|| variables.get("config"))
            .and_then(|given| given.values.first());
        let file = read_file(named.map(PathBuf::from), &environment)?;
        let defaults = defaults::layer(&environment);
        let resolved = Resolved::new(vec![flags, variables, file], defaults)
            .map_err(Failure::Configuration)?;
        let mut output = Output::standard(resolved.is_on("json"));
        for warning in environment.warnings() {
            output.note(&warning)?;
        }
        Ok(Self {
            resolved,
            environment,
            output,
        })
    }

    /// The client for the server this command talks to.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        endpoint::client(&self.resolved)
    }

    /// The server's configuration.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let temporary = unused(&self.environment.temporary);
        typed::config(&self.resolved, temporary).map_err(Failure::Configuration)
    }

    /// Starts the log at the level that was asked for.
    pub(crate) fn log(&self, default: &str) -> Result<(), Failure> {
        log::start(
            self.resolved.text("log").unwrap_or(default),
            self.resolved.is_on("log_json"),
        )
    }
}

/// A directory that does not exist yet. The server makes it, and refuses one that somebody else made meanwhile.
fn unused(parent: &Path) -> PathBuf {
    let id = std::process::id();
    let candidates = (0..u16::MAX).map(|n| parent.join(format!("mockmdm-{id}-{n}")));
    candidates
        .into_iter()
        .find(|path| path.symlink_metadata().is_err())
        .unwrap_or_else(|| parent.to_owned())
}

/// Adds to what the command line says that the server is ephemeral, unless it says otherwise.
pub(crate) fn ephemeral(mut flags: Layer, because: &str) -> Layer {
    flags.entry("ephemeral").or_insert_with(|| Given {
        values: vec!["true".to_owned()],
        origin: Origin::Flag(because.to_owned()),
    });
    flags
}

/// A named file must exist; else the first of the usual ones that does.
fn read_file(named: Option<PathBuf>, environment: &Environment) -> Result<Layer, Failure> {
    let usual = [
        Some(PathBuf::from(FILE)),
        environment
            .config_dir
            .as_ref()
            .map(|directory| directory.join(FILE)),
    ];
    let found = match named {
        Some(path) => Some(path),
        None => usual.into_iter().flatten().find(|path| path.is_file()),
    };
    match found {
        Some(path) => parse_file(&path),
        None => Ok(Layer::new()),
    }
}

fn parse_file(path: &Path) -> Result<Layer, Failure> {
    let text = std::fs::read_to_string(path).map_err(|source| Failure::File {
        doing: "reading",
        path: path.to_owned(),
        source,
    })?;
    file::parse(path, &text)
        .map_err(|complaints: Vec<Complaint>| Failure::Configuration(complaints))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_directory_is_new() {
        let parent = tempfile::tempdir().unwrap();
        let first = unused(parent.path());
        std::fs::create_dir(&first).unwrap();
        let second = unused(parent.path());
        assert_ne!(first, second);
        assert!(!second.exists());
    }

    #[test]
    fn the_file_that_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let environment = Environment {
            config_dir: Some(directory.path().to_owned()),
            ..Environment::default()
        };
        assert_eq!(
            read_file(None, &environment).unwrap(),
            Layer::new(),
            "none has to be there"
        );
        let usual = directory.path().join(FILE);
        std::fs::write(&usual, "strict = \"off\"\n").unwrap();
        assert!(
            read_file(None, &environment)
                .unwrap()
                .contains_key("strict")
        );
        let named = directory.path().join("missing.toml");
        let failure = read_file(Some(named.clone()), &environment).unwrap_err();
        assert_eq!(
            failure.to_string(),
            format!("reading `{}`", named.display())
        );
    }
}
