//! The command line.

use clap::{Parser, Subcommand};

use crate::command::{
    apply, ca, certificates, code, commands, config, deliver, deliveries, devices, directory,
    events, exec, link, profiles, prompts, renew, serve, sync, undeliver, wait,
};
#[cfg(feature = "sim")]
use crate::command::{demo, sim};
use crate::config::flags::{EveryoneFlags, ServingFlags};

/// A mock MDM service: enrolls devices in a lab, delivers e-mail profiles with their certificates, and records every
/// answer. A test server; never for production devices.
#[derive(Debug, Parser)]
#[command(name = "mockmdm", version, max_term_width = 110, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// Settings of every command.
    #[command(flatten)]
    pub(crate) everyone: EveryoneFlags,
    /// Settings of the server, where no command is named.
    #[command(flatten)]
    pub(crate) serving: ServingFlags,
    /// The command; `serve` where none is named.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const EXIT_CODES: &str = "Exit codes: 0 ok, 1 usage or configuration, 2 invalid input file, 3 runtime, 4 not as it has to be, 5 wait timed out, 130 interrupted.";

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server (the default)
    Serve(serve::Arguments),
    /// Start an ephemeral server, run a command with its addresses in the environment, return the command's exit code
    Exec(exec::Arguments),
    /// Show all of it once: a server of its own, simulated devices, profiles delivered, every answer on a timeline
    #[cfg(feature = "sim")]
    Demo(demo::Arguments),
    /// Enroll simulated devices with a running server, or put load on it
    #[cfg(feature = "sim")]
    Sim(sim::Arguments),
    /// Make users, groups, profiles and assignments as files say
    Apply(apply::Arguments),
    /// List, show and delete users
    Users(directory::Arguments),
    /// List, show and delete groups
    Groups(directory::Arguments),
    /// List, show and end the assignments of profiles
    Assignments(directory::Arguments),
    /// List what users are asked because of edits; write down what they said
    Prompts(prompts::Arguments),
    /// List, show and forget devices
    Devices(devices::Arguments),
    /// List, show, put, delete, render, lint and diff profiles
    Profiles(profiles::Arguments),
    /// Deliver a profile to a device
    Deliver(deliver::Arguments),
    /// Remove a delivered profile from its device
    Undeliver(undeliver::Arguments),
    /// List and show deliveries; deliver again
    Deliveries(deliveries::Arguments),
    /// List, queue and cancel the commands of a device
    Commands(commands::Arguments),
    /// Print events
    Events(events::Arguments),
    /// Block until an event or a delivery matches
    Wait(wait::Arguments),
    /// Mint an enrollment code
    Code(code::Arguments),
    /// Mint a one-time link that gives a profile to a device that is not enrolled
    Link(link::Arguments),
    /// Show and export the root certificate
    Ca(ca::Arguments),
    /// List and revoke issued certificates
    Certificates(certificates::Arguments),
    /// Wake a device, so that it fetches its commands now
    Sync(sync::Arguments),
    /// Send a device its enrollment profile again, which renews its identity
    Renew(renew::Arguments),
    /// Say what is not well and what to do about it
    Doctor,
    /// Show the configuration
    Config(config::Arguments),
}

