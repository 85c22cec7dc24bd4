//! `mockmdm sim`: simulated devices for a running server.

mod crowd;
mod enroll;
pub(super) mod lab;
mod load;

use clap::{Args, Subcommand};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(super) use crowd::attend;

/// Arguments of `sim`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Enroll simulated devices
    Enroll(enroll::Arguments),
    /// Enroll simulated devices and measure how the server bears their requests
    Load(load::Arguments),
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.action {
        Action::Enroll(arguments) => enroll::run(session, arguments).await,
        Action::Load(arguments) => load::run(session, &arguments).await,
    }
}
