//! Waiting for what a device goes on doing after it acknowledged.

use serde::{Deserialize, Serialize};

/// Which nodes tell how it ended. A device does not report it by itself (Microsoft, "`ClientCertificateInstall` CSP").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The node that says how far it is.
    pub status: String,
    /// What its values mean.
    pub meaning: StatusMeaning,
    /// The node that holds the error of the last attempt, where it is another than `status`.
    pub error_code: Option<String>,
    /// The node that holds the SHA-1 thumbprint of the certificate once it is there, in hexadecimal.
    pub thumbprint: String,
}

/// What the values of a status node mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusMeaning {
    /// `SCEP/{UniqueID}/Status`: 1 finished, 2 pending, 16 failed, 32 unknown.
    Scep,
    /// `PFXCertInstall/{UniqueID}/Status`: the Windows error of the import, 0 for none.
    Import,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The certificate is there.
    Done,
    /// Not yet: ask again.
    Pending,
    /// It failed, and will not be tried again by itself.
    Failed,
    /// The device does not say: ask again.
    Unknown,
}

impl Wait {
    /// The nodes to read, `status` first.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        [
            Some(self.status.as_str()),
            self.error_code.as_deref(),
            Some(self.thumbprint.as_str()),
        ]
        .into_iter()
        .flatten()
    }

    /// What the device means by the value `status` of the status node. A value that is no number means nothing.
    pub fn progress(&self, status: &str) -> Progress {
        match (self.meaning, status.trim().parse::<i64>()) {
            (StatusMeaning::Scep, Ok(1)) | (StatusMeaning::Import, Ok(0)) => Progress::Done,
            (StatusMeaning::Scep, Ok(2)) => Progress::Pending,
            (StatusMeaning::Scep, Ok(16)) | (StatusMeaning::Import, Ok(_)) => Progress::Failed,
            (StatusMeaning::Scep, Ok(_)) | (_, Err(_)) => Progress::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let wait = |meaning| Wait {
            status: "./Status".into(),
            meaning,
            error_code: None,
            thumbprint: "./Thumbprint".into(),
        };
        for (meaning, value, progress) in [
            (StatusMeaning::Scep, "1", Progress::Done),
            (StatusMeaning::Scep, " 01 ", Progress::Done),
            (StatusMeaning::Scep, "2", Progress::Pending),
            (StatusMeaning::Scep, "16", Progress::Failed),
            (StatusMeaning::Scep, "32", Progress::Unknown),
            (StatusMeaning::Scep, "0", Progress::Unknown),
            (StatusMeaning::Scep, "", Progress::Unknown),
            (StatusMeaning::Import, "0", Progress::Done),
            (StatusMeaning::Import, "2148081673", Progress::Failed),
            (StatusMeaning::Import, "-2146885623", Progress::Failed),
            (StatusMeaning::Import, "null", Progress::Unknown),
        ] {
            assert_eq!(wait(meaning).progress(value), progress, "{value}");
        }
        let uris: Vec<_> = wait(StatusMeaning::Import)
            .uris()
            .map(String::from)
            .collect();
        assert_eq!(uris, ["./Status", "./Thumbprint"]);
    }
}