impl Command {
    /// The settings of the server given after the command's name; nothing for a command that starts none.
    pub(crate) fn serving(&self) -> Option<&ServingFlags> {
        match self {
            Self::Serve(arguments) => Some(&arguments.serving),
            Self::Exec(arguments) => Some(&arguments.serving),
            Self::Config(arguments) => Some(arguments.serving()),
            #[cfg(feature = "sim")]
            Self::Demo(_) | Self::Sim(_) => None,
            Self::Apply(_)
            | Self::Users(_)
            | Self::Groups(_)
            | Self::Assignments(_)
            | Self::Prompts(_)
            | Self::Devices(_)
            | Self::Profiles(_)
            | Self::Deliver(_)
            | Self::Undeliver(_)
            | Self::Deliveries(_)
            | Self::Commands(_)
            | Self::Events(_)
            | Self::Wait(_)
            | Self::Code(_)
            | Self::Link(_)
            | Self::Ca(_)
            | Self::Certificates(_)
            | Self::Sync(_)
            | Self::Renew(_)
            | Self::Doctor => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn lines_that_parse() {
        for line in [
            "mockmdm",
            "mockmdm --ephemeral",
            "mockmdm --ephemeral=false --listen 0.0.0.0:1 --listen 0.0.0.0:2,0.0.0.0:3",
            "mockmdm serve --name lab --json",
            "mockmdm --data /tmp/x devices",
            "mockmdm devices show ID --json",
            "mockmdm devices forget ID --server http://127.0.0.1:1",
            "mockmdm exec --strict reject -- sh -c true --json",
            "mockmdm apply a.toml b.toml --dry-run --prune --scope lab",
            "mockmdm users",
            "mockmdm prompts list --open",
            "mockmdm prompts answer y-1.2 declined",
            "mockmdm groups show sales --json",
            "mockmdm assignments list --scope lab",
            "mockmdm profiles put a.toml b.toml",
            "mockmdm profiles render mail --device D --user ada@example.com",
            "mockmdm deliver D P --user ada",
            "mockmdm commands D",
            "mockmdm commands D queue device-information",
            "mockmdm commands D raw -",
            "mockmdm commands D cancel UUID",
            "mockmdm events --follow --since 3 --kind a,b",
            "mockmdm wait --delivery d --state installed --timeout 5m",
            "mockmdm code --simulated --user ada@example.com --uses 3",
            "mockmdm link mail --user ada@example.com",
            "mockmdm ca export -o root.pem",
            "mockmdm deliveries --state installed",
            "mockmdm deliveries list --device D --json",
            "mockmdm devices --scope lab",
            "mockmdm certificates list --device D",
            "mockmdm code --json list",
            "mockmdm certificates revoke 0A --reason key_compromise",
            "mockmdm config show --origin --ephemeral",
        ] {
            let parsed = Arguments::try_parse_from(line.split_whitespace());
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[cfg(feature = "sim")]
    #[test]
    fn lines_of_simulated_devices() {
        for line in [
            "mockmdm demo --json",
            "mockmdm demo --keep",
            "mockmdm sim enroll ios --count 3 --user ada@example.com",
            "mockmdm sim enroll macos --mtls --seed 7 --stay --every 5s",
            "mockmdm sim load --for 10s",
            "mockmdm sim load --devices 9 --connections 3 --kind acks --requests 100 --json",
        ] {
            let parsed = Arguments::try_parse_from(line.split_whitespace());
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn lines_that_do_not() {
        for (line, complaint) in [
            (
                "mockmdm frobnicate",
                "error: unrecognized subcommand 'frobnicate'",
            ),
            (
                "mockmdm --lisen x",
                "error: unexpected argument '--lisen' found",
            ),
            (
                "mockmdm --json=maybe",
                "error: invalid value 'maybe' for '--json[=<BOOL>]'",
            ),
            (
                "mockmdm wait --timeout 1s",
                "error: the following required arguments were not provided:",
            ),
            (
                "mockmdm exec",
                "error: the following required arguments were not provided:",
            ),
            (
                "mockmdm devices --ephemeral",
                "error: unexpected argument '--ephemeral' found",
            ),
            (
                "mockmdm commands D queue frob",
                "error: invalid value 'frob' for '<ITEM>'",
            ),
            (
                "mockmdm wait --timeout soon",
                "error: invalid value 'soon' for '--timeout <TIME>': `soon` is no span of time such as 90s, 10m, 2h or 1d",
            ),
        ] {
            let told = Arguments::try_parse_from(line.split_whitespace())
                .unwrap_err()
                .to_string();
            assert_eq!(told.lines().next(), Some(complaint), "{line}");
        }
    }

    #[test]
    fn flags_become_values() {
        let line =
            "mockmdm --json --listen 0.0.0.0:1 --listen 0.0.0.0:2 serve --ephemeral --token t";
        let parsed = Arguments::parse_from(line.split_whitespace());
        let told = |layer: &crate::config::Layer| {
            let values = layer
                .iter()
                .map(|(key, given)| format!("{key}={} ({})", given.values.join("|"), given.origin));
            values.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            told(&parsed.everyone.0),
            "json=true (--json) token=t (--token)"
        );
        assert_eq!(
            told(&parsed.serving.0),
            "listen=0.0.0.0:1|0.0.0.0:2 (--listen)"
        );
        assert_eq!(
            told(&parsed.command.unwrap().serving().unwrap().0),
            "ephemeral=true (--ephemeral)"
        );
    }
}
