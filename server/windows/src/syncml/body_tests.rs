use std::io::Write as _;
use std::process::{Command as Process, Stdio};

use super::super::*;
use super::{Body, ServerMessage};
use crate::secret::Password;
use crate::xml::Budget;

const HOSTILE: &str = "& < > \" ' é \u{1F4E7} ]]> &amp; \r\n\t end";

fn client() -> SyncHdr {
    let uri = |text: &str| Address::from(text.parse::<LocUri>().unwrap());
    SyncHdr {
        ver_dtd: "1.2".into(),
        ver_proto: "DM/1.2".into(),
        session_id: "a&é<".parse().unwrap(),
        msg_id: MsgId(2),
        target: uri("https://mdm.example/MDM.svc?a=1&b=2"),
        source: Address {
            uri: "D\"1\"".parse().unwrap(),
            name: Some("user".into()),
        },
        resp_uri: None,
        no_resp: false,
        cred: None,
        meta: Meta::default(),
    }
}

fn node(text: &str) -> LocUri {
    LocUri::node(text).unwrap()
}

fn message(body: Body) -> ServerMessage {
    ServerMessage {
        header: SyncHdr::reply(&client(), MsgId(2)),
        body,
        is_final: true,
    }
}

fn answering() -> Body {
    Body::answering(MsgId(2), StatusCode::OK, None)
}

/// Without the header, which is the same in all.
fn written(body: Body) -> String {
    let document = String::from_utf8(message(body).encode(Encoding::Xml).unwrap()).unwrap();
    let start = document.find("<SyncBody>").unwrap();
    lines(document.get(start..).unwrap())
}

/// A line for each part.
fn lines(document: &str) -> String {
    let begin_lines = [
        "SyncHdr", "Target", "Source", "RespURI", "Cred", "Meta", "SyncBody", "Status", "Alert",
        "Atomic", "Sequence", "Add", "Delete", "Exec", "Get", "Replace", "Item", "Final",
    ];
    begin_lines
        .iter()
        .fold(document.to_owned(), |text, name| {
            text.replace(&format!("<{name}>"), &format!("\n<{name}>"))
                .replace(&format!("<{name}/>"), &format!("\n<{name}/>"))
        })
        .trim_start()
        .to_owned()
}

