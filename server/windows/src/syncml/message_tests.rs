use super::super::*;
use super::Message;
use crate::xml::Budget;

const HEADER: &str = "<SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1F</SessionID>\
<MsgID>1</MsgID><Target><LocURI>https://mdm.example/ManagementServer/MDM.svc</LocURI></Target>\
<Source><LocURI>0123456789ABCDEF0123456789ABCDEF</LocURI><LocName>a&amp;b</LocName></Source>\
<Cred><Meta><Format xmlns=\"syncml:metinf\">b64</Format><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta>\
<Data>YTpi</Data></Cred><Meta><MaxMsgSize xmlns=\"syncml:metinf\">524288</MaxMsgSize></Meta></SyncHdr>";

fn document(body: &str) -> String {
    format!("<SyncML xmlns=\"SYNCML:SYNCML1.2\">{HEADER}<SyncBody>{body}</SyncBody></SyncML>")
}

fn decode(document: &str) -> Result<Message, DecodeError> {
    Message::decode(document.as_bytes(), Encoding::Xml, Budget::default())
}

/// The error and what caused it, as a log shows them.
fn complaint(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", complaint(source)),
        None => error.to_string(),
    }
}

const FIRST: &str = "<Alert><CmdID>2</CmdID><Data>1201</Data></Alert>\
<Alert><CmdID>3</CmdID><Data>1224</Data><Item><Meta><Type xmlns=\"syncml:metinf\">com.microsoft/MDM/LoginStatus</Type></Meta>\
<Data>user</Data></Item></Alert>\
<Replace><CmdID>4</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source><Data>a &amp; b</Data></Item>\
<Item><Source><LocURI>./DevInfo/Lang</LocURI></Source><Data><![CDATA[de-DE]]></Data></Item></Replace><Final/>";

#[test]
fn the_first_message_of_a_session() {
    let message = decode(&document(FIRST)).unwrap();
    let header = &message.header;
    assert_eq!(header.session_id.as_str(), "1F");
    assert_eq!(header.msg_id, MsgId::FIRST);
    assert_eq!(header.source.name.as_deref(), Some("a&b"));
    assert_eq!(header.meta.max_msg_size, Some(524_288));
    let cred = header.cred.as_ref().unwrap();
    let (name, password) = cred.name_and_password().unwrap();
    assert_eq!((name.as_str(), password.expose()), ("a", "b"));
    assert!(message.is_final);
    let [begin, login, device] = message.body.as_slice() else {
        panic!("{message:?}");
    };
    assert_eq!(begin.name(), "Alert");
    let Command::Alert { id, alert } = login else {
        panic!("{login:?}");
    };
    assert_eq!((id.get(), alert.code), (3, AlertCode::CLIENT_EVENT));
    let status = alert.item_of(LOGIN_STATUS).unwrap().data.as_ref().unwrap();
    assert_eq!(LoginStatus::read(status.as_str()), LoginStatus::User);
    let Command::Node { operation, .. } = device else {
        panic!("{device:?}");
    };
    assert_eq!(operation.verb, Verb::Replace);
    let values: Vec<_> = operation
        .items
        .iter()
        .map(|item| {
            let source = item.source.as_ref().unwrap();
            (source.uri.as_str(), item.data.as_ref().unwrap().as_str())
        })
        .collect();
    assert_eq!(
        values,
        [("./DevInfo/DevId", "a & b"), ("./DevInfo/Lang", "de-DE")]
    );
}

