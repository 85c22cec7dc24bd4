//! What a device asks its owner, and what comes of it.

use super::device::WindowsDevice;
use super::journal::Event;
use super::script::{PromptAnswer, PromptScript};

/// Kind of prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptKind {
    /// Mail asks for the password of an account that came without one.
    PasswordEntry,
    /// An existing account is to be changed.
    ReconfigureApproval,
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

impl WindowsDevice {
    /// Prompts nobody has answered yet.
    pub fn open_prompts(&self) -> &[Prompt] {
        &self.prompts
    }

    /// Asks for something a command waits for: the answer is there at once.
    pub(super) fn ask_now(&mut self, kind: PromptKind, about: &str) -> bool {
        self.note(Event::Prompted {
            kind,
            about: about.to_owned(),
        });
        let answer = self.script.answer(kind).answer;
        if answer != PromptAnswer::Unanswered {
            self.note(Event::PromptAnswered {
                kind,
                about: about.to_owned(),
                answer,
            });
        }
        answer == PromptAnswer::Approved
    }

    /// Puts the question for a mailbox's password on the screen.
    pub(super) fn ask_password(&mut self, address: &str) {
        let kind = PromptKind::PasswordEntry;
        self.prompts.retain(|prompt| prompt.about != address);
        self.note(Event::Prompted {
            kind,
            about: address.to_owned(),
        });
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
        for Prompt {
            kind,
            about,
            script,
        } in answered
        {
            self.note(Event::PromptAnswered {
                kind,
                about,
                answer: script.answer,
            });
        }
    }
}
