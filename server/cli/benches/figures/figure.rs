//! What was measured, beside what it must be.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the one place where this program prints"
)]

use std::process::ExitCode;

use serde::Serialize;

use crate::Error;

/// One number.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// Of what.
    name: &'static str,
    /// How much.
    value: f64,
    /// In which unit.
    unit: &'static str,
    /// What it must be, where it must be something.
    #[serde(flatten)]
    limit: Option<Limit>,
    /// What belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A bound, and how far the value is from it.
#[derive(Debug, Clone, Copy, Serialize)]
struct Limit {
    /// The bound.
    limit: f64,
    /// Value divided by limit.
    of_limit: f64,
    /// Whether the value is on the right side of it.
    met: bool,
}

impl Figure {
    /// A number that is only told.
    pub(crate) fn told(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self {
            name,
            value,
            unit,
            limit: None,
            note: None,
        }
    }

    /// With the most it may be.
    pub(crate) fn at_most(self, limit: f64) -> Self {
        let met = self.value <= limit;
        self.judged(limit, met)
    }

    /// With the least it must be.
    pub(crate) fn at_least(self, limit: f64) -> Self {
        let met = self.value >= limit;
        self.judged(limit, met)
    }

    fn judged(mut self, limit: f64, met: bool) -> Self {
        let of_limit = self.value / limit;
        self.limit = Some(Limit {
            limit,
            of_limit,
            met,
        });
        self
    }

    /// With a remark.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    fn line(&self) -> String {
        let judged = self.limit.map_or_else(String::new, |limit| {
            let verdict = if limit.met { "met" } else { "MISSED" };
            format!(
                "  limit {:.2}, {:.2} of it: {verdict}",
                limit.limit, limit.of_limit
            )
        });
        let note = self.note.as_ref();
        let note = note.map_or_else(String::new, |note| format!("  ({note})"));
        format!(
            "{:<58} {:>11.2} {:<5}{judged}{note}",
            self.name, self.value, self.unit
        )
    }
}

/// All of a run.
#[derive(Debug)]
pub(crate) struct Figures {
    json: bool,
    all: Vec<Figure>,
}

impl Figures {
    /// None yet.
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            all: Vec::new(),
        }
    }

    /// One more. Without JSON it is printed at once.
    pub(crate) fn add(&mut self, figure: Figure) {
        if !self.json {
            println!("{}", figure.line());
        }
        self.all.push(figure);
    }

    /// Prints what is left to print; failure where a limit was missed.
    pub(crate) fn finish(&self) -> ExitCode {
        if self.json {
            println!("{}", serde_json::json!({ "figures": self.all }));
        }
        let missed = self
            .all
            .iter()
            .filter(|f| f.limit.is_some_and(|l| !l.met))
            .count();
        if missed == 0 {
            ExitCode::SUCCESS
        } else {
            eprintln!("# {missed} limits were missed");
            ExitCode::FAILURE
        }
    }
}

/// Says what is being done.
pub(crate) fn say(what: &str) {
    eprintln!("# {what}");
}

/// Says why nothing more is measured.
pub(crate) fn gave_up(error: &Error) -> ExitCode {
    eprintln!("figures: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    ExitCode::from(3)
}
