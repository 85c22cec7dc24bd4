//! `mockmdm deliver`: a profile for a device.

use clap::Args;
use serde_json::{Value, json};

use super::deliveries;
use crate::device::resolve;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::target::Target;

/// Arguments of `deliver`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The device: its id, the beginning of it, UDID, serial number, name or user
    device: String,
    /// The profile's id
    profile: String,
    /// Which user of a Mac, by short name or GUID, where several have a channel
    #[arg(long)]
    user: Option<String>,
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    let device = resolve(&client, &arguments.device).await?;
    let mut body = json!({ "device": device, "profile": arguments.profile });
    if let (Some(user), Value::Object(map)) = (arguments.user, &mut body) {
        map.insert("user".to_owned(), Value::String(user));
    }
    let delivery = client.post(&Target::new(&["deliveries"]), &body).await?;
    session.output.result(&delivery, deliveries::show)?;
    Ok(Exit::Done)
}
