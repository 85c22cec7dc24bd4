//! `mockmdm deliveries`: list, show, deliver again.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use http::StatusCode;
use serde_json::Value;

use super::commands::nodes;
use crate::client::Client;
use crate::device::resolve;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{first, items, plain, text, time};
use crate::session::Session;
use crate::table::Table;
use crate::target::Target;

/// Arguments of `deliveries`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    filter: Filter,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Default, Args)]
struct Filter {
    /// Only those of a device
    #[arg(long, global = true)]
    device: Option<String>,
    /// Only those of a profile
    #[arg(long, global = true)]
    profile: Option<String>,
    /// Only those in a state, such as `installed`
    #[arg(long, global = true)]
    state: Option<String>,
    /// Only those of a scope
    #[arg(long, global = true)]
    scope: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List deliveries (the default)
    List,
    /// Show one delivery with its evidence and history
    Show {
        /// Its id
        delivery: String,
    },
    /// Send the profile again
    Redeliver {
        /// Its id
        delivery: String,
    },
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    match arguments.action.unwrap_or(Action::List) {
        Action::List => {
            let filter = arguments.filter;
            let device = match &filter.device {
                Some(device) => Some(resolve(&client, device).await?),
                None => None,
            };
            let target = Target::new(&["deliveries"])
                .maybe("device", device)
                .maybe("profile", filter.profile)
                .maybe("state", filter.state)
                .maybe("scope", filter.scope);
            session.output.table(&client.get(&target).await?, list)?;
        }
        Action::Show { delivery } => {
            let delivery = client.get(&Target::new(&["deliveries", &delivery])).await?;
            let command = carrier(&client, &delivery).await?;
            session.output.result(&delivery, |delivery| {
                let mut out = show(delivery);
                if let Some(table) = command.as_ref().and_then(nodes) {
                    out.push('\n');
                    out.push_str(&table.to_string());
                }
                out
            })?;
        }
        Action::Redeliver { delivery } => {
            let target = Target::new(&["deliveries", &delivery, "redeliver"]);
            let delivery = client.post(&target, &serde_json::json!({})).await?;
            session.output.result(&delivery, show)?;
        }
    }
    Ok(Exit::Done)
}

/// The command that carries a delivery, while it is known.
async fn carrier(client: &Client, delivery: &Value) -> Result<Option<Value>, Failure> {
    let Some(uuid) = delivery.get("command").and_then(Value::as_str) else {
        return Ok(None);
    };
    match client.get(&Target::new(&["commands", uuid])).await {
        Ok(command) => Ok(Some(command)),
        // Commands end with their device, deliveries do not.
        Err(Failure::Refused { status, .. }) if status == StatusCode::NOT_FOUND => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The four truths a person wants at a glance, those that hold.
fn evidence(delivery: &Value) -> String {
    let held: Vec<&str> = [
        "acknowledged",
        "read_back",
        "identity_issued",
        "identity_used",
        "proven",
    ]
    .into_iter()
    .filter(|truth| text(delivery, &format!("evidence.{truth}")) != "-")
    .collect();
    if held.is_empty() {
        "-".to_owned()
    } else {
        held.join(",")
    }
}

/// A table of deliveries.
pub(super) fn list(deliveries: &Value) -> Table {
    let headings = [
        "id", "profile", "device", "state", "reason", "evidence", "since",
    ];
    let mut table = Table::new(&headings, "no deliveries");
    for delivery in items(deliveries) {
        table.row([
            text(delivery, "id"),
            text(delivery, "profile"),
            first(delivery, &["target.device", "target.kind"]),
            text(delivery, "state"),
            text(delivery, "reason.code"),
            evidence(delivery),
            time(delivery, "state_since"),
        ]);
    }
    table
}

/// One delivery: where it stands, what proves it, what the device complained of, how it came here.
pub(super) fn show(delivery: &Value) -> String {
    let mut out = String::new();
    let mut line = |label: &str, value: &str| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{label:<16} {}", plain(value));
    };
    line("id", &text(delivery, "id"));
    line("profile", &text(delivery, "profile"));
    line(
        "device",
        &first(delivery, &["target.device", "target.kind"]),
    );
    line("state", &text(delivery, "state"));
    if text(delivery, "reason") != "-" {
        line(
            "reason",
            &first(
                delivery,
                &["reason.text", "reason.name", "reason.what", "reason.code"],
            ),
        );
    }
    line(
        "revision",
        &format!(
            "{} wanted, {} applied",
            text(delivery, "desired_revision"),
            text(delivery, "applied_revision")
        ),
    );
    if text(delivery, "intune.status") != "-" {
        let mut words = format!(
            "{}, {} ({})",
            text(delivery, "intune.portal"),
            text(delivery, "intune.status"),
            text(delivery, "intune.status_number")
        );
        if text(delivery, "intune.error_code") != "-" {
            let _ = write!(
                words,
                ", {} ({})",
                text(delivery, "intune.error_code"),
                text(delivery, "intune.error_hex")
            );
        }
        line("in Intune", &words);
    }
    for truth in [
        "acknowledged",
        "read_back",
        "identity_issued",
        "identity_used",
        "proven",
    ] {
        let at = first(
            delivery,
            &[
                &format!("evidence.{truth}.at"),
                &format!("evidence.{truth}"),
            ],
        );
        line(truth, if at == "-" { "no" } else { &at });
    }
    for error in delivery.get("errors").map_or(&[][..], items) {
        let words = first(error, &["meaning", "description"]);
        line(
            "error",
            &format!("{} {}: {words}", text(error, "domain"), text(error, "code")),
        );
    }
    for step in delivery.get("history").map_or(&[][..], items) {
        line("", &format!("{} {}", time(step, "at"), text(step, "state")));
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn delivery() -> Value {
        json!({
            "id": "x1", "profile": "mail", "target": {"kind": "channel", "device": "d1", "channel": "d1"},
            "state": "error", "reason": {"code": "missing_attribute", "name": "mail"}, "desired_revision": 2,
            "applied_revision": null, "state_since": "2026-11-21T02:43:00Z",
            "evidence": {"acknowledged": "2026-11-21T02:43:00Z", "read_back": null,
                "identity_issued": {"at": "2026-11-21T02:42:00Z", "serial": "0A"}, "identity_used": null, "proven": null},
            "errors": [{"domain": "MCInstallationErrorDomain", "code": 4001, "description": "x & <é>", "meaning": null}],
            "history": [{"at": "2026-11-21T02:41:00Z", "state": "queued", "reason": null}],
        })
    }

    #[test]
    fn for_people() {
        insta::assert_snapshot!(list(&json!({"items": [delivery()]})).to_string(), @r"
        id  profile  device  state  reason             evidence                      since
        x1  mail     d1      error  missing_attribute  acknowledged,identity_issued  2026-11-21 02:43:00
        ");
        insta::assert_snapshot!(show(&delivery()), @r"
        id               x1
        profile          mail
        device           d1
        state            error
        reason           mail
        revision         2 wanted, - applied
        acknowledged     2026-11-21T02:43:00Z
        read_back        no
        identity_issued  2026-11-21T02:42:00Z
        identity_used    no
        proven           no
        error            MCInstallationErrorDomain 4001: x & <é>
                         2026-11-21 02:41:00 queued
        ");
    }
}
