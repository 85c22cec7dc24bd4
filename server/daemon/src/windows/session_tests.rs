//! Sessions with a device that writes its messages by hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test"
)]

use std::sync::Mutex;

use mdm_core::command::CommandState;
use mdm_core::delivery::{Delivery, DeliveryState, Reason};
use mdm_core::device::DeviceState;

use super::lab::{Lab, Tree, hello};

/// As a healthy device answers: values to questions, 200 to the rest.
fn healthy(verb: &str, uri: &str, _: Option<&str>) -> (u16, Option<String>) {
    let value = match uri {
        "./DevDetail/SwV" => "10.0.22631.2715",
        "./DevDetail/Ext/Microsoft/DeviceName" => "PC & <\u{e9}>",
        "./DevDetail/Ext/Microsoft/SMBIOSSerialNumber" => "0000-1",
        _ => "x",
    };
    (200, (verb == "Get").then(|| value.to_owned()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_session_completes_the_enrollment() {
    let lab = Lab::new().await;
    let reply = lab.say("1", 1, &hello("user")).await;
    insta::assert_snapshot!(reply.replace("><", ">\n<"), @r#"
    <SyncML xmlns="SYNCML:SYNCML1.2">
    <SyncHdr>
    <VerDTD>1.2</VerDTD>
    <VerProto>DM/1.2</VerProto>
    <SessionID>1</SessionID>
    <MsgID>1</MsgID>
    <Target>
    <LocURI>0123456789ABCDEF0123456789ABCDEF</LocURI>
    </Target>
    <Source>
    <LocURI>https://localhost/ManagementServer/MDM.svc</LocURI>
    </Source>
    </SyncHdr>
    <SyncBody>
    <Status>
    <CmdID>1</CmdID>
    <MsgRef>1</MsgRef>
    <CmdRef>0</CmdRef>
    <Cmd>SyncHdr</Cmd>
    <Data>200</Data>
    </Status>
    <Status>
    <CmdID>2</CmdID>
    <MsgRef>1</MsgRef>
    <CmdRef>2</CmdRef>
    <Cmd>Alert</Cmd>
    <Data>200</Data>
    </Status>
    <Status>
    <CmdID>3</CmdID>
    <MsgRef>1</MsgRef>
    <CmdRef>3</CmdRef>
    <Cmd>Alert</Cmd>
    <Data>200</Data>
    </Status>
    <Status>
    <CmdID>4</CmdID>
    <MsgRef>1</MsgRef>
    <CmdRef>4</CmdRef>
    <Cmd>Replace</Cmd>
    <Data>200</Data>
    </Status>
    <Get>
    <CmdID>5</CmdID>
    <Item>
    <Target>
    <LocURI>./DevInfo/DevId</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>6</CmdID>
    <Item>
    <Target>
    <LocURI>./DevInfo/Man</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>7</CmdID>
    <Item>
    <Target>
    <LocURI>./DevInfo/Mod</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>8</CmdID>
    <Item>
    <Target>
    <LocURI>./DevInfo/Lang</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>9</CmdID>
    <Item>
    <Target>
    <LocURI>./DevDetail/DevTyp</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>10</CmdID>
    <Item>
    <Target>
    <LocURI>./DevDetail/FwV</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>11</CmdID>
    <Item>
    <Target>
    <LocURI>./DevDetail/SwV</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>12</CmdID>
    <Item>
    <Target>
    <LocURI>./DevDetail/HwV</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>13</CmdID>
    <Item>
    <Target>
    <LocURI>./DevDetail/Ext/Microsoft/DeviceName</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>14</CmdID>
    <Item>
    <Target>
    <LocURI>./DevDetail/Ext/Microsoft/DNSComputerName</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>15</CmdID>
    <Item>
    <Target>
    <LocURI>./DevDetail/Ext/Microsoft/SMBIOSSerialNumber</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>16</CmdID>
    <Item>
    <Target>
    <LocURI>./DevDetail/Ext/Microsoft/OSPlatform</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>17</CmdID>
    <Item>
    <Target>
    <LocURI>./DevDetail/Ext/Microsoft/ProcessorArchitecture</LocURI>
    </Target>
    </Item>
    </Get>
    <Get>
    <CmdID>18</CmdID>
    <Item>
    <Target>
    <LocURI>./DevDetail/Ext/Microsoft/TotalRAM</LocURI>
    </Target>
    </Item>
    </Get>
    <Final/>
    </SyncBody>
    </SyncML>
    "#);
    let (body, asked) = super::lab::answers(&reply, &healthy);
    assert_eq!(asked.len(), 14, "{asked:?}");
    let end = lab.say("1", 2, &body).await;
    insta::assert_snapshot!(end.replace("><", ">\n<"), @r#"
    <SyncML xmlns="SYNCML:SYNCML1.2">
    <SyncHdr>
    <VerDTD>1.2</VerDTD>
    <VerProto>DM/1.2</VerProto>
    <SessionID>1</SessionID>
    <MsgID>2</MsgID>
    <Target>
    <LocURI>0123456789ABCDEF0123456789ABCDEF</LocURI>
    </Target>
    <Source>
    <LocURI>https://localhost/ManagementServer/MDM.svc</LocURI>
    </Source>
    </SyncHdr>
    <SyncBody>
    <Status>
    <CmdID>1</CmdID>
    <MsgRef>2</MsgRef>
    <CmdRef>0</CmdRef>
    <Cmd>SyncHdr</Cmd>
    <Data>200</Data>
    </Status>
    <Final/>
    </SyncBody>
    </SyncML>
    "#);
    let device = lab.device().await;
    assert_eq!(device.state, DeviceState::Enrolled);
    assert_eq!(
        device.hardware.device_name.as_deref(),
        Some("PC & <\u{e9}>")
    );
    assert_eq!(device.hardware.serial_number.as_deref(), Some("0000-1"));
    assert_eq!(
        device.information["Manufacturer"], "x",
        "the later word counts"
    );
    assert_eq!(
        lab.events().await,
        [
            "enrollment.completed",
            "command.queued",
            "command.sent",
            "command.acknowledged"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_commands_take_one_round_trip() {
    let lab = Lab::new().await;
    lab.session("1", "user", healthy).await;
    let mut queued = Vec::new();
    for n in 0..30 {
        let text =
            format!("<Get><Item><Target><LocURI>./Vendor/x{n}</LocURI></Target></Item></Get>");
        queued.push(lab.raw(&text).await);
    }
    let (asked, messages) = lab.session("2", "user", healthy).await;
    assert_eq!((asked.len(), messages), (30, 2));
    for (n, command) in queued.iter().enumerate() {
        let command = lab.command(command).await;
        assert_eq!(command.state, CommandState::Acknowledged);
        assert_eq!(
            command.results[0].uri.as_deref(),
            Some(&*format!("./Vendor/x{n}"))
        );
        assert_eq!(command.results[0].answer.value.as_deref(), Some("x"));
    }
}

fn root() -> serde_json::Value {
    serde_json::json!({
        "id": "root", "type": "trusted_certificate", "platform": "windows10", "display_name": "Root & <\u{e9}>",
        "lab_root": true,
    })
}

fn identity() -> serde_json::Value {
    serde_json::json!({
        "id": "identity", "type": "scep_certificate", "platform": "windows10", "display_name": "Identity",
        "certificate_store": "machine", "root_certificate": "root",
    })
}

fn mail() -> serde_json::Value {
    serde_json::json!({
        "id": "mail", "type": "windows10_exchange", "display_name": "Mail & <\u{e9}>",
        "host_name": "mail.example.com", "account_name": "Lab", "email_address_source": "primary_smtp_address",
    })
}

/// A delivery as people see it: its state, and what is known of it.
async fn shown(lab: &Lab, delivery: &Delivery) -> (DeliveryState, Option<Reason>, [bool; 2]) {
    let now = lab.delivery(delivery).await;
    let known = [
        now.evidence.acknowledged.is_some(),
        now.evidence.read_back.is_some(),
    ];
    (now.state, now.reason, known)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn root_identity_and_mail_come_in_their_order() {
    use DeliveryState::{Deferred, Installed, Queued, Removed};
    let lab = Lab::new().await;
    let tree = Tree::default();
    let answer = |verb: &str, uri: &str, data: Option<&str>| tree.answer(verb, uri, data);
    lab.session("1", "none", answer).await;
    for profile in [root(), identity(), mail()] {
        lab.profile(profile).await;
    }
    let mail = lab.deliver("mail").await;
    let identity = lab.deliver("identity").await;
    let root = lab.deliver("root").await;
    assert_eq!(shown(&lab, &mail).await, (Queued, None, [false; 2]));

    // Nobody is logged in: the certificates go, in their order, and the account waits for its user.
    let (asked, _) = lab.session("2", "none", answer).await;
    let first = |part: &str| asked.iter().position(|a| a.contains(part));
    assert!(
        first("RootCATrustedCertificates") < first("/SCEP/"),
        "{asked:#?}"
    );
    assert_eq!(first("ActiveSync"), None, "{asked:#?}");
    assert_eq!(shown(&lab, &root).await, (Installed, None, [true, true]));
    assert_eq!(
        shown(&lab, &identity).await,
        (Installed, None, [true, true])
    );
    let held = (Deferred, Some(Reason::NoUserSession), [false; 2]);
    assert_eq!(shown(&lab, &mail).await, held);
    assert_eq!(lab.delivery(&mail).await.attempts, 0, "nothing was tried");

    let (asked, _) = lab.session("3", "user", answer).await;
    assert_eq!(asked[0], "Atomic", "{asked:#?}");
    assert_eq!(shown(&lab, &mail).await, (Installed, None, [true, true]));
    assert_eq!(lab.delivery(&mail).await.attempts, 1);

    // A removal needs the user as well.
    let services = &lab.running.server().services;
    services.undeliver(&mail.id).await.unwrap();
    assert_eq!(
        lab.session("4", "others", answer).await.0,
        Vec::<String>::new()
    );
    let (asked, _) = lab.session("5", "user", answer).await;
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert!(
        asked[0].starts_with("Delete ./User/Vendor/MSFT/ActiveSync/"),
        "{asked:#?}"
    );
    assert_eq!(shown(&lab, &mail).await.0, Removed);
    assert_eq!(tree.nodes("ActiveSync"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identity_is_installed_once_its_status_says_so() {
    let lab = Lab::new().await;
    let tree = Tree::default();
    let status = Mutex::new("2");
    let answer = |verb: &str, uri: &str, data: Option<&str>| {
        if verb == "Get" && uri.contains("/SCEP/") && uri.ends_with("/Status") {
            return (200, Some((*status.lock().unwrap()).to_owned()));
        }
        tree.answer(verb, uri, data)
    };
    lab.session("1", "user", answer).await;
    for profile in [root(), identity(), mail()] {
        lab.profile(profile).await;
    }
    let identity = lab.deliver("identity").await;
    let mail = lab.deliver("mail").await;
    let (asked, _) = lab.session("2", "user", answer).await;
    let polls = asked.iter().filter(|a| a.ends_with("/Status")).count();
    assert_eq!(polls, 1, "once per session: {asked:#?}");
    assert_eq!(
        shown(&lab, &identity).await,
        (DeliveryState::Sent, None, [false; 2])
    );
    let waits = Some(Reason::IdentityCert);
    assert_eq!(
        shown(&lab, &mail).await,
        (DeliveryState::WaitingDependency, waits, [false; 2])
    );
    *status.lock().unwrap() = "16";
    let node = tree.nodes("/SCEP/")[0].clone();
    let node = node.split("/Install").next().unwrap();
    tree.set(&format!("{node}/ErrorCode"), "-2145844845");
    lab.session("3", "user", answer).await;
    let failed = lab.delivery(&identity).await;
    assert_eq!(
        (failed.state, failed.reason),
        (DeliveryState::Error, Some(Reason::DeviceRejected))
    );
    assert_eq!(
        failed.errors[0].meaning.as_deref(),
        Some("the device got no certificate: ErrorCode 0x80190193")
    );
    // The account names no certificate on Windows, so that it goes on without.
    assert_eq!(shown(&lab, &mail).await.0, DeliveryState::Installed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_already_is_replaced_and_what_is_not_there_is_removed() {
    let lab = Lab::new().await;
    let tree = Tree::default();
    let answer = |verb: &str, uri: &str, data: Option<&str>| tree.answer(verb, uri, data);
    lab.session("1", "user", answer).await;
    lab.profile(root()).await;
    let delivery = lab.deliver("root").await;
    let (asked, _) = lab
        .session("2", "user", |verb, uri, data| match verb {
            "Add" => {
                tree.set(uri, "another value");
                (418, None)
            }
            _ => tree.answer(verb, uri, data),
        })
        .await;
    let verbs: Vec<&str> = asked.iter().filter_map(|a| a.split(' ').next()).collect();
    assert_eq!(verbs, ["Add", "Replace", "Get"], "{asked:#?}");
    let installed = DeliveryState::Installed;
    assert_eq!(
        shown(&lab, &delivery).await,
        (installed, None, [true, true])
    );
    let services = &lab.running.server().services;
    services.undeliver(&delivery.id).await.unwrap();
    lab.session("3", "user", |_, _, _| (404, None)).await;
    assert_eq!(shown(&lab, &delivery).await.0, DeliveryState::Removed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_the_user_and_a_failure_of_the_device_are_told_apart() {
    let lab = Lab::new().await;
    lab.session("1", "user", healthy).await;
    lab.profile(mail()).await;
    let delivery = lab.deliver("mail").await;
    for (atomic, leaf, reason, said) in [
        (507, 215, Reason::UserDeclined, "Add"),
        (507, 425, Reason::DeviceRejected, "no permission"),
    ] {
        lab.session(&leaf.to_string(), "user", |verb, _, _| {
            (if verb == "Atomic" { atomic } else { leaf }, None)
        })
        .await;
        let failed = lab.delivery(&delivery).await;
        assert_eq!(
            (failed.state, failed.reason),
            (DeliveryState::Error, Some(reason))
        );
        assert_eq!(failed.errors[0].code, 507);
        let last = failed.errors.last().unwrap();
        assert_eq!((last.domain.as_str(), last.code), ("SyncML", leaf.into()));
        let text = format!("{} {:?}", last.description, last.meaning);
        assert!(
            text.contains(said) && text.contains("/ActiveSync/"),
            "{text}"
        );
        let services = &lab.running.server().services;
        services.redeliver(&delivery.id).await.unwrap();
    }
}
