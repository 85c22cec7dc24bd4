//! A Mac with two users: each has a queue of their own, beside the device's.

use serde_json::{Value, json};

use crate::apple_lab::{Lab, Wire, uuid_of};

/// Tokens and users as a Mac sends them.
async fn introduce(wire: &Wire) {
    let topic = "<key>Topic</key><string>com.apple.mgmt.test</string>";
    let token =
        format!("{topic}<key>Token</key><data>AAEC</data><key>PushMagic</key><string>m</string>");
    let device = format!("{topic}<key>ProductName</key><string>Mac16,12</string>");
    assert_eq!(wire.check_in("Authenticate", &device).await.0, 200);
    assert_eq!(wire.check_in("TokenUpdate", &token).await.0, 200);
    for (id, name) in [("U-1", "ada"), ("U-2", "gr&amp;ce")] {
        let user = format!("{token}{}", user(id, name));
        assert_eq!(wire.check_in("TokenUpdate", &user).await.0, 200);
    }
}

fn user(id: &str, name: &str) -> String {
    format!("<key>UserID</key><string>{id}</string><key>UserShortName</key><string>{name}</string>")
}

async fn say(wire: &Wire, user: &str, status: &str, uuid: Option<&str>) -> String {
    let uuid = uuid.map_or_else(String::new, |uuid| {
        format!("<key>CommandUUID</key><string>{uuid}</string>")
    });
    let keys = format!("<key>Status</key><string>{status}</string>{uuid}{user}");
    let (code, body) = wire.report(&keys).await;
    assert_eq!(code, 200, "{body}");
    body
}

#[tokio::test]
async fn each_user_gets_what_is_theirs_and_nobody_elses() {
    let lab = Lab::start();
    lab.put_profiles();
    let wire = lab.wire(lab.identity().await, "WIRE-MAC");
    introduce(&wire).await;
    wire.drain().await;
    let list = lab.server.api_ok("GET", "/api/v1/devices", None);
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    let channels = lab.show(&id)["channels"].clone();
    assert_eq!(channels.as_array().unwrap().len(), 3, "{channels:#}");

    let deliver = |user: &Value| {
        let body = json!({ "device": id, "profile": "mac-exchange", "user": user });
        lab.server.api("POST", "/api/v1/deliveries", Some(&body))
    };
    let (status, grace) = deliver(&json!("gr&ce"));
    assert_eq!(status, 201, "{grace}");
    let (status, ada) = deliver(&json!("U-1"));
    assert_eq!(status, 201, "{ada}");
    assert_ne!(grace["id"], ada["id"]);
    assert_eq!(
        deliver(&json!("gr&ce")).1["id"],
        grace["id"],
        "the same one"
    );
    let (status, nobody) = deliver(&json!("nobody & <é>"));
    assert_eq!(status, 404, "{nobody}");

    assert_eq!(wire.idle().await, "", "nothing for the device itself");
    let (first, second) = (user("U-1", "ada"), user("U-2", "gr&amp;ce"));
    let for_ada = say(&wire, &first, "Idle", None).await;
    let for_grace = say(&wire, &second, "Idle", None).await;
    assert_eq!(
        json!(uuid_of(&for_ada)),
        lab.delivery(ada["id"].as_str().unwrap())["command"]
    );
    assert_eq!(
        json!(uuid_of(&for_grace)),
        lab.delivery(grace["id"].as_str().unwrap())["command"]
    );

    // An answer on another channel than the command's changes nothing.
    say(&wire, &second, "Acknowledged", Some(&uuid_of(&for_ada))).await;
    assert_eq!(lab.delivery(ada["id"].as_str().unwrap())["state"], "sent");
    assert_eq!(lab.server.events_of("command.unexpected").len(), 1);
    say(&wire, &first, "Acknowledged", Some(&uuid_of(&for_ada))).await;
    assert_eq!(
        lab.delivery(ada["id"].as_str().unwrap())["state"],
        "installed"
    );
    assert_eq!(lab.delivery(grace["id"].as_str().unwrap())["state"], "sent");

    // A user who never sent a token has no channel; one who left has none any more.
    let keys = format!(
        "<key>Status</key><string>Idle</string>{}",
        user("U-3", "eve")
    );
    let (status, text) = wire.report(&keys).await;
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("TokenUpdate comes first"), "{text}");
    let left = format!("<key>Topic</key><string>com.apple.mgmt.test</string>{second}");
    assert_eq!(wire.check_in("CheckOut", &left).await.0, 200);
    assert_eq!(lab.show(&id)["state"], "enrolled");
    let gone = lab.delivery(grace["id"].as_str().unwrap());
    assert_eq!(gone["state"], "gone");
    assert_eq!(gone["reason"], json!({ "code": "device_left" }));
    assert_eq!(
        lab.delivery(ada["id"].as_str().unwrap())["state"],
        "installed"
    );
    assert_eq!(say(&wire, &second, "Idle", None).await, "");
    let active = lab.show(&id)["channels"].clone();
    let active: Vec<_> = active
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["active"].clone())
        .collect();
    assert_eq!(active, [true, true, false]);
}