#[test]
fn prefixes_and_order_mean_nothing() {
    let prefixed = "<?xml version='1.0' encoding='UTF-8'?><x:SyncML xmlns:x='SYNCML:SYNCML1.2' xmlns:SyncML='syncml:metinf'>\
        <x:SyncBody><x:Final/><x:Status><x:Data>418</x:Data><x:Cmd>Add</x:Cmd><x:CmdRef>7</x:CmdRef><x:MsgRef>2</x:MsgRef>\
        <x:CmdID>9</x:CmdID></x:Status></x:SyncBody>\
        <x:SyncHdr><x:Meta><SyncML:MaxMsgSize>9</SyncML:MaxMsgSize></x:Meta><x:Source><x:LocURI>d</x:LocURI></x:Source>\
        <x:Target><x:LocURI>s</x:LocURI></x:Target><x:MsgID> 3 </x:MsgID><x:SessionID>1</x:SessionID>\
        <x:VerProto>DM/1.2</x:VerProto><x:VerDTD>1.2</x:VerDTD></x:SyncHdr></x:SyncML>";
    let message = decode(prefixed).unwrap();
    assert_eq!(message.header.msg_id, MsgId(3));
    assert_eq!(message.header.meta.max_msg_size, Some(9));
    assert!(message.is_final);
    let [Command::Status(status)] = message.body.as_slice() else {
        panic!("{message:?}");
    };
    assert_eq!(status.msg_ref, MsgId(2));
    assert_eq!(status.answer.cmd_ref.command(), CmdId::new(7));
    assert_eq!(status.answer.code, StatusCode::ALREADY_EXISTS);
}

#[test]
fn answers_of_a_device() {
    let message = decode(&document(
        "<Status xmlns:msft=\"http://schemas.microsoft.com/MobileDevice/MDM\"><CmdID>1</CmdID><MsgRef>0</MsgRef><CmdRef>0</CmdRef>\
         <Cmd>SyncHdr</Cmd><Chal><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type>\
         <NextNonce xmlns=\"syncml:metinf\">AQI=</NextNonce></Meta></Chal>\
         <Data msft:originalerror=\"0x80070490\">500</Data></Status>\
         <Results><CmdID>2</CmdID><CmdRef>5</CmdRef><Meta><Format xmlns=\"syncml:metinf\">chr</Format></Meta>\
         <Item><Source><LocURI>./DevDetail/SwV</LocURI></Source><Data>10.0</Data></Item></Results>",
    ))
    .unwrap();
    assert!(!message.is_final);
    let [Command::Status(status), Command::Results(results)] = message.body.as_slice() else {
        panic!("{message:?}");
    };
    assert_eq!(status.msg_ref, MsgId(0));
    assert_eq!(status.answer.cmd_ref, CmdRef::Header);
    assert_eq!(
        status.original_error.as_ref().unwrap().hresult(),
        Some(0x8007_0490)
    );
    assert_eq!(status.answer.chal, Some(Chal::md5(Nonce(vec![1, 2]))));
    assert_eq!(results.msg_ref, MsgId::FIRST);
    assert_eq!(results.meta.format, Some(Format::Chr));
}

#[test]
fn what_is_wrong_with_one_command_stays_with_it() {
    let long = format!(
        "<Replace><CmdID>4</CmdID><Item><Source><LocURI>{}</LocURI></Source></Item></Replace>",
        "x".repeat(LocUri::MOST + 1)
    );
    for (command, cmd_ref, status, complaint) in [
        (
            "<Alert><Data>1201</Data></Alert>",
            "",
            400,
            "has no `CmdID`",
        ),
        ("<Get><CmdID/></Get>", "", 400, "has no `CmdID`"),
        (
            "<Get><CmdID>0</CmdID></Get>",
            "0",
            400,
            "has the `CmdID` `0`; expected a number from 1",
        ),
        (
            "<Get><CmdID>a&lt;</CmdID></Get>",
            "a<",
            400,
            "has the `CmdID` `a<`; expected a number from 1",
        ),
        ("<Get><CmdID>4</CmdID></Get>", "4", 412, "has no `Item`"),
        ("<Alert><CmdID>4</CmdID></Alert>", "4", 412, "has no `Data`"),
        (
            "<Alert><CmdID>4</CmdID><Data>x</Data></Alert>",
            "4",
            400,
            "has `x` for `Data`; expected a number",
        ),
        (
            "<Status><CmdID>4</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Get</Cmd><Data>70000</Data></Status>",
            "4",
            400,
            "has `70000` for `Data`; expected a number",
        ),
        (
            "<Status><CmdID>4</CmdID></Status>",
            "4",
            412,
            "has no `MsgRef`",
        ),
        (
            "<Results><CmdID>4</CmdID></Results>",
            "4",
            412,
            "has no `CmdRef`",
        ),
        (
            long.as_str(),
            "4",
            414,
            "has a `Source` whose `LocURI` cannot be used",
        ),
        (
            "<Copy><CmdID>4</CmdID></Copy>",
            "4",
            406,
            "is not supported in device management",
        ),
        ("<get><CmdID>4</CmdID></get>", "4", 400, "is no command"),
        (
            "<Get xmlns='urn:x'><CmdID>4</CmdID></Get>",
            "",
            400,
            "is no command",
        ),
    ] {
        let good = "<Alert><CmdID>3</CmdID><Data>1201</Data></Alert>";
        let message = decode(&document(&format!("{command}{good}"))).unwrap();
        let [Command::Malformed(malformed), Command::Alert { .. }] = message.body.as_slice() else {
            panic!("{command}: {message:?}");
        };
        assert_eq!(malformed.problem.to_string(), complaint, "{command}");
        assert_eq!(malformed.problem.status(), StatusCode(status), "{command}");
        assert_eq!(malformed.cmd_ref.to_string(), cmd_ref, "{command}");
        let answer = Answer::to(message.body.first().unwrap(), malformed.problem.status());
        assert_eq!(answer.cmd_ref, malformed.cmd_ref);
        assert_eq!(answer.cmd, malformed.element.name());
    }
}

