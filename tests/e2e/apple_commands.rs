//! Commands of every kind, raw ones too, and the ones that need leave.

use mdm_simulators::apple::{Event, Platform};
use serde_json::{Value, json};

use crate::apple_lab::{Enrolled, Lab, journal};
use crate::apple_wire::uuid_of;

/// Raw commands that would erase or lock, in every disguise a property list allows.
fn disguises() -> Vec<String> {
    let plist = |inner: &str| {
        format!("<?xml version=\"1.0\"?><plist version=\"1.0\"><dict>{inner}</dict></plist>")
    };
    let request = |kind: &str| format!("<key>RequestType</key><string>{kind}</string>");
    let nested = |inner: &str| format!("<key>Command</key><dict>{inner}</dict>");
    vec![
        plist(&request("EraseDevice")),
        plist(&request("Erase&#68;evice")),
        plist(&request("<![CDATA[EraseDevice]]>")),
        plist(&request("eraseDEVICE")),
        plist(&request(" EraseDevice\n")),
        plist(&request("DeviceLock")),
        plist(&request("ClearPasscode")),
        plist(&request("RestartDevice")),
        plist(&nested(&request("EraseDevice"))),
        plist(&format!(
            "<key>CommandUUID</key><string>x</string>{}",
            nested(&format!(
                "<key>PIN</key><string>123456</string>{}",
                request("EraseDevice")
            ))
        )),
        plist(&nested(&nested(&request("EraseDevice")))),
        plist(&format!(
            "{}{}",
            request("ProfileList"),
            nested(&request("EraseDevice"))
        )),
    ]
}

fn send(lab: &Lab, device: &str, body: &Value) -> (u16, Value) {
    lab.server.api(
        "POST",
        &format!("/api/v1/devices/{device}/commands"),
        Some(body),
    )
}

#[tokio::test]
async fn facts_are_asked_for_and_kept() {
    let lab = Lab::start();
    let Enrolled { mut device, id } = lab.enroll(Platform::Ios, 1).await;
    let queries =
        json!({ "type": "device_information", "queries": ["DeviceName", "EASDeviceIdentifier"] });
    let uuids: Vec<String> = [
        queries,
        json!({ "type": "security_info" }),
        json!({ "type": "profiles", "managed_only": true }),
        json!({ "type": "certificates" }),
    ]
    .iter()
    .map(|item| lab.queue(&id, item))
    .collect();
    device.poll().await.unwrap();
    for uuid in &uuids {
        assert_eq!(lab.command(uuid)["state"], "acknowledged");
    }
    let shown = lab.show(&id);
    let eas = device.persona().eas_device_identifier.as_str();
    assert_eq!(shown["information"]["EASDeviceIdentifier"], eas);
    assert_eq!(
        shown["information"]["DeviceName"],
        device.persona().device_name.as_str()
    );
}

