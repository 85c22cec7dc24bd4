//! How a command under way fared, from the answers to its questions. Pure.

use std::borrow::Cow;

use mdm_payloads::windows::{Progress, Wait};

use crate::package::NodeAnswer;
use crate::report::ErrorEntry;
use crate::session::{Asked, Phase, Running};
use crate::time::Timestamp;
use crate::work::{Ask, Work};

/// How long the device may go on by itself before it is given up, in seconds: SCEP tries up to 30 times, minutes apart.
pub(super) const PATIENCE_SECONDS: i64 = 86_400;

/// Not executed: refused by the user, or together with what failed (OMA Representation Protocol, 215).
const NOT_EXECUTED: u16 = 215;
/// Undone together with what failed (216).
const ROLLED_BACK: u16 = 216;
/// The group failed (507).
const ATOMIC_FAILED: u16 = 507;
/// Not there (404): as good as deleted.
const NOT_FOUND: u16 = 404;

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Answers, or questions, are still to come.
    Open,
    /// Done.
    Done,
    /// It is to be asked the other way.
    Otherwise,
    /// The device goes on by itself.
    Wait,
    /// It still does.
    StillWaiting,
    /// Not done.
    Failed {
        /// Each node that did not go well, the cause last.
        errors: Vec<ErrorEntry>,
        /// It was the user who refused.
        declined: bool,
    },
}

/// The questions of a phase.
pub(super) fn asks(work: &Work, phase: Phase) -> Cow<'_, [Ask]> {
    match phase {
        Phase::First => Cow::Borrowed(&work.asks),
        Phase::Otherwise => Cow::Borrowed(work.otherwise.as_ref().map_or(&[], |o| &o.asks)),
        Phase::Waiting { .. } => {
            let uris = work.wait.iter().flat_map(Wait::uris);
            Cow::Owned(uris.map(Ask::get).collect())
        }
    }
}

/// Judges a command once the device has said all it had to say.
pub(super) fn judge(work: &Work, running: &Running, now: Timestamp) -> Verdict {
    if running.next < asks(work, running.phase).len() || running.is_unanswered() {
        return Verdict::Open;
    }
    let all: Vec<&Asked> = running.sent.iter().flat_map(|s| s.asked.all()).collect();
    if let (Phase::Waiting { since, .. }, Some(wait)) = (running.phase, &work.wait) {
        return progress(wait, &all, since, now);
    }
    if work.questions {
        return Verdict::Done;
    }
    let bad: Vec<&Asked> = all.into_iter().filter(|asked| is_bad(asked)).collect();
    if bad.is_empty() {
        return match work.wait {
            Some(_) => Verdict::Wait,
            None => Verdict::Done,
        };
    }
    if running.phase == Phase::First
        && let Some(otherwise) = &work.otherwise
        && bad.iter().any(|a| a.answer.code == Some(otherwise.on))
    {
        return Verdict::Otherwise;
    }
    let follows = |a: &Asked| {
        matches!(
            a.answer.code,
            Some(NOT_EXECUTED | ROLLED_BACK | ATOMIC_FAILED)
        )
    };
    let declined =
        bad.iter().all(|a| follows(a)) && bad.iter().any(|a| a.answer.code == Some(NOT_EXECUTED));
    // The cause is told last, as it is the one that is shown.
    let (causes, mut others): (Vec<&Asked>, Vec<&Asked>) =
        bad.into_iter().partition(|a| !follows(a));
    others.extend(causes);
    Verdict::Failed {
        errors: others.into_iter().flat_map(entries).collect(),
        declined,
    }
}

/// Whether a node did not go well. A device that is told to delete what it does not have is done.
fn is_bad(asked: &Asked) -> bool {
    match asked.answer.code {
        Some(NOT_FOUND) => asked.verb != "Delete",
        Some(code) => !(200..NOT_EXECUTED).contains(&code) || code == 214,
        // Of what is in a group, a device may say nothing where the group went well.
        None => false,
    }
}

/// A node's answer, and the error beneath it, as the entries of an error chain.
pub(super) fn entries(asked: &Asked) -> Vec<ErrorEntry> {
    let what = asked
        .uri
        .as_ref()
        .map_or_else(|| asked.verb.clone(), |uri| format!("{} {uri}", asked.verb));
    let NodeAnswer {
        code,
        meaning,
        original_error,
        ..
    } = &asked.answer;
    let mut entries = vec![ErrorEntry {
        domain: "SyncML".to_owned(),
        code: i64::from(code.unwrap_or_default()),
        description: what.clone(),
        meaning: meaning
            .as_ref()
            .map(|meaning| format!("{meaning} ({what})")),
    }];
    if let Some(error) = original_error {
        entries.push(ErrorEntry {
            domain: "Windows".to_owned(),
            code: number(error),
            description: what.clone(),
            meaning: Some(format!("the node's provider said {error} ({what})")),
        });
    }
    entries
}

fn progress(wait: &Wait, all: &[&Asked], since: Timestamp, now: Timestamp) -> Verdict {
    let value = |uri: &str| {
        let found = all.iter().find(|a| a.uri.as_deref() == Some(uri))?;
        found.answer.value.as_deref()
    };
    let status = value(&wait.status);
    match status.map_or(Progress::Unknown, |status| wait.progress(status)) {
        Progress::Done => Verdict::Done,
        Progress::Failed => {
            let text = wait.error_code.as_deref().and_then(value).or(status);
            let text = text.unwrap_or_default().trim().to_owned();
            let node = wait.error_code.as_deref().unwrap_or(&wait.status);
            let entry = ErrorEntry {
                domain: "Windows".to_owned(),
                code: number(&text),
                description: format!("{node} is {text}"),
                meaning: Some(format!(
                    "the device got no certificate: ErrorCode {}",
                    hexadecimal(&text)
                )),
            };
            failed(vec![entry])
        }
        Progress::Pending | Progress::Unknown if now.0 - since.0 > PATIENCE_SECONDS * 1000 => {
            let entry = ErrorEntry {
                domain: "mockmdm".to_owned(),
                code: 0,
                description: format!("{} is {}", wait.status, status.unwrap_or("not told")),
                meaning: Some("the device got no certificate within a day".to_owned()),
            };
            failed(vec![entry])
        }
        Progress::Pending | Progress::Unknown => Verdict::StillWaiting,
    }
}

const fn failed(errors: Vec<ErrorEntry>) -> Verdict {
    Verdict::Failed {
        errors,
        declined: false,
    }
}

/// An HRESULT, in decimal with or without sign, or in hexadecimal; 0 where it is no number.
fn number(text: &str) -> i64 {
    let text = text.trim();
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits
        .map_or_else(|| text.parse(), |digits| i64::from_str_radix(digits, 16))
        .unwrap_or_default()
}

/// An HRESULT as everybody looks it up.
fn hexadecimal(text: &str) -> String {
    let number = number(text);
    match u32::try_from(number).ok().or_else(|| {
        i32::try_from(number)
            .ok()
            .map(|signed| u32::from_ne_bytes(signed.to_ne_bytes()))
    }) {
        Some(code) => format!("0x{code:08x}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
