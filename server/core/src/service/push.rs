//! What Apple's push service says of a channel's push token.

use crate::channel::Channel;
use crate::event::{Kind, NewEvent};
use crate::id::ChannelId;
use crate::ports::{Commit, Record};
use crate::service::{ATTEMPTS, ServiceError, Services};
use crate::time::Timestamp;

impl Services {
    /// Forgets the push token of a channel because the push service said that it is dead: `reason`
    /// in its words, `since` when it knows from when on. Answers whether there was one to forget.
    ///
    /// A token that the device renewed after `since`, or after the push went out at `pushed_at`, is
    /// another one and stays.
    pub async fn retire_push_token(
        &self,
        channel: &ChannelId,
        reason: &str,
        since: Option<Timestamp>,
        pushed_at: Timestamp,
    ) -> Result<bool, ServiceError> {
        for _ in 0..ATTEMPTS {
            let Some(found) = self.store.channel(channel).await? else {
                return Ok(false);
            };
            let dead_since = since.unwrap_or(pushed_at).min(pushed_at);
            let Some((channel, event)) = retire(found, reason, dead_since, self.clock.now()) else {
                return Ok(false);
            };
            let commit = Commit {
                records: vec![Record::Channel(channel)],
                events: vec![event],
                ..Commit::default()
            };
            if self.write(commit).await? {
                return Ok(true);
            }
        }
        Err(ServiceError::Contended("channel"))
    }
}

/// The channel without its token, unless it has none or got it after `dead_since`.
fn retire(
    mut channel: Channel,
    reason: &str,
    dead_since: Timestamp,
    now: Timestamp,
) -> Option<(Channel, NewEvent)> {
    if channel
        .token_updated_at
        .is_some_and(|renewed| renewed > dead_since)
    {
        return None;
    }
    channel.push.take()?;
    let text = format!(
        "Apple retired the push token ({reason}): the device cannot be woken until it sends a new one with TokenUpdate"
    );
    let event = NewEvent::new(now, &channel.scope, Kind::PushTokenRetired, text)
        .device(&channel.device)
        .fact("channel", channel.id.as_str())
        .fact("reason", reason)
        .fact("since", dead_since.to_string());
    Some((channel, event))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Owner, PushAddress};
    use crate::id::{DeviceId, Scope, Version};

    fn channel(token_updated_at: Option<i64>) -> Channel {
        let device: DeviceId = "d-1".parse().unwrap();
        Channel {
            id: ChannelId::device(&device),
            version: Version(3),
            scope: Scope::default(),
            device,
            owner: Owner::Device,
            active: true,
            push: Some(PushAddress {
                topic: "com.apple.mgmt.x".to_owned(),
                token: "00ff".into(),
                magic: "m".into(),
            }),
            outstanding: None,
            session: 0,
            owes_push: true,
            refusals: 0,
            read_back_queued: false,
            token_updated_at: token_updated_at.map(Timestamp),
        }
    }

    #[test]
    fn a_token_is_retired_unless_it_was_renewed_later() {
        for (renewed, dead_since, retired) in [
            (None, 1000, true),
            (Some(999), 1000, true),
            (Some(1000), 1000, true),
            (Some(1001), 1000, false),
        ] {
            let before = channel(renewed);
            let after = retire(
                before.clone(),
                "Unregistered",
                Timestamp(dead_since),
                Timestamp(5000),
            );
            assert_eq!(after.is_some(), retired, "{renewed:?}");
            let Some((after, event)) = after else {
                continue;
            };
            assert_eq!(
                after,
                Channel {
                    push: None,
                    ..before
                }
            );
            assert_eq!(event.kind, Kind::PushTokenRetired);
            let written = serde_json::to_string(&event).unwrap();
            assert!(!written.contains("00ff"), "{written}");
        }
        let without = Channel {
            push: None,
            ..channel(None)
        };
        assert_eq!(
            retire(without, "Unregistered", Timestamp(1), Timestamp(2)),
            None
        );
    }

    #[test]
    fn the_event_says_what_follows() {
        let (_, event) =
            retire(channel(None), "Unregistered", Timestamp(0), Timestamp(5000)).unwrap();
        insta::assert_snapshot!(
            event.text,
            @"Apple retired the push token (Unregistered): the device cannot be woken until it sends a new one with TokenUpdate"
        );
        assert_eq!(event.facts["since"], "1970-01-01T00:00:00Z");
        assert_eq!(event.facts["channel"], "d-1");
    }
}
