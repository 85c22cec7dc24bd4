//! The names of the rules.

use crate::finding::{Finding, Level};

/// What is being checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Profile,
    Command,
}

/// A rule that holds for every kind of property list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    UnknownKey,
    MissingKey,
    WrongType,
    ValueNotAllowed,
    MalformedUuid,
    MalformedUrl,
    KeyNotOnOs,
    KeyDeprecated,
    KeyNotOnChannel,
}

impl Rule {
    fn name(self, scope: Scope) -> &'static str {
        match (scope, self) {
            (Scope::Profile, Self::UnknownKey) => "profile.unknown-key",
            (Scope::Profile, Self::MissingKey) => "profile.missing-key",
            (Scope::Profile, Self::WrongType) => "profile.wrong-type",
            (Scope::Profile, Self::ValueNotAllowed) => "profile.value-not-allowed",
            (Scope::Profile, Self::MalformedUuid) => "profile.malformed-uuid",
            (Scope::Profile, Self::MalformedUrl) => "profile.malformed-url",
            (Scope::Profile, Self::KeyNotOnOs) => "profile.key-not-on-os",
            (Scope::Profile, Self::KeyDeprecated) => "profile.key-deprecated",
            (Scope::Profile, Self::KeyNotOnChannel) => "profile.key-not-on-channel",
            (Scope::Command, Self::UnknownKey) => "command.unknown-key",
            (Scope::Command, Self::MissingKey) => "command.missing-key",
            (Scope::Command, Self::WrongType) => "command.wrong-type",
            (Scope::Command, Self::ValueNotAllowed) => "command.value-not-allowed",
            (Scope::Command, Self::MalformedUuid) => "command.malformed-uuid",
            (Scope::Command, Self::MalformedUrl) => "command.malformed-url",
            (Scope::Command, Self::KeyNotOnOs) => "command.key-not-on-os",
            (Scope::Command, Self::KeyDeprecated) => "command.key-deprecated",
            (Scope::Command, Self::KeyNotOnChannel) => "command.key-not-on-channel",
        }
    }

    fn level(self) -> Level {
        match self {
            Self::MissingKey | Self::WrongType | Self::ValueNotAllowed | Self::MalformedUrl => {
                Level::Error
            }
            Self::UnknownKey | Self::MalformedUuid | Self::KeyNotOnOs | Self::KeyNotOnChannel => {
                Level::Warning
            }
            Self::KeyDeprecated => Level::Note,
        }
    }
}

/// The findings of one check; no more are kept than somebody would read.
#[derive(Debug)]
pub(super) struct Findings {
    scope: Scope,
    list: Vec<Finding>,
}

/// How many findings are kept.
const MOST: usize = 200;

impl Findings {
    pub(super) fn new(scope: Scope) -> Self {
        Self {
            scope,
            list: Vec::new(),
        }
    }

    pub(super) fn rule(&mut self, rule: Rule, at: &str, text: impl Into<String>) {
        self.push(rule.name(self.scope), rule.level(), at, text);
    }

    pub(super) fn push(
        &mut self,
        rule: &'static str,
        level: Level,
        at: &str,
        text: impl Into<String>,
    ) {
        if self.list.len() < MOST {
            self.list.push(Finding::new(rule, level, at, text));
        }
    }

    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.list
    }
}
