//! `ready.json`: where a running server is reached, for programs that wait for it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where a running server is reached. Addresses carry the ports that were really bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Plain HTTP, for what a device needs before it trusts the server.
    pub bootstrap_url: Option<String>,
    /// HTTPS without client certificates, under the advertised name.
    pub device_url: String,
    /// HTTPS that asks for a client certificate.
    pub mtls_url: Option<String>,
    /// HTTPS of the verifier.
    #[serde(default)]
    pub verify_url: Option<String>,
    /// The admin API: `/api/v1` is below it.
    pub admin_url: String,
    /// IMAP over TLS of the verifier: host and port.
    #[serde(default)]
    pub imaps: Option<String>,
    /// SMTP over TLS of the verifier: host and port.
    #[serde(default)]
    pub smtps: Option<String>,
    /// The root certificate, PEM.
    pub ca_file: PathBuf,
    /// The admin token, one line, readable by its owner only.
    pub token_file: PathBuf,
    /// The process.
    pub pid: u32,
}

/// Why `ready.json` was not written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadyError {
    /// The file system refused.
    #[error("{doing} `{}`", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It holds something else.
    #[error("reading `{}`: it is not what a server writes when it is ready", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl Ready {
    /// The name of the file in the data directory.
    pub const FILE: &'static str = "ready.json";

    /// Writes the file so that a reader sees all of it or nothing: a temporary file beside it, fsync, rename.
    pub fn write(&self, path: &Path) -> Result<(), ReadyError> {
        let failed = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| ReadyError::Io {
                doing,
                path,
                source,
            }
        };
        let mut text = serde_json::to_vec_pretty(self).map_err(|source| ReadyError::Content {
            path: path.to_owned(),
            source,
        })?;
        text.push(b'\n');
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", self.pid));
        let temporary = path.with_file_name(name);
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&temporary)
            .and_then(|mut file: File| file.write_all(&text).and_then(|()| file.sync_all()))
            .map_err(failed("writing", &temporary))
            .and_then(|()| {
                fs::rename(&temporary, path).map_err(failed("moving the new file to", path))
            });
        if written.is_err() {
            // What is left of the attempt tells nobody anything; that it cannot be removed adds nothing to the error.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Reads the file; nothing where there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, ReadyError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(ReadyError::Io {
                    doing: "reading",
                    path: path.to_owned(),
                    source,
                });
            }
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| ReadyError::Content {
                path: path.to_owned(),
                source,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(pid: u32) -> Ready {
        Ready {
            bootstrap_url: Some("http://lab.local:8480".to_owned()),
            device_url: "https://lab.local:8443".to_owned(),
            mtls_url: None,
            verify_url: None,
            admin_url: "http://127.0.0.1:8481".to_owned(),
            imaps: None,
            smtps: None,
            ca_file: PathBuf::from("/data/ca.pem"),
            token_file: PathBuf::from("/data/token"),
            pid,
        }
    }

    #[test]
    fn written_whole_over_an_older_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(Ready::FILE);
        assert_eq!(Ready::read(&path).unwrap(), None);
        ready(1).write(&path).unwrap();
        ready(2).write(&path).unwrap();
        assert_eq!(Ready::read(&path).unwrap(), Some(ready(2)));
        let left: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, [Ready::FILE], "no temporary file stays");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.ends_with("}\n"), "{text}");
    }

    #[test]
    fn failures_name_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let taken = directory.path().join("taken");
        fs::create_dir(&taken).unwrap();
        let told = ready(1).write(&taken).unwrap_err().to_string();
        assert_eq!(
            told,
            format!("moving the new file to `{}`", taken.display())
        );
        assert!(!directory.path().join("taken.1.tmp").exists());
        let missing = directory.path().join("no/ready.json");
        let told = ready(1).write(&missing).unwrap_err().to_string();
        assert_eq!(
            told,
            format!(
                "writing `{}`",
                directory.path().join("no/ready.json.1.tmp").display()
            )
        );
        let other = directory.path().join("other.json");
        fs::write(&other, "{}").unwrap();
        let told = Ready::read(&other).unwrap_err().to_string();
        assert_eq!(
            told,
            format!(
                "reading `{}`: it is not what a server writes when it is ready",
                other.display()
            )
        );
    }
}
