//! libwbxml's `xml2wbxml` and `wbxml2xml` understand what we write, and we understand what they write.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot run its programs fails"
)]

mod outline;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Once;

use mdm_wbxml::syncml::{
    DEVINF_1_2, DIALECTS, METINF, NAMESPACE_1_2, SYNCML_1_0, SYNCML_1_1, SYNCML_1_2,
};
use mdm_wbxml::{Budget, Dialect, Document, Event, PublicId, Version, decode, encode};
use proptest::prelude::*;
use proptest::sample::select;
use quick_xml::escape::escape;

/// Converts a file's content with one of the two programs, or says that it is missing; under `CI` it must be there.
fn convert(program: &str, options: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    fs::write(&from, input).unwrap();
    let run = Command::new(program)
        .args(options)
        .arg("-o")
        .args([&to, &from])
        .output();
    match run {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let input = input.escape_ascii();
            assert!(output.status.success(), "{program}: {said} on {input}");
            Some(fs::read(&to).unwrap())
        }
        Err(error) if std::env::var_os("CI").is_none() => {
            static SAID: Once = Once::new();
            SAID.call_once(|| eprintln!("skipped, {program}: {error}"));
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

/// XML of a document, each element with its own `xmlns`.
fn xml(document: &Document) -> String {
    let Some(Event::Start(root)) = document.events.first() else {
        panic!("no root");
    };
    let (root, formal_id) = (&root.local, document.dialect.formal_id);
    let mut xml = format!("<!DOCTYPE {root} PUBLIC \"{formal_id}\" \"x\">");
    let mut open = Vec::new();
    for event in &document.events {
        match event {
            Event::Start(name) => {
                xml.extend(["<", &name.local, " xmlns=\"", name.namespace, "\">"]);
                open.push(name.local.clone());
            }
            Event::End => xml.extend(["</", &open.pop().unwrap(), ">"]),
            Event::Text(_) | Event::Opaque(_) => xml += &escape(event.as_text().unwrap()),
        }
    }
    xml
}

/// Both programs agree with us on a document: ours is read by them, theirs is read by us and, where it has no string
/// table, written alike, byte for byte. Which `Data` is opaque is theirs to choose: it depends on the command.
fn agree(document: &Document) {
    agree_on_meaning(document);
    let xml = xml(document);
    if let Some(theirs) = convert("xml2wbxml", &["-n"], xml.as_bytes()) {
        let read = decode(&theirs, DIALECTS, &Budget::default()).unwrap();
        assert_eq!(read.public_id, document.public_id);
        assert_eq!(read.version, document.version);
        let expected = outline::of_events(&document.events);
        assert_eq!(outline::of_events(&read.events), expected, "{xml}");
        let ours = encode(&read).unwrap();
        let (theirs, ours) = (theirs.escape_ascii(), ours.escape_ascii());
        assert_eq!(theirs.to_string(), ours.to_string(), "{xml}");
    }
}

fn agree_on_meaning(document: &Document) {
    let expected = outline::of_events(&document.events);
    let ours = encode(document).unwrap();
    if let Some(theirs) = convert("wbxml2xml", &["-m", "0"], &ours) {
        let theirs = String::from_utf8(theirs).unwrap();
        assert_eq!(outline::of_xml(&theirs), expected, "{theirs}");
    }
    let xml = xml(document);
    if let Some(theirs) = convert("xml2wbxml", &[], xml.as_bytes()) {
        let read = decode(&theirs, DIALECTS, &Budget::default()).unwrap();
        assert_eq!(outline::of_events(&read.events), expected, "{xml}");
    }
}

fn element(namespace: &'static str, local: &'static str, children: Vec<Vec<Event>>) -> Vec<Event> {
    let mut events = vec![Event::start(namespace, local)];
    events.extend(children.into_iter().flatten());
    events.push(Event::End);
    events
}

fn document(dialect: &'static Dialect, events: Vec<Event>) -> Document {
    Document {
        events,
        ..Document::new(dialect)
    }
}

#[test]
fn every_tag_of_every_dialect() {
    for (dialect, root) in [
        (&SYNCML_1_0, "SyncML"),
        (&SYNCML_1_1, "SyncML"),
        (&SYNCML_1_2, "SyncML"),
        (&DEVINF_1_2, "DevInf"),
    ] {
        let tags = dialect.pages.iter().flat_map(|page| {
            page.names
                .iter()
                .filter(|name| !name.is_empty() && **name != root)
                .map(|name| element(page.namespace, name, vec![]))
        });
        let root = element(dialect.pages[0].namespace, root, tags.collect());
        agree(&document(dialect, root));
    }
}

/// libwbxml switches versions and names documents by formal identifiers, too.
#[test]
fn headers() {
    let root = element(NAMESPACE_1_2, "SyncML", vec![]);
    for (version, option) in [
        (Version::V1_1, "1.1"),
        (Version::V1_2, "1.2"),
        (Version::V1_3, "1.3"),
    ] {
        let document = Document {
            version,
            ..document(&SYNCML_1_2, root.clone())
        };
        let ours = encode(&document).unwrap();
        if let Some(theirs) = convert("xml2wbxml", &["-v", option], xml(&document).as_bytes()) {
            assert_eq!(theirs, ours, "{option}");
        }
    }
    let named = Document {
        public_id: PublicId::Formal(SYNCML_1_2.formal_id.into()),
        ..document(&SYNCML_1_2, root.clone())
    };
    if let Some(theirs) = convert("wbxml2xml", &["-m", "0"], &encode(&named).unwrap()) {
        let theirs = String::from_utf8(theirs).unwrap();
        assert_eq!(outline::of_xml(&theirs), outline::of_events(&root));
    }
}

/// An element that is in no table goes as a literal tag. Without a string table libwbxml cannot write it.
#[test]
fn literal_tags() {
    let literal = element(NAMESPACE_1_2, "Extra", vec![vec![Event::text("1")]]);
    let root = element(NAMESPACE_1_2, "SyncML", vec![literal.clone(), literal]);
    agree_on_meaning(&document(&SYNCML_1_2, root));
}

/// Words apart by one space: libwbxml drops blanks around text and turns a line feed in `Data` into CR LF; and its
/// XML writer does not split `]]>`.
fn text() -> impl Strategy<Value = String> {
    let short = "[-a-zA-Z0-9./:%{}&<>\"'é€😀]{1,12}( [a-z&<>\"é]{1,6}){0,3}";
    prop_oneof![9 => short, 1 => "[a-z&é]{100,400}"]
}

fn leaf(namespace: &'static str, local: &'static str) -> impl Strategy<Value = Vec<Event>> {
    text().prop_map(move |text| element(namespace, local, vec![vec![Event::Text(text)]]))
}

/// Text, which may go as opaque bytes.
fn data() -> impl Strategy<Value = Vec<Event>> {
    let content = (text(), any::<bool>()).prop_map(|(text, opaque)| {
        if opaque {
            Event::Opaque(text.into())
        } else {
            Event::Text(text)
        }
    });
    let content = proptest::option::of(content);
    content.prop_map(|data| element(NAMESPACE_1_2, "Data", vec![data.into_iter().collect()]))
}

fn place(local: &'static str) -> impl Strategy<Value = Vec<Event>> {
    leaf(NAMESPACE_1_2, "LocURI").prop_map(move |uri| element(NAMESPACE_1_2, local, vec![uri]))
}

fn meta() -> impl Strategy<Value = Vec<Event>> {
    const NAMES: &[&str] = &[
        "Format",
        "Type",
        "Mark",
        "Size",
        "MaxMsgSize",
        "MaxObjSize",
        "Version",
    ];
    let piece = select(NAMES).prop_flat_map(|name| leaf(METINF, name));
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| element(NAMESPACE_1_2, "Meta", pieces))
}

fn item() -> impl Strategy<Value = Vec<Event>> {
    let place = select(&["Target", "Source"][..]).prop_flat_map(place);
    let more = prop_oneof![
        3 => Just(vec![]),
        1 => Just(element(NAMESPACE_1_2, "MoreData", vec![]))
    ];
    (place, meta(), data(), more).prop_map(|(place, meta, data, more)| {
        element(NAMESPACE_1_2, "Item", vec![place, meta, data, more])
    })
}

fn command() -> impl Strategy<Value = Vec<Event>> {
    const VERBS: &[&str] = &[
        "Add", "Alert", "Delete", "Exec", "Get", "Replace", "Results", "Status",
    ];
    let id = || leaf(NAMESPACE_1_2, "CmdID");
    let items = proptest::collection::vec(item(), 0..3);
    let single = (select(VERBS), id(), items).prop_map(|(verb, id, mut inner)| {
        inner.insert(0, id);
        element(NAMESPACE_1_2, verb, inner)
    });
    single.prop_recursive(3, 12, 3, move |inner| {
        let groups = select(&["Atomic", "Sequence"][..]);
        let commands = proptest::collection::vec(inner, 0..3);
        (groups, id(), commands).prop_map(|(group, id, mut inner)| {
            inner.insert(0, id);
            element(NAMESPACE_1_2, group, inner)
        })
    })
}

fn message() -> impl Strategy<Value = Vec<Event>> {
    let header = (
        leaf(NAMESPACE_1_2, "SessionID"),
        place("Target"),
        place("Source"),
        meta(),
    );
    let header = header.prop_map(|(session, target, source, meta)| {
        element(
            NAMESPACE_1_2,
            "SyncHdr",
            vec![session, target, source, meta],
        )
    });
    let commands = proptest::collection::vec(command(), 0..4);
    (header, commands).prop_map(|(header, mut commands)| {
        commands.push(element(NAMESPACE_1_2, "Final", vec![]));
        let body = element(NAMESPACE_1_2, "SyncBody", commands);
        element(NAMESPACE_1_2, "SyncML", vec![header, body])
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_messages(events in message()) {
        agree(&document(&SYNCML_1_2, events));
    }
}

/// What `ORIGIN.md` there says was made by libwbxml, so that its spelling is tested where it is not installed.
#[test]
fn fixtures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/wbxml");
    let xml = fs::read_to_string(folder.join("message.xml")).unwrap();
    let with_table = fs::read(folder.join("message-table.wbxml")).unwrap();
    let inline = fs::read(folder.join("message-inline.wbxml")).unwrap();
    let read = |bytes: &[u8]| decode(bytes, DIALECTS, &Budget::default()).unwrap();
    assert_eq!(
        outline::of_events(&read(&with_table).events),
        outline::of_xml(&xml)
    );
    assert_eq!(read(&with_table), read(&inline));
    assert_ne!(with_table, inline);
    assert_eq!(encode(&read(&inline)).unwrap(), inline);
}
