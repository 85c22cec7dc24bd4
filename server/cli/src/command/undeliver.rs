//! `mockmdm undeliver`: take a delivered profile from its device.

use clap::Args;

use super::deliveries;
use crate::device::resolve;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{items, text};
use crate::session::Session;
use crate::target::Target;

/// Arguments of `undeliver`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The delivery's id, or the device where a profile follows
    delivery: String,
    /// The profile to take from that device
    profile: Option<String>,
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    let id = match &arguments.profile {
        None => arguments.delivery,
        Some(profile) => {
            let device = resolve(&client, &arguments.delivery).await?;
            let list = Target::new(&["deliveries"])
                .query("device", &device)
                .query("profile", profile);
            let found = client.get(&list).await?;
            let live = |state: &str| {
                !matches!(
                    state,
                    "not_targeted" | "not_applicable" | "removed" | "gone"
                )
            };
            let delivery = items(&found)
                .iter()
                .find(|delivery| live(&text(delivery, "state")));
            let missing = || {
                Failure::usage(
                    format!("`{profile}` is not delivered to {device}"),
                    "see `mockmdm deliveries`",
                )
            };
            text(delivery.ok_or_else(missing)?, "id")
        }
    };
    let delivery = client.delete(&Target::new(&["deliveries", &id])).await?;
    session.output.result(&delivery, deliveries::show)?;
    Ok(Exit::Done)
}
