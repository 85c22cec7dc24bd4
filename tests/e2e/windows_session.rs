//! Management sessions of a Windows device made of curl and OpenSSL: messages by hand, each reply read by xmllint or libwbxml.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::mobileconfig::path;
use crate::program::{Program, openssl};
use crate::windows_client::{Answer, Windows, new_key};

const ID: &str = "00112233445566778899AABBCCDDEEFF";
const OTHER: &str = "FFEEDDCCBBAA99887766554433221100";
const XML: &str = "application/vnd.syncml.dm+xml; charset=utf-8";
const WBXML: &str = "application/vnd.syncml.dm+wbxml";

const HELLO: &str = "<Alert><CmdID>2</CmdID><Data>1201</Data></Alert>\
    <Alert><CmdID>3</CmdID><Data>1224</Data><Item><Meta><Type xmlns=\"syncml:metinf\">com.microsoft/MDM/LoginStatus</Type></Meta>\
    <Data>user</Data></Item></Alert><Replace><CmdID>4</CmdID><Item><Source><LocURI>./DevInfo/Mod</LocURI></Source>\
    <Data>PC &amp; &lt;é&gt;</Data></Item></Replace>";

/// A device with its certificate.
struct Device<'a> {
    lab: &'a Windows,
    own: PathBuf,
    key: PathBuf,
    id: &'static str,
}

impl<'a> Device<'a> {
    fn enroll(lab: &'a Windows, id: &'static str) -> Self {
        let own = lab.server.folder().join(format!("{id}.pem"));
        lab.enroll(id).own(&own);
        let key = lab.server.folder().join(format!("{id}.key"));
        fs::copy(&lab.key, &key).unwrap();
        Self { lab, own, key, id }
    }

    fn message(&self, session: u32, number: u32, body: &str) -> String {
        format!(
            "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
             <SessionID>{session:X}</SessionID><MsgID>{number}</MsgID>\
             <Target><LocURI>{}/ManagementServer/MDM.svc</LocURI></Target><Source><LocURI>{}</LocURI></Source></SyncHdr>\
             <SyncBody>{body}<Final/></SyncBody></SyncML>",
            self.lab.server.device_url(),
            self.id
        )
    }

    fn sign(&self, body: &[u8]) -> String {
        let signed = openssl([
            "cms",
            "-sign",
            "-binary",
            "-md",
            "sha256",
            "-outform",
            "DER",
            "-signer",
            path(&self.own),
            "-inkey",
            path(&self.key),
        ])
        .input(body)
        .run()
        .ok();
        STANDARD.encode(signed.stdout)
    }

    /// POSTs to the device listener, with these headers.
    fn post(&self, body: &[u8], headers: &[&str]) -> Answer {
        let file = self.lab.server.folder().join("syncml");
        fs::write(&file, body).unwrap();
        let data = format!("@{}", file.display());
        let mut arguments = vec!["--data-binary", data.as_str()];
        for header in headers {
            arguments.extend(["-H", header]);
        }
        self.lab.curl("/ManagementServer/MDM.svc", &arguments)
    }

