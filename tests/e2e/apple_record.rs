//! What is on record of a conversation, what is cut out of it, and what outlives the process.

use mdm_simulators::apple::Platform;
use serde_json::{Value, json};

use crate::apple_lab::{Enrolled, Lab, ada};
use crate::apple_wire::uuid_of;
use crate::environment::{Environment, Options};

/// All exchanges whose operation begins like this, whole.
fn exchanges(lab: &Lab, operation: &str) -> Vec<Value> {
    let list = lab
        .server
        .api_ok("GET", "/api/v1/exchanges?limit=1000", None);
    assert_eq!(list["lost"], 0);
    let items = list["items"].as_array().unwrap().clone();
    items
        .iter()
        .filter(|item| item["operation"].as_str().unwrap().starts_with(operation))
        .map(|item| {
            lab.server
                .api_ok("GET", &format!("/api/v1/exchanges/{}", item["id"]), None)
        })
        .collect()
}

#[tokio::test]
async fn of_a_simulated_device_every_byte_of_both_sides_is_there() {
    let lab = Lab::start();
    lab.put_profiles();
    let wire = lab.wire(lab.identity().await, "WIRE-1");
    wire.enroll().await;
    wire.drain().await;
    let list = lab.server.api_ok("GET", "/api/v1/devices", None);
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    lab.deliver(&id, "exchange");
    let install = wire.idle().await;
    let answered = wire
        .answer(
            &uuid_of(&install),
            "NotNow",
            "<key>X</key><string>&lt;é&amp;</string>",
        )
        .await;
    assert_eq!(answered, "");

    let sent = exchanges(&lab, "connect Idle -> InstallProfile");
    assert_eq!(sent.len(), 1, "{sent:#?}");
    assert_eq!(sent[0]["response"]["body"]["text"], install);
    assert_eq!(sent[0]["simulated"], true);
    assert_eq!(sent[0]["device"], id.as_str());
    let idle = wire.body("<key>Status</key><string>Idle</string>");
    assert_eq!(sent[0]["request"]["body"]["text"], idle);
    let headers = sent[0]["request"]["headers"].as_array().unwrap();
    assert!(
        headers.iter().any(|header| header[0] == "mdm-signature"),
        "{headers:#?}"
    );
    assert!(
        sent[0]["tls"].as_str().unwrap().contains("TLS"),
        "{}",
        sent[0]["tls"]
    );
    let refused = exchanges(&lab, "connect NotNow");
    let text = refused[0]["request"]["body"]["text"].as_str().unwrap();
    assert!(
        text.contains("<key>X</key><string>&lt;é&amp;</string>"),
        "{text}"
    );
    let updates = exchanges(&lab, "checkin TokenUpdate");
    let text = updates[0]["request"]["body"]["text"].as_str().unwrap();
    assert!(
        text.contains("secret magic") && text.contains("c2VjcmV0IHRva2Vu"),
        "{text}"
    );
}

#[tokio::test]
async fn of_a_real_device_secrets_are_cut_out_before_anything_is_written() {
    for (arguments, kept) in [(vec![], false), (vec!["--keep-secrets"], true)] {
        let lab = Lab::with(&arguments);
        lab.put_profiles();
        let code = json!({ "user": ada() });
        let url = lab.invitation_with(&code);
        let Enrolled { mut device, id } = lab.enroll_at(lab.device(Platform::Ios, 1), &url).await;
        assert_eq!(lab.show(&id)["reality"], "real");
        let delivery = lab.deliver(&id, "exchange");
        device.poll().await.unwrap();
        lab.reaches(&delivery, "evidence=read_back");
        let link = lab.server.link("smime", &ada());
        lab.device(Platform::Ios, 2)
            .install_from_link(&link)
            .await
            .unwrap();

        // Also where they are written as no device of ours does.
        let odd = [
            url.replace("code=", "c%6fde="),
            link.replace("/p/", "/P/"),
            link.replace("/p/", "/%70/"),
        ];
        for url in odd {
            assert_eq!(lab.client().get(&url).await.unwrap().status, 200, "{url}");
        }

        // Tokens and magics of every channel, the code, the token of the link.
        let all = exchanges(&lab, "");
        let text = serde_json::to_string(&all).unwrap();
        let magic = device.push_magic(mdm_simulators::apple::Channel::Device);
        let code = url.rsplit("code=").next().unwrap();
        let token = link.rsplit('/').next().unwrap();
        for secret in [magic.as_str(), code, token] {
            assert_eq!(text.contains(secret), kept, "{secret}");
        }
        // Challenges and passwords inside profiles, in the clear, signed, or wrapped in a command.
        let mut bodies = String::new();
        for exchange in &all {
            let body = &exchange["response"]["body"];
            let bytes = match (body["text"].as_str(), body["base64"].as_str()) {
                (Some(text), _) => text.as_bytes().to_vec(),
                (None, Some(base64)) => {
                    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, base64)
                        .unwrap()
                }
                _ => panic!("{exchange:#}"),
            };
            bodies.push_str(&String::from_utf8_lossy(&bytes));
        }
        let cut = bodies.matches("<string>***(").count() + bodies.matches("<data>***(").count();
        assert_eq!(cut == 0, kept, "{bodies}");
        for key in ["Challenge", "Password"] {
            let from = format!("<key>{key}</key>");
            let values: Vec<&str> = bodies
                .split(&from)
                .skip(1)
                .map(|rest| rest.trim_start().trim_start_matches("<string>"))
                .collect();
            assert!(!values.is_empty(), "{key}");
            for value in values {
                let shown: String = value.chars().take(40).collect();
                assert_eq!(value.starts_with("***("), !kept, "{key}: {shown}");
            }
        }
        if !kept {
            assert!(
                !bodies.contains("<key>Payload</key>\n\t<data>MII"),
                "{bodies}"
            );
        }
    }
}

#[tokio::test]
async fn a_delivery_goes_on_after_the_process_was_killed_in_the_middle() {
    let mut lab = Lab {
        server: Environment::start(Options::kept()),
    };
    lab.put_profiles();
    let mut phone = lab.enroll(Platform::Ios, 1).await;
    let delivery = lab.deliver(&phone.id, "exchange");
    let wire = lab.wire_of(&phone.device);
    let install = wire.idle().await;
    let events = lab.server.events();
    lab.server.kill9();
    let after = lab.server.events();
    assert_eq!(
        after[..events.len()],
        events[..],
        "nothing that was told is lost"
    );
    assert_eq!(lab.delivery(&delivery)["state"], "sent");
    assert_eq!(lab.show(&phone.id)["state"], "enrolled");
    let wire = lab.wire_of(&phone.device);
    assert_eq!(
        wire.idle().await,
        install,
        "the same bytes, by another process"
    );

    // Acknowledged, killed, acknowledged again: once is once.
    let next = wire.answer(&uuid_of(&install), "NotNow", "").await;
    assert_eq!(next, "");
    lab.server.kill9();
    assert_eq!(lab.delivery(&delivery)["not_now"], 1);
    phone.device.poll().await.unwrap();
    let known = lab.reaches(&delivery, "evidence=read_back");
    assert_eq!(known["state"], "installed");
    lab.server.kill9();
    assert_eq!(lab.delivery(&delivery), known);
    let numbers: Vec<u64> = lab
        .server
        .events()
        .iter()
        .map(|e| e["seq"].as_u64().unwrap())
        .collect();
    let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, expected, "no gap, across four processes");
    assert_eq!(lab.server.events_of("delivery.acknowledged").len(), 1);
}
