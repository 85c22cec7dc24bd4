//! One push on its way: from the channel as it is now to what its answer changes.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use mdm_apple::apns::{Priority, Push, PushRequest};
use mdm_apple::identifier::Topic;
use mdm_apple::secret::{PushMagic, PushToken};
use mdm_core::channel::{Channel, PushAddress};
use mdm_core::event::{Kind, NewEvent};
use mdm_core::service::Services;

use super::agenda::{Departure, Landing};
use super::verdict::{Cause, Failure, Verdict};
use super::{Apns, Pusher};

/// The longest token, in octets; Apple's have 32 and may grow.
const LONGEST_TOKEN: usize = 256;

/// A push that left. It lands in any case, also when its task is ended.
pub(super) struct Flight {
    pusher: Arc<Pusher>,
    departure: Departure,
    landing: Landing,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.pusher
            .agenda()
            .land(&self.departure.channel, self.landing, Instant::now());
    }
}

impl Flight {
    pub(super) fn new(pusher: Arc<Pusher>, departure: Departure) -> Self {
        Self {
            pusher,
            departure,
            landing: Landing::Done,
        }
    }

    /// Sends it and does what follows from the answer.
    ///
    /// The channel is loaded now rather than when the push was asked for: tokens change, devices
    /// leave, and a reminder may have become needless.
    pub(super) async fn fly(mut self, services: Services) {
        let pusher = Arc::clone(&self.pusher);
        let Some(apns) = pusher.apns() else { return };
        let id = &self.departure.channel;
        let channel = match services.store.channel(id).await {
            Ok(Some(channel)) => channel,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, channel = %id, "a push waits: its channel cannot be loaded");
                if let Some(after) = pusher.pace.retry(self.departure.tries + 1, None) {
                    self.again(after);
                }
                return;
            }
        };
        if !channel.active || (self.departure.reminder && !channel.owes_push) {
            return;
        }
        let Some(address) = &channel.push else { return };
        let pushed_at = services.clock.now();
        let verdict = match request(address, &apns.topic) {
            Ok(request) => {
                let answer = apns.client.send(&request).await;
                Verdict::of(answer, self.departure.tries, &pusher.pace)
            }
            Err(failure) => Verdict::Failed(failure),
        };
        match verdict {
            Verdict::Sent { apns_id } => {
                pusher.quiet().forget(&channel.id);
                record(&services, sent(&channel, apns_id, &services)).await;
            }
            Verdict::Again { after, why } => {
                tracing::warn!(channel = %channel.id, seconds = after.as_secs(), why, "a push is tried again");
                self.again(after);
            }
            Verdict::Failed(failure) => self.failed(&services, &channel, failure).await,
            Verdict::Retired { reason, since } => {
                match services
                    .retire_push_token(&channel.id, &reason, since, pushed_at)
                    .await
                {
                    Ok(true) => pusher.quiet().forget(&channel.id),
                    Ok(false) => {
                        let why = format!(
                            "the push service calls the token dead ({reason}), but the device renewed it since: it is kept"
                        );
                        let failure = Failure {
                            cause: Cause::Token,
                            why,
                        };
                        self.failed(&services, &channel, failure).await;
                    }
                    Err(error) => {
                        tracing::error!(%error, channel = %channel.id, "a dead push token could not be removed");
                    }
                }
            }
        }
    }

    fn again(&mut self, after: std::time::Duration) {
        self.landing = Landing::Again {
            at: Instant::now() + after,
            tries: self.departure.tries.saturating_add(1),
        };
    }

    async fn failed(&self, services: &Services, channel: &Channel, failure: Failure) {
        let Failure { cause, why } = failure;
        if cause == Cause::Certificate {
            tracing::error!(why, "push does not work");
        }
        let admitted = self
            .pusher
            .quiet()
            .admit(&channel.id, cause, Instant::now());
        let Some(withheld) = admitted else { return };
        let mut event = NewEvent::new(
            services.clock.now(),
            &channel.scope,
            Kind::PushFailed,
            format!("not woken: {why}"),
        )
        .device(&channel.device)
        .fact("channel", channel.id.as_str())
        .fact("cause", cause.as_str());
        if withheld > 0 {
            event = event.fact("withheld", withheld);
        }
        record(services, event).await;
    }
}

