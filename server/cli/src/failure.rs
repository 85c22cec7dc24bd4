//! Why the program could not do what it was asked, with its exit code and what to try next.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use http::StatusCode;
use mdm_daemon::StartError;
use mdm_daemon::ready::ReadyError;

use crate::config::Complaint;
use crate::exit::Exit;
use crate::field::plain;

/// One mistake in a lab, as the server tells it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct Mistake {
    /// Where: `user[3].mail`.
    pub(crate) path: String,
    /// What was found.
    pub(crate) found: String,
    /// What would be allowed.
    pub(crate) allowed: String,
}

/// Why the program could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    #[error("{text}")]
    Usage { text: String, hint: Option<String> },
    #[error("{}", if .0.len() == 1 { "the configuration is wrong".to_owned() } else { format!("{} things in the configuration are wrong", .0.len()) })]
    Configuration(Vec<Complaint>),
    #[error("{} things in the lab are wrong; nothing was changed", .0.len())]
    Lab(Vec<Complaint>),
    /// What was sent is wrong in the places that are named.
    #[error("{} things in what was sent are wrong", mistakes.len())]
    Wrong { mistakes: Vec<Mistake> },
    #[error("{doing} `{}`", path.display())]
    File {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}`: {text}", path.display())]
    Input { path: PathBuf, text: String },
    #[error("no server is running on the data directory `{}`", data.display())]
    NoServer { data: PathBuf },
    #[error("looking for the running server")]
    Ready(#[from] ReadyError),
    #[error("{doing} {url}")]
    Connection {
        doing: &'static str,
        url: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("the server answered {status}: {text}")]
    Refused {
        status: StatusCode,
        text: String,
        hint: Option<String>,
    },
    #[error("the server answered what no mockmdm answers: {text}")]
    Foreign { text: String },
    #[error("starting the server")]
    Start(#[source] StartError),
    #[cfg(feature = "sim")]
    #[error("{doing}")]
    Simulation {
        doing: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("{doing}")]
    System {
        doing: String,
        #[source]
        source: io::Error,
    },
    #[error("nothing matched within {seconds} s")]
    NothingMatched {
        seconds: u64,
        near_misses: Vec<String>,
    },
    #[error("{text}")]
    Findings { text: String, exit: Exit },
    #[error("writing the output")]
    Output(#[source] io::Error),
}

impl Failure {
    /// The command line asks for what cannot be.
    pub(crate) fn usage(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage {
            text: text.into(),
            hint: Some(hint.into()),
        }
    }

    /// Simulated devices could not do it.
    #[cfg(feature = "sim")]
    pub(crate) fn simulation(
        doing: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Simulation {
            doing: doing.into(),
            source: source.into(),
        }
    }

    /// The exit code. A request that the server calls wrong or knows nothing of is a matter of usage.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Configuration(_) => Exit::Usage,
            Self::Input { .. } | Self::Lab(_) | Self::Wrong { .. } => Exit::Input,
            Self::Refused { status, .. } => match *status {
                StatusCode::BAD_REQUEST
                | StatusCode::NOT_FOUND
                | StatusCode::UNPROCESSABLE_ENTITY => Exit::Usage,
                _ => Exit::Runtime,
            },
            Self::NothingMatched { .. } => Exit::TimedOut,
            Self::Findings { exit, .. } => *exit,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            #[cfg(feature = "sim")]
            Self::Simulation { .. } => Exit::Runtime,
            Self::File { .. }
            | Self::NoServer { .. }
            | Self::Ready(_)
            | Self::Connection { .. }
            | Self::Foreign { .. }
            | Self::Start(_)
            | Self::System { .. }
            | Self::Output(_) => Exit::Runtime,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::Refused { hint, .. } => hint.clone(),
            Self::Start(error) => error.hint(),
            Self::NoServer { .. } => Some(
                "start one with `mockmdm serve`, or name one with `--server URL` or `--data DIR`"
                    .to_owned(),
            ),
            Self::Connection { .. } => {
                Some("is the server still running? `mockmdm serve` starts one".to_owned())
            }
            Self::NothingMatched { near_misses, .. } if near_misses.is_empty() => {
                Some("nothing came near either; `mockmdm events` shows what happened".to_owned())
            }
            #[cfg(feature = "sim")]
            Self::Simulation { .. } => None,
            Self::Configuration(_)
            | Self::Lab(_)
            | Self::Wrong { .. }
            | Self::File { .. }
            | Self::Input { .. }
            | Self::Ready(_)
            | Self::Foreign { .. }
            | Self::System { .. }
            | Self::NothingMatched { .. }
            | Self::Findings { .. }
            | Self::Output(_) => None,
        }
    }

    /// What a person reads: what failed, why, each complaint, and what to try. Nothing for a reader that went away.
    pub(crate) fn report(&self) -> String {
        if let (Self::Output(_), Exit::Done) = (self, self.exit()) {
            return String::new();
        }
        let mut out = format!("error: {}\n", plain(&self.to_string()));
        let mut cause = self.source();
        while let Some(error) = cause {
            // Writing to a `String` cannot fail.
            let _ = writeln!(out, "  because: {}", plain(&error.to_string()));
            cause = error.source();
        }
        if let Self::Configuration(complaints) | Self::Lab(complaints) = self {
            for complaint in complaints {
                let _ = writeln!(
                    out,
                    "  {}: {}",
                    plain(&complaint.at),
                    plain(&complaint.text)
                );
                if let Some(hint) = &complaint.hint {
                    let _ = writeln!(out, "    hint: {}", plain(hint));
                }
            }
        }
        if let Self::Wrong { mistakes } = self {
            for Mistake {
                path,
                found,
                allowed,
            } in mistakes
            {
                let line = format!("`{path}`: found {found}, expected {allowed}");
                let _ = writeln!(out, "  {}", plain(&line));
            }
        }
        if let Self::NothingMatched { near_misses, .. } = self {
            for miss in near_misses {
                let _ = writeln!(out, "  nearest miss: {}", plain(miss));
            }
        }
        if let Some(hint) = self.hint() {
            let _ = writeln!(out, "hint: {}", plain(&hint));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports() {
        let configuration = Failure::Configuration(vec![
            Complaint {
                at: "mockmdm.toml:3".to_owned(),
                text: "unknown key `lissen`".to_owned(),
                hint: Some("did you mean `listen`?".to_owned()),
            },
            Complaint {
                at: "--strict".to_owned(),
                text: "`on` is none of off, report, reject".to_owned(),
                hint: None,
            },
        ]);
        let file = Failure::File {
            doing: "reading",
            path: PathBuf::from("a.toml"),
            source: io::Error::new(io::ErrorKind::NotFound, "no such file"),
        };
        let refused = Failure::Refused {
            status: StatusCode::NOT_FOUND,
            text: "no device \u{1b}[31m<x>".to_owned(),
            hint: Some("`mockmdm devices` lists them".to_owned()),
        };
        let missed = Failure::NothingMatched {
            seconds: 5,
            near_misses: vec!["delivery d1 is `sent`, not `installed`".to_owned()],
        };
        let nothing = Failure::NothingMatched {
            seconds: 5,
            near_misses: Vec::new(),
        };
        let overloaded = Failure::Refused {
            status: StatusCode::SERVICE_UNAVAILABLE,
            text: "busy".to_owned(),
            hint: None,
        };
        let all = [configuration, file, refused, missed, nothing, overloaded];
        let told: Vec<String> = all
            .iter()
            .map(|failure| format!("{}exit {}", failure.report(), failure.exit().code()))
            .collect();
        insta::assert_snapshot!(told.join("\n\n"), @r"
        error: 2 things in the configuration are wrong
          mockmdm.toml:3: unknown key `lissen`
            hint: did you mean `listen`?
          --strict: `on` is none of off, report, reject
        exit 1

        error: reading `a.toml`
          because: no such file
        exit 3

        error: the server answered 404 Not Found: no device \u{1b}[31m<x>
        hint: `mockmdm devices` lists them
        exit 1

        error: nothing matched within 5 s
          nearest miss: delivery d1 is `sent`, not `installed`
        exit 5

        error: nothing matched within 5 s
        hint: nothing came near either; `mockmdm events` shows what happened
        exit 5

        error: the server answered 503 Service Unavailable: busy
        exit 3
        ");
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        let gone = Failure::Output(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((gone.report(), gone.exit()), (String::new(), Exit::Done));
    }
}
