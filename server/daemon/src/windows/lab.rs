//! A whole server with one enrolled Windows device, and the messages it writes by hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Mutex;

use mdm_core::command::{Command as Queued, Item, Origin};
use mdm_core::delivery::Delivery;
use mdm_core::device::{Device, DeviceState, Hardware, Platform, Reality};
use mdm_core::id::{ChannelId, DeviceId, Scope, Version};
use mdm_core::package::Greeting;
use mdm_core::ports::{Commit, EventFilter, Record};
use mdm_core::service::sessions::Spoken;
use mdm_core::time::Timestamp;
use mdm_core::windows::{Context, Credential, Dialect, PROVIDER_ID, Proof, WindowsEnrollment};
use mdm_payloads::User;
use mdm_windows::syncml::{Command, Data, Encoding, Message};
use mdm_windows::xml::Budget;

use super::dialogue::{Conversation, Sender};
use crate::Running;
use crate::config::{self, Config, Push};
use crate::digest::sha256_hex;

pub(super) const DEVICE: &str = "0123456789ABCDEF0123456789ABCDEF";

/// What a device says first in a session: who it is, and who is logged in.
pub(super) fn hello(login: &str) -> String {
    format!(
        "<Alert><CmdID>2</CmdID><Data>1201</Data></Alert>\
         <Alert><CmdID>3</CmdID><Data>1224</Data><Item><Meta><Type xmlns=\"syncml:metinf\">\
         com.microsoft/MDM/LoginStatus</Type></Meta><Data>{login}</Data></Item></Alert>\
         <Replace><CmdID>4</CmdID><Item><Source><LocURI>./DevInfo/Man</LocURI></Source>\
         <Data>Fabrikam &amp; &lt;\u{e9}&gt;</Data></Item></Replace>"
    )
}

pub(super) struct Lab {
    pub(super) running: Running,
    pub(super) id: DeviceId,
    pub(super) sender: Sender,
    pub(super) encoding: Encoding,
    _directory: tempfile::TempDir,
}

impl Lab {
    pub(super) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = config::Data {
            path: directory.path().join("data"),
            ephemeral: true,
        };
        let mut config = Config::new(data, "localhost");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        (config.bootstrap, config.listen, config.mtls, config.admin) =
            (Some(any), vec![any], Some(any), any);
        config.push = Push::None;
        change(&mut config);
        let running = crate::start(config).await.unwrap();
        let device = device();
        let lab = Self {
            running,
            id: device.id.clone(),
            sender: Sender::Certified,
            encoding: Encoding::Xml,
            _directory: directory,
        };
        lab.put(vec![Record::Device(device)]).await;
        lab
    }

    pub(super) async fn put(&self, records: Vec<Record>) {
        let commit = Commit {
            records,
            ..Commit::default()
        };
        self.running.server().store.commit(commit).await.unwrap();
    }

    pub(super) async fn device(&self) -> Device {
        let store = &self.running.server().store;
        store.device(&self.id).await.unwrap().unwrap()
    }

    /// Sends a message and gives what the server answered.
    pub(super) async fn send(&self, wire: &[u8]) -> Spoken {
        self.send_as(wire, self.sender.clone()).await
    }

    /// The same, with this behind it.
    pub(super) async fn send_as(&self, wire: &[u8], sender: Sender) -> Spoken {
        let message = Message::decode(wire, self.encoding, Budget::default()).unwrap();
        let device = self.device().await;
        let conversation = Conversation {
            message: &message,
            encoding: self.encoding,
            digest: sha256_hex(wire),
            sender,
            server: device
                .windows
                .as_ref()
                .map(|windows| windows.server.clone()),
        };
        let services = &self.running.server().services;
        services.session(&device, &conversation).await.unwrap()
    }

    /// Says something in XML, as a whole package, and gives the reply.
    pub(super) async fn say(&self, session: &str, number: u32, body: &str) -> String {
        let spoken = self
            .send(wire(session, number, body, true).as_bytes())
            .await;
        assert!(spoken.greeting.lets_in(), "{:?}", spoken.greeting);
        String::from_utf8(spoken.bytes).unwrap()
    }

    /// The same, and what became of the sender.
    pub(super) async fn try_to_say(
        &self,
        session: &str,
        number: u32,
        body: &str,
    ) -> (Greeting, String) {
        let spoken = self
            .send(wire(session, number, body, true).as_bytes())
            .await;
        (spoken.greeting, String::from_utf8(spoken.bytes).unwrap())
    }

    /// Goes through a whole session: answers everything as `answer` says, until nothing more is asked. Gives what was asked, in
    /// its order, and how many messages that took.
    pub(super) async fn session(
        &self,
        name: &str,
        login: &str,
        answer: impl Fn(&str, &str, Option<&str>) -> (u16, Option<String>),
    ) -> (Vec<String>, u32) {
        let mut reply = self.say(name, 1, &hello(login)).await;
        let mut seen = Vec::new();
        for number in 2.. {
            assert!(number < 20, "the session does not end: {seen:#?}");
            let (answers, asked) = answers(&reply, &answer);
            if asked.is_empty() {
                return (seen, number - 1);
            }
            seen.extend(asked);
            reply = self.say(name, number, &answers).await;
        }
        unreachable!()
    }

    pub(super) async fn ask(&self, item: Item) -> Queued {
        let channel = ChannelId::device(&self.id);
        let services = &self.running.server().services;
        services
            .enqueue(&channel, item, Origin::Operator)
            .await
            .unwrap()
    }

    /// SyncML commands as a person would write them.
    pub(super) async fn raw(&self, text: &str) -> Queued {
        self.ask(Item::Nodes {
            summary: "as written".to_owned(),
            text: text.into(),
        })
        .await
    }

    pub(super) async fn command(&self, queued: &Queued) -> Queued {
        let store = &self.running.server().store;
        store.command(&queued.uuid).await.unwrap().unwrap()
    }

    pub(super) async fn profile(&self, profile: serde_json::Value) {
        let profile = serde_json::from_value(profile).unwrap();
        let services = &self.running.server().services;
        services
            .put_profile(&Scope::default(), profile)
            .await
            .unwrap();
    }

    pub(super) async fn deliver(&self, profile: &str) -> Delivery {
        let services = &self.running.server().services;
        let profile = profile.parse().unwrap();
        services.deliver(&self.id, &profile, None).await.unwrap()
    }

    pub(super) async fn delivery(&self, delivery: &Delivery) -> Delivery {
        let store = &self.running.server().store;
        store.delivery(&delivery.id).await.unwrap().unwrap()
    }

    /// The kinds of all events since the device opened its first session, in their order.
    pub(super) async fn events(&self) -> Vec<String> {
        let filter = EventFilter {
            device: Some(self.id.clone()),
            ..EventFilter::default()
        };
        let store = &self.running.server().store;
        let events = store.events(0, &filter, 1000).await.unwrap();
        events
            .iter()
            .map(|e| e.event.kind.as_str().to_owned())
            .collect()
    }
}

