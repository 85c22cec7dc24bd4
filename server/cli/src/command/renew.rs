//! `mockmdm renew`: send a device its enrollment profile again.

use clap::Args;
use serde_json::json;

use crate::device::resolve;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::target::Target;

/// Arguments of `renew`.
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
        .post(&Target::new(&["devices", &id, "renew"]), &json!({}))
        .await?;
    session.output.result(&answer, |_| {
        format!("queued the enrollment profile for {id}")
    })?;
    Ok(Exit::Done)
}
