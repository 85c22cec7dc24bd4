//! `mockmdm devices`: list, show, forget.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::deliveries;
use crate::device::{all, resolve};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{first, items, plain, text, time};
use crate::session::Session;
use crate::table::Table;
use crate::target::Target;

/// Arguments of `devices`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only those of a scope
    #[arg(long, global = true)]
    scope: Option<String>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List devices (the default)
    List,
    /// Show one device and its deliveries
    Show {
        /// Its id, the beginning of it, UDID, serial number, name or user
        device: String,
    },
    /// Purge a device from the records, everywhere
    Forget {
        /// Its id, the beginning of it, UDID, serial number, name or user
        device: String,
    },
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    match arguments.action.unwrap_or(Action::List) {
        Action::List => {
            let scope = arguments.scope;
            let target = Target::new(&["devices"]).maybe("scope", scope);
            let devices = json!({ "items": all(&client, &target).await? });
            session.output.table(&devices, list)?;
        }
        Action::Show { device } => {
            let id = resolve(&client, &device).await?;
            let device = client.get(&Target::new(&["devices", &id])).await?;
            if session.output.is_json() {
                session.output.result(&device, |_| String::new())?;
            } else {
                let deliveries = client
                    .get(&Target::new(&["deliveries"]).query("device", &id))
                    .await?;
                session.output.text(&show(&device))?;
                session.output.table(&deliveries, deliveries::list)?;
            }
        }
        Action::Forget { device } => {
            let id = resolve(&client, &device).await?;
            let answer = client.delete(&Target::new(&["devices", &id])).await?;
            session.output.result(&answer, |_| format!("forgot {id}"))?;
        }
    }
    Ok(Exit::Done)
}

fn list(devices: &Value) -> Table {
    let headings = [
        "id",
        "platform",
        "reality",
        "state",
        "name",
        "serial",
        "os",
        "user",
        "last seen",
    ];
    let mut table = Table::new(
        &headings,
        "no device enrolled yet; `mockmdm code` mints a code for one",
    );
    for device in items(devices) {
        table.row([
            text(device, "id"),
            text(device, "platform"),
            text(device, "reality"),
            text(device, "state"),
            first(device, &["device_name", "product_name"]),
            text(device, "serial_number"),
            text(device, "os_version"),
            text(device, "user.user_principal_name"),
            time(device, "last_seen"),
        ]);
    }
    table
}

fn show(device: &Value) -> String {
    let mut out = String::new();
    let mut line = |label: &str, value: String| {
        if value != "-" {
            // Writing to a `String` cannot fail.
            let _ = writeln!(out, "{label:<14} {}", plain(&value));
        }
    };
    for field in [
        "id",
        "platform",
        "reality",
        "state",
        "scope",
        "device_name",
        "product_name",
        "os_version",
        "udid",
        "serial_number",
    ] {
        line(field, text(device, field));
    }
    line("user", text(device, "user.user_principal_name"));
    line("code", text(device, "code"));
    line("topic", text(device, "topic"));
    line("identity", text(device, "identity"));
    for (label, field) in [
        ("dialect", "windows.dialect"),
        ("enrolled for", "windows.context"),
        ("hardware", "windows.hardware_id"),
        ("logged in", "windows.login"),
        ("proof", "windows.weakest_proof"),
    ] {
        line(label, text(device, field));
    }
    line("state since", time(device, "state_since"));
    line("last seen", time(device, "last_seen"));
    for channel in device.get("channels").map_or(&[][..], items) {
        let owner = first(channel, &["owner.short_name", "owner.key", "owner.kind"]);
        let active = if text(channel, "active") == "true" {
            "active"
        } else {
            "inactive"
        };
        line(
            "channel",
            format!("{} ({owner}, {active})", text(channel, "id")),
        );
    }
    line("hint", text(device, "hint"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> Value {
        json!({
            "id": "d1", "scope": "default", "platform": "ios", "reality": "simulated", "state": "authenticated",
            "state_since": "2026-11-21T02:43:00Z", "created_at": "2026-11-21T02:40:00Z",
            "last_seen": "2026-11-21T02:43:00.5Z", "udid": "U-1", "serial_number": "S1", "product_name": "iPhone14,2",
            "device_name": "Zoë's & <i>\u{1b}[31m", "os_version": "18.1", "user": {"user_principal_name": "ada@example.com"},
            "code": null, "hint": "it sent no push token",
            "channels": [{"id": "d1", "owner": {"kind": "device"}, "active": true}],
        })
    }

    #[test]
    fn for_people() {
        insta::assert_snapshot!(list(&json!({"items": [device()]})).to_string(), @r"
        id  platform  reality    state          name                   serial  os    user             last seen
        d1  ios       simulated  authenticated  Zoë's & <i>\u{1b}[31m  S1      18.1  ada@example.com  2026-11-21 02:43:00
        ");
        insta::assert_snapshot!(show(&device()), @r"
        id             d1
        platform       ios
        reality        simulated
        state          authenticated
        scope          default
        device_name    Zoë's & <i>\u{1b}[31m
        product_name   iPhone14,2
        os_version     18.1
        udid           U-1
        serial_number  S1
        user           ada@example.com
        state since    2026-11-21 02:43:00
        last seen      2026-11-21 02:43:00
        channel        d1 (device, active)
        hint           it sent no push token
        ");
    }
}
