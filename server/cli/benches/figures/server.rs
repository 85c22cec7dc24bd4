//! The server, in a process of its own.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Error;

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    folder: PathBuf,
    child: Child,
    ready: Value,
    /// From starting the process to its line that it is ready.
    pub(crate) took: Duration,
}

impl Server {
    /// Starts a server on the data in a folder, and waits until it says that it is ready.
    pub(crate) fn start(folder: &Path) -> Result<Self, Error> {
        Self::start_with(folder, &[])
    }

    /// The same, with settings.
    pub(crate) fn start_with(folder: &Path, settings: &[&str]) -> Result<Self, Error> {
        fs::create_dir_all(folder)?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("server.log"))?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_mockmdm"));
        command
            .args(["serve", "--name", "localhost", "--data"])
            .arg(folder.join("data"));
        for flag in ["--bootstrap", "--listen", "--mtls", "--admin"] {
            command.args([flag, "127.0.0.1:0"]);
        }
        command
            .args(settings)
            .current_dir(folder)
            .env("HOME", folder)
            .env("XDG_CONFIG_HOME", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let started = Instant::now();
        let mut child = command.spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("the server has no output")?).lines();
        for line in lines {
            if let Some(ready) = line?.strip_prefix("ready ") {
                let took = started.elapsed();
                return Ok(Self {
                    folder: folder.to_owned(),
                    child,
                    ready: serde_json::from_str(ready)?,
                    took,
                });
            }
        }
        let log = fs::read_to_string(folder.join("server.log"))?;
        Err(format!("the server did not start:\n{log}").into())
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A path of the admin API.
    pub(crate) fn admin(&self, path: &str) -> Result<String, Error> {
        let base = self.ready.get("admin_url").and_then(Value::as_str);
        Ok(format!(
            "{}/api/v1/{path}",
            base.ok_or("the server tells no admin URL")?
                .trim_end_matches('/')
        ))
    }

    /// A file of its data directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join("data").join(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already, or goes now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
