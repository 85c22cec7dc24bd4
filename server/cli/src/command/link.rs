//! `mockmdm link`: a profile for a device that is not enrolled, by a link that works once.

use clap::Args;
use serde_json::{Map, Value};

use super::code::UserArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{plain, text};
use crate::qr;
use crate::session::Session;
use crate::target::Target;

/// Arguments of `link`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The profile's id
    profile: String,
    #[command(flatten)]
    user: UserArguments,
    /// How long it is valid
    #[arg(long)]
    minutes: Option<u32>,
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    let mut body = Map::from_iter([("profile".to_owned(), Value::from(arguments.profile))]);
    body.extend(arguments.user.value().map(|user| ("user".to_owned(), user)));
    body.extend(
        arguments
            .minutes
            .map(|minutes| ("minutes".to_owned(), Value::from(minutes))),
    );
    let minted = client
        .post(&Target::new(&["links"]), &Value::Object(body))
        .await?;
    session.output.result(&minted, |minted| {
        let url = text(minted, "url");
        format!(
            "{}\n{}",
            plain(&url),
            qr::terminal(&url).unwrap_or_default()
        )
    })?;
    session
        .output
        .note("works once; whoever opens it gets the profile and its certificate")?;
    Ok(Exit::Done)
}
