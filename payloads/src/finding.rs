//! What a check has to say about something that can nevertheless be sent.

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Works on a device, but probably not as meant.
    Warning,
    /// A device refuses it or ignores it.
    Error,
}

/// A deviation found by a check. Rules have dotted names, so that each can be waived by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule: `profile.duplicate-uuid`.
    pub rule: &'static str,
    /// How bad.
    pub level: Level,
    /// Where: a property of a profile or a path into a property list such as `PayloadContent[1].SSL`.
    pub at: String,
    /// What is wrong, in words.
    pub text: String,
}

impl Finding {
    /// A finding.
    pub fn new(
        rule: &'static str,
        level: Level,
        at: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            level,
            at: at.into(),
            text: text.into(),
        }
    }
}
