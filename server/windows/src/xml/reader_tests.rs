use super::{Budget, Element, Node, Ns, ReadError, Reader};

fn drain(document: &[u8]) -> Result<usize, ReadError> {
    let mut reader = Reader::new(document, Budget::default())?;
    let mut nodes = 0;
    while reader.node()?.is_some() {
        nodes += 1;
    }
    Ok(nodes)
}

#[test]
fn junk_is_refused() {
    for (document, complaint) in [
        ("", "document has no element"),
        ("  \n", "document has no element"),
        (
            "text",
            "there is something beside the root element at byte 0",
        ),
        (
            "<a/>text",
            "there is something beside the root element at byte 4",
        ),
        (
            "<a/><b/>",
            "there is something beside the root element at byte 4",
        ),
        (
            "<a/>&amp;",
            "there is something beside the root element at byte 4",
        ),
        (
            "<![CDATA[x]]><a/>",
            "there is something beside the root element at byte 0",
        ),
        ("<a><b></a>", "document is not well-formed at byte 6"),
        ("<a>", "document ends at byte 3 with 1 elements open"),
        ("<a><b/>", "document ends at byte 7 with 1 elements open"),
        ("<a b='", "document is not well-formed at byte 0"),
        ("<!DOCTYPE a><a/>", "DOCTYPE at byte 0 is not allowed"),
        (
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
            "DOCTYPE at byte 0 is not allowed",
        ),
        (
            "<?php x?><a/>",
            "processing instruction at byte 0 is not allowed",
        ),
        (
            "<a>&x;</a>",
            "entity `x` at byte 3 is not one of the predefined five",
        ),
        ("<a>&#0;</a>", "document is not well-formed at byte 3"),
        (
            "<a>&#1;</a>",
            "character U+0001 at byte 3 is not allowed in XML",
        ),
        (
            "<a b='&#1;'/>",
            "character U+0001 at byte 0 is not allowed in XML",
        ),
        ("<a b='&x;'/>", "document is not well-formed at byte 0"),
        (
            "<a>\u{1}</a>",
            "character U+0001 at byte 3 is not allowed in XML",
        ),
        (
            "<a b='1' b='2'/>",
            "attributes of the element at byte 0 cannot be read",
        ),
        (
            "<a b/>",
            "attributes of the element at byte 0 cannot be read",
        ),
        (
            "<a b='<'/>",
            "attributes of the element at byte 0 cannot be read",
        ),
        ("<p:a/>", "prefix `p` at byte 0 is not bound to a namespace"),
        (
            "<a p:b='1'/>",
            "prefix `p` at byte 0 is not bound to a namespace",
        ),
        ("<9a/>", "`9a` at byte 0 is not a name"),
        ("<a:b:c xmlns:a='x'/>", "`a:b:c` at byte 0 is not a name"),
        (
            "<?xml version='1.1'?><a/>",
            "XML declaration at byte 0 is not one of XML 1.0 in UTF-8",
        ),
        (
            "<?xml version='1.0' encoding='utf-16'?><a/>",
            "XML declaration at byte 0 is not one of XML 1.0 in UTF-8",
        ),
        (
            " <?xml version='1.0'?><a/>",
            "XML declaration at byte 1 is not one of XML 1.0 in UTF-8",
        ),
    ] {
        let error = drain(document.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), complaint, "{document}");
        assert!(!error.is_limit(), "{document}");
    }
    assert_eq!(
        drain(b"\xff\xfe<\0a\0/\0>\0").unwrap_err().to_string(),
        "byte 0 is not UTF-8"
    );
}

#[test]
fn what_is_harmless_is_read() {
    for document in [
        "<a/>",
        "\u{feff}<a/>",
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!-- c --><a><!-- d --></a>\n",
        "<a xml:lang='en'/>",
    ] {
        assert_eq!(drain(document.as_bytes()).unwrap(), 2, "{document}");
    }
}

#[test]
fn names_are_resolved_by_namespace() {
    for (document, is_envelope) in [
        (
            "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'/>",
            true,
        ),
        (
            "<Envelope xmlns='http://www.w3.org/2003/05/soap-envelope'/>",
            true,
        ),
        (
            "<odd:Envelope xmlns:odd=\"http://www.w3.org/2003/05/soap-envelope\"/>",
            true,
        ),
        (
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/>",
            false,
        ),
        ("<s:Envelope xmlns:s=''/>", false),
        ("<Envelope/>", false),
    ] {
        let root = Reader::new(document.as_bytes(), Budget::default())
            .and_then(|mut reader| reader.root());
        assert_eq!(
            root.is_ok_and(|root| root.is(Ns::Soap, "Envelope")),
            is_envelope,
            "{document}"
        );
    }
}

