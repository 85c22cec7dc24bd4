//! Profiles on simulated Windows devices: held, delivered in their order, read back, changed, removed; and devices that leave.

use mdm_simulators::windows::{
    Behaviour, Event, Login, PromptAnswer, PromptKind, PromptScript, Rule, Script, Version,
};
use serde_json::json;

use crate::windows_lab::{WindowsLab, imap};

#[tokio::test]
async fn each_version_gets_root_identity_and_mail_and_all_is_read_back() {
    for version in Version::ALL {
        let lab = WindowsLab::start(&[]);
        lab.put_profiles(version);
        let mut pc = lab.enroll(version, 1).await;
        let mut deliveries = vec![
            lab.deliver(&pc.id, "root"),
            lab.deliver(&pc.id, "client"),
            lab.deliver(&pc.id, "exchange"),
        ];
        if version != Version::Phone81 {
            deliveries.push(lab.deliver(&pc.id, "imap"));
        }
        pc.settle().await;
        for (at, delivery) in deliveries.iter().enumerate() {
            lab.is(delivery, "installed", None);
            assert_eq!(
                lab.truths(delivery),
                [true, true, at == 1],
                "{version:?} {at}"
            );
        }
        let hosts = ["mail.example.com", "imap.example.com"];
        assert_eq!(pc.accounts(), hosts[..deliveries.len() - 2], "{version:?}");
        assert_eq!(
            pc.device.identities().len(),
            2,
            "its own and the delivered one"
        );
        // The first session after an identity tells its thumbprint; only then came the mail.
        let order: Vec<u64> = pc
            .device
            .journal()
            .iter()
            .filter(|entry| {
                matches!(
                    entry.event,
                    Event::IdentityObtained { .. } | Event::AccountCreated { .. }
                )
            })
            .map(|entry| entry.seq)
            .collect();
        let identity = pc
            .device
            .journal()
            .iter()
            .find(|entry| matches!(entry.event, Event::IdentityObtained { .. }));
        assert_eq!(identity.unwrap().seq, order[0], "{version:?}");
        assert_eq!(pc.device.open_prompts().len(), 0);
    }
}

#[tokio::test]
async fn what_is_the_users_waits_for_the_user() {
    let lab = WindowsLab::start(&[]);
    lab.put_profiles(Version::Windows11);
    let mut pc = lab.enroll(Version::Windows11, 1).await;
    pc.device.set_login(Login::None);
    let root = lab.deliver(&pc.id, "root");
    let exchange = lab.deliver(&pc.id, "exchange");
    pc.settle().await;
    lab.is(&root, "installed", None);
    lab.is(&exchange, "deferred", Some("no_user_session"));
    pc.device.set_login(Login::Others);
    pc.settle().await;
    lab.is(&exchange, "deferred", Some("no_user_session"));
    assert_eq!(lab.delivery(&exchange)["attempts"], 0);
    assert_eq!(
        pc.count(|event| matches!(event, Event::LandedElsewhere { .. })),
        0
    );
    pc.device.set_login(Login::User);
    pc.settle().await;
    lab.is(&exchange, "installed", None);
    assert_eq!(pc.accounts(), ["mail.example.com"]);
}

#[tokio::test]
async fn an_account_is_changed_in_place_and_removed() {
    let lab = WindowsLab::start(&[]);
    lab.put_profiles(Version::Windows10);
    let mut pc = lab.enroll(Version::Windows10, 1).await;
    let mail = lab.deliver(&pc.id, "imap");
    pc.settle().await;
    lab.is(&mail, "installed", None);
    lab.put(&imap("other.example.com"));
    lab.again(&mail);
    pc.settle().await;
    lab.is(&mail, "installed", None);
    assert_eq!(pc.accounts(), ["imap.example.com"]);
    let nodes = pc.device.nodes();
    let server = nodes.iter().find(|node| node.ends_with("/OUTSERVER"));
    assert_eq!(
        pc.device.node(server.unwrap()),
        Some("other.example.com:465")
    );
    assert_eq!(
        pc.count(|event| matches!(event, Event::AccountCreated { .. })),
        1
    );
    lab.server
        .api_ok("DELETE", &format!("/api/v1/deliveries/{mail}"), None);
    pc.settle().await;
    lab.is(&mail, "removed", None);
    assert!(pc.accounts().is_empty());
}

