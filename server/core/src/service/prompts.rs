//! Prompts: expected when an edit goes out, answered by a person.

use mdm_payloads::field_class::PromptKind;

use crate::delivery::Delivery;
use crate::event::Kind;
use crate::id::{PromptId, Version};
use crate::lifecycle::{Event, on};
use crate::ports::{Commit, Record};
use crate::prompt::{Answer, Known, Prompt};
use crate::service::turn::about;
use crate::service::{ATTEMPTS, ServiceError, Services};
use crate::time::Timestamp;

impl Services {
    /// Writes down what the user of a device said to a prompt. A refusal leaves the revision before at work.
    pub async fn answer_prompt(
        &self,
        id: &PromptId,
        answer: Answer,
    ) -> Result<Prompt, ServiceError> {
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let prompt = self.store.prompt(id).await?;
            let mut prompt = prompt.ok_or_else(|| ServiceError::not_found("prompt", id))?;
            let delivery = self.store.delivery(&prompt.delivery).await?;
            let delivery =
                delivery.ok_or_else(|| ServiceError::not_found("delivery", &prompt.delivery))?;
            let event = match answer {
                Answer::Approved => Some(Event::Approved(prompt.revision)),
                Answer::Declined => Some(Event::Declined {
                    before: prompt.before,
                }),
                Answer::Deferred | Answer::Unanswered => None,
            };
            let mut commit = Commit::default();
            let delivery = match event {
                Some(event) => {
                    let next =
                        on(delivery, event, now).map_err(|refused| ServiceError::Conflict {
                            what: refused.to_string(),
                            hint: "a prompt is answered once its revision was acknowledged",
                        })?;
                    commit.records.push(Record::Delivery(next.clone()));
                    next
                }
                None => delivery,
            };
            let text = format!(
                "{} for profile `{}`: {}",
                prompt.kind.as_str(),
                prompt.profile,
                answer.as_str()
            );
            let told = about(&delivery, Kind::PromptAnswered, text, now);
            commit.events.push(told.fact("answer", answer.as_str()));
            prompt.answer = answer;
            prompt.known = Known::Recorded;
            prompt.answered_at = Some(now);
            commit.records.push(Record::Prompt(prompt));
            if self.write(commit).await? {
                return self
                    .store
                    .prompt(id)
                    .await?
                    .ok_or_else(|| ServiceError::not_found("prompt", id));
            }
        }
        Err(ServiceError::Contended("prompt"))
    }

    /// Expects the device to ask its user because of the revision that `delivery` wants now.
    pub(super) async fn expect_prompt(
        &self,
        delivery: &Delivery,
        kind: PromptKind,
        now: Timestamp,
        commit: &mut Commit,
    ) -> Result<(), ServiceError> {
        let id = Prompt::key(&delivery.id, delivery.desired_revision);
        let known = self.store.prompt(&id).await?;
        let version = known.map_or(Version(0), |known| known.version);
        commit.records.push(Record::Prompt(Prompt {
            id,
            version,
            scope: delivery.scope.clone(),
            delivery: delivery.id.clone(),
            profile: delivery.profile.clone(),
            device: delivery.device().cloned(),
            revision: delivery.desired_revision,
            before: delivery.applied_revision,
            kind,
            known: Known::Expected,
            answer: Answer::Unanswered,
            created_at: now,
            answered_at: None,
        }));
        let text = format!(
            "the user is expected to be asked: {} for profile `{}`",
            kind.as_str(),
            delivery.profile
        );
        let event = about(delivery, Kind::PromptExpected, text, now);
        commit.events.push(event.fact("prompt", kind.as_str()));
        Ok(())
    }
}