/// The tree of a device that does what it is told, node by node.
#[derive(Debug, Default)]
pub(super) struct Tree(Mutex<BTreeMap<String, String>>);

impl Tree {
    /// What it answers.
    pub(super) fn answer(
        &self,
        verb: &str,
        uri: &str,
        data: Option<&str>,
    ) -> (u16, Option<String>) {
        let mut tree = self.0.lock().unwrap();
        let value = data.unwrap_or_default().to_owned();
        match verb {
            "Add" if tree.contains_key(uri) => (418, None),
            "Replace" if !tree.contains_key(uri) => (404, None),
            "Add" | "Replace" => {
                tree.insert(uri.to_owned(), value);
                (200, None)
            }
            "Delete" => {
                let before = tree.len();
                tree.retain(|node, _| node != uri && !node.starts_with(&format!("{uri}/")));
                (if tree.len() < before { 200 } else { 404 }, None)
            }
            "Exec" => {
                if let Some(node) = uri.strip_suffix("/Install/Enroll") {
                    tree.insert(format!("{node}/Status"), "1".to_owned());
                    tree.insert(format!("{node}/CertThumbprint"), "AB".repeat(20));
                }
                (200, None)
            }
            "Get" => match tree.get(uri) {
                Some(value) => (200, Some(value.clone())),
                None => (404, None),
            },
            _ => (200, None),
        }
    }

    /// Gives a node a value of its own.
    pub(super) fn set(&self, uri: &str, value: &str) {
        self.0
            .lock()
            .unwrap()
            .insert(uri.to_owned(), value.to_owned());
    }

    /// The nodes whose name has this in it.
    pub(super) fn nodes(&self, part: &str) -> Vec<String> {
        let tree = self.0.lock().unwrap();
        tree.keys().filter(|n| n.contains(part)).cloned().collect()
    }
}