#[tokio::test]
async fn a_raw_command_leaves_as_it_was_written_under_a_uuid_of_ours() {
    let lab = Lab::start();
    let wire = lab.wire(lab.identity().await, "WIRE-1");
    wire.enroll().await;
    wire.drain().await;
    let list = lab.server.api_ok("GET", "/api/v1/devices", None);
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    let plist = "<plist version=\"1.0\"><dict><key>RequestType</key><string>Settings</string><key>Settings</key>\
                 <array><dict><key>Item</key><string>DeviceName</string><key>DeviceName</key>\
                 <string>Ada &amp; &lt;é&gt; \"x\"</string></dict></array></dict></plist>";
    let (status, made) = send(&lab, &id, &json!({ "plist": plist }));
    assert_eq!(status, 201, "{made}");
    let command = wire.idle().await;
    assert_eq!(uuid_of(&command), made["uuid"].as_str().unwrap());
    assert!(command.contains("<string>Settings</string>"), "{command}");
    assert!(command.contains("Ada &amp; &lt;é&gt; \"x\""), "{command}");
    assert_eq!(
        wire.answer(&uuid_of(&command), "Acknowledged", "").await,
        ""
    );
    // Of a key that comes twice one counts; what was judged is what leaves.
    let twice = "<plist version=\"1.0\"><dict><key>RequestType</key><string>ProfileList</string>\
                 <key>RequestType</key><string>EraseDevice</string></dict></plist>";
    assert_eq!(send(&lab, &id, &json!({ "plist": twice })).0, 201);
    let command = wire.idle().await;
    assert!(
        command.contains("ProfileList") && !command.contains("Erase"),
        "{command}"
    );
    for (body, part) in [
        (json!({ "plist": "<plist/>" }), "plist"),
        (json!({ "plist": "nonsense" }), "plist"),
        (json!({}), "one of `item`, `plist` and `syncml`"),
        (
            json!({ "item": { "type": "profiles" }, "channel": "d-other" }),
            "d-other",
        ),
    ] {
        let (status, problem) = send(&lab, &id, &body);
        assert!(status == 400 || status == 404, "{status} {problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains(part),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn nothing_destructive_leaves_without_leave() {
    let lab = Lab::start();
    let Enrolled { mut device, id } = lab.enroll(Platform::Ios, 1).await;
    for kind in ["lock", "erase", "clear_passcode", "restart"] {
        let (status, problem) = send(&lab, &id, &json!({ "item": { "type": kind } }));
        assert_eq!(status, 403, "{kind}: {problem}");
        assert!(
            problem["hint"]
                .as_str()
                .unwrap()
                .contains("--allow-destructive"),
            "{problem}"
        );
    }
    for plist in disguises() {
        let (status, answer) = send(&lab, &id, &json!({ "plist": plist }));
        assert!(
            status == 403 || status == 400,
            "{status} for {plist}: {answer}"
        );
    }
    assert!(device.poll().await.unwrap().commands.is_empty());
    let open = lab
        .server
        .api_ok("GET", &format!("/api/v1/devices/{id}/commands"), None);
    assert_eq!(
        open["items"].as_array().unwrap().len(),
        1,
        "the inventory of its first day"
    );
}

#[tokio::test]
async fn with_leave_a_device_enrolled_since_can_be_locked_and_erased() {
    let lab = Lab::with(&["--allow-destructive"]);
    let Enrolled { mut device, id } = lab.enroll(Platform::Ios, 1).await;
    let rights = device.enrollment().unwrap().payload.access_rights;
    assert_eq!(rights, 8191);
    assert_eq!(lab.show(&id)["unlock_token"], true);
    lab.queue(
        &id,
        &json!({ "type": "lock", "message": "Ada & <é>", "pin": "123456" }),
    );
    device.poll().await.unwrap();
    assert!(device.is_locked());
    lab.queue(&id, &json!({ "type": "clear_passcode" }));
    device.poll().await.unwrap();
    assert!(
        !device.is_locked(),
        "the token that unlocks it came back as it was"
    );
    let plist = disguises().remove(1);
    let (status, made) = send(&lab, &id, &json!({ "plist": plist }));
    assert_eq!(status, 201, "{made}");
    device.poll().await.unwrap();
    assert_eq!(
        lab.command(made["uuid"].as_str().unwrap())["state"],
        "acknowledged"
    );
    let erased = journal(&device, |event| {
        matches!(event, Event::Erased).then_some(())
    });
    assert_eq!(erased.len(), 1);

    // Who does not hold the token may look, and may not destroy.
    let body = json!({ "item": { "type": "erase" } }).to_string();
    let answer = crate::http::send(
        "POST",
        &lab.server.admin_url(),
        &format!("/api/v1/devices/{id}/commands"),
        &[("Content-Type", "application/json")],
        body.as_bytes(),
    );
    assert!(
        answer.status == 401 || answer.status == 403,
        "{}",
        answer.text()
    );
}
