//! What a device asks its owner, and what comes of it.

use super::device::AppleDevice;
use super::journal::Event;
use super::script::{PromptAnswer, PromptScript};

/// Kind of prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptKind {
    /// Mail asks for an account's password.
    PasswordReentry,
    /// Installing a profile by hand has to be confirmed.
    ProfileReview,
}

/// A prompt that is on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What is asked.
    pub kind: PromptKind,
    /// Address of the mailbox.
    pub about: String,
    script: PromptScript,
}

impl AppleDevice {
    /// Prompts nobody has answered yet.
    pub fn open_prompts(&self) -> &[Prompt] {
        &self.prompts
    }

    /// Asks for something that holds up the person in front of the screen: the answer is there at once.
    pub(super) fn ask_now(&mut self, kind: PromptKind, about: &str) -> bool {
        self.note(Event::Prompted {
            kind,
            about: about.to_owned(),
        });
        let answer = self.script.answer(kind).answer;
        self.note(Event::PromptAnswered {
            kind,
            about: about.to_owned(),
            answer,
        });
        matches!(
            answer,
            PromptAnswer::Approved | PromptAnswer::WrongPassword(_)
        )
    }

    /// Puts the question for a mailbox's password on the screen; the account rests until it is answered.
    pub(super) fn ask_password(&mut self, address: &str) {
        let kind = PromptKind::PasswordReentry;
        self.prompts.retain(|prompt| prompt.about != address);
        self.note(Event::Prompted {
            kind,
            about: address.to_owned(),
        });
        self.set_active(address, false);
        let script = self.script.answer(kind);
        self.prompts.push(Prompt {
            kind,
            about: address.to_owned(),
            script,
        });
        self.answer_due_prompts();
    }

    /// A session went by: prompts that wait for that come nearer to their answer.
    pub(super) fn session_passed(&mut self) {
        for prompt in &mut self.prompts {
            prompt.script.after_sessions = prompt.script.after_sessions.saturating_sub(1);
        }
        self.answer_due_prompts();
    }

    fn answer_due_prompts(&mut self) {
        let due = |prompt: &Prompt| {
            prompt.script.after_sessions == 0 && prompt.script.answer != PromptAnswer::Unanswered
        };
        let (answered, open) = std::mem::take(&mut self.prompts).into_iter().partition(due);
        self.prompts = open;
        for prompt in answered {
            let Prompt {
                kind,
                about,
                script,
            } = prompt;
            let wrong = if let PromptAnswer::WrongPassword(times) = script.answer {
                times.min(100)
            } else {
                0
            };
            for _ in 0..wrong {
                let answer = PromptAnswer::WrongPassword(1);
                self.note(Event::PromptAnswered {
                    kind,
                    about: about.clone(),
                    answer,
                });
                self.note(Event::Prompted {
                    kind,
                    about: about.clone(),
                });
            }
            let answer = if wrong > 0 {
                PromptAnswer::Approved
            } else {
                script.answer
            };
            self.set_active(&about, answer == PromptAnswer::Approved);
            self.note(Event::PromptAnswered {
                kind,
                about,
                answer,
            });
        }
    }

    fn set_active(&mut self, address: &str, active: bool) {
        for account in self
            .accounts
            .iter_mut()
            .filter(|account| account.address == address)
        {
            account.active = active;
        }
    }
}
