//! The rooms of the workspace and the directions between them, read from every `Cargo.toml`.
//!
//! An edge that is not in the table below fails. Adding one is a decision, and is made here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each crate and those of ours it may depend on.
const DIRECTIONS: [(&str, &[&str]); 10] = [
    ("mdm-payloads", &[]),
    ("mdm-certs", &[]),
    ("mdm-apple", &[]),
    ("mdm-wbxml", &[]),
    ("mdm-windows", &["mdm-wbxml"]),
    ("mdm-core", &["mdm-payloads"]),
    ("mdm-store", &["mdm-core"]),
    (
        "mdm-daemon",
        &[
            "mdm-payloads",
            "mdm-certs",
            "mdm-core",
            "mdm-apple",
            "mdm-store",
            "mdm-windows",
        ],
    ),
    ("mockmdm", &["mdm-daemon", "mdm-simulators"]),
    ("mdm-simulators", &[]),
];

/// Libraries kept in one room of the server, so that what they decide is decided in one place. Simulated devices share
/// no code with the server and need their own.
const KEPT: [(&str, &[&str]); 4] = [
    ("openssl", &["mdm-certs", "mdm-simulators"]),
    ("rcgen", &["mdm-certs"]),
    ("rusqlite", &["mdm-store"]),
    ("clap", &["mockmdm"]),
];

/// Libraries that do I/O or read clocks, and the crates that must stay without them.
const PURE: [&str; 5] = [
    "mdm-payloads",
    "mdm-core",
    "mdm-apple",
    "mdm-wbxml",
    "mdm-windows",
];
const IMPURE: [&str; 5] = ["tokio", "hyper", "axum", "rusqlite", "openssl"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Names of the direct dependencies of each crate of the workspace. Those of tests and build scripts count too where
/// `tests` is set.
fn dependencies(tests: bool) -> BTreeMap<String, BTreeSet<String>> {
    let read = |path: PathBuf| -> toml::Table {
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let workspace = read(root().join("Cargo.toml"));
    let members = workspace["workspace"]["members"]
        .as_array()
        .expect("a list of members");
    let mut found = BTreeMap::new();
    for member in members {
        let manifest = read(
            root()
                .join(member.as_str().expect("a path"))
                .join("Cargo.toml"),
        );
        let name = manifest["package"]["name"]
            .as_str()
            .expect("a name")
            .to_owned();
        let mut names = BTreeSet::new();
        let mut collect = |table: &toml::Table| {
            for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
                if kind != "dependencies" && !tests {
                    continue;
                }
                if let Some(toml::Value::Table(wanted)) = table.get(kind) {
                    for (key, value) in wanted {
                        let package = value
                            .get("package")
                            .and_then(toml::Value::as_str)
                            .unwrap_or(key);
                        names.insert(package.to_owned());
                    }
                }
            }
        };
        collect(&manifest);
        if let Some(toml::Value::Table(targets)) = manifest.get("target") {
            targets
                .values()
                .filter_map(toml::Value::as_table)
                .for_each(&mut collect);
        }
        found.insert(name, names);
    }
    found
}

#[test]
fn every_edge_between_our_crates_is_in_the_table() {
    let directions: BTreeMap<&str, &[&str]> = DIRECTIONS.into();
    let found = dependencies(true);
    let ours: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(
        ours,
        directions.keys().copied().collect(),
        "the crates of the workspace and of the table"
    );
    let mut forbidden = Vec::new();
    for (from, names) in &found {
        let allowed = directions[from.as_str()];
        for to in names
            .iter()
            .filter(|name| ours.contains(name.as_str()) && !allowed.contains(&name.as_str()))
        {
            forbidden.push(format!("{from} -> {to}"));
        }
    }
    assert!(
        forbidden.is_empty(),
        "not in the table: {}",
        forbidden.join(", ")
    );
}

#[test]
fn libraries_stay_in_their_rooms() {
    let found = dependencies(false);
    let mut strayed = Vec::new();
    for (library, rooms) in KEPT {
        let users = found
            .iter()
            .filter(|(name, names)| names.contains(library) && !rooms.contains(&name.as_str()));
        strayed.extend(users.map(|(name, _)| format!("{name} -> {library}")));
    }
    for pure in PURE {
        let used = IMPURE
            .iter()
            .filter(|library| found[pure].contains(**library));
        strayed.extend(used.map(|library| format!("{pure} -> {library}")));
    }
    assert!(
        strayed.is_empty(),
        "not in their room: {}",
        strayed.join(", ")
    );
}

#[test]
fn the_top_level_is_fixed() {
    let allowed = [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "clippy.toml",
        "deny.toml",
        "rustfmt.toml",
        "server",
        "payloads",
        "certs",
        "scripts",
        "tests",
    ];
    let mut strange: Vec<String> = std::fs::read_dir(root())
        .expect("the root of the repository")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| {
            !name.starts_with('.')
                && !name.starts_with("target")
                && !allowed.contains(&name.as_str())
        })
        .collect();
    strange.sort();
    assert!(
        strange.is_empty(),
        "files at the top that belong into a room: {}",
        strange.join(", ")
    );
}
