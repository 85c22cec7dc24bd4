//! One file per command: its arguments and what it does.

pub(crate) mod apply;
pub(crate) mod ca;
pub(crate) mod certificates;
pub(crate) mod code;
pub(crate) mod commands;
pub(crate) mod config;
pub(crate) mod deliver;
pub(crate) mod deliveries;
#[cfg(feature = "sim")]
pub(crate) mod demo;
pub(crate) mod devices;
pub(crate) mod directory;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod exec;
pub(crate) mod link;
pub(crate) mod profiles;
pub(crate) mod prompts;
pub(crate) mod renew;
pub(crate) mod serve;
#[cfg(feature = "sim")]
pub(crate) mod sim;
pub(crate) mod sync;
pub(crate) mod undeliver;
pub(crate) mod wait;

use crate::arguments::Command;
use crate::command::directory::Part;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Does what was asked.
pub(crate) async fn run(command: Command, mut session: Session) -> Result<Exit, Failure> {
    session.log(match command {
        Command::Serve(_) => "info",
        _ => "warn",
    })?;
    let session = &mut session;
    match command {
        Command::Serve(_) => serve::run(session).await,
        Command::Exec(arguments) => exec::run(session, arguments).await,
        #[cfg(feature = "sim")]
        Command::Demo(arguments) => demo::run(session, &arguments).await,
        #[cfg(feature = "sim")]
        Command::Sim(arguments) => sim::run(session, arguments).await,
        Command::Apply(arguments) => apply::run(session, arguments).await,
        Command::Users(arguments) => directory::run(session, Part::Users, arguments).await,
        Command::Groups(arguments) => directory::run(session, Part::Groups, arguments).await,
        Command::Assignments(arguments) => {
            directory::run(session, Part::Assignments, arguments).await
        }
        Command::Prompts(arguments) => prompts::run(session, arguments).await,
        Command::Devices(arguments) => devices::run(session, arguments).await,
        Command::Profiles(arguments) => profiles::run(session, arguments).await,
        Command::Deliver(arguments) => deliver::run(session, arguments).await,
        Command::Undeliver(arguments) => undeliver::run(session, arguments).await,
        Command::Deliveries(arguments) => deliveries::run(session, arguments).await,
        Command::Commands(arguments) => commands::run(session, arguments).await,
        Command::Events(arguments) => events::run(session, arguments).await,
        Command::Wait(arguments) => wait::run(session, arguments).await,
        Command::Code(arguments) => code::run(session, arguments).await,
        Command::Link(arguments) => link::run(session, arguments).await,
        Command::Ca(arguments) => ca::run(session, arguments).await,
        Command::Certificates(arguments) => certificates::run(session, arguments).await,
        Command::Sync(arguments) => sync::run(session, arguments).await,
        Command::Renew(arguments) => renew::run(session, arguments).await,
        Command::Doctor => doctor::run(session).await,
        Command::Config(arguments) => config::run(session, &arguments),
    }
}
