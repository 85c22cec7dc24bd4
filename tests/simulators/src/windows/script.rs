//! How a simulated Windows device and its owner behave, as data.

use std::collections::VecDeque;

use serde::Deserialize;

use super::prompts::PromptKind;

/// What a device does instead of, or besides, what a good one does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Behaviour {
    /// Answers a command with this status and does nothing; 215 is its owner's refusal.
    Status(u16),
    /// Reports that what was done could not be undone: 516 after a failed `Atomic`.
    RollbackFails,
    /// Cuts the end of a message off.
    TruncatedPackage,
    /// Leaves `Final` out.
    MissingFinal,
    /// Gives two of its statuses one `CmdID`.
    DuplicateCmdId,
    /// Sends a message twice, as a client does whose answer was lost, and goes on with the second answer.
    ReplayMessage,
    /// Sends alert 1223 instead of its statuses, and ends the session.
    Abort,
    /// Drops the server's answer and ends the session without a word.
    LoseAnswer,
    /// Answers every message of the server and never lets the session end.
    NeverEnd,
    /// Proves itself with a wrong secret, a wrong signature, or without its certificate.
    WrongCredentials,
}

impl Behaviour {
    /// Whether it is about a message, not a command.
    fn is_of_message(&self) -> bool {
        !matches!(self, Self::Status(_) | Self::RollbackFails)
    }
}

/// A behaviour and when it applies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name of the command it applies to, such as `Add`; any if absent.
    #[serde(default)]
    pub verb: Option<String>,
    /// Part of the node's `LocURI`, as the server wrote it; any if absent.
    #[serde(default)]
    pub uri: Option<String>,
    /// Number of the message in its session, from 1; any if absent.
    #[serde(default)]
    pub message: Option<u32>,
    /// How often it applies; for ever if absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub behaviour: Behaviour,
}

impl Rule {
    /// A rule that applies once.
    pub fn once(behaviour: Behaviour) -> Self {
        Self {
            verb: None,
            uri: None,
            message: None,
            times: Some(1),
            behaviour,
        }
    }

    /// For nodes whose `LocURI` has this part.
    #[must_use]
    pub fn at(mut self, uri: &str) -> Self {
        self.uri = Some(uri.to_owned());
        self
    }

    /// For the message of this number.
    #[must_use]
    pub fn in_message(mut self, number: u32) -> Self {
        self.message = Some(number);
        self
    }
}

/// What the owner says to a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptAnswer {
    /// Yes, or the right password.
    Approved,
    /// No.
    Declined,
    /// Nothing.
    Unanswered,
}

/// An answer to the next prompt of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptScript {
    /// Kind of prompt; any if absent.
    #[serde(default)]
    pub kind: Option<PromptKind>,
    /// The answer.
    pub answer: PromptAnswer,
    /// Sessions with the server that pass before the owner answers.
    #[serde(default)]
    pub after_sessions: u32,
}

/// Behaviour of a device and its owner. Empty, it does what a good device does, and every prompt is approved at once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Rules; the first that applies counts.
    pub rules: Vec<Rule>,
    /// Answers to prompts, used up one by one.
    pub prompts: VecDeque<PromptScript>,
}

impl Script {
    /// The status for a command, if a rule says one; a rule with `times` is used up.
    pub(super) fn of_command(&mut self, verb: &str, uri: &str) -> Option<u16> {
        let found = self.take(|rule| {
            matches!(rule.behaviour, Behaviour::Status(_))
                && rule.verb.as_deref().is_none_or(|wanted| wanted == verb)
                && rule.uri.as_deref().is_none_or(|part| uri.contains(part))
        });
        match found {
            Some(Behaviour::Status(status)) => Some(status),
            _ => None,
        }
    }

    /// Whether the rollback of an `Atomic` fails.
    pub(super) fn rollback_fails(&mut self) -> bool {
        self.take(|rule| rule.behaviour == Behaviour::RollbackFails)
            .is_some()
    }

    /// What happens to the message of this number.
    pub(super) fn of_message(&mut self, number: u32) -> Option<Behaviour> {
        self.take(|rule| {
            rule.behaviour.is_of_message() && rule.message.is_none_or(|wanted| wanted == number)
        })
    }

    fn take(&mut self, applies: impl Fn(&Rule) -> bool) -> Option<Behaviour> {
        let live = |rule: &&mut Rule| rule.times != Some(0) && applies(rule);
        let rule = self.rules.iter_mut().find(live)?;
        rule.times = rule.times.map(|times| times - 1);
        Some(rule.behaviour.clone())
    }

    /// The answer to a prompt of this kind.
    pub(super) fn answer(&mut self, kind: PromptKind) -> PromptScript {
        let wanted = |script: &PromptScript| script.kind.is_none_or(|wanted| wanted == kind);
        let at = self.prompts.iter().position(wanted);
        at.and_then(|at| self.prompts.remove(at))
            .unwrap_or(PromptScript {
                kind: None,
                answer: PromptAnswer::Approved,
                after_sessions: 0,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_data_and_are_used_up() {
        let json = r#"{"rules":[{"verb":"Add","uri":"EMAIL2","times":1,"behaviour":{"status":215}},
            {"message":2,"behaviour":"missing_final"}],
            "prompts":[{"kind":"password_entry","answer":"declined","after_sessions":1}]}"#;
        let mut script: Script = serde_json::from_str(json).unwrap();
        assert_eq!(
            script.of_command("Add", "./User/Vendor/MSFT/ActiveSync"),
            None
        );
        assert_eq!(
            script.of_command("Add", "./User/Vendor/MSFT/EMAIL2/x"),
            Some(215)
        );
        assert_eq!(
            script.of_command("Add", "./User/Vendor/MSFT/EMAIL2/x"),
            None
        );
        assert_eq!(script.of_message(1), None);
        assert_eq!(script.of_message(2), Some(Behaviour::MissingFinal));
        assert!(!script.rollback_fails());
        let answer = |script: &mut Script| script.answer(PromptKind::PasswordEntry).answer;
        assert_eq!(answer(&mut script), PromptAnswer::Declined);
        assert_eq!(answer(&mut script), PromptAnswer::Approved);
        assert!(serde_json::from_str::<Script>(r#"{"rulez":[]}"#).is_err());
    }
}
