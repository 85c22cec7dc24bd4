//! `mockmdm`: the command line of the mock MDM service.
//!
//! It reads the configuration, starts the server or talks to a running one over its admin API, prints what a person or
//! a program reads, and returns an exit code. What the server does is in the crate `mdm-daemon`.

#![forbid(unsafe_code)]

mod arguments;
#[cfg(test)]
mod canned;
mod client;
mod command;
mod config;
mod device;
mod endpoint;
mod exit;
mod failure;
mod field;
mod lab_file;
mod log;
mod output;
mod qr;
mod session;
mod sse;
mod table;
mod target;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};
use crate::config::{Environment, Layer};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// What one thread makes is dropped by another all the time: an exchange by its writer, a change by the store's. The
/// allocators of C libraries are slow at that. Huge pages are off: each thread's first one would be 2 MiB.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors, and go to standard output. A closed stream leaves nobody to tell.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    let exit = match run(arguments) {
        Ok(exit) => exit,
        Err(failure) => {
            // Without standard error there is nobody to tell; the exit code still says it.
            let _ = std::io::stderr().write_all(failure.report().as_bytes());
            failure.exit()
        }
    };
    exit.into()
}

fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let command = arguments
        .command
        .unwrap_or_else(|| Command::Serve(command::serve::Arguments::default()));
    let flags = flags(arguments.everyone.0, arguments.serving.0, &command)?;
    let session = Session::open(flags, Environment::read())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::System {
            doing: "starting the runtime".to_owned(),
            source,
        })?;
    runtime.block_on(command::run(command, session))
}

/// Flags before and after the command's name, the latter counting more.
fn flags(everyone: Layer, before: Layer, command: &Command) -> Result<Layer, Failure> {
    let mut flags = everyone;
    match command.serving() {
        Some(after) => {
            flags.extend(before);
            flags.extend(after.0.clone());
        }
        None => {
            if let Some(given) = before.values().next() {
                let text = format!(
                    "{} says how to serve, but this command talks to a server",
                    given.origin
                );
                return Err(Failure::usage(
                    text,
                    "leave it out, or start a server with `mockmdm serve`",
                ));
            }
        }
    }
    if let Command::Exec(_) = command
        && !flags.contains_key("data")
    {
        flags = session::ephemeral(flags, "exec");
    }
    #[cfg(feature = "sim")]
    if let Command::Demo(_) = command {
        flags = session::ephemeral(flags, "demo");
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(line: &str) -> Result<String, String> {
        let arguments = Arguments::parse_from(line.split_whitespace());
        let command = arguments
            .command
            .unwrap_or_else(|| Command::Serve(command::serve::Arguments::default()));
        match flags(arguments.everyone.0, arguments.serving.0, &command) {
            Ok(layer) => {
                let values = layer
                    .iter()
                    .map(|(key, given)| format!("{key}={}", given.values.join("|")));
                Ok(values.collect::<Vec<_>>().join(" "))
            }
            Err(failure) => Err(failure.to_string()),
        }
    }

    #[test]
    fn flags_before_and_after_the_command() {
        for (line, expected) in [
            ("mockmdm --mtls none", Ok("mtls=none")),
            (
                "mockmdm --mtls none --name a serve --name b",
                Ok("mtls=none name=b"),
            ),
            ("mockmdm exec -- true", Ok("ephemeral=true")),
            ("mockmdm exec --data d -- true", Ok("data=d")),
            (
                "mockmdm exec --ephemeral=false -- true",
                Ok("ephemeral=false"),
            ),
            ("mockmdm --json devices", Ok("json=true")),
            (
                "mockmdm --ephemeral devices",
                Err("--ephemeral says how to serve, but this command talks to a server"),
            ),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(merged(line), expected, "{line}");
        }
    }
}