#[test]
fn text_is_joined_and_unescaped() {
    let document = b"<a b='x&#10;&quot;\ny'>1 &lt; 2 &amp; <![CDATA[<&>]]>&#xE9;\r\n<!-- --></a>";
    let mut reader = Reader::new(document, Budget::default()).unwrap();
    let root = reader.root().unwrap();
    assert_eq!(root.attribute(Ns::Bare, "b"), Some("x\n\" y"));
    assert_eq!(reader.text().unwrap(), "1 < 2 & <&>é\n");
    reader.finish().unwrap();
}

#[test]
fn children_are_given_one_by_one_and_can_be_kept_as_written() {
    let document = b"<a> <b><c/>x</b><d x='1'/><e>t</e> </a>";
    let mut reader = Reader::new(document, Budget::default()).unwrap();
    reader.root().unwrap();
    let kept: Vec<(String, String)> = std::iter::from_fn(|| {
        let child: Element = reader.child().unwrap()?;
        let raw = reader.raw(&child).unwrap().to_owned();
        Some((child.local().to_owned(), raw))
    })
    .collect();
    let expected = [
        ("b", "<b><c/>x</b>"),
        ("d", "<d x='1'/>"),
        ("e", "<e>t</e>"),
    ];
    assert_eq!(
        kept,
        expected.map(|(local, raw)| (local.to_owned(), raw.to_owned()))
    );
    assert_eq!(reader.node().unwrap(), None);
}

#[test]
fn text_and_elements_are_not_confused() {
    let mut reader = Reader::new(b"<a>x<b/></a>", Budget::default()).unwrap();
    reader.root().unwrap();
    assert_eq!(
        reader.child().unwrap_err().to_string(),
        "text at byte 3 where an element was expected"
    );
    let mut reader = Reader::new(b"<a>x<b/></a>", Budget::default()).unwrap();
    reader.root().unwrap();
    assert_eq!(
        reader.text().unwrap_err().to_string(),
        "element `b` at byte 4 where text was expected"
    );
    let mut reader = Reader::new(b"<a>x</a>", Budget::default()).unwrap();
    reader.root().unwrap();
    assert_eq!(reader.node().unwrap(), Some(Node::Text("x".into())));
    assert_eq!(reader.node().unwrap(), Some(Node::End));
}

#[test]
fn budgets() {
    let budget = Budget {
        depth: 3,
        nodes: 10,
        bytes: 100,
    };
    for (document, complaint) in [
        ("<a><b><c/></b></a>", None),
        (
            "<a><b><c><d/></c></b></a>",
            Some("more than 3 elements are open at byte 9"),
        ),
        ("<a x='1' y='2' z='3' v='4' w='5' u='6' t='7'/>", None),
        (
            "<a x='1' y='2' z='3' v='4' w='5' u='6' t='7' s='8' r='9' q='10'/>",
            Some("more than 10 nodes at byte 0"),
        ),
        (
            "<a>&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;&lt;</a>",
            Some("more than 10 nodes at byte 39"),
        ),
    ] {
        let read = Reader::new(document.as_bytes(), budget).and_then(Reader::finish);
        assert_eq!(
            read.as_ref().err().map(ToString::to_string).as_deref(),
            complaint,
            "{document}"
        );
        assert!(
            read.err().is_none_or(|error| error.is_limit()),
            "{document}"
        );
    }
    let error = Reader::new(&[b' '; 101], budget).unwrap_err();
    assert_eq!(
        error.to_string(),
        "document of 101 bytes is longer than 100"
    );
}

#[test]
fn a_million_open_elements_end_at_the_sixty_fifth() {
    let budget = Budget {
        bytes: usize::MAX,
        ..Budget::default()
    };
    let document = "<a>".repeat(1_000_001);
    let error = Reader::new(document.as_bytes(), budget)
        .and_then(Reader::finish)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "more than 64 elements are open at byte 192"
    );
    let flat = format!("<a>{}</a>", "<b/>".repeat(1_000_001));
    let error = Reader::new(flat.as_bytes(), budget)
        .and_then(Reader::finish)
        .unwrap_err();
    assert_eq!(error.to_string(), "more than 100000 nodes at byte 399999");
}

#[test]
fn truncated_anywhere_it_is_an_error() {
    let document =
        "<?xml version='1.0'?><p:a xmlns:p='x' b='&lt;é'>t &amp; <![CDATA[c]]><!-- d --><e/></p:a>";
    for end in 0..document.len() {
        assert!(drain(&document.as_bytes()[..end]).is_err(), "{end}");
    }
    assert!(drain(document.as_bytes()).is_ok());
}

proptest::proptest! {
    #[test]
    fn any_bytes_end(document in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = drain(&document);
    }

    #[test]
    fn anything_like_xml_ends(document in "[<>/a:='\"&;#x!\\[\\]?\\- ]{0,60}") {
        let _ = drain(document.as_bytes());
    }
}