impl Pusher {
    /// What was told of each channel.
    fn quiet(&self) -> std::sync::MutexGuard<'_, super::quiet::Quiet> {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apns(&self) -> Option<&Apns> {
        match &self.mode {
            super::Mode::Apns(apns) => Some(apns),
            super::Mode::Unconfigured | super::Mode::None => None,
        }
    }
}

fn sent(channel: &Channel, apns_id: Option<String>, services: &Services) -> NewEvent {
    let text = "Apple's push service took a push: the device is asked to come";
    let event = NewEvent::new(services.clock.now(), &channel.scope, Kind::PushSent, text)
        .device(&channel.device)
        .fact("channel", channel.id.as_str());
    match apns_id {
        // Bounded, because it is the word of somebody else.
        Some(id) => event.fact("apns_id", id.chars().take(64).collect::<String>()),
        None => event,
    }
}

/// Appends an event. That this fails stops nothing: a push is a hint.
pub(super) async fn record(services: &Services, event: NewEvent) {
    if let Err(error) = services.note(vec![event]).await {
        tracing::error!(%error, "an event of push could not be written");
    }
}

/// The push to a device that enrolled with our topic.
fn request(address: &PushAddress, topic: &Topic) -> Result<PushRequest, Failure> {
    if address.topic != topic.as_str() {
        let why = format!(
            "the device enrolled with the topic `{}` and the push certificate is for `{topic}`: the device must enroll \
             again",
            address.topic
        );
        return Err(Failure {
            cause: Cause::Topic,
            why,
        });
    }
    let token = octets(address.token.expose()).ok_or_else(|| Failure {
        cause: Cause::Address,
        why: "its push token is not in hexadecimal".to_owned(),
    })?;
    let push = Push {
        token: PushToken::new(token),
        magic: PushMagic::new(address.magic.expose().to_owned()),
        topic: topic.clone(),
        expires: None,
        priority: Priority::Immediate,
    };
    Ok(push.request())
}

/// The octets of a hexadecimal text, 1 to [`LONGEST_TOKEN`] of them.
fn octets(hex: &str) -> Option<Vec<u8>> {
    let digits = hex
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<Vec<u8>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let legal = rest.is_empty() && (1..=LONGEST_TOKEN).contains(&pairs.len());
    legal.then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_hexadecimal() {
        let long = "0".repeat(2 * LONGEST_TOKEN);
        for (hex, expected) in [
            ("00ffA1", Some(vec![0, 255, 161])),
            ("", None),
            ("0", None),
            ("0g", None),
            ("é0", None),
            (&long, Some(vec![0; LONGEST_TOKEN])),
        ] {
            assert_eq!(octets(hex), expected, "{hex}");
        }
        assert_eq!(octets(&format!("{long}00")), None);
    }

    #[test]
    fn what_cannot_be_pushed_to_says_why() {
        let ours: Topic = "com.apple.mgmt.External.ours".parse().unwrap();
        for (topic, token, complaint) in [
            (
                "com.apple.mgmt.External.<&\"é",
                "00",
                "the device enrolled with the topic `com.apple.mgmt.External.<&\"é` and the push certificate is for \
                 `com.apple.mgmt.External.ours`: the device must enroll again",
            ),
            (ours.as_str(), "x", "its push token is not in hexadecimal"),
        ] {
            let address = PushAddress {
                topic: topic.to_owned(),
                token: token.into(),
                magic: "m".into(),
            };
            assert_eq!(request(&address, &ours).unwrap_err().why, complaint);
        }
    }
}