#[test]
fn groups_are_read_to_the_bottom() {
    let message = decode(&document(
        "<Atomic><CmdID>2</CmdID><Meta/><Sequence><CmdID>3</CmdID><Get><CmdID>4</CmdID><Item><Target><LocURI>./a</LocURI>\
         </Target></Item></Get><What/></Sequence></Atomic>",
    ))
    .unwrap();
    let [Command::Group { kind, commands, .. }] = message.body.as_slice() else {
        panic!("{message:?}");
    };
    assert_eq!(*kind, GroupKind::Atomic);
    let [Command::Group { kind, commands, .. }] = commands.as_slice() else {
        panic!("{commands:?}");
    };
    assert_eq!(*kind, GroupKind::Sequence);
    let names: Vec<_> = commands.iter().map(Command::name).collect();
    assert_eq!(names, ["Get", "What"]);
}

#[test]
fn repeated_numbers_are_found() {
    let alert = |id| format!("<Alert><CmdID>{id}</CmdID><Data>1201</Data></Alert>");
    let group = format!("<Atomic><CmdID>4</CmdID>{}</Atomic>", alert(2));
    for (body, repeated) in [
        (alert(2) + &alert(3), None),
        (alert(2) + &alert(3) + &alert(2), CmdId::new(2)),
        (alert(2) + &group, CmdId::new(2)),
        ("<a/><b/>".to_owned(), None),
    ] {
        let message = decode(&document(&body)).unwrap();
        let found = message.repeated_cmd_ref();
        assert_eq!(found, repeated.map(CmdRef::Command), "{body}");
    }
}

#[test]
fn what_is_no_message() {
    let whole = document("");
    for (document, expected) in [
        (
            whole.replace("SYNCML:SYNCML1.2", "SYNCML:SYNCML1.1"),
            "begins with `SyncML` of an unknown namespace; expected `SyncML` of `SYNCML:SYNCML1.2`",
        ),
        (
            whole.replace(" xmlns=\"SYNCML:SYNCML1.2\"", ""),
            "begins with `SyncML` of no namespace; expected `SyncML` of `SYNCML:SYNCML1.2`",
        ),
        (
            whole.replace(
                "SYNCML:SYNCML1.2",
                "http://www.w3.org/2003/05/soap-envelope",
            ),
            "begins with `SyncML` of `http://www.w3.org/2003/05/soap-envelope`; expected `SyncML` of `SYNCML:SYNCML1.2`",
        ),
        (
            whole.replace("SyncML", "SyncBody"),
            "begins with `SyncBody` of `SYNCML:SYNCML1.2`; expected `SyncML` of `SYNCML:SYNCML1.2`",
        ),
        (
            whole.replace("SyncBody", "Body"),
            "has no `SyncBody` in `SyncML`",
        ),
        (
            whole.replace("<SyncBody></SyncBody>", HEADER),
            "has more than one `SyncHdr`",
        ),
        (
            whole.replace(">1</MsgID>", "/>").replace("<MsgID", "<X"),
            "has no `MsgID` in `SyncHdr`",
        ),
        (
            whole.replace(">1</MsgID>", ">x</MsgID>"),
            "has the `MsgID` `x`; expected a number",
        ),
        (
            whole.replace(">1F<", "><"),
            "has a `SessionID` in `SyncHdr` that cannot be used: is empty",
        ),
        (
            whole.replace("0123456789ABCDEF0123456789ABCDEF", " "),
            "has no `Source` in `SyncHdr`",
        ),
    ] {
        let error = decode(&document).unwrap_err();
        let expected = format!("message cannot be understood: {expected}");
        assert_eq!(complaint(&error), expected, "{document}");
        assert!(!error.is_limit());
    }
}

