//! The data directory: private files, written whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A directory of the server's own, mode 0700.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
}

/// A file or directory that could not be used.
#[derive(Debug, thiserror::Error)]
#[error("{doing} `{}`", path.display())]
pub struct FileError {
    /// What was being done.
    pub doing: &'static str,
    /// With which file.
    pub path: PathBuf,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

impl Directory {
    /// Opens the directory, making it if need be.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let failed = |doing| {
            let path = path.to_owned();
            move |source| FileError {
                doing,
                path,
                source,
            }
        };
        fs::create_dir_all(path).map_err(failed("making the directory"))?;
        fs::set_permissions(path, Permissions::from_mode(0o700))
            .map_err(failed("making private the directory"))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reads a text file; none when it is not there.
    pub fn read(&self, name: &str) -> Result<Option<String>, FileError> {
        let path = self.file(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FileError {
                doing: "reading",
                path,
                source,
            }),
        }
    }

    /// Writes a file, mode 0600: to a temporary name, synced, then renamed, so that a crash leaves
    /// the old content or the new one.
    pub fn write(&self, name: &str, text: &str) -> Result<(), FileError> {
        let path = self.file(name);
        let temporary = self.file(&format!(".{name}.new"));
        let failed = |source| FileError {
            doing: "writing",
            path: path.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&temporary)
            .map_err(failed)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        fs::rename(&temporary, &path).map_err(failed)?;
        File::open(&self.path)
            .and_then(|d| d.sync_all())
            .map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_private_and_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let directory = Directory::open(&dir.path().join("d")).unwrap();
        assert_eq!(directory.read("a").unwrap(), None);
        directory.write("a", "one").unwrap();
        directory.write("a", "two").unwrap();
        assert_eq!(directory.read("a").unwrap().as_deref(), Some("two"));
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory.file("a")), 0o600);
        assert_eq!(mode(directory.path()), 0o700);
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            1,
            "no temporary file stays"
        );
    }
}
