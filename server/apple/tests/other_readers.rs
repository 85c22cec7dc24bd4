//! What we write, read by programs that are not ours: the `plist` crate, Python's `plistlib`, libplist's `plistutil`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests"
)]

use std::io::{Read as _, Write as _};
use std::process::{Command as Process, Stdio};

use mdm_apple::checkin::{Reply, ReturnToService};
use mdm_apple::command::{Command, DEFAULT_QUERIES, Request};
use mdm_apple::forbidden::{Forbidden, Form, Reason};
use mdm_apple::plist::{Budget, Dict, Value, read, write};
use proptest::prelude::*;

const HOSTILE: &str = "& < > \" ' é \u{1F4E7} ]]> &amp; \r\n\t end";

fn documents() -> Vec<Vec<u8>> {
    let command = |request| {
        Command {
            uuid: "0001".parse().unwrap(),
            request,
        }
        .encode()
    };
    vec![
        command(Request::InstallProfile {
            payload: (0..=255).collect(),
        }),
        command(Request::RemoveProfile {
            identifier: HOSTILE.into(),
        }),
        command(Request::DeviceInformation {
            queries: DEFAULT_QUERIES.map(Into::into).into(),
        }),
        command(Request::ProfileList { managed_only: true }),
        Reply::DigestChallenge(HOSTILE.into()).answer().body,
        Reply::ReturnToService(ReturnToService::Disabled)
            .answer()
            .body,
        Forbidden {
            reason: Reason::UnrecognizedDevice,
            description: Some(HOSTILE.into()),
            message: None,
        }
        .answer(Form::Plist)
        .body,
        write(&Value::Array(vec![
            Value::Integer(-1),
            Value::Integer(u64::MAX.into()),
            Value::Real(1e-7),
        ])),
    ]
}

/// Runs a program, or says that it is missing; under `CI` it must be there.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let spawned = Process::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped, {program}: {error}");
            return None;
        }
        Err(error) => panic!("{program}: {error}"),
    };
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{program} on {}",
        String::from_utf8_lossy(input)
    );
    Some(output.stdout)
}

/// The same value as the program below prints it.
fn shown(value: &Value) -> serde_json::Value {
    match value {
        Value::Dict(dict) => dict.iter().map(|(k, v)| (k.to_owned(), shown(v))).collect(),
        Value::Array(items) => items.iter().map(shown).collect(),
        Value::String(text) => text.as_str().into(),
        Value::Integer(n) => n.to_string().into(),
        Value::Real(x) => (*x).into(),
        Value::Bool(b) => (*b).into(),
        Value::Data(bytes) => bytes.iter().map(|b| serde_json::Value::from(*b)).collect(),
        Value::Date(at) => at.unix_timestamp().into(),
    }
}

#[test]
fn plistlib_reads_the_same_values() {
    let program = r"
import json, plistlib, sys
def show(v):
    if isinstance(v, dict): return {k: show(x) for k, x in v.items()}
    if isinstance(v, list): return [show(x) for x in v]
    if isinstance(v, bytes): return list(v)
    if isinstance(v, int) and not isinstance(v, bool): return str(v)
    return v
json.dump(show(plistlib.loads(sys.stdin.buffer.read(), fmt=plistlib.FMT_XML)), sys.stdout)
";
    for document in documents() {
        let Some(json) = run("python3", &["-c", program], &document) else {
            return;
        };
        let theirs: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(
            theirs,
            shown(&read(&document, Budget::default()).unwrap().value)
        );
    }
}

/// To binary and back to XML, which must still say the same.
#[test]
fn plistutil_carries_the_same_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (xml, binary, back) = (path("in.plist"), path("binary.plist"), path("back.plist"));
    for document in documents() {
        std::fs::write(&xml, &document).unwrap();
        if run("plistutil", &["-i", &xml, "-f", "bin", "-o", &binary], b"").is_none() {
            return;
        }
        run("plistutil", &["-i", &binary, "-f", "xml", "-o", &back], b"").unwrap();
        let mut returned = Vec::new();
        std::fs::File::open(&back)
            .unwrap()
            .read_to_end(&mut returned)
            .unwrap();
        let value = |bytes: &[u8]| read(bytes, Budget::default()).unwrap().value;
        // plistutil writes a carriage return bare, which XML 1.0 section 2.11 then takes for a line feed.
        let expected = shown(&value(&document))
            .to_string()
            .replace("\\r\\n", "\\n");
        assert_eq!(shown(&value(&returned)).to_string(), expected);
    }
}

fn values() -> impl Strategy<Value = Value> {
    let text = "[ -~\u{a0}-\u{d7ff}\t\n\r]{0,12}";
    let leaf = prop_oneof![
        text.prop_map(Value::String),
        any::<i64>().prop_map(|n| Value::Integer(n.into())),
        any::<u64>().prop_map(|n| Value::Integer(n.into())),
        any::<bool>().prop_map(Value::Bool),
        (-1e9..1e9f64).prop_map(Value::Real),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Data),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((text, inner), 0..6).prop_map(|entries| {
                Value::Dict(
                    entries
                        .into_iter()
                        .fold(Dict::new(), |dict, (key, value)| dict.with(&key, value)),
                )
            }),
        ]
    })
}

fn same(ours: &Value, theirs: &plist::Value) -> bool {
    match (ours, theirs) {
        (Value::Dict(a), plist::Value::Dictionary(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w)))
        }
        (Value::Array(a), plist::Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(v, w)| same(v, w))
        }
        (Value::String(a), plist::Value::String(b)) => a == b,
        (Value::Integer(a), plist::Value::Integer(b)) => {
            b.as_signed()
                .map(i128::from)
                .or(b.as_unsigned().map(i128::from))
                == Some(*a)
        }
        (Value::Real(a), plist::Value::Real(b)) => a.to_bits() == b.to_bits(),
        (Value::Bool(a), plist::Value::Boolean(b)) => a == b,
        (Value::Data(a), plist::Value::Data(b)) => a == b,
        _ => false,
    }
}

proptest! {
    /// The `plist` crate reads what we write, and we read what it writes.
    #[test]
    fn the_plist_crate_agrees_both_ways(value in values()) {
        let ours = write(&value);
        let theirs = plist::Value::from_reader_xml(&ours[..]).unwrap();
        prop_assert!(same(&value, &theirs), "{}", String::from_utf8_lossy(&ours));
        let mut written = Vec::new();
        theirs.to_writer_xml(&mut written).unwrap();
        let read_back = read(&written, Budget::default()).unwrap().value;
        prop_assert!(same(&read_back, &theirs), "{}", String::from_utf8_lossy(&written));
    }
}
