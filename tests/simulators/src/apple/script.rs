//! How a simulated device and its owner behave, as data.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Deserialize;

use super::ErrorChain;
use super::prompts::PromptKind;

/// What a device does with a command instead of, or besides, carrying it out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Behaviour {
    /// Answers `NotNow`.
    NotNow,
    /// Answers `Error` with this chain, and does nothing.
    Error(ErrorChain),
    /// Answers `CommandFormatError`, and does nothing.
    FormatError,
    /// Waits so many milliseconds before it reports.
    DelayMs(u64),
    /// Loses the server's answer to its report, ends the session and reports again in the next one.
    LostAnswer,
    /// Sends its report twice.
    DuplicateReport,
    /// Signs its report wrongly.
    BadSignature,
    /// Changes its report after signing it.
    TamperedBody,
    /// Reports under another UDID.
    WrongUdid,
    /// Sends its report as a binary property list.
    BinaryPlist,
}

/// A behaviour and when it applies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `RequestType` it applies to; any if absent.
    #[serde(default)]
    pub request_type: Option<String>,
    /// How often it applies; for ever if absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub behaviour: Behaviour,
}

/// What the owner says to a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptAnswer {
    /// Yes, or the right password.
    Approved,
    /// No.
    Declined,
    /// So many wrong passwords before the right one.
    WrongPassword(u32),
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
    /// The behaviour for a command of this type; a rule with `times` is used up.
    pub(super) fn behaviour(&mut self, request_type: &str) -> Option<Behaviour> {
        let applies = |rule: &&mut Rule| {
            rule.times != Some(0)
                && rule
                    .request_type
                    .as_deref()
                    .is_none_or(|wanted| wanted == request_type)
        };
        let rule = self.rules.iter_mut().find(applies)?;
        rule.times = rule.times.map(|times| times - 1);
        Some(rule.behaviour.clone())
    }

    /// The answer to a prompt of this kind.
    pub(super) fn answer(&mut self, kind: PromptKind) -> PromptScript {
        let at = self
            .prompts
            .iter()
            .position(|script| script.kind.is_none_or(|wanted| wanted == kind));
        let approved = PromptScript {
            kind: None,
            answer: PromptAnswer::Approved,
            after_sessions: 0,
        };
        at.and_then(|at| self.prompts.remove(at))
            .unwrap_or(approved)
    }
}

impl Behaviour {
    /// The pause before a report.
    pub(super) fn delay(&self) -> Option<Duration> {
        if let Self::DelayMs(milliseconds) = self {
            Some(Duration::from_millis(*milliseconds))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_data_and_are_used_up() {
        let json = r#"{"rules":[{"request_type":"InstallProfile","times":2,"behaviour":"not_now"},
            {"behaviour":{"error":[{"domain":"D","code":1,"description":"x"}]},"times":1}],
            "prompts":[{"answer":{"wrong_password":2},"after_sessions":1}]}"#;
        let mut script: Script = serde_json::from_str(json).unwrap();
        assert_eq!(script.behaviour("InstallProfile"), Some(Behaviour::NotNow));
        assert_eq!(
            script.behaviour("ProfileList"),
            Some(Behaviour::Error(ErrorChain::one("D", 1, "x")))
        );
        assert_eq!(script.behaviour("ProfileList"), None);
        assert_eq!(script.behaviour("InstallProfile"), Some(Behaviour::NotNow));
        assert_eq!(script.behaviour("InstallProfile"), None);
        assert_eq!(
            script.answer(PromptKind::PasswordReentry).answer,
            PromptAnswer::WrongPassword(2)
        );
        assert_eq!(
            script.answer(PromptKind::PasswordReentry).answer,
            PromptAnswer::Approved
        );
        assert!(serde_json::from_str::<Script>(r#"{"rulez":[]}"#).is_err());
    }
}