#[tokio::test]
async fn an_owner_refuses_and_the_server_is_told() {
    let lab = WindowsLab::start(&[]);
    lab.put_profiles(Version::Windows11);
    let mut pc = lab.enroll(Version::Windows11, 1).await;
    let exchange = lab.deliver(&pc.id, "exchange");
    pc.settle().await;
    pc.device.set_script(Script {
        prompts: [PromptScript {
            kind: Some(PromptKind::ReconfigureApproval),
            answer: PromptAnswer::Declined,
            after_sessions: 0,
        }]
        .into(),
        ..Script::default()
    });
    lab.put(
        &json!({ "id": "exchange", "type": "windows10_exchange", "display_name": "Exchange",
        "host_name": "mail.example.com", "account_name": "Renamed" }),
    );
    lab.again(&exchange);
    pc.settle().await;
    lab.is(&exchange, "error", Some("user_declined"));
    assert_eq!(pc.accounts(), ["mail.example.com"]);
}

#[tokio::test]
async fn no_command_is_lost_when_a_session_is() {
    for behaviour in [
        Behaviour::Abort,
        Behaviour::LoseAnswer,
        Behaviour::ReplayMessage,
        Behaviour::MissingFinal,
        Behaviour::TruncatedPackage,
        Behaviour::DuplicateCmdId,
    ] {
        for message in [1, 2, 3] {
            let lab = WindowsLab::start(&[]);
            lab.put_profiles(Version::Windows11);
            let mut pc = lab.enroll(Version::Windows11, 1).await;
            let deliveries = [lab.deliver(&pc.id, "root"), lab.deliver(&pc.id, "exchange")];
            pc.device.set_script(Script {
                rules: vec![Rule::once(behaviour.clone()).in_message(message)],
                ..Script::default()
            });
            for _ in 0..8 {
                // A broken message may be refused; the next session goes on.
                let _ = pc.device.poll().await;
            }
            pc.device.set_script(Script::default());
            pc.settle().await;
            for delivery in &deliveries {
                let found = lab.delivery(delivery);
                assert_eq!(
                    found["state"], "installed",
                    "{behaviour:?} in {message}: {found:#}"
                );
            }
            assert_eq!(
                pc.accounts(),
                ["mail.example.com"],
                "{behaviour:?} in {message}"
            );
            assert_eq!(
                pc.count(|event| matches!(event, Event::AccountTrapped { .. })),
                0
            );
        }
    }
}

#[tokio::test]
async fn devices_leave_from_both_sides() {
    let lab = WindowsLab::start(&[]);
    lab.put_profiles(Version::Windows11);
    let mut pc = lab.enroll(Version::Windows11, 1).await;
    lab.deliver(&pc.id, "exchange");
    pc.settle().await;
    pc.device.unenroll().await.unwrap();
    assert!(pc.accounts().is_empty());
    let shown = lab.show(&pc.id);
    assert_eq!(shown["state"], "removed", "{shown:#}");

    let mut pc = lab.enroll(Version::Windows10, 2).await;
    let commands = format!("/api/v1/devices/{}/commands", pc.id);
    let unenroll = json!({ "item": { "type": "unenroll" } });
    lab.server.api_ok("POST", &commands, Some(&unenroll));
    pc.device.poll().await.unwrap();
    assert!(pc.device.enrollment().is_none());
    assert_eq!(lab.show(&pc.id)["state"], "removed");
    assert_eq!(
        pc.count(|event| matches!(event, Event::Unenrolled { .. })),
        1
    );
}

#[tokio::test]
async fn a_wipe_needs_its_flag() {
    let wipe = "<Exec><Item><Target><LocURI>./Vendor/MSFT/RemoteWipe/doWipe</LocURI></Target></Item></Exec>";
    let atomic = format!("<Atomic>{wipe}</Atomic>");
    for (arguments, allowed) in [(&[][..], false), (&["--allow-destructive"][..], true)] {
        let lab = WindowsLab::start(arguments);
        for (at, body) in [
            json!({ "item": { "type": "erase" } }),
            json!({ "syncml": wipe }),
            json!({ "syncml": atomic }),
        ]
        .iter()
        .enumerate()
        {
            let mut pc = lab
                .enroll(Version::Windows11, u64::try_from(at).unwrap())
                .await;
            let path = format!("/api/v1/devices/{}/commands", pc.id);
            let (status, answer) = lab.server.api("POST", &path, Some(body));
            assert_eq!(
                status,
                if allowed { 201 } else { 403 },
                "{body}: {answer:#}"
            );
            pc.device.poll().await.unwrap();
            let wiped = pc.count(|event| matches!(event, Event::Wiped { .. }));
            assert_eq!(wiped, usize::from(allowed), "{body}");
        }
    }
}
