//! Flags, made from the table of settings.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::layer::{Given, Layer, Origin};
use super::setting::{Audience, SETTINGS, Setting, Shape};

/// The settings every command takes.
#[derive(Debug, Clone, Default)]
pub(crate) struct EveryoneFlags(pub(crate) Layer);

/// The settings of commands that start a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServingFlags(pub(crate) Layer);

fn of(audience: Audience) -> impl Iterator<Item = &'static Setting> {
    SETTINGS
        .iter()
        .filter(move |setting| setting.audience == audience)
}

fn argument(setting: &'static Setting) -> Arg {
    let variable = setting.variable();
    let heading = match setting.audience {
        Audience::Everyone => "Options of every command",
        Audience::Serving => "Options of the server",
    };
    let argument = Arg::new(setting.key)
        .long(setting.flag())
        .value_name(setting.value)
        .help(format!("{} [env: {variable}]", setting.help))
        .help_heading(heading)
        .global(setting.audience == Audience::Everyone);
    match setting.shape {
        Shape::Text => argument,
        Shape::List => argument.action(ArgAction::Append).value_delimiter(','),
        Shape::Switch => {
            let words = ["true", "false"];
            argument
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .value_parser(words)
                .hide_possible_values(true)
        }
    }
}

fn augment(command: Command, audience: Audience) -> Command {
    of(audience).fold(command, |command, setting| command.arg(argument(setting)))
}

fn collect(matches: &ArgMatches, audience: Audience) -> Layer {
    of(audience)
        .filter_map(|setting| {
            let values: Vec<String> = matches.get_many::<String>(setting.key)?.cloned().collect();
            Some((
                setting.key,
                Given {
                    values,
                    origin: Origin::Flag(setting.flag()),
                },
            ))
        })
        .collect()
}

impl FromArgMatches for EveryoneFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(collect(matches, Audience::Everyone)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(collect(matches, Audience::Everyone));
        Ok(())
    }
}

impl Args for EveryoneFlags {
    fn augment_args(command: Command) -> Command {
        augment(command, Audience::Everyone)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ServingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(collect(matches, Audience::Serving)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(collect(matches, Audience::Serving));
        Ok(())
    }
}

impl Args for ServingFlags {
    fn augment_args(command: Command) -> Command {
        augment(command, Audience::Serving)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
