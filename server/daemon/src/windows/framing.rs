//! Questions as SyncML commands, and the numbers they are answered under.

use mdm_core::package::{Extent, NodeAnswer, NotFramed};
use mdm_core::session::Asked;
use mdm_core::work::Ask;
use mdm_payloads::windows::{NodeOp, Unit, Value, Verb as NodeVerb};
use mdm_windows::syncml::{
    Data, Format, Item, LocUri, Meta, NodeOperation, Operation, Sent, Verb, parts,
};
use mdm_windows::xml::Budget;

use crate::chain::chain;

/// Bytes of a command beside its value, at most, where the value is sent in parts.
const AROUND: usize = 4 * 1024;

/// The commands that a question is: one, or as many as its author wrote.
pub(super) fn operations(ask: &Ask) -> Result<Vec<Operation>, NotFramed> {
    match ask {
        Ask::Unit(Unit::Single(op)) => Ok(vec![node(op)?]),
        Ask::Unit(Unit::Atomic(ops)) => {
            let operations = ops.iter().map(node).collect::<Result<_, _>>()?;
            Ok(vec![Operation::atomic(operations)])
        }
        Ask::Verbatim(text) => Operation::read(text.expose(), Budget::default())
            .map_err(|error| NotFramed(chain(&error))),
    }
}

/// How much room a question takes.
pub(super) fn extent(ask: &Ask, room: usize) -> Result<Extent, NotFramed> {
    let operations = operations(ask)?;
    let mut size = 0;
    for operation in &operations {
        size += operation.size().map_err(|e| NotFramed(chain(&e)))?;
    }
    if size <= room {
        return Ok(Extent::Fits(size));
    }
    match split(&operations, room) {
        Some(parts) if parts.len() > 1 => Ok(Extent::Parts(parts.len())),
        _ => Err(NotFramed(format!(
            "{size} bytes do not fit into a message of {room}, and only the value of a single node can be sent in parts"
        ))),
    }
}

/// One part of a question whose value does not fit.
pub(super) fn part(ask: &Ask, room: usize, part: usize) -> Result<Operation, NotFramed> {
    let operations = operations(ask)?;
    split(&operations, room)
        .and_then(|parts| parts.into_iter().nth(part))
        .ok_or_else(|| NotFramed(format!("there is no part {part}")))
}

fn split(operations: &[Operation], room: usize) -> Option<Vec<Operation>> {
    let [Operation::Node(NodeOperation { verb, meta, items })] = operations else {
        return None;
    };
    let [item] = items.as_slice() else {
        return None;
    };
    let parts = parts(item.clone(), room.saturating_sub(AROUND));
    let node = |item| {
        Operation::Node(NodeOperation {
            verb: *verb,
            meta: meta.clone(),
            items: vec![item],
        })
    };
    Some(parts.into_iter().map(node).collect())
}

fn node(op: &NodeOp) -> Result<Operation, NotFramed> {
    let uri = LocUri::node(&op.uri).map_err(|error| NotFramed(format!("`{}` {error}", op.uri)))?;
    let meta = match op.format {
        Some(format) => Meta::format(Format::named(format.as_str())),
        None => Meta::default(),
    };
    let data = op.data.as_ref().map(Value::expose);
    Ok(Operation::Node(NodeOperation {
        verb: match op.verb {
            NodeVerb::Add => Verb::Add,
            NodeVerb::Replace => Verb::Replace,
            NodeVerb::Delete => Verb::Delete,
            NodeVerb::Exec => Verb::Exec,
            NodeVerb::Get => Verb::Get,
        },
        meta: Meta::default(),
        items: vec![Item {
            meta,
            data: data.map(|text| Data::Text(text.to_owned())),
            ..Item::node(uri)
        }],
    }))
}

/// What a command will be answered under, with all that is in it.
pub(super) fn asked(operation: &Operation, sent: &Sent) -> Asked {
    let (verb, uri, children) = match operation {
        Operation::Node(NodeOperation { verb, items, .. }) => {
            let uris: Vec<&str> = items
                .iter()
                .filter_map(|item| Some(item.target.as_ref()?.uri.as_str()))
                .collect();
            (verb.name(), Some(uris.join(" ")), Vec::new())
        }
        Operation::Group { kind, operations } => {
            let children = operations
                .iter()
                .zip(&sent.children)
                .map(|(operation, sent)| asked(operation, sent))
                .collect();
            (kind.name(), None, children)
        }
    };
    Asked {
        number: sent.id.get(),
        verb: verb.to_owned(),
        uri,
        children,
        answer: NodeAnswer::default(),
    }
}
