//! The command queue as a device sees it: one at a time, in order, repeated until answered.

use mdm_simulators::apple::{Behaviour, Event, Platform, Rule, Script};
use serde_json::{Value, json};

use crate::apple_lab::{Lab, Wire, journal, uuid_of};

/// A device this story plays, with nothing queued for it.
async fn quiet(lab: &Lab) -> (Wire, String) {
    let wire = lab.wire(lab.identity().await, "WIRE-1");
    wire.enroll().await;
    wire.drain().await;
    let list = lab.server.api_ok("GET", "/api/v1/devices", None);
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    (wire, id)
}

fn security() -> Value {
    json!({ "type": "security_info" })
}

fn list() -> Value {
    json!({ "type": "profiles" })
}

#[tokio::test]
async fn commands_come_in_order_and_are_repeated_byte_for_byte_until_answered() {
    let lab = Lab::start();
    lab.put_profiles();
    let (wire, id) = quiet(&lab).await;
    let delivery = lab.deliver(&id, "exchange");
    let second = lab.queue(&id, &security());
    let third = lab.queue(&id, &list());

    let install = wire.idle().await;
    assert_eq!(lab.delivery(&delivery)["state"], "sent");
    let first = uuid_of(&install);
    for _ in 0..2 {
        assert_eq!(
            wire.idle().await,
            install,
            "the same UUID and the same bytes"
        );
    }
    let refused = wire
        .answer(&first, "Error", "<key>ErrorChain</key><array/>")
        .await;
    assert_eq!(uuid_of(&refused), second);
    assert_eq!(lab.delivery(&delivery)["state"], "error");

    // The answer got lost on its way, so the device reports again: nothing changes, and what comes is the same.
    let again = wire
        .answer(&first, "Error", "<key>ErrorChain</key><array/>")
        .await;
    assert_eq!(again, refused);
    assert_eq!(lab.server.events_of("delivery.failed").len(), 1);
    assert!(lab.server.events_of("command.unexpected").is_empty());

    // A contradiction changes nothing either, and is told.
    assert_eq!(wire.answer(&first, "Acknowledged", "").await, refused);
    assert_eq!(lab.delivery(&delivery)["state"], "error");
    assert_eq!(lab.server.events_of("command.unexpected").len(), 1);

    let next = wire.answer(&second, "Acknowledged", "").await;
    assert_eq!(uuid_of(&next), third);
    let end = wire.answer(&third, "CommandFormatError", "").await;
    assert_eq!(end, "");
    assert_eq!(lab.command(&third)["state"], "malformed");
    assert_eq!(wire.idle().await, "");
}

#[tokio::test]
async fn what_a_device_puts_off_waits_for_its_next_session() {
    let lab = Lab::start();
    lab.put_profiles();
    let (wire, id) = quiet(&lab).await;
    let delivery = lab.deliver(&id, "password");
    let second = lab.queue(&id, &security());
    let install = wire.idle().await;
    let first = uuid_of(&install);
    let next = wire.answer(&first, "NotNow", "").await;
    assert_eq!(uuid_of(&next), second, "the others do not wait for it");
    let deferred = lab.delivery(&delivery);
    assert_eq!(deferred["state"], "deferred");
    assert_eq!(deferred["reason"], json!({ "code": "not_now" }));
    assert_eq!(
        wire.answer(&second, "NotNow", "").await,
        "",
        "not twice in one session"
    );
    assert_eq!(lab.command(&second)["not_now"], 1);

    assert_eq!(
        wire.idle().await,
        install,
        "first in, first out, and the same bytes"
    );
    let next = wire.answer(&first, "NotNow", "").await;
    assert_eq!(uuid_of(&next), second);
    assert_eq!(wire.answer(&second, "Acknowledged", "").await, "");
    assert_eq!(wire.idle().await, install);
    let read_back = wire.answer(&first, "Acknowledged", "").await;
    assert!(read_back.contains("ProfileList"), "{read_back}");
    let done = lab.reaches(&delivery, "state=installed");
    assert_eq!(done["not_now"], 2);
    assert_eq!(lab.server.events_of("delivery.deferred").len(), 2);
}

#[tokio::test]
async fn connections_of_one_device_at_the_same_time_get_the_same_command() {
    let lab = Lab::start();
    let (wire, id) = quiet(&lab).await;
    let queued: Vec<String> = (0..3).map(|_| lab.queue(&id, &security())).collect();
    let line = || lab.wire(wire.identity.clone(), "WIRE-1");
    let polls: Vec<_> = (0..8)
        .map(|_| line())
        .map(|line| tokio::spawn(async move { line.idle().await }))
        .collect();
    for poll in polls {
        assert_eq!(uuid_of(&poll.await.unwrap()), queued[0]);
    }
    let lines = [line(), line()];
    // Both report; each gets the one that follows, never two different ones.
    let (x, y) = tokio::join!(
        lines[0].answer(&queued[0], "Acknowledged", ""),
        lines[1].answer(&queued[0], "Acknowledged", ""),
    );
    assert_eq!(uuid_of(&x), queued[1]);
    assert_eq!(x, y);
    assert_eq!(
        lab.server.events_of("command.acknowledged").len(),
        2,
        "one is the inventory"
    );
}