/// How often the text of a `Data` is kept a second time.
fn markups(element: &Element) -> usize {
    let inner: usize = element.children().iter().map(markups).sum();
    usize::from(element.markup().is_some()) + inner
}

#[test]
fn what_is_repeated_is_short() {
    let long = "y".repeat(10_000);
    let body = format!("<{long}><CmdID>{long}</CmdID></{long}>");
    let message = decode(&document(&body)).unwrap();
    let answer = Answer::to(message.body.first().unwrap(), StatusCode::BAD_REQUEST);
    assert_eq!(answer.cmd.len(), 64);
    assert_eq!(answer.cmd_ref, CmdRef::Text("y".repeat(64)));
    let nested = "<Data>".repeat(50) + &"x".repeat(1000) + &"</Data>".repeat(50);
    let element = Element::read(document(&nested).as_bytes(), Budget::default()).unwrap();
    assert_eq!(markups(&element), 1);
}

#[test]
fn truncated_anywhere_it_is_refused() {
    let whole = document(FIRST);
    decode(&whole).unwrap();
    for end in 0..whole.len() {
        let cut = whole.as_bytes().get(..end).unwrap();
        let error = Message::decode(cut, Encoding::Xml, Budget::default()).unwrap_err();
        assert!(matches!(error, DecodeError::Xml(_)), "{end}: {error:?}");
    }
}

#[test]
fn changed_anywhere_it_does_no_harm() {
    let whole = document(FIRST).into_bytes();
    let mut refused = 0;
    for at in 0..whole.len() {
        for byte in *b"<>&\"x\xFF" {
            let mut changed = whole.clone();
            *changed.get_mut(at).unwrap() = byte;
            let decoded = Message::decode(&changed, Encoding::Xml, Budget::default());
            refused += usize::from(decoded.is_err());
        }
    }
    assert!(refused > whole.len(), "{refused}");
}

#[test]
fn a_million_nested_elements_hit_a_limit() {
    for (open, close) in [("<Atomic>", ""), ("<Atomic>", "</Atomic>"), ("<a/>", "")] {
        let body = open.repeat(1_000_001) + &close.repeat(1_000_001);
        let budget = Budget {
            bytes: usize::MAX,
            ..Budget::default()
        };
        let error = Message::decode(document(&body).as_bytes(), Encoding::Xml, budget).unwrap_err();
        assert!(error.is_limit(), "{error:?}");
    }
}

#[test]
fn a_document_in_data_is_kept_escaped_or_not() {
    let inner = "<wap-provisioningdoc><parm value='&amp;'/></wap-provisioningdoc>";
    let escaped = inner.replace('&', "&amp;").replace('<', "&lt;");
    for (data, expected) in [
        (inner.to_owned(), Data::Markup(inner.to_owned())),
        (escaped, Data::Text(inner.to_owned())),
        (format!("<![CDATA[{inner}]]>"), Data::Text(inner.to_owned())),
    ] {
        let body = format!(
            "<Replace><CmdID>2</CmdID><Item><Source><LocURI>./x</LocURI></Source><Data>{data}</Data></Item></Replace>"
        );
        let message = decode(&document(&body)).unwrap();
        let [Command::Node { operation, .. }] = message.body.as_slice() else {
            panic!("{message:?}");
        };
        assert_eq!(operation.items.first().unwrap().data, Some(expected));
    }
}
