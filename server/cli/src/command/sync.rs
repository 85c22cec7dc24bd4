//! `mockmdm sync`: wake a device, so that it fetches its commands now.

use clap::Args;
use serde_json::json;

use crate::device::resolve;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::target::Target;

/// Arguments of `sync`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The device: its id, the beginning of it, UDID, serial number, name or user
    device: String,
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    let id = resolve(&client, &arguments.device).await?;
    let answer = client
        .post(&Target::new(&["devices", &id, "push"]), &json!({}))
        .await?;
    session.output.result(&answer, |_| {
        format!("asked Apple's push service to wake {id}")
    })?;
    Ok(Exit::Done)
}
