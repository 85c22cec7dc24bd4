//! The published tree: every node is found, and takes what it says it takes.

use mdm_payloads::windows::{
    NodeOp, System, Target,
    schema::{check, paths},
};

const GUID: &str = "0dd8685c-e272-4fcb-9ecf-2ead7ea2497b";

/// A node of the tree under names somebody could choose.
fn named(path: &str) -> String {
    let segments: Vec<_> = path
        .split('/')
        .map(|segment| match segment {
            "{Account GUID}" => format!("%7B{GUID}%7D"),
            "{DocID}" => GUID.to_owned(),
            _ if segment.starts_with('{') => "chosen".to_owned(),
            _ => segment.to_owned(),
        })
        .collect();
    segments.join("/")
}

#[test]
fn every_node_is_found() {
    let target = Target {
        system: System::Windows10,
        build: None,
    };
    let mut count = 0;
    for path in paths() {
        let findings = check(&NodeOp::get(named(path)), &target);
        let strange: Vec<_> = findings
            .iter()
            .filter(|finding| {
                [
                    "windows.malformed-uri",
                    "windows.malformed-name",
                    "windows.unknown-provider",
                    "windows.unknown-node",
                    "windows.wrong-scope",
                ]
                .contains(&finding.rule)
            })
            .collect();
        assert!(strange.is_empty(), "{path}: {strange:?}");
        count += 1;
    }
    assert_eq!(count, 653);
}
