//! Commands for Windows devices, as questions to nodes; and the last guard before a destructive one leaves.

use std::sync::Arc;

use async_trait::async_trait;
use mdm_core::command::Item;
use mdm_core::delivery::{Delivery, Expected, Reason};
use mdm_core::ports::{Encoded, Encoder, Job, NotEncodable};
use mdm_core::service::sessions::INVENTORY;
use mdm_core::work::{Ask, Otherwise, Work};
use mdm_payloads::windows::schema::{Target, check};
use mdm_payloads::windows::{Format, NodeOp, Plan, Scope, Unit, Verb as NodeVerb};
use mdm_payloads::{Level, Secret};
use mdm_windows::syncml::{Operation, Verb};
use mdm_windows::xml::Budget;

use crate::chain::chain;
use crate::render::windows::target;
use crate::render::{Renderer, refuse};

/// The device has it already (418): what is there is changed instead.
const ALREADY_EXISTS: u16 = 418;
/// The device does not have it (404): it is put there instead.
const NOT_FOUND: u16 = 404;

/// Makes work for Windows devices.
#[derive(Debug)]
pub struct WindowsEncoder {
    /// Makes profiles.
    pub renderer: Arc<Renderer>,
    /// Whether destructive commands may leave.
    pub allow_destructive: bool,
}

#[async_trait]
impl Encoder for WindowsEncoder {
    async fn encode(&self, job: Job<'_>) -> Result<Encoded, NotEncodable> {
        let mut encoded = Encoded {
            wire: Vec::new(),
            keep: true,
            records: Vec::new(),
            events: Vec::new(),
            expected: None,
            identity: None,
        };
        let mut work = self.work(job, &mut encoded).await?;
        self.guard(&work)?;
        let raw = matches!(job.command.item, Item::Nodes { .. });
        checked(&mut work, &target(job.device), raw)?;
        encoded.wire = work.to_bytes();
        Ok(encoded)
    }
}

impl WindowsEncoder {
    async fn work(&self, job: Job<'_>, encoded: &mut Encoded) -> Result<Work, NotEncodable> {
        let provider = job
            .device
            .windows
            .as_ref()
            .map_or("", |windows| &windows.provider_id);
        Ok(match &job.command.item {
            Item::Install { .. } => {
                let Some(delivery) = job.delivery else {
                    return Err(refuse("the delivery does not exist any more".to_owned()));
                };
                let made = self.renderer.plan_of(delivery, job.device).await?;
                encoded.records = made.records;
                encoded.events = made.events;
                encoded.identity = made.identity;
                encoded.expected = Some(Expected {
                    identifier: made.plan.node.clone(),
                    ..Expected::default()
                });
                install(made.plan, delivery)
            }
            Item::Remove { identifier, .. } => one(NodeOp::delete(identifier.clone())),
            Item::DeviceInformation { queries } if queries.is_empty() => {
                Work::questions(INVENTORY.map(|(uri, _)| uri))
            }
            Item::DeviceInformation { queries } => {
                Work::questions(queries.iter().map(String::as_str))
            }
            Item::Unenroll => one(NodeOp::exec(format!(
                "./Device/Vendor/MSFT/DMClient/Provider/{provider}/Unenroll"
            ))),
            Item::Erase { .. } => once(NodeOp {
                format: Some(Format::Chr),
                data: Some("1".into()),
                ..NodeOp::exec("./Device/Vendor/MSFT/RemoteWipe/doWipe")
            }),
            Item::Lock { .. } => once(NodeOp::exec("./Device/Vendor/MSFT/RemoteLock/Lock")),
            Item::Restart => once(NodeOp::exec("./Device/Vendor/MSFT/Reboot/RebootNow")),
            Item::Nodes { text, .. } => written(text)?,
            Item::ReplaceEnrollment
            | Item::Profiles { .. }
            | Item::Certificates { .. }
            | Item::SecurityInfo
            | Item::ClearPasscode
            | Item::ReadBack { .. }
            | Item::Raw { .. } => {
                return Err(refuse(format!(
                    "{} has no meaning for a Windows device",
                    job.command.item.request_type()
                )));
            }
        })
    }