#[tokio::test]
async fn a_report_that_fits_nothing_or_cannot_be_read_blocks_nothing() {
    let lab = Lab::start();
    let (wire, id) = quiet(&lab).await;
    assert_eq!(wire.answer("never-sent", "Acknowledged", "").await, "");
    assert_eq!(wire.answer("&lt;é&amp;", "NotNow", "").await, "");
    assert_eq!(lab.server.events_of("command.unexpected").len(), 2);

    let first = lab.queue(&id, &list());
    let second = lab.queue(&id, &json!({ "type": "certificates" }));
    let third = lab.queue(&id, &security());
    assert_eq!(uuid_of(&wire.idle().await), first);
    let broken = "<key>ProfileList</key><string>&lt;none&gt;</string>";
    let next = wire.answer(&first, "Acknowledged", broken).await;
    assert_eq!(uuid_of(&next), second);
    let broken =
        "<key>CertificateList</key><array><dict><key>Data</key><string>x</string></dict></array>";
    let next = wire.answer(&second, "Acknowledged", broken).await;
    assert_eq!(uuid_of(&next), third);
    let told = lab.server.events_of("command.unreadable");
    assert_eq!(told.len(), 2, "{told:#?}");
    assert_eq!(told[0]["command"], first.as_str());
    assert_eq!(lab.command(&first)["state"], "acknowledged");

    // No property list at all, an unknown status, no CommandUUID: refused, and the command is still there.
    for keys in [
        "<key>Status</key><string>Perhaps</string>",
        "<key>Status</key><string>Acknowledged</string>",
        "<key>Status</key>",
    ] {
        let (status, text) = wire.report(keys).await;
        assert_eq!(status, 400, "{text}");
    }
    assert_eq!(uuid_of(&wire.idle().await), third);
    assert_eq!(wire.answer(&third, "Acknowledged", "").await, "");
}

#[tokio::test]
async fn a_command_may_be_taken_back_even_when_it_went_out() {
    let lab = Lab::start();
    lab.put_profiles();
    let (wire, id) = quiet(&lab).await;
    let cancel = |uuid: &str| {
        lab.server
            .api_ok("DELETE", &format!("/api/v1/commands/{uuid}"), None)
    };
    let first = lab.queue(&id, &security());
    let second = lab.queue(&id, &list());
    assert_eq!(uuid_of(&wire.idle().await), first);
    assert_eq!(cancel(&first)["state"], "cancelled");
    assert_eq!(
        uuid_of(&wire.idle().await),
        second,
        "the next takes its place"
    );
    let (status, refused) = lab
        .server
        .api("DELETE", &format!("/api/v1/commands/{first}"), None);
    assert_eq!(status, 409, "{refused}");
    // The device did it all the same: its answer is unexpected and changes nothing.
    assert_eq!(
        uuid_of(&wire.answer(&first, "Acknowledged", "").await),
        second
    );
    assert_eq!(lab.command(&first)["state"], "cancelled");
    assert_eq!(lab.server.events_of("command.unexpected").len(), 1);
    assert_eq!(cancel(&second)["state"], "cancelled");
    let delivery = lab.deliver(&id, "password");
    let command = lab.delivery(&delivery)["command"].clone();
    cancel(command.as_str().unwrap());
    let ended = lab.delivery(&delivery);
    assert_eq!(ended["state"], "error");
    assert_eq!(ended["reason"], json!({ "code": "cancelled" }));
    assert_eq!(wire.idle().await, "");
    let open = lab.server.api_ok(
        "GET",
        &format!("/api/v1/devices/{id}/commands?open=true"),
        None,
    );
    assert_eq!(open["items"], json!([]));
}

#[tokio::test]
async fn a_simulated_phone_that_is_locked_or_loses_answers_gets_there_in_the_end() {
    let lab = Lab::start();
    lab.put_profiles();
    let mut phone = lab.enroll(Platform::Ios, 1).await;
    phone.device.set_locked(true);
    let delivery = lab.deliver(&phone.id, "exchange");
    phone.device.poll().await.unwrap();
    assert_eq!(lab.reaches(&delivery, "state=deferred")["not_now"], 1);
    phone.device.set_locked(false);
    let rule = |behaviour| Rule {
        request_type: None,
        times: Some(1),
        behaviour,
    };
    phone.device.set_script(Script {
        rules: vec![
            rule(Behaviour::LostAnswer),
            rule(Behaviour::DuplicateReport),
        ],
        ..Script::default()
    });
    phone.device.poll().await.unwrap();
    assert!(phone.device.wants_poll());
    while phone.device.wants_poll() {
        phone.device.poll().await.unwrap();
    }
    let known = lab.reaches(&delivery, "evidence=read_back");
    assert_eq!(known["state"], "installed");
    let repeated = journal(&phone.device, |event| match event {
        Event::ReportRepeated { uuid } => Some(uuid.clone()),
        _ => None,
    });
    assert_eq!(repeated.len(), 1);
    assert!(lab.server.events_of("command.unexpected").is_empty());
    assert_eq!(lab.server.events_of("delivery.acknowledged").len(), 1);
    assert_eq!(phone.device.accounts().len(), 1);
}

#[tokio::test]
async fn a_report_that_was_altered_or_is_of_another_device_changes_nothing() {
    let lab = Lab::start();
    lab.put_profiles();
    let mut phone = lab.enroll(Platform::Ios, 1).await;
    for behaviour in [
        Behaviour::BadSignature,
        Behaviour::TamperedBody,
        Behaviour::WrongUdid,
        Behaviour::BinaryPlist,
    ] {
        let uuid = lab.queue(&phone.id, &security());
        phone.device.set_script(Script {
            rules: vec![Rule {
                request_type: None,
                times: Some(1),
                behaviour: behaviour.clone(),
            }],
            ..Script::default()
        });
        let refused = phone.device.poll().await.unwrap_err().to_string();
        assert!(
            refused.contains("HTTP status 400"),
            "{behaviour:?}: {refused}"
        );
        assert_eq!(lab.command(&uuid)["state"], "sent", "{behaviour:?}");
        // Unharmed, the report is taken.
        phone.device.poll().await.unwrap();
        assert_eq!(lab.command(&uuid)["state"], "acknowledged", "{behaviour:?}");
    }
}
