//! The names of the rules.

use crate::finding::{Finding, Level};

/// A rule an operation can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    MalformedUri,
    UnknownProvider,
    UnknownNode,
    WrongScope,
    MalformedName,
    VerbNotAllowed,
    WrongFormat,
    MissingFormat,
    MissingValue,
    UnexpectedValue,
    ValueNotAllowed,
    NotOnBuild,
    NotOnSystem,
    Deprecated,
    NotAtomic,
    NotInAtomic,
    Repeated,
    MissingNode,
    Depends,
}

impl Rule {
    fn name(self) -> &'static str {
        match self {
            Self::MalformedUri => "windows.malformed-uri",
            Self::UnknownProvider => "windows.unknown-provider",
            Self::UnknownNode => "windows.unknown-node",
            Self::WrongScope => "windows.wrong-scope",
            Self::MalformedName => "windows.malformed-name",
            Self::VerbNotAllowed => "windows.verb-not-allowed",
            Self::WrongFormat => "windows.wrong-format",
            Self::MissingFormat => "windows.missing-format",
            Self::MissingValue => "windows.missing-value",
            Self::UnexpectedValue => "windows.unexpected-value",
            Self::ValueNotAllowed => "windows.value-not-allowed",
            Self::NotOnBuild => "windows.not-on-build",
            Self::NotOnSystem => "windows.not-on-system",
            Self::Deprecated => "windows.deprecated",
            Self::NotAtomic => "windows.not-atomic",
            Self::NotInAtomic => "windows.not-in-atomic",
            Self::Repeated => "windows.repeated",
            Self::MissingNode => "windows.missing-node",
            Self::Depends => "windows.depends",
        }
    }

    fn level(self) -> Level {
        match self {
            Self::MalformedUri
            | Self::UnknownNode
            | Self::WrongScope
            | Self::MalformedName
            | Self::VerbNotAllowed
            | Self::WrongFormat
            | Self::MissingFormat
            | Self::MissingValue
            | Self::UnexpectedValue
            | Self::ValueNotAllowed
            | Self::NotOnBuild
            | Self::NotOnSystem
            | Self::NotAtomic
            | Self::NotInAtomic
            | Self::Repeated
            | Self::Depends => Level::Error,
            Self::UnknownProvider => Level::Warning,
            Self::MissingNode | Self::Deprecated => Level::Note,
        }
    }

    pub(super) fn finding(self, uri: &str, text: impl Into<String>) -> Finding {
        let at: String = uri.chars().take(400).collect();
        Finding::new(self.name(), self.level(), at, text)
    }
}