#[test]
fn nothing_left_to_ask() {
    let document = message(Body::answering(MsgId(2), StatusCode::AUTHENTICATED, None));
    let document = String::from_utf8(document.encode(Encoding::Xml).unwrap()).unwrap();
    insta::assert_snapshot!(document, @r#"<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>a&amp;é&lt;</SessionID><MsgID>2</MsgID><Target><LocURI>D"1"</LocURI></Target><Source><LocURI>https://mdm.example/MDM.svc?a=1&amp;b=2</LocURI></Source></SyncHdr><SyncBody><Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>212</Data></Status><Final/></SyncBody></SyncML>"#);
}

#[test]
fn the_whole_header() {
    let mut header = SyncHdr::reply(&client(), MsgId(7));
    header.target.name = Some(HOSTILE.into());
    header.resp_uri = Some("https://mdm.example/next".parse().unwrap());
    header.no_resp = true;
    header.cred = Some(Cred::basic("server", &Password::new("p".into())));
    header.meta = Meta {
        max_msg_size: Some(524_288),
        max_obj_size: Some(1_048_576),
        ..Meta::default()
    };
    let document = ServerMessage {
        header,
        body: answering(),
        is_final: false,
    };
    let document = String::from_utf8(document.encode(Encoding::Xml).unwrap()).unwrap();
    insta::assert_snapshot!(lines(&document), @r#"
<SyncML xmlns="SYNCML:SYNCML1.2">
<SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>a&amp;é&lt;</SessionID><MsgID>7</MsgID>
<Target><LocURI>D"1"</LocURI><LocName>&amp; &lt; &gt; " ' é 📧 ]]&gt; &amp;amp; &#xD;
	 end</LocName></Target>
<Source><LocURI>https://mdm.example/MDM.svc?a=1&amp;b=2</LocURI></Source>
<RespURI>https://mdm.example/next</RespURI><NoResp/>
<Cred>
<Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-basic</Type></Meta><Data>c2VydmVyOnA=</Data></Cred>
<Meta><MaxMsgSize xmlns="syncml:metinf">524288</MaxMsgSize><MaxObjSize xmlns="syncml:metinf">1048576</MaxObjSize></Meta></SyncHdr>
<SyncBody>
<Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status></SyncBody></SyncML>
"#);
}

#[test]
fn challenges() {
    let body = Body::answering(
        MsgId(1),
        StatusCode::MISSING_CREDENTIALS,
        Some(Chal::md5(Nonce(vec![0, 1, 2, 255]))),
    );
    insta::assert_snapshot!(written(body), @r#"
<SyncBody>
<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Chal>
<Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type><NextNonce xmlns="syncml:metinf">AAEC/w==</NextNonce></Meta></Chal><Data>407</Data></Status>
<Final/></SyncBody></SyncML>
"#);
    let body = Body::answering(
        MsgId(1),
        StatusCode::INVALID_CREDENTIALS,
        Some(Chal::basic()),
    );
    insta::assert_snapshot!(written(body), @r#"
<SyncBody>
<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Chal>
<Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-basic</Type></Meta></Chal><Data>401</Data></Status>
<Final/></SyncBody></SyncML>
"#);
}

/// However it is filled: statuses, then alerts, then commands; and no number twice.
#[test]
fn everything_at_once() {
    let mut body = answering();
    let sent = body.push(Operation::atomic(vec![
        Operation::add(node("./Vendor/MSFT/A/%7B1%7D"), Format::Chr, HOSTILE),
        Operation::add_interior(node("./a&b")),
        Operation::replace(node("./i"), Format::Int, "1"),
    ]));
    assert_eq!(sent.id.get(), 2);
    let children: Vec<_> = sent.children.iter().map(|sent| sent.id.get()).collect();
    assert_eq!(children, [3, 4, 5]);
    body.push(Operation::Group {
        kind: GroupKind::Sequence,
        operations: vec![Operation::get(node("./g")), Operation::delete(node("./d"))],
    });
    body.push(Operation::exec(node("./e")));
    body.alert(Alert {
        correlator: Some("c&".into()),
        ..Alert::new(AlertCode::NEXT_MESSAGE)
    });
    body.answer(Answer::new(
        CmdRef::Command(CmdId::new(4).unwrap()),
        "Replace",
        StatusCode::OK,
    ));
    body.answer(Answer {
        items: vec![Item::node(node("./n"))],
        ..Answer::new(CmdRef::Text(String::new()), "W<", StatusCode::BAD_REQUEST)
    });
    insta::assert_snapshot!(written(body), @r#"
<SyncBody>
<Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>
<Status><CmdID>11</CmdID><MsgRef>2</MsgRef><CmdRef>4</CmdRef><Cmd>Replace</Cmd><Data>200</Data></Status>
<Status><CmdID>12</CmdID><MsgRef>2</MsgRef><CmdRef/><Cmd>W&lt;</Cmd><Data>400</Data>
<Item>
<Target><LocURI>./n</LocURI></Target></Item></Status>
<Alert><CmdID>10</CmdID><Data>1222</Data><Correlator>c&amp;</Correlator></Alert>
<Atomic><CmdID>2</CmdID>
<Add><CmdID>3</CmdID>
<Item>
<Target><LocURI>./Vendor/MSFT/A/%7B1%7D</LocURI></Target>
<Meta><Format xmlns="syncml:metinf">chr</Format></Meta><Data>&amp; &lt; &gt; " ' é 📧 ]]&gt; &amp;amp; &#xD;
	 end</Data></Item></Add>
<Add><CmdID>4</CmdID>
<Item>
<Target><LocURI>./a&amp;b</LocURI></Target>
<Meta><Format xmlns="syncml:metinf">node</Format></Meta></Item></Add>
<Replace><CmdID>5</CmdID>
<Item>
<Target><LocURI>./i</LocURI></Target>
<Meta><Format xmlns="syncml:metinf">int</Format></Meta><Data>1</Data></Item></Replace></Atomic>
<Sequence><CmdID>6</CmdID>
<Get><CmdID>7</CmdID>
<Item>
<Target><LocURI>./g</LocURI></Target></Item></Get>
<Delete><CmdID>8</CmdID>
<Item>
<Target><LocURI>./d</LocURI></Target></Item></Delete></Sequence>
<Exec><CmdID>9</CmdID>
<Item>
<Target><LocURI>./e</LocURI></Target></Item></Exec>
<Final/></SyncBody></SyncML>
"#);
}

#[test]
fn parts_of_a_large_object() {
    let whole = Item::value(node("./big"), Format::Chr, "0123456789".repeat(10));
    let mut parts = parts(whole, 64);
    let mut body = answering();
    body.push(Operation::Node(NodeOperation {
        verb: Verb::Add,
        meta: Meta::default(),
        items: vec![parts.remove(0)],
    }));
    insta::assert_snapshot!(written(body), @r#"
<SyncBody>
<Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>
<Add><CmdID>2</CmdID>
<Item>
<Target><LocURI>./big</LocURI></Target>
<Meta><Format xmlns="syncml:metinf">chr</Format><Size xmlns="syncml:metinf">100</Size></Meta><Data>0123456789012345678901234567890123456789012345678901234567890123</Data><MoreData/></Item></Add>
<Final/></SyncBody></SyncML>
"#);
}

#[test]
fn a_document_that_came_unescaped_leaves_escaped() {
    let mut body = answering();
    let mut item = Item::node(node("./x"));
    item.data = Some(Data::Markup("<a b='&amp;'/>".into()));
    body.push(Operation::Node(NodeOperation {
        verb: Verb::Replace,
        meta: Meta::format(Format::Xml),
        items: vec![item],
    }));
    insta::assert_snapshot!(written(body), @r#"
<SyncBody>
<Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>
<Replace><CmdID>2</CmdID>
<Meta><Format xmlns="syncml:metinf">xml</Format></Meta>
<Item>
<Target><LocURI>./x</LocURI></Target><Data>&lt;a b='&amp;amp;'/&gt;</Data></Item></Replace>
<Final/></SyncBody></SyncML>
"#);
}

#[test]
fn what_xml_cannot_carry_is_refused() {
    let mut body = answering();
    body.push(Operation::add(node("./x"), Format::Chr, "a\u{1}"));
    let EncodeError::Xml(error) = message(body).encode(Encoding::Xml).unwrap_err() else {
        panic!("another error");
    };
    assert_eq!(
        error.to_string(),
        "character U+0001 in `Data` cannot be written in XML"
    );
}

#[test]
fn sizes_are_never_too_small() {
    let empty = message(answering()).encode(Encoding::Xml).unwrap().len();
    for operation in [
        Operation::get(node("./g")),
        Operation::add(node("./a"), Format::Chr, HOSTILE),
        Operation::atomic(vec![Operation::delete(node("./d&"))]),
    ] {
        let size = operation.size().unwrap();
        let mut body = answering();
        body.push(operation);
        let grown = message(body).encode(Encoding::Xml).unwrap().len() - empty;
        assert!(grown <= size && size < grown + 100, "{grown} {size}");
    }
}

#[test]
fn python_reads_the_same_text() {
    let mut body = answering();
    body.push(Operation::add(node("./a/é&<%7B"), Format::Chr, HOSTILE));
    body.push(Operation::atomic(vec![Operation::delete(node("./d"))]));
    let document = message(body).encode(Encoding::Xml).unwrap();
    let program = r"
import sys, xml.etree.ElementTree as E
S, M = '{SYNCML:SYNCML1.2}', '{syncml:metinf}'
root = E.fromstring(sys.stdin.buffer.read())
assert root.tag == S + 'SyncML' and [c.tag for c in root] == [S + 'SyncHdr', S + 'SyncBody']
item = root.find(f'{S}SyncBody/{S}Add/{S}Item')
out = [item.find(f'{S}Target/{S}LocURI').text, item.find(f'{S}Meta/{M}Format').text, item.find(f'{S}Data').text]
out += [c.tag.replace(S, '') + ' ' + (c.findtext(f'{S}CmdID') or '') for c in root.find(S + 'SyncBody')]
sys.stdout.buffer.write('\0'.join(out).encode())
";
    let spawned = Process::new("python3")
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped, python3: {error}");
            return;
        }
        Err(error) => panic!("python3: {error}"),
    };
    child.stdin.take().unwrap().write_all(&document).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let read: Vec<_> = text.split('\0').collect();
    let expected = [
        "./a/é&<%7B",
        "chr",
        HOSTILE,
        "Status 1",
        "Add 2",
        "Atomic 3",
        "Final ",
    ];
    assert_eq!(read, expected);
}

#[test]
fn commands_that_a_person_wrote() {
    let read = |text: &str| Operation::read(text, Budget::default());
    let get = "<Get><Item><Target><LocURI>./a</LocURI></Target></Item></Get>";
    for text in [
        get.to_owned(),
        format!("<SyncBody>{get}<Final/></SyncBody>"),
        format!("<SyncBody xmlns='SYNCML:SYNCML1.2'>{get}</SyncBody>"),
        format!(
            " <x:Get xmlns:x='SYNCML:SYNCML1.2'>{}\n",
            get.replace("Get>", "x:Get>").replace("<x:Get>", "")
        )
        .replace("Item>", "x:Item>")
        .replace("Target>", "x:Target>")
        .replace("LocURI>", "x:LocURI>"),
        get.replace("<Item>", "<CmdID>7</CmdID><Item>"),
    ] {
        assert_eq!(
            read(&text).unwrap(),
            [Operation::get(node("./a"))],
            "{text}"
        );
    }
    let wipe = read(&format!(
        "<Atomic><Sequence><Exec><Item><Target><LocURI>./Vendor/MSFT/RemoteWipe/doWipe</LocURI></Target></Item></Exec></Sequence></Atomic>{get}"
    ))
    .unwrap();
    let nodes: Vec<_> = wipe.iter().flat_map(Operation::nodes).collect();
    assert_eq!(
        nodes,
        [
            (Verb::Exec, &node("./Vendor/MSFT/RemoteWipe/doWipe")),
            (Verb::Get, &node("./a"))
        ]
    );
    for (text, complaint) in [
        (
            String::new(),
            "there is no command, or there is text beside the commands",
        ),
        (
            format!("x{get}"),
            "there is no command, or there is text beside the commands",
        ),
        (
            format!("{get}</SyncBody><SyncBody>"),
            "commands cannot be read as XML",
        ),
        ("<Get>".into(), "commands cannot be read as XML"),
        (
            "<Status/>".into(),
            "`Status` is no command for a node; expected Add, Atomic, Delete, Exec, Get, Replace or Sequence",
        ),
        (
            "<Get/>".into(),
            "`Get` has an item without `Target/LocURI`, or no item",
        ),
        (
            "<Get><Item/></Get>".into(),
            "`Get` has an item without `Target/LocURI`, or no item",
        ),
        (
            get.replace("</Target>", "</Target><Data><a/></Data>"),
            "`Get` has elements in `Data`; escape them, a device takes text only",
        ),
        (
            get.replace("</Target>", "</Target><Meta><Format>chr</Format></Meta>"),
            "`Get` has `Format`, which cannot be sent on",
        ),
        (
            get.replace("<Item>", "<NoResp/><Item>"),
            "`Get` has `NoResp`, which cannot be sent on",
        ),
        (
            get.replace("</Item>", "<Target/></Item>"),
            "`Get` has `Target`, which cannot be sent on",
        ),
        (
            get.replace("</Target>", "<Filter/></Target>"),
            "`Get` has `Filter`, which cannot be sent on",
        ),
        (
            get.replace("./a", &"a".repeat(3000)),
            "`Get` cannot be used",
        ),
    ] {
        let error = read(&text).unwrap_err();
        assert_eq!(error.to_string(), complaint, "{text}");
    }
}
