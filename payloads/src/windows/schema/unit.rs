//! Operations that are sent together, against the tree.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        operation::{Format, NodeOp, Unit, Verb},
        plan::Plan,
    },
    check::{check, node_of},
    rule::Rule,
    table::{Node, Occurrence, find, nodes_of, provider},
    target::Target,
};
use crate::finding::Finding;

/// Says what `target` will not take of everything `plan` may come to.
pub fn check_plan(plan: &Plan, target: &Target) -> Vec<Finding> {
    let written = [&plan.install, &plan.update, &plan.remove]
        .into_iter()
        .flatten()
        .flat_map(|unit| check_unit(unit, target));
    let read = plan.reading().map(NodeOp::get);
    written
        .chain(read.flat_map(|operation| check(&operation, target)))
        .collect()
}

/// Says what `target` will not take of `unit`: [`check`] of each operation, and what holds between them.
///
/// Rules, each with `windows.` before it: `not-atomic` (written outside of an `Atomic` that is required), `not-in-atomic` (`Get`),
/// `repeated` (one node written twice), `missing-node` (a node that is usually there is not made), `depends` (a sibling has a value
/// under which the node has no meaning).
pub fn check_unit(unit: &Unit, target: &Target) -> Vec<Finding> {
    let operations = unit.operations();
    let mut findings: Vec<_> = operations
        .iter()
        .flat_map(|operation| check(operation, target))
        .collect();
    match unit {
        Unit::Single(operation) => {
            if is_writing(operation) && needs_atomic(operation) {
                findings.push(Rule::NotAtomic.finding(
                    &operation.uri,
                    "is taken together with what belongs to it only, in one Atomic",
                ));
            }
        }
        Unit::Atomic(operations) => {
            for operation in operations.iter().filter(|o| o.verb == Verb::Get) {
                findings.push(
                    Rule::NotInAtomic
                        .finding(&operation.uri, "cannot be read within an Atomic (500)"),
                );
            }
        }
    }
    let mut seen = BTreeSet::new();
    for operation in operations.iter().filter(|operation| is_writing(operation)) {
        if !seen.insert(operation.uri.as_str()) {
            findings.push(
                Rule::Repeated.finding(&operation.uri, "is written more than once in one go"),
            );
        }
    }
    depends(operations, &mut findings);
    for operation in operations.iter().filter(|o| o.verb == Verb::Add) {
        missing(operation, operations, &mut findings);
    }
    findings
}

fn is_writing(operation: &NodeOp) -> bool {
    matches!(operation.verb, Verb::Add | Verb::Replace)
}

/// Whether the node, or one above it, is changed as a whole only.
fn needs_atomic(operation: &NodeOp) -> bool {
    node_of(operation).is_some_and(|(_, names)| {
        (1..=names.len())
            .filter_map(|length| find(names.get(..length)?))
            .any(|node| node.atomic_required)
    })
}

/// Nodes that have a meaning only under some value of a sibling, where that sibling is written as well.
fn depends(operations: &[NodeOp], findings: &mut Vec<Finding>) {
    let values: BTreeMap<&str, &str> = operations
        .iter()
        .filter(|operation| is_writing(operation))
        .filter_map(|operation| Some((operation.uri.as_str(), operation.data.as_ref()?.expose())))
        .collect();
    for operation in operations.iter().filter(|operation| is_writing(operation)) {
        let Some(((node, _), (parent, _))) = node_of(operation).zip(operation.uri.rsplit_once('/'))
        else {
            continue;
        };
        for dependency in &node.depends_on {
            let sibling = format!("{parent}/{}", dependency.sibling);
            let differs = values
                .get(sibling.as_str())
                .is_some_and(|value| !dependency.values.iter().any(|allowed| allowed == value));
            if differs {
                let text = format!(
                    "has a meaning only where {} is {}",
                    dependency.sibling,
                    dependency.values.join(" or ")
                );
                findings.push(Rule::Depends.finding(&operation.uri, text));
            }
        }
    }
}

/// Leaves right below a node that is made, or below its given interior nodes, that are there once and have no default.
fn missing(operation: &NodeOp, operations: &[NodeOp], findings: &mut Vec<Finding>) {
    let Some((made, names)) = node_of(operation).filter(|(node, _)| node.is_chosen()) else {
        return;
    };
    let nodes = nodes_of(provider(&names).unwrap_or_default());
    let written: BTreeSet<&str> = operations
        .iter()
        .filter_map(|other| Some(node_of(other)?.0.path.as_str()))
        .collect();
    let mut inside: Vec<&Node> = vec![made];
    while let Some(parent) = inside.pop() {
        for child in nodes.iter().filter(|child| child.is_child_of(parent)) {
            if child.is_chosen() {
                continue;
            }
            if child.format == Format::Node {
                inside.push(child);
            }
            let expected = match child.occurrence {
                Occurrence::One | Occurrence::OneOrMore | Occurrence::OneOrN => {
                    child.format != Format::Node
                        && child.access.contains(&Verb::Add)
                        && !child.has_default
                }
                Occurrence::ZeroOrMore | Occurrence::ZeroOrN | Occurrence::ZeroOrOne => false,
            };
            if expected && !written.contains(child.path.as_str()) {
                let text = format!("is made without {}", child.path);
                findings.push(Rule::MissingNode.finding(&operation.uri, text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::target::System, *};

    const PFX: &str = "./Device/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/a";

    #[test]
    fn what_holds_between_operations() {
        let target = Target {
            system: System::Windows10,
            build: None,
        };
        let location = |value: &str| {
            NodeOp::write(Verb::Add, format!("{PFX}/KeyLocation"), Format::Int, value)
        };
        let exportable = || {
            NodeOp::write(
                Verb::Add,
                format!("{PFX}/PFXKeyExportable"),
                Format::Bool,
                "true",
            )
        };
        for (unit, expected) in [
            (
                Unit::Single(location("3")),
                "windows.not-atomic: is taken together with what belongs to it only, in one Atomic",
            ),
            (Unit::Single(NodeOp::delete(PFX)), ""),
            (Unit::Atomic(vec![location("3"), exportable()]), ""),
            (
                Unit::Atomic(vec![location("1"), exportable()]),
                "windows.depends: has a meaning only where KeyLocation is 3",
            ),
            (
                Unit::Atomic(vec![location("1"), location("2")]),
                "windows.repeated: is written more than once in one go",
            ),
            (
                Unit::Atomic(vec![NodeOp::get(PFX)]),
                "windows.not-in-atomic: cannot be read within an Atomic (500)",
            ),
            (
                Unit::Atomic(vec![NodeOp::add_node(PFX), location("3")]),
                "windows.missing-node: is made without \
                 ./Device/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/{UniqueID}/PFXCertBlob",
            ),
        ] {
            let found: Vec<_> = check_unit(&unit, &target)
                .into_iter()
                .map(|finding| format!("{}: {}", finding.rule, finding.text))
                .collect();
            assert_eq!(found.join("; "), expected, "{unit:?}");
        }
    }
}