    /// Refuses what may destroy something, where that is not allowed.
    fn guard(&self, work: &Work) -> Result<(), NotEncodable> {
        if self.allow_destructive {
            return Ok(());
        }
        let all = work
            .asks
            .iter()
            .chain(work.otherwise.iter().flat_map(|o| &o.asks));
        for ask in all {
            if let Some(uri) = destructive(ask)? {
                return Err(NotEncodable {
                    passing: false,
                    text: format!(
                        "a command to `{uri}` may destroy something and was not sent: start the server with --allow-destructive to allow it"
                    ),
                    reason: Reason::NotDeliverable {
                        text: "destructive commands are not allowed".to_owned(),
                    },
                });
            }
        }
        Ok(())
    }
}

/// What a plan comes to on a device that has an earlier revision of it, or none.
fn install(plan: Plan, delivery: &Delivery) -> Work {
    let before = delivery
        .expected
        .as_ref()
        .filter(|_| delivery.applied_revision.is_some());
    let units = |units: Vec<Unit>| units.into_iter().map(Ask::Unit).collect::<Vec<_>>();
    let (mut asks, otherwise) = match before {
        Some(expected) if expected.identifier == plan.node => (
            units(plan.update),
            Otherwise {
                on: NOT_FOUND,
                asks: units(plan.install),
            },
        ),
        _ => (
            units(plan.install),
            Otherwise {
                on: ALREADY_EXISTS,
                asks: units(plan.update),
            },
        ),
    };
    // Under another name it is another thing: the earlier one goes first.
    if let Some(expected) = before
        && expected.identifier != plan.node
        && !expected.identifier.is_empty()
    {
        let remove = NodeOp::delete(expected.identifier.clone());
        asks.insert(0, Ask::Unit(Unit::Single(remove)));
    }
    Work {
        scope: plan.scope,
        asks,
        otherwise: Some(otherwise).filter(|o| !o.asks.is_empty()),
        wait: plan.wait,
        read_back: plan.read_back,
        questions: false,
        repeatable: true,
        findings: Vec::new(),
    }
}

/// One operation that does no harm twice.
fn one(operation: NodeOp) -> Work {
    let scope = scope_of(&operation.uri);
    Work {
        scope,
        asks: vec![Ask::Unit(Unit::Single(operation))],
        questions: false,
        ..Work::questions([])
    }
}

/// One operation that is not repeated by itself.
fn once(operation: NodeOp) -> Work {
    Work {
        repeatable: false,
        ..one(operation)
    }
}

/// Commands as a person wrote them.
fn written(text: &Secret) -> Result<Work, NotEncodable> {
    let operations = Operation::read(text.expose(), Budget::default())
        .map_err(|e| refuse(format!("the commands cannot be read: {}", chain(&e))))?;
    let nodes: Vec<_> = operations.iter().flat_map(Operation::nodes).collect();
    let user = nodes
        .iter()
        .any(|(_, uri)| scope_of(uri.as_str()) == Scope::User);
    Ok(Work {
        scope: if user { Scope::User } else { Scope::Device },
        asks: vec![Ask::Verbatim(text.clone())],
        questions: false,
        repeatable: nodes
            .iter()
            .all(|(verb, _)| matches!(verb, Verb::Get | Verb::Replace)),
        ..Work::questions([])
    })
}

/// Whose part of the tree a node is in.
fn scope_of(uri: &str) -> Scope {
    let start = uri.trim_start_matches("./").to_ascii_lowercase();
    if start == "user" || start.starts_with("user/") {
        Scope::User
    } else {
        Scope::Device
    }
}

/// The first node in `ask` that wipes, resets, locks or restarts a device, judged by its name as the device reads it: escapes
/// resolved, letter case ignored.
fn destructive(ask: &Ask) -> Result<Option<String>, NotEncodable> {
    let uris: Vec<String> = match ask {
        Ask::Unit(unit) => unit
            .operations()
            .iter()
            .filter(|op| op.verb != NodeVerb::Get)
            .map(|op| op.uri.clone())
            .collect(),
        Ask::Verbatim(text) => Operation::read(text.expose(), Budget::default())
            .map_err(|e| refuse(format!("the commands cannot be read: {}", chain(&e))))?
            .iter()
            .flat_map(Operation::nodes)
            .filter(|(verb, _)| *verb != Verb::Get)
            .map(|(_, uri)| uri.as_str().to_owned())
            .collect(),
    };
    Ok(uris.into_iter().find(|uri| is_destructive(uri)))
}

