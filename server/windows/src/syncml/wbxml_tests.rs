use std::process::Command as Process;

use super::super::*;
use crate::xml::Budget;

const HOSTILE: &str = "& < > \" ' é \u{1F4E7} ]]> end";

fn message() -> ServerMessage {
    let uri = |text: &str| Address::from(text.parse::<LocUri>().unwrap());
    let client = SyncHdr {
        ver_dtd: "1.2".into(),
        ver_proto: "DM/1.2".into(),
        session_id: "1".parse().unwrap(),
        msg_id: MsgId(1),
        target: uri("https://mdm.example/"),
        source: uri("device"),
        resp_uri: None,
        no_resp: false,
        cred: None,
        meta: Meta::default(),
    };
    let nonce = Nonce(b"nonce".to_vec());
    let mut body = Body::answering(MsgId(1), StatusCode::AUTHENTICATED, Some(Chal::md5(nonce)));
    let node = |text| LocUri::node(text).unwrap();
    body.push(Operation::add(node("./a"), Format::Chr, HOSTILE));
    body.push(Operation::add(node("./b"), Format::Bin, "AP8QYQ=="));
    body.push(Operation::atomic(vec![Operation::get(node("./c"))]));
    ServerMessage {
        header: SyncHdr::reply(&client, MsgId(1)),
        body,
        is_final: true,
    }
}

#[test]
fn both_encodings_say_the_same() {
    let message = message();
    let xml = message.encode(Encoding::Xml).unwrap();
    let wbxml = message.encode(Encoding::Wbxml).unwrap();
    let back = to_xml(&wbxml, Budget::default()).unwrap();
    assert_eq!(back.into_bytes(), xml);
    assert!(
        wbxml.windows(6).any(|w| w == b"\xC3\x04\x00\xFF\x10a"),
        "bytes are not opaque"
    );
    let decode = |bytes: &[u8], encoding| Message::decode(bytes, encoding, Budget::default());
    assert_eq!(
        decode(&wbxml, Encoding::Wbxml).unwrap(),
        decode(&xml, Encoding::Xml).unwrap()
    );
}

#[test]
fn opaque_data_is_text_where_it_can_be() {
    let item = |format: &[u8], data: &[u8]| {
        let mut bytes = b"\x03\xA4\x01\x6A\x00\x54\x5A\x00\x01\x47\x03".to_vec(); // Item, Meta, page 1, Format
        bytes.extend_from_slice(format);
        bytes.extend_from_slice(b"\0\x01\x01\x00\x00\x4F\xC3"); // page 0, Data, OPAQUE
        bytes.push(u8::try_from(data.len()).unwrap());
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(b"\x01\x01");
        bytes
    };
    for (format, data, text) in [
        (&b"chr"[..], &b"a&\xC3\xA9"[..], "a&amp;é"),
        (b"bin", b"a", "YQ=="),
        (b"chr", b"\xFF", "/w=="),
        (b"chr", b"\x01", "AQ=="),
    ] {
        let xml = to_xml(&item(format, data), Budget::default()).unwrap();
        let expected = format!("<Data>{text}</Data>");
        assert!(xml.contains(&expected), "{xml}");
    }
}

#[test]
fn truncated_or_changed_anywhere_it_does_no_harm() {
    let wbxml = message().encode(Encoding::Wbxml).unwrap();
    let decode = |bytes: &[u8]| Message::decode(bytes, Encoding::Wbxml, Budget::default());
    for end in 0..wbxml.len() {
        let error = decode(wbxml.get(..end).unwrap()).unwrap_err();
        assert!(matches!(error, DecodeError::Wbxml(_)), "{end}: {error:?}");
    }
    let mut refused = 0;
    for at in 0..wbxml.len() {
        for value in [0x00, 0x01, 0x02, 0x45, 0x83, 0xC3, 0xFF] {
            let mut bytes = wbxml.clone();
            *bytes.get_mut(at).unwrap() = value;
            refused += usize::from(decode(&bytes).is_err());
        }
    }
    assert!(refused > wbxml.len(), "{refused}");
}

#[test]
fn limits_hold() {
    let mut bytes = b"\x03\xA4\x01\x6A\x00".to_vec();
    bytes.extend(std::iter::repeat_n(0x48, 1_000_001)); // Atomic in Atomic
    let error = Message::decode(&bytes, Encoding::Wbxml, Budget::default()).unwrap_err();
    assert!(error.is_limit(), "{error:?}");
}

/// Runs one of libwbxml's programs, or says that it is missing; under `CI` it must be there.
fn libwbxml(program: &str, arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let directory = tempfile::tempdir().unwrap();
    let [input_file, output_file] = ["in", "out"].map(|name| directory.path().join(name));
    std::fs::write(&input_file, input).unwrap();
    let status = Process::new(program)
        .args(arguments)
        .arg("-o")
        .args([&output_file, &input_file])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    match status {
        Ok(status) => assert!(status.success(), "{program}"),
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped, {program}: {error}");
            return None;
        }
        Err(error) => panic!("{program}: {error}"),
    }
    Some(std::fs::read(output_file).unwrap())
}

#[test]
fn ours_reads_what_libwbxml_writes() {
    let xml = "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
        <SessionID>1F</SessionID><MsgID>1</MsgID><Target><LocURI>https://mdm.example/</LocURI></Target>\
        <Source><LocURI>device</LocURI></Source><Meta><MaxMsgSize xmlns=\"syncml:metinf\">16384</MaxMsgSize></Meta></SyncHdr>\
        <SyncBody><Alert><CmdID>2</CmdID><Data>1201</Data></Alert><Replace><CmdID>3</CmdID><Item><Source>\
        <LocURI>./DevInfo/Man</LocURI></Source><Meta><Format xmlns=\"syncml:metinf\">chr</Format></Meta>\
        <Data>&amp; &lt; é</Data></Item></Replace><Final/></SyncBody></SyncML>";
    let Some(wbxml) = libwbxml("xml2wbxml", &[], xml.as_bytes()) else {
        return;
    };
    assert_eq!(
        Message::decode(&wbxml, Encoding::Wbxml, Budget::default()).unwrap(),
        Message::decode(xml.as_bytes(), Encoding::Xml, Budget::default()).unwrap()
    );
}

#[test]
fn libwbxml_reads_ours() {
    let ours = message().encode(Encoding::Wbxml).unwrap();
    let Some(theirs) = libwbxml("wbxml2xml", &["-l", "SYNCML12", "-m", "1"], &ours) else {
        return;
    };
    let data = format!("<Data><![CDATA[{HOSTILE}]]></Data>"); // as it writes them, and bytes as they are
    for expected in [
        b"<VerProto>DM/1.2</VerProto>",
        &b">bm9uY2U=</NextNonce>"[..],
        b"<LocURI>./c</LocURI>",
        b"<Data><![CDATA[\x00\xFF\x10a]]></Data>",
        data.as_bytes(),
    ] {
        let found = theirs.windows(expected.len()).any(|w| w == expected);
        let shown = String::from_utf8_lossy(&theirs);
        assert!(found, "{} in {shown}", String::from_utf8_lossy(expected));
    }
}