    /// Says something under a signature; the reply has to be well-formed XML.
    #[track_caller]
    fn say(&self, session: u32, number: u32, body: &str) -> Answer {
        let message = self.message(session, number, body);
        let signature = format!("MDM-Signature: {}", self.sign(message.as_bytes()));
        let media = format!("Content-Type: {XML}");
        let answer = self.post(message.as_bytes(), &[&media, &signature]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let length = format!("content-length: {}", answer.body.len());
        assert!(answer.headers.contains(&length), "{}", answer.headers);
        let xmllint = Program::find("xmllint").expect("xmllint");
        xmllint
            .with(["--noout", "-"])
            .input(answer.body.as_bytes())
            .run()
            .ok();
        answer
    }

    /// Goes through a session: 200 to everything, and to a question what was written before, or `x`. Gives what was asked.
    #[track_caller]
    fn session(&self, session: u32) -> Vec<String> {
        let mut reply = self.say(session, 1, HELLO);
        let mut asked = Vec::new();
        let mut written = std::collections::BTreeMap::new();
        for number in 2..12 {
            let commands = commands(&reply);
            if commands.is_empty() {
                return asked;
            }
            let mut body = String::new();
            for (index, command) in commands.iter().enumerate() {
                let Command {
                    verb,
                    cmd_id,
                    uri,
                    data,
                } = command;
                asked.push(format!("{verb} {uri}"));
                if !data.is_empty() {
                    written.insert(uri.clone(), data.clone());
                }
                let own = index * 2 + 1;
                let _ = write!(
                    body,
                    "<Status><CmdID>{own}</CmdID><MsgRef>{}</MsgRef><CmdRef>{cmd_id}</CmdRef><Cmd>{verb}</Cmd><Data>200</Data></Status>",
                    number - 1
                );
                if verb == "Get" {
                    let value = written.get(uri).map_or("x", String::as_str);
                    let _ = write!(
                        body,
                        "<Results><CmdID>{}</CmdID><MsgRef>{}</MsgRef><CmdRef>{cmd_id}</CmdRef><Item><Source><LocURI>{uri}</LocURI></Source><Data>{value}</Data></Item></Results>",
                        own + 1,
                        number - 1
                    );
                }
            }
            reply = self.say(session, number, &body);
        }
        panic!("the session does not end: {asked:#?}");
    }
}

/// One command of a reply.
struct Command {
    verb: String,
    cmd_id: String,
    uri: String,
    data: String,
}

const VERBS: &str = "*[local-name()='Add' or local-name()='Get' or local-name()='Replace' or local-name()='Delete' or local-name()='Exec' or local-name()='Atomic']";

/// The commands of a reply, those in groups after their group.
fn commands(reply: &Answer) -> Vec<Command> {
    let all = format!("//*[local-name()='SyncBody']//{VERBS}");
    let count: usize = reply.xpath(&format!("count({all})")).parse().unwrap();
    (1..=count)
        .map(|index| {
            let one = format!("({all})[{index}]");
            let text = |rest: &str| reply.xpath(&format!("string({one}/{rest})"));
            Command {
                verb: reply.xpath(&format!("local-name({one})")),
                cmd_id: text("*[local-name()='CmdID']"),
                uri: text("*[local-name()='Item']//*[local-name()='LocURI']"),
                data: text("*[local-name()='Item']/*[local-name()='Data']"),
            }
        })
        .collect()
}

/// What a reply says about the header it answers.
fn header_status(reply: &Answer) -> String {
    reply.xpath("string((//*[local-name()='Status'])[1]/*[local-name()='Data'])")
}

#[test]
fn a_signed_session_delivers_a_root_and_reads_it_back() {
    let lab = Windows::start(&[]);
    let device = Device::enroll(&lab, ID);
    let asked = device.session(1);
    assert!(
        asked.contains(&"Get ./DevDetail/SwV".to_owned()),
        "{asked:#?}"
    );
    let shown = lab.device(ID);
    assert_eq!(shown["state"], "enrolled", "{shown:#}");
    lab.server.put_profile(
        "id = \"root\"\ntype = \"trusted_certificate\"\nplatform = \"windows10\"\ndisplay_name = \"Root & <é>\"\nlab_root = true\n",
    );
    let wanted = json!({ "device": shown["id"], "profile": "root" });
    let delivery = lab
        .server
        .api_ok("POST", "/api/v1/deliveries", Some(&wanted));
    let asked = device.session(2);
    assert!(
        asked[0].starts_with("Add ./Device/Vendor/MSFT/RootCATrustedCertificates/Root/"),
        "{asked:#?}"
    );
    let id = delivery["id"].as_str().unwrap();
    let shown = lab
        .server
        .api_ok("GET", &format!("/api/v1/deliveries/{id}"), None);
    assert_eq!(shown["state"], "installed", "{shown:#}");
    for truth in ["acknowledged", "read_back"] {
        assert!(shown["evidence"][truth].is_string(), "{truth}: {shown:#}");
    }

    // A command as a person writes it, and what each node said.
    let device_id = lab.device(ID)["id"].as_str().unwrap().to_owned();
    let raw = json!({ "syncml": "<Get><Item><Target><LocURI>./DevInfo/Lang</LocURI></Target></Item></Get>" });
    let target = format!("/api/v1/devices/{device_id}/commands");
    let queued = lab.server.api_ok("POST", &target, Some(&raw));
    assert_eq!(device.session(3), ["Get ./DevInfo/Lang"]);
    let uuid = queued["uuid"].as_str().unwrap();
    let done = lab
        .server
        .api_ok("GET", &format!("/api/v1/commands/{uuid}"), None);
    assert_eq!(done["state"], "acknowledged", "{done:#}");
    assert_eq!(done["results"][0]["code"], 200, "{done:#}");
    assert_eq!(done["results"][0]["value"], "x", "{done:#}");
    let wipe = json!({ "syncml": "<Atomic><Exec><Item><Target><LocURI>./Vendor/MSFT/Remote%57ipe/doWipe</LocURI></Target></Item></Exec></Atomic>" });
    let (status, refused) = lab.server.api("POST", &target, Some(&wipe));
    assert_eq!(status, 403, "{refused:#}");
}

#[test]
fn nobody_else_speaks_for_a_device() {
    let lab = Windows::start(&[]);
    let device = Device::enroll(&lab, ID);
    new_key(&lab.key);
    let other = Device::enroll(&lab, OTHER);
    let message = device.message(1, 1, HELLO);
    let media = format!("Content-Type: {XML}");
    let signed =
        |by: &Device<'_>, body: &str| format!("MDM-Signature: {}", by.sign(body.as_bytes()));

    let bare = device.post(message.as_bytes(), &[&media]);
    assert_eq!((bare.status, header_status(&bare)), (200, "407".to_owned()));
    assert_eq!(commands(&bare).len(), 0);
    for (what, headers, status) in [
        (
            "another device",
            vec![media.clone(), signed(&other, &message)],
            403,
        ),
        (
            "another body",
            vec![media.clone(), signed(&device, "other")],
            400,
        ),
        (
            "another media type",
            vec![
                "Content-Type: text/xml".to_owned(),
                signed(&device, &message),
            ],
            415,
        ),
    ] {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let answer = device.post(message.as_bytes(), &headers);
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
    }
    let broken = "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr>";
    let answer = device.post(broken.as_bytes(), &[&media, &signed(&device, broken)]);
    assert_eq!(answer.status, 400, "{}", answer.body);
    let refused = lab.server.events_of("request.refused");
    let texts: Vec<&str> = refused.iter().filter_map(|e| e["text"].as_str()).collect();
    assert!(
        texts
            .iter()
            .any(|t| t.contains("no Mdm-Signature header") && t.contains("is needed")),
        "{texts:#?}"
    );
    assert_eq!(lab.device(ID)["state"], "identity_issued");
    assert!(!device.session(2).is_empty(), "the device itself is let in");
}

#[test]
fn what_came_in_wbxml_is_answered_in_wbxml() {
    let (Some(to), Some(from)) = (Program::find("xml2wbxml"), Program::find("wbxml2xml")) else {
        return;
    };
    let lab = Windows::start(&[]);
    let device = Device::enroll(&lab, ID);
    let folder = lab.server.folder();
    let (xml, wbxml) = (folder.join("hello.xml"), folder.join("hello.wbxml"));
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!DOCTYPE SyncML PUBLIC \"-//SYNCML//DTD SyncML 1.2//EN\" \"http://www.openmobilealliance.org/tech/DTD/OMA-TS-SyncML_RepPro_DTD-V1_2.dtd\">{}",
        device.message(1, 1, HELLO)
    );
    fs::write(&xml, document).unwrap();
    to.with(["-o", path(&wbxml), path(&xml)]).run().ok();
    let (got, data) = (folder.join("got.wbxml"), format!("@{}", wbxml.display()));
    let url = format!("{}/ManagementServer/MDM.svc", lab.server.mtls_url());
    let media = format!("Content-Type: {WBXML}");
    let status = lab.server.curl(&[
        "--cert",
        path(&device.own),
        "--key",
        path(&device.key),
        "--data-binary",
        &data,
        "-H",
        &media,
        "--output",
        path(&got),
        "--write-out",
        "%{http_code} %{content_type}",
        &url,
    ]);
    assert_eq!(status.ok().text, format!("200 {WBXML}"));
    let read = folder.join("got.xml");
    from.with(["-o", path(&read), path(&got)]).run().ok();
    let text = fs::read_to_string(&read).unwrap();
    // libwbxml writes a reference to a DTD that is not here.
    let body = match text.find("<SyncML") {
        Some(at) => text[at..].to_owned(),
        None => panic!("{text}"),
    };
    let reply = Answer {
        version: String::new(),
        status: 200,
        headers: String::new(),
        body,
    };
    assert_eq!(header_status(&reply), "200");
    let asked: Vec<_> = commands(&reply).into_iter().map(|c| c.uri).collect();
    assert!(asked.contains(&"./DevDetail/SwV".to_owned()), "{asked:#?}");
}