/// Providers that wipe, reset, lock or restart (pages "`RemoteWipe` CSP", "`RemoteLock` CSP", "Reboot CSP", "`CleanPC` CSP").
const DESTRUCTIVE: [&str; 5] = [
    "remotewipe",
    "remotelock",
    "reboot",
    "cleanpc",
    "devicelock",
];

/// Whether a node wipes, resets, locks or restarts a device.
pub(crate) fn is_destructive(uri: &str) -> bool {
    let name = unescaped(uri).to_ascii_lowercase();
    name.split('/').any(|segment| {
        DESTRUCTIVE.contains(&segment.trim()) || segment.contains("automaticredeployment")
    })
}

/// A node's name without percent escapes, however often they were applied.
fn unescaped(uri: &str) -> String {
    let mut name = uri.to_owned();
    for _ in 0..4 {
        let next = percent_decoded(&name);
        if next == name {
            break;
        }
        name = next;
    }
    name
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes
            .get(at + 1..at + 3)
            .filter(|_| *byte == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(decoded) = hex {
            out.push(decoded);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Every operation is checked against the published tree before it leaves; what a person wrote is only reported on.
fn checked(work: &mut Work, target: &Target, raw: bool) -> Result<(), NotEncodable> {
    let mut findings = Vec::new();
    let all = work
        .asks
        .iter()
        .chain(work.otherwise.iter().flat_map(|o| &o.asks));
    for ask in all {
        let operations: Vec<NodeOp> = match ask {
            Ask::Unit(unit) => unit.operations().to_vec(),
            Ask::Verbatim(text) => plain(text)?,
        };
        for operation in &operations {
            findings.extend(check(operation, target));
        }
    }
    if raw {
        work.findings = findings
            .iter()
            .map(|f| format!("{} at {}: {}", f.rule, f.at, f.text))
            .collect();
        return Ok(());
    }
    // Questions are asked whether or not a build has the node: that it does not is an answer.
    match findings.iter().find(|f| f.level == Level::Error) {
        Some(worst) if !work.questions => Err(refuse(format!(
            "{} at {}: {}",
            worst.rule, worst.at, worst.text
        ))),
        _ => Ok(()),
    }
}

/// What a person wrote, as operations on single nodes.
fn plain(text: &Secret) -> Result<Vec<NodeOp>, NotEncodable> {
    let operations = Operation::read(text.expose(), Budget::default())
        .map_err(|e| refuse(format!("the commands cannot be read: {}", chain(&e))))?;
    let mut plain = Vec::new();
    for operation in &operations {
        flatten(operation, &mut plain);
    }
    Ok(plain)
}

fn flatten(operation: &Operation, into: &mut Vec<NodeOp>) {
    match operation {
        Operation::Group { operations, .. } => {
            for inner in operations {
                flatten(inner, into);
            }
        }
        Operation::Node(node) => {
            for item in &node.items {
                let format = item.meta.format.as_ref().or(node.meta.format.as_ref());
                let format = format.and_then(|found| {
                    Format::ALL
                        .into_iter()
                        .find(|known| known.as_str() == found.word())
                });
                into.push(NodeOp {
                    verb: match node.verb {
                        Verb::Add => NodeVerb::Add,
                        Verb::Replace => NodeVerb::Replace,
                        Verb::Delete => NodeVerb::Delete,
                        Verb::Exec => NodeVerb::Exec,
                        Verb::Get => NodeVerb::Get,
                    },
                    uri: item
                        .target
                        .as_ref()
                        .map_or_else(String::new, |target| target.uri.as_str().to_owned()),
                    format,
                    data: item
                        .data
                        .as_ref()
                        .map(|data| Secret::from(data.as_str().to_owned()).into()),
                });
            }
        }
    }
}

#[cfg(test)]
#[path = "windows_tests.rs"]
mod tests;
