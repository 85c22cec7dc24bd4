use super::*;
use crate::plist::write;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \
    \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n";

fn plist(inner: &str) -> String {
    format!("<plist version=\"1.0\">{inner}</plist>")
}

fn outcome(document: &[u8]) -> String {
    match read(document, Budget::default()) {
        Ok(Decoded { value, findings }) => {
            let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
            std::iter::once(format!("{value:?}"))
                .chain(findings)
                .collect::<Vec<_>>()
                .join(" ")
        }
        Err(error) => format!("{} | {error}", error.rule()),
    }
}

#[test]
fn documents_and_what_they_are() {
    let deep = |n: usize| plist(&format!("{}{}", "<array>".repeat(n), "</array>".repeat(n)));
    for (document, expected) in [
        // values
        (
            format!(
                "{HEAD}{}\n",
                plist("<string>é &amp; &lt;&#65;&#x42;<![CDATA[<&]]>]</string>")
            ),
            "\"é & <AB<&]\"",
        ),
        (
            plist("<dict><key>a</key><integer>1</integer><key>b</key><true/></dict>"),
            r#"{"a": 1, "b": true}"#,
        ),
        (
            plist("<array><false></false><data> AA== </data><string/><!-- c --></array>"),
            r#"[false, data(1 bytes), ""]"#,
        ),
        (plist("<string>a\r\nb</string>"), r#""a\nb""#),
        (plist("<dict><key></key><array/></dict>"), r#"{"": []}"#),
        // tolerated
        (
            format!("\u{feff}{}", plist("<true/>")),
            "true plist.byte-order-mark: before the document",
        ),
        ("<plist><true/></plist>".into(), "true plist.version: "),
        (
            "<plist version=\"1.1\"><true/></plist>".into(),
            "true plist.version: version=\"1.1\"",
        ),
        (
            plist("<string a='1'>x</string>"),
            "\"x\" plist.attribute: <string a='1'>",
        ),
        (
            plist("<data>AA</data>"),
            "data(1 bytes) plist.unpadded-data: ",
        ),
        (
            plist("<string>a\u{1}b</string>"),
            "\"a\\u{1}b\" plist.control-character: ",
        ),
        (
            format!("<?pi x?>{}", plist("<true/>")),
            "true plist.processing-instruction: pi",
        ),
        (
            plist(
                "<dict><key>k</key><dict><key>a</key><integer>1</integer><key>a</key><integer>2</integer></dict></dict>",
            ),
            r#"{"k": {"a": 1}} plist.duplicate-key: k.a"#,
        ),
        // encodings
        (
            String::new(),
            "plist.not-xml | property list, line 1 column 1: is empty",
        ),
        (
            " \n ".into(),
            "plist.not-xml | property list, line 1 column 1: is empty",
        ),
        (
            "bplist00".into(),
            "plist.binary | property list, line 1 column 1: is binary; only XML is accepted here",
        ),
        (
            format!(
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{}",
                plist("<true/>")
            ),
            "plist.encoding | property list, line 1 column 1: declares the encoding `ISO-8859-1`; only UTF-8 is accepted here",
        ),
        // DOCTYPE and entities
        (
            format!(
                "<!DOCTYPE plist [<!ENTITY a \"b\">]>{}",
                plist("<string>&a;</string>")
            ),
            "plist.doctype | property list, line 1 column 1: has a DOCTYPE with an internal subset",
        ),
        (
            format!(
                "<!DOCTYPE plist SYSTEM \"file:///etc/passwd\">{}",
                plist("<true/>")
            ),
            "plist.doctype | property list, line 1 column 1: has a DOCTYPE other than Apple's property list",
        ),
        (
            format!("<!DOCTYPE html>{}", plist("<true/>")),
            "plist.doctype | property list, line 1 column 1: has a DOCTYPE other than Apple's property list",
        ),
        (
            plist("<dict><key>a</key><string>x&lol;</string></dict>"),
            "plist.entity | property list, line 1 column 49, in `a`: refers to the entity `&lol;`, which XML does not define",
        ),
        (
            plist("<string>&#0;</string>"),
            "plist.entity | property list, line 1 column 30: refers to the entity `&#0;`, which XML does not define",
        ),
        (
            plist("&amp;"),
            "plist.structure | property list, line 1 column 22: has text outside a value",
        ),
        // structure
        (
            "<dict/>".into(),
            "plist.structure | property list, line 1 column 1: begins with `<dict>`; expected `<plist>`",
        ),
        (
            plist(""),
            "plist.structure | property list, line 1 column 22: has no value in `<plist>`",
        ),
        (
            "<plist version=\"1.0\"/>".into(),
            "plist.structure | property list, line 1 column 1: has no value in `<plist>`",
        ),
        (
            plist("<true/><true/>"),
            "plist.structure | property list, line 1 column 29: has more than one value in `<plist>`",
        ),
        (
            format!("{0}{0}", plist("<true/>")),
            "plist.structure | property list, line 1 column 37: continues after `</plist>`",
        ),
        (
            format!("{}x", plist("<true/>")),
            "plist.structure | property list, line 1 column 37: continues after `</plist>`",
        ),
        (
            plist("<foo/>"),
            "plist.structure | property list, line 1 column 22: has `<foo>`, which is no property list element",
        ),
        (
            plist("<key>a</key>"),
            "plist.structure | property list, line 1 column 22: has a `<key>` where none belongs",
        ),
        (
            plist("<dict><true/></dict>"),
            "plist.structure | property list, line 1 column 28: has `<true>` without a `<key>` before it",
        ),
        (
            plist("<dict><key>a</key></dict>"),
            "plist.structure | property list, line 1 column 40: has no value for the key `a`",
        ),
        (
            plist("<dict><key>a</key><key>b</key></dict>"),
            "plist.structure | property list, line 1 column 40, in `a`: has no value for the key `a`",
        ),
        (
            plist("<string><true/></string>"),
            "plist.structure | property list, line 1 column 30: has `<true>` inside `<string>`",
        ),
        (
            plist("<dict>x</dict>"),
            "plist.structure | property list, line 1 column 28: has text outside a value",
        ),
        // scalars, with their path
        (
            plist(
                "<dict>\n<key>é</key><array><true/><dict><key>Data</key><data>*</data></dict></array></dict>",
            ),
            "plist.bad-scalar | property list, line 2 column 55, in `é[1].Data`: has `<data>` whose content is not base64",
        ),
        (
            plist("<integer>one</integer>"),
            "plist.bad-scalar | property list, line 1 column 34: has `<integer>` whose content is not an integer between -2^63 and 2^64-1",
        ),
        // well-formedness
        (
            plist("<dict></array>"),
            "plist.not-xml | property list, line 1 column 28: is not well-formed XML: ill-formed document: expected `</dict>`, but `</array>` was …",
        ),
        (
            HEAD.into(),
            "plist.not-xml | property list, line 3 column 1: is not well-formed XML: no element",
        ),
        (
            "<plist version=\"1.0\"><dict>".into(),
            "plist.not-xml | property list, line 1 column 28: ends before its last element is closed",
        ),
        (
            "{ a = b; }".into(),
            "plist.not-xml | property list, line 1 column 1: is not well-formed XML: text before the first element",
        ),
        // limits
        (
            deep(65),
            "plist.limit | property list, line 1 column 470, in `[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]`: is nested deeper than 64",
        ),
    ] {
        assert_eq!(outcome(document.as_bytes()), expected, "{document}");
    }
    assert!(read(deep(64).as_bytes(), Budget::default()).is_ok());
}

#[test]
fn bytes_that_are_not_utf8() {
    let utf16: Vec<u8> = plist("<true/>")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let marked = [&[0xFF, 0xFE], &utf16[..]].concat();
    let refusal =
        "plist.encoding | property list, line 1 column 1: is UTF-16; only UTF-8 is accepted here";
    assert_eq!(outcome(&utf16), refusal);
    assert_eq!(outcome(&marked), refusal);
    assert_eq!(
        outcome(b"<plist version=\"1.0\">\n<string>\xC3\x28</string></plist>"),
        "plist.encoding | property list, line 2 column 9: is not UTF-8"
    );
}

#[test]
fn apples_document_types_and_no_others() {
    for (doctype, fine) in [
        (
            "plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"https://www.apple.com/DTDs/PropertyList-1.0.dtd\"",
            true,
        ),
        (
            "plist PUBLIC '-//Apple Computer//DTD PLIST 1.0//EN'\n'http://www.apple.com/DTDs/PropertyList-1.0.dtd'",
            true,
        ),
        (
            "plist SYSTEM \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\"",
            true,
        ),
        (
            "plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://evil.example/PropertyList-1.0.dtd\"",
            false,
        ),
        (
            "plist PUBLIC \"-//W3C//DTD XHTML 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\"",
            false,
        ),
        ("plist", false),
        ("", false),
    ] {
        assert_eq!(apples_doctype(doctype), fine, "{doctype}");
    }
}

#[test]
fn budgets_are_exact() {
    let items = |n: usize| plist(&format!("<array>{}</array>", "<true/>".repeat(n)));
    let budget = Budget {
        nodes: 11,
        ..Budget::default()
    };
    assert!(read(items(10).as_bytes(), budget).is_ok());
    let error = read(items(11).as_bytes(), budget).unwrap_err();
    assert_eq!(error.limit(), Some(Limit::Nodes(11)));
    let document = items(1);
    let budget = Budget {
        bytes: document.len(),
        ..Budget::default()
    };
    assert!(read(document.as_bytes(), budget).is_ok());
    let error = read(
        document.as_bytes(),
        Budget {
            bytes: document.len() - 1,
            ..budget
        },
    )
    .unwrap_err();
    assert_eq!(error.limit(), Some(Limit::Bytes(document.len() - 1)));
}

#[test]
fn hostile_sizes_end_early() {
    let default = Budget::default();
    let large = Budget {
        bytes: 64 << 20,
        ..default
    };
    let nested = plist(&"<array>".repeat(1_000_000));
    assert_eq!(
        read(nested.as_bytes(), large).unwrap_err().limit(),
        Some(Limit::Depth(64))
    );
    let nested = plist(&"<dict><key>a</key>".repeat(1_000_000));
    assert_eq!(
        read(nested.as_bytes(), large).unwrap_err().limit(),
        Some(Limit::Depth(64))
    );
    let many = plist(&format!("<array>{}</array>", "<string/>".repeat(100_000)));
    assert_eq!(
        read(many.as_bytes(), default).unwrap_err().limit(),
        Some(Limit::Nodes(100_000))
    );
    let data = plist(&format!("<data>{}</data>", "A".repeat(5 << 20)));
    assert_eq!(
        read(data.as_bytes(), default).unwrap_err().limit(),
        Some(Limit::Bytes(4 << 20))
    );
    let entities = format!("{}{}", "<!DOCTYPE plist [".repeat(50_000), plist("<true/>"));
    assert!(read(entities.as_bytes(), default).is_err());
}

#[test]
fn the_first_of_two_equal_keys_is_kept_however_many_there_are() {
    for n in [3, 5_000] {
        let entry =
            |key: usize, value: usize| format!("<key>k{key}</key><integer>{value}</integer>");
        let once: String = (0..n).map(|k| entry(k, k)).collect();
        let again: String = (0..n).rev().map(|k| entry(k, k + n)).collect();
        let Decoded { value, findings } = read(
            plist(&format!("<dict>{once}{again}</dict>")).as_bytes(),
            Budget::default(),
        )
        .unwrap();
        let dict = value.as_dict().unwrap();
        assert_eq!(dict.len(), n);
        for (k, (key, value)) in dict.iter().enumerate() {
            assert_eq!(
                (key, value.as_integer()),
                (format!("k{k}").as_str(), Some(k as i128))
            );
        }
        assert_eq!(findings.iter().count() + findings.more(), n);
    }
}

#[test]
fn bad_scalars_can_be_kept_as_text() {
    let document = plist("<dict><key>d</key><data>*</data><key>n</key><integer>x</integer></dict>");
    let Decoded { value, findings } =
        read_with(document.as_bytes(), Budget::default(), Scalars::KeepAsText).unwrap();
    assert_eq!(format!("{value:?}"), r#"{"d": "*", "n": "x"}"#);
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        findings,
        [
            "plist.unpadded-data: d",
            "plist.bad-scalar: d",
            "plist.bad-scalar: n"
        ]
    );
}

#[test]
fn what_is_written_reads_back() {
    let value = Value::Dict(
        Dict::new()
            .with("& < > \" é", "a\r\n\tb\u{0}c")
            .with("n", Value::Integer(u64::MAX.into()))
            .with("x", Value::Real(0.5))
            .with(
                "at",
                Value::Date(time::macros::datetime!(2026-01-31 12:00 UTC)),
            )
            .with(
                "list",
                Value::Array(vec![true.into(), vec![1, 2, 3].into(), Dict::new().into()]),
            ),
    );
    let text = String::from_utf8(write(&value)).unwrap();
    insta::assert_snapshot!(text, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
    <plist version="1.0">
    <dict>
    	<key>&amp; &lt; &gt; " é</key>
    	<string>a&#13;
    	b�c</string>
    	<key>n</key>
    	<integer>18446744073709551615</integer>
    	<key>x</key>
    	<real>0.5</real>
    	<key>at</key>
    	<date>2026-01-31T12:00:00Z</date>
    	<key>list</key>
    	<array>
    		<true/>
    		<data>AQID</data>
    		<dict/>
    	</array>
    </dict>
    </plist>
    "#);
    let Decoded {
        value: read_back,
        findings,
    } = read(text.as_bytes(), Budget::default()).unwrap();
    assert!(findings.is_empty());
    assert_eq!(
        read_back
            .as_dict()
            .unwrap()
            .get("& < > \" é")
            .unwrap()
            .as_str(),
        Some("a\r\n\tb\u{fffd}c")
    );
    assert_eq!(write(&read_back), text.as_bytes());
}
