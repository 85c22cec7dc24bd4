//! Well-formed messages at the wrong time, or from the wrong device.

use serde_json::json;

use crate::apple_wire::uuid_of;
use crate::hostile_siege::Siege;

/// Everything.
pub(crate) async fn attack(siege: &Siege) {
    order(siege).await;
    one_udid_of_two(siege).await;
    never_now(siege).await;
}

/// Messages of one device, in no order a device would choose.
async fn order(siege: &Siege) {
    let lab = &siege.lab;
    let wire = lab.wire(lab.identity().await, "ORDER-0001");
    let idle = "<key>Status</key><string>Idle</string>";
    for (what, answer) in [
        ("a token before the start", wire.token_update().await),
        ("a report before the start", wire.report(idle).await),
        (
            "leaving before the start",
            wire.check_in("CheckOut", "").await,
        ),
    ] {
        assert_eq!(answer.0, 400, "{what}: {}", answer.1);
    }
    assert_eq!(wire.authenticate().await.0, 200);
    let (status, text) = wire.report(idle).await;
    assert_eq!(status, 400, "a report before the token: {text}");
    assert_eq!(wire.token_update().await.0, 200);
    wire.drain().await;

    let id = id_of(siege, "ORDER-0001");
    let uuid = lab.queue(&id, &json!({ "type": "security_info" }));
    let next = wire.answer("NO-SUCH-COMMAND", "Acknowledged", "").await;
    assert_eq!(
        uuid_of(&next),
        uuid,
        "the answer to nothing is noted, and the queue goes on"
    );
    assert_eq!(lab.server.events_of("command.unexpected").len(), 1);
    for _ in 0..3 {
        assert_eq!(wire.answer(&uuid, "Acknowledged", "").await, "");
    }
    let told = lab.server.events_of("command.acknowledged");
    let told = told
        .iter()
        .filter(|event| event["command"] == uuid.as_str());
    assert_eq!(told.count(), 1, "one acknowledgement, whatever comes later");
    let unknown = wire
        .report("<key>Status</key><string>Perhaps</string>")
        .await;
    assert_eq!(unknown.0, 400, "{}", unknown.1);
    let nameless = wire
        .report("<key>Status</key><string>Acknowledged</string>")
        .await;
    assert_eq!(nameless.0, 400, "{}", nameless.1);
}

/// A second identity that claims the first device's UDID is refused, and the first goes on as before.
async fn one_udid_of_two(siege: &Siege) {
    let lab = &siege.lab;
    let mine = lab.wire_of(&siege.device);
    let thief = lab.wire(lab.identity().await, &mine.udid);
    for (what, (status, text)) in [
        (
            "a report",
            thief.report("<key>Status</key><string>Idle</string>").await,
        ),
        ("a token", thief.token_update().await),
        ("leaving", thief.check_in("CheckOut", "").await),
    ] {
        assert_eq!(status, 400, "{what}: {text}");
    }
    assert_eq!(lab.show(&lab.id_of(&siege.device))["state"], "enrolled");
    // Authenticate with a fresh identity is what a device does that was erased: it starts anew.
    let before = lab.server.events_of("enrollment.restarted").len();
    let serial = siege.device.persona().serial_number.clone();
    let twin = lab.wire(lab.identity().await, "TWIN-0001");
    let keys = format!(
        "<key>Topic</key><string>com.apple.mgmt.test</string><key>SerialNumber</key><string>{serial}</string>"
    );
    assert_eq!(
        twin.check_in("Authenticate", &keys).await.0,
        200,
        "one serial number of two is reported, no more"
    );
    assert_eq!(lab.server.events_of("enrollment.restarted").len(), before);
    mine.drain().await;
}

/// A device that never has time: its command stays, offered once in each session.
async fn never_now(siege: &Siege) {
    let lab = &siege.lab;
    let wire = lab.wire_of(&siege.device);
    let id = lab.id_of(&siege.device);
    let uuid = lab.queue(&id, &json!({ "type": "security_info" }));
    for _ in 0..1000 {
        assert_eq!(uuid_of(&wire.idle().await), uuid);
        assert_eq!(wire.answer(&uuid, "NotNow", "").await, "");
    }
    assert_eq!(lab.command(&uuid)["state"], "deferred");
    assert_eq!(uuid_of(&wire.idle().await), uuid);
    assert_eq!(wire.answer(&uuid, "Acknowledged", "").await, "");
}

/// What the server calls the device with this UDID.
fn id_of(siege: &Siege, udid: &str) -> String {
    let list = siege.lab.server.api_ok("GET", "/api/v1/devices", None);
    let found = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["udid"] == udid);
    found.unwrap_or_else(|| panic!("{list:#}"))["id"]
        .as_str()
        .unwrap()
        .to_owned()
}
