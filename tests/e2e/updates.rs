//! Edits of assigned profiles: which reach a device, which ask its user, and what an answer does.

use mdm_simulators::apple::Platform;
use serde_json::{Value, json};

use crate::apple_lab::{Enrolled, Lab};

fn mail(more: &str) -> String {
    format!(
        "id = \"mail\"\ntype = \"ios_exchange\"\ndisplay_name = \"Mail\"\nhost_name = \"mail.example.com\"\n\
         account_name = \"Work\"\n{more}\n"
    )
}

/// A phone that has the profile `mail` by assignment, and the delivery's id.
async fn installed() -> (Lab, Enrolled, String) {
    let lab = Lab::start();
    lab.server.put_profile(&mail(""));
    let all = json!({ "all_devices": true });
    lab.server
        .api_ok("PUT", "/api/v1/assignments/mail", Some(&all));
    let mut phone = lab.enroll(Platform::Ios, 1).await;
    phone.device.poll().await.unwrap();
    let path = format!("/api/v1/deliveries?device={}", phone.id);
    let list = lab.server.api_ok("GET", &path, None);
    let id = list["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(lab.delivery(&id)["state"], "installed");
    (lab, phone, id)
}

fn prompts(lab: &Lab) -> Vec<Value> {
    let list = lab.server.api_ok("GET", "/api/v1/prompts", None);
    list["items"].as_array().unwrap().clone()
}

fn answer(lab: &Lab, prompt: &Value, answer: &str) -> (u16, Value) {
    let path = format!("/api/v1/prompts/{}/answer", prompt["id"].as_str().unwrap());
    lab.server
        .api("POST", &path, Some(&json!({ "answer": answer })))
}

#[tokio::test]
async fn r52_a_name_never_reaches_the_device_and_a_flag_does_so_silently() {
    let (lab, mut phone, id) = installed().await;
    let attempts = lab.delivery(&id)["attempts"].clone();
    lab.server
        .put_profile(&mail("description = \"what it is for\""));
    let delivery = lab.delivery(&id);
    assert_eq!(delivery["state"], "installed");
    assert_eq!(
        (&delivery["desired_revision"], &delivery["applied_revision"]),
        (&json!(2), &json!(2))
    );
    phone.device.poll().await.unwrap();
    assert_eq!(lab.delivery(&id)["attempts"], attempts, "nothing was sent");

    lab.server.put_profile(&mail(
        "description = \"what it is for\"\nrequire_ssl = false",
    ));
    assert_eq!(lab.delivery(&id)["state"], "queued");
    phone.device.poll().await.unwrap();
    let delivery = lab.delivery(&id);
    assert_eq!(
        (&delivery["state"], &delivery["applied_revision"]),
        (&json!("installed"), &json!(3))
    );
    assert_eq!(delivery["generation"], 1);
    assert_eq!(prompts(&lab), Vec::<Value>::new());
}

#[tokio::test]
async fn r51_an_edit_asks_the_user_who_approves_or_declines() {
    let (lab, mut phone, id) = installed().await;
    lab.server.put_profile(&mail("use_oauth = true"));
    let [prompt] = &prompts(&lab)[..] else {
        panic!("{:#?}", prompts(&lab))
    };
    assert_eq!(prompt["kind"], "password_reentry");
    assert_eq!(prompt["known"], "expected");
    assert_eq!(prompt["answer"], "unanswered");
    assert_eq!(
        (&prompt["before"], &prompt["revision"]),
        (&json!(1), &json!(2))
    );
    let (status, problem) = answer(&lab, prompt, "declined");
    assert_eq!(status, 409, "not before it was acknowledged: {problem:#}");

    phone.device.poll().await.unwrap();
    assert_eq!(lab.delivery(&id)["state"], "installed");
    let (status, said) = answer(&lab, prompt, "declined");
    assert_eq!(
        (status, &said["known"]),
        (200, &json!("recorded")),
        "{said:#}"
    );
    let declined = lab.delivery(&id);
    assert_eq!(declined["state"], "error");
    assert_eq!(declined["reason"]["code"], "user_declined");
    assert_eq!(declined["applied_revision"], 1, "the old revision works on");
    assert_eq!(declined["intune"]["status"], "error");

    let (status, _) = answer(&lab, prompt, "approved");
    assert_eq!(status, 200);
    let approved = lab.delivery(&id);
    assert_eq!(
        (&approved["state"], &approved["applied_revision"]),
        (&json!("installed"), &json!(2))
    );
    assert_eq!(approved["intune"]["portal"], "Succeeded");
    for kind in ["prompt.expected", "prompt.answered"] {
        assert!(!lab.server.events_of(kind).is_empty(), "{kind}");
    }
}

#[tokio::test]
async fn another_host_makes_the_account_anew() {
    let (lab, mut phone, id) = installed().await;
    let moved = mail("").replace("mail.example.com", "new.example.com");
    lab.server.put_profile(&moved);
    phone.device.poll().await.unwrap();
    let delivery = lab.delivery(&id);
    assert_eq!(
        (&delivery["state"], &delivery["generation"]),
        (&json!("installed"), &json!(2))
    );
    let hosts: Vec<_> = phone
        .device
        .accounts()
        .iter()
        .map(|a| a.host.as_str())
        .collect();
    assert_eq!(hosts, ["new.example.com"]);
    assert_eq!(prompts(&lab)[0]["kind"], "password_reentry");
}
