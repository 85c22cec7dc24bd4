//! What one command asks of the nodes of a device, where it takes a conversation to find out how it went.

use mdm_payloads::Secret;
use mdm_payloads::windows::{NodeOp, ReadBack, Scope, Unit, Wait};
use serde::{Deserialize, Serialize};

use crate::session::Running;

/// The node is there already (OMA Representation Protocol, 418).
const EXISTS: u16 = 418;
/// The node is not there (404).
const MISSING: u16 = 404;

/// One thing asked by itself: the device answers it, or its parts, each with a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Made here.
    Unit(Unit),
    /// As a person wrote it, in the words of the wire; sent as it is.
    Verbatim(Secret),
}

impl Ask {
    /// Reads one node.
    pub fn get(uri: &str) -> Self {
        Self::Unit(Unit::Single(NodeOp::get(uri)))
    }
}

/// What to do instead when the device answers that it has the thing already, or does not have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Otherwise {
    /// The answer to any of the nodes that leads here.
    pub on: u16,
    /// Asked then, once.
    pub asks: Vec<Ask>,
}

/// Everything one command asks. It is kept while the command is open, so that it is the same when it goes out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Who has to be there: the user whose tree it is, or nobody.
    pub scope: Scope,
    /// Asked in this order.
    pub asks: Vec<Ask>,
    /// What to do instead.
    pub otherwise: Option<Otherwise>,
    /// What to look at until it is known how it ended.
    pub wait: Option<Wait>,
    /// What to read once it is done.
    pub read_back: Vec<ReadBack>,
    /// Each answer stands for itself, whatever it is: a list of questions, not one change.
    pub questions: bool,
    /// It does no harm twice: without an answer it goes out again.
    pub repeatable: bool,
    /// What was found when it was checked, and sent all the same: a raw command is its author's own affair.
    #[serde(default)]
    pub findings: Vec<String>,
}

impl Work {
    /// Questions: values are wanted, and a node that is not there is an answer, too.
    pub fn questions<'a>(uris: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            scope: Scope::Device,
            asks: uris.into_iter().map(Ask::get).collect(),
            otherwise: None,
            wait: None,
            read_back: Vec::new(),
            questions: true,
            repeatable: true,
            findings: Vec::new(),
        }
    }

    /// The same work, when its session broke off after it was asked: what was to be added may be there. It is changed
    /// first, and added where it is missing, because adding an `ActiveSync` account that is there deletes it and makes none
    /// (page "`ActiveSync` CSP"). None where that makes no difference.
    pub fn in_doubt(&self, run: &Running) -> Option<Self> {
        let otherwise = self.otherwise.as_ref()?;
        (otherwise.on == EXISTS && !run.sent.is_empty()).then(|| Self {
            asks: otherwise.asks.clone(),
            otherwise: Some(Otherwise {
                on: MISSING,
                asks: self.asks.clone(),
            }),
            ..self.clone()
        })
    }

    /// Reads back what an acknowledged command left on the device.
    pub fn reading_back(scope: Scope, items: Vec<ReadBack>) -> Self {
        let asks = items.iter().map(|item| Ask::get(&item.uri)).collect();
        Self {
            scope,
            asks,
            read_back: items,
            ..Self::questions([])
        }
    }

    /// As the bytes that are kept for a command.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// From the bytes that were kept; none where they are no work.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use mdm_payloads::windows::Comparison;

    use super::*;
    use crate::package::NodeAnswer;
    use crate::session::{Asked, Sent};

    #[test]
    fn what_may_be_there_is_changed_before_it_is_added() {
        let mut work = Work::questions(["./User/x"]);
        let mut run = Running::new("C".parse().unwrap());
        assert_eq!(work.in_doubt(&run), None, "there is no other way");
        work.otherwise = Some(Otherwise {
            on: 418,
            asks: vec![Ask::get("./User/y")],
        });
        assert_eq!(work.in_doubt(&run), None, "nothing was asked");
        run.sent.push(Sent {
            message: 1,
            asked: Asked {
                number: 2,
                verb: "Add".into(),
                uri: None,
                children: Vec::new(),
                answer: NodeAnswer::default(),
            },
        });
        let doubtful = work.in_doubt(&run).unwrap();
        assert_eq!(doubtful.asks, [Ask::get("./User/y")]);
        let otherwise = doubtful.otherwise.as_ref().unwrap();
        assert_eq!((otherwise.on, &otherwise.asks), (404, &work.asks));
        assert_eq!(doubtful.in_doubt(&run), None, "it is in doubt already");
    }

    #[test]
    fn is_kept_whole_and_printed_without_secrets() {
        let mut work = Work::reading_back(
            Scope::User,
            vec![ReadBack {
                uri: "./User/x".into(),
                expected: Some("mail & <\u{e9}>".into()),
                comparison: Comparison::Text,
            }],
        );
        work.asks.push(Ask::Verbatim("<Exec>hunter2</Exec>".into()));
        assert!(work.questions && work.repeatable);
        assert_eq!(Work::from_bytes(&work.to_bytes()), Some(work.clone()));
        assert!(!format!("{work:?}").contains("hunter2"));
        assert_eq!(Work::from_bytes(b"{"), None);
    }
}
