//! Which device is meant: its id, or what a person reads off it.

use serde_json::Value;

use crate::client::Client;
use crate::failure::Failure;
use crate::field::{items, text};
use crate::target::Target;

/// The fields a person may name a device by.
const NAMES: [&str; 5] = [
    "id",
    "udid",
    "serial_number",
    "device_name",
    "user.user_principal_name",
];

/// Reads every page of a list.
pub(crate) async fn all(client: &Client, list: &Target) -> Result<Vec<Value>, Failure> {
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = client
            .get(&list.clone().maybe("after", after.as_deref()))
            .await?;
        found.extend(items(&page).iter().cloned());
        match page.get("next").and_then(Value::as_str) {
            Some(next) if !items(&page).is_empty() && after.as_deref() != Some(next) => {
                after = Some(next.to_owned());
            }
            Some(_) | None => return Ok(found),
        }
    }
}

/// The id of the device that is named by its id, the beginning of it, its UDID, serial number, name or user.
pub(crate) async fn resolve(client: &Client, name: &str) -> Result<String, Failure> {
    let devices = all(client, &Target::new(&["devices"])).await?;
    choose(&devices, name)
}

fn choose(devices: &[Value], name: &str) -> Result<String, Failure> {
    let by = |matches: &dyn Fn(&Value) -> bool| -> Vec<String> {
        devices
            .iter()
            .filter(|device| matches(device))
            .map(|device| text(device, "id"))
            .collect()
    };
    let mut found = NAMES
        .iter()
        .map(|field| by(&|device| name != "-" && text(device, field) == name))
        .find(|found| !found.is_empty())
        .unwrap_or_else(|| by(&|device| name.len() >= 4 && text(device, "id").starts_with(name)));
    match (found.pop(), found.is_empty()) {
        (Some(id), true) => Ok(id),
        (Some(_), false) => {
            let text = format!("`{name}` names {} devices", found.len() + 1);
            Err(Failure::usage(
                text,
                "give an id; `mockmdm devices` lists them",
            ))
        }
        (None, _) => Err(Failure::usage(
            format!("no device is named `{name}`"),
            "`mockmdm devices` lists them",
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::canned::{answer, serve};

    #[test]
    fn names() {
        let devices = [
            json!({"id": "0a1b2c", "udid": "U1", "serial_number": "S1", "device_name": "phone"}),
            json!({"id": "0a1b9d", "udid": "U2", "serial_number": null, "device_name": "phone"}),
            json!({"id": "U1x9", "user": {"user_principal_name": "ada@example.com"}}),
        ];
        for (name, expected) in [
            ("0a1b2c", Ok("0a1b2c")),
            ("U1", Ok("0a1b2c")),
            ("S1", Ok("0a1b2c")),
            ("ada@example.com", Ok("U1x9")),
            ("0a1b9", Ok("0a1b9d")),
            ("0a1b", Err("`0a1b` names 2 devices")),
            ("phone", Err("`phone` names 2 devices")),
            ("U1x", Err("no device is named `U1x`")),
            ("-", Err("no device is named `-`")),
        ] {
            let chosen = choose(&devices, name).map_err(|failure| failure.to_string());
            assert_eq!(
                chosen,
                expected.map(str::to_owned).map_err(str::to_owned),
                "{name}"
            );
        }
    }

    #[tokio::test]
    async fn every_page_is_read() {
        let pages = [
            r#"{"items":[{"id":"a"}],"next":"a&b"}"#,
            r#"{"items":[{"id":"c"}],"next":null}"#,
        ];
        let (url, served) = serve(pages.iter().map(|page| answer("200 OK", page)).collect()).await;
        let found = all(
            &Client::new(&url, None).unwrap(),
            &Target::new(&["devices"]),
        )
        .await
        .unwrap();
        assert_eq!(found, [json!({"id": "a"}), json!({"id": "c"})]);
        let asked: Vec<String> = served
            .await
            .unwrap()
            .iter()
            .map(|request| request.lines().next().unwrap().to_owned())
            .collect();
        assert_eq!(
            asked,
            [
                "GET /api/v1/devices HTTP/1.1",
                "GET /api/v1/devices?after=a%26b HTTP/1.1"
            ]
        );
    }
}
