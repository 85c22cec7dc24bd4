//! `mockmdm certificates`: what the authority issued.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::device::resolve;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{first, items, text, time};
use crate::session::Session;
use crate::table::Table;
use crate::target::Target;

/// Arguments of `certificates`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only those of a device
    #[arg(long, global = true)]
    device: Option<String>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List issued certificates (the default)
    List,
    /// Revoke a certificate
    Revoke {
        /// Its serial number, hexadecimal
        serial: String,
        /// Why: `unspecified`, `key_compromise`, `affiliation_changed`, `superseded`, `cessation_of_operation`
        #[arg(long)]
        reason: Option<String>,
    },
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    match arguments.action.unwrap_or(Action::List) {
        Action::List => {
            let device = arguments.device;
            let device = match device {
                Some(device) => Some(resolve(&client, &device).await?),
                None => None,
            };
            let found = client
                .get(
                    &Target::new(&["certificates"])
                        .query("limit", "1000")
                        .maybe("device", device),
                )
                .await?;
            session.output.table(&found, list)?;
        }
        Action::Revoke { serial, reason } => {
            let body = reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
            let answer = client
                .post(&Target::new(&["certificates", &serial, "revoke"]), &body)
                .await?;
            session
                .output
                .result(&answer, |_| format!("revoked {serial}"))?;
        }
    }
    Ok(Exit::Done)
}

fn list(certificates: &Value) -> Table {
    let headings = [
        "serial",
        "subject",
        "purpose",
        "profile",
        "device",
        "not after",
        "revoked",
    ];
    let mut table = Table::new(&headings, "no certificates issued");
    for certificate in items(certificates) {
        table.row([
            text(certificate, "serial"),
            text(certificate, "subject"),
            first(certificate, &["purpose.kind", "purpose"]),
            text(certificate, "purpose.profile"),
            text(certificate, "device"),
            time(certificate, "not_after"),
            time(certificate, "revoked.at"),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_people() {
        let certificates = json!({"items": [{
            "serial": "0A1B", "subject": "CN=Zoë & <x>\u{7}", "purpose": {"kind": "profile_identity", "profile": "mail"},
            "device": "d1", "not_after": "2027-11-21T00:00:00Z", "revoked": {"at": "2026-11-22T00:00:00Z", "reason": "superseded"},
        }]});
        insta::assert_snapshot!(list(&certificates).to_string(), @r"
        serial  subject            purpose           profile  device  not after            revoked
        0A1B    CN=Zoë & <x>\u{7}  profile_identity  mail     d1      2027-11-21 00:00:00  2026-11-22 00:00:00
        ");
    }
}