/// A message as a device writes it.
pub(super) fn wire(session: &str, number: u32, body: &str, is_final: bool) -> String {
    let end = if is_final { "<Final/>" } else { "" };
    format!(
        "<SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
         <SessionID>{session}</SessionID><MsgID>{number}</MsgID>\
         <Target><LocURI>https://localhost/ManagementServer/MDM.svc</LocURI></Target>\
         <Source><LocURI>{DEVICE}</LocURI></Source></SyncHdr><SyncBody>{body}{end}</SyncBody></SyncML>"
    )
}

/// Statuses and results for all that a reply asks, as `answer` says by verb and node; and what it asks, in words.
pub(super) fn answers(
    reply: &str,
    answer: &impl Fn(&str, &str, Option<&str>) -> (u16, Option<String>),
) -> (String, Vec<String>) {
    let message = Message::decode(reply.as_bytes(), Encoding::Xml, Budget::default()).unwrap();
    let number = message.header.msg_id.0;
    let mut next = 1;
    let mut out = format!(
        "<Status><CmdID>{next}</CmdID><MsgRef>{number}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>"
    );
    let mut asked = Vec::new();
    for command in &message.body {
        answered(command, number, &mut next, answer, &mut out, &mut asked);
    }
    (out, asked)
}

fn answered(
    command: &Command,
    number: u32,
    next: &mut u32,
    answer: &impl Fn(&str, &str, Option<&str>) -> (u16, Option<String>),
    out: &mut String,
    asked: &mut Vec<String>,
) {
    let reference = command.cmd_ref();
    let mut status = |verb: &str, code: u16, out: &mut String| {
        *next += 1;
        let _ = write!(
            out,
            "<Status><CmdID>{next}</CmdID><MsgRef>{number}</MsgRef><CmdRef>{reference}</CmdRef><Cmd>{verb}</Cmd><Data>{code}</Data></Status>"
        );
        *next
    };
    match command {
        Command::Node { operation, .. } => {
            let verb = operation.verb.name();
            let uri = operation.items[0].target.as_ref().unwrap().uri.as_str();
            asked.push(format!("{verb} {uri}"));
            let data = operation.items[0].data.as_ref().map(Data::as_str);
            let (code, value) = answer(verb, uri, data);
            status(verb, code, out);
            if let Some(value) = value {
                *next += 1;
                let value = value.replace('&', "&amp;").replace('<', "&lt;");
                let _ = write!(
                    out,
                    "<Results><CmdID>{next}</CmdID><MsgRef>{number}</MsgRef><CmdRef>{reference}</CmdRef><Item><Source><LocURI>{uri}</LocURI></Source><Data>{value}</Data></Item></Results>"
                );
            }
        }
        Command::Group { kind, commands, .. } => {
            let (code, _) = answer(kind.name(), "", None);
            asked.push(kind.name().to_owned());
            status(kind.name(), code, out);
            for inner in commands {
                answered(inner, number, next, answer, out, asked);
            }
        }
        Command::Status(_) | Command::Results(_) | Command::Alert { .. } => {}
        Command::Malformed(malformed) => panic!("{malformed:?}"),
    }
}

fn device() -> Device {
    let credential = |name: &str| Credential {
        name: name.to_owned(),
        secret: "the pass:word & <\u{e9}>".into(),
        nonce: "bm9uY2Ugb2YgMTYgYnl0".into(),
    };
    Device {
        id: "d-win".parse().unwrap(),
        version: Version(0),
        scope: Scope::default(),
        platform: Platform::Windows,
        reality: Reality::Simulated,
        state: DeviceState::IdentityIssued,
        state_since: Timestamp(1),
        created_at: Timestamp(1),
        hardware: Hardware {
            udid: Some(DEVICE.to_owned()),
            os_version: Some("10.0.22631.2715".to_owned()),
            ..Hardware::default()
        },
        code: None,
        user: Some(User {
            user_principal_name: "ada@example.com".to_owned(),
            mail: Some("ada@example.com".to_owned()),
            ..User::default()
        }),
        topic: None,
        identity: "aa".parse().ok(),
        replacement: None,
        awaiting_configuration: false,
        unlock_token: None,
        bootstrap_token: None,
        information: BTreeMap::new(),
        windows: Some(Box::new(WindowsEnrollment {
            device_id: DEVICE.to_owned(),
            hardware_id: None,
            context: Context::User,
            provider_id: PROVIDER_ID.to_owned(),
            dialect: Dialect::Windows10,
            upn: Some("ada@example.com".to_owned()),
            request_version: Some("9.0".to_owned()),
            os_edition: None,
            user_agent: None,
            client: credential(DEVICE),
            server: credential(PROVIDER_ID),
            weakest_proof: Proof::Certificate,
            login: None,
            renewed: None,
        })),
    }
}
