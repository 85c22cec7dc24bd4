//! Programs that were not written here, and what they say.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Seconds after which a program counts as stuck.
const PATIENCE: &str = "120";
/// Where Debian keeps programs that are on no ordinary user's `PATH`.
const BESIDE_PATH: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/lib/certmonger"];

/// An installed program.
#[derive(Debug, Clone)]
pub(crate) struct Program(PathBuf);

impl Program {
    /// The program of that name. Where it is not installed, the story says so and is left out; under `CI=true` it fails.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain(BESIDE_PATH.map(PathBuf::from));
        let found = folders
            .map(|folder| folder.join(name))
            .find(|file| file.is_file());
        if found.is_none() {
            let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
            assert!(!ci, "{name} is not installed");
            println!("skipped: {name} is not installed");
        }
        found.map(Self)
    }

    /// Where it is installed.
    pub(crate) fn file(&self) -> &Path {
        &self.0
    }

    /// A run of it that is about to start.
    pub(crate) fn with<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Run {
        let mut command = Command::new("timeout");
        command.arg(PATIENCE).arg(&self.0).args(arguments);
        Run {
            command,
            input: Vec::new(),
        }
    }
}

/// `openssl`, which every story may count on: the build itself needs it.
pub(crate) fn openssl<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Run {
    Program::find("openssl").expect("openssl").with(arguments)
}

/// A run of a program.
#[derive(Debug)]
pub(crate) struct Run {
    command: Command,
    input: Vec<u8>,
}

impl Run {
    /// With more arguments.
    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, arguments: I) -> Self {
        self.command.args(arguments);
        self
    }

    /// Run there.
    pub(crate) fn at(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// With this in its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// With this on its standard input.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Ran {
        let shown = format!("{:?}", self.command);
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("{shown}: {error}"));
        let mut stdin = child.stdin.take().unwrap();
        let input = self.input;
        let writer = std::thread::spawn(move || {
            // A program that does not read its input to the end is free to do so.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let text = [&output.stdout[..], &output.stderr[..]]
            .map(String::from_utf8_lossy)
            .concat();
        Ran {
            shown,
            succeeded: output.status.success(),
            stdout: output.stdout,
            text,
        }
    }
}

/// What became of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    shown: String,
    pub(crate) succeeded: bool,
    pub(crate) stdout: Vec<u8>,
    /// Standard output, then standard error.
    pub(crate) text: String,
}

impl Ran {
    /// It must have succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.succeeded, "{} failed:\n{}", self.shown, self.text);
        self
    }

    /// It must have failed.
    #[track_caller]
    pub(crate) fn failed(self) -> Self {
        assert!(!self.succeeded, "{} succeeded:\n{}", self.shown, self.text);
        self
    }

    /// Its output must contain this.
    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        assert!(
            self.text.contains(part),
            "{} does not say `{part}`:\n{}",
            self.shown,
            self.text
        );
        self
    }

    /// Its output must not contain this.
    #[track_caller]
    pub(crate) fn says_not(self, part: &str) -> Self {
        assert!(
            !self.text.contains(part),
            "{} says `{part}`:\n{}",
            self.shown,
            self.text
        );
        self
    }
}
