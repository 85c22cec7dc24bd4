//! What is wrong with a profile as written, told all at once.

use std::fmt;

/// One thing wrong with a profile: which property, what it holds, what it may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The property, dotted below the top: `incoming_server.port`.
    pub path: String,
    /// What was found, as text.
    pub found: String,
    /// What would be allowed, as text.
    pub allowed: String,
}

impl Complaint {
    /// A complaint about `path`.
    pub fn new(
        path: impl Into<String>,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            found: found.into(),
            allowed: allowed.into(),
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            found,
            allowed,
        } = self;
        write!(f, "`{path}`: found {found}, expected {allowed}")
    }
}

/// Everything wrong with a profile; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaints(pub Vec<Complaint>);

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, complaint) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            complaint.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Complaints {}
