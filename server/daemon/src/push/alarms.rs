//! Alarms: at most one for each channel, in the order in which they go off.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use mdm_core::id::ChannelId;

/// Alarms that carry a `T`.
#[derive(Debug)]
pub(super) struct Alarms<T> {
    capacity: usize,
    set: u64,
    by_time: BTreeMap<(Instant, u64), ChannelId>,
    by_channel: HashMap<ChannelId, (Instant, u64, T)>,
}

impl<T> Alarms<T> {
    /// None yet, and never more than `capacity`.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            set: 0,
            by_time: BTreeMap::new(),
            by_channel: HashMap::new(),
        }
    }

    /// Sets the alarm of a channel, in place of an earlier one. False when there are too many.
    pub(super) fn set(&mut self, channel: &ChannelId, at: Instant, value: T) -> bool {
        self.clear(channel);
        if self.by_channel.len() >= self.capacity {
            return false;
        }
        self.set += 1;
        self.by_time.insert((at, self.set), channel.clone());
        self.by_channel
            .insert(channel.clone(), (at, self.set, value));
        true
    }

    /// Whether the channel has one.
    pub(super) fn has(&self, channel: &ChannelId) -> bool {
        self.by_channel.contains_key(channel)
    }

    /// Removes the alarm of a channel.
    pub(super) fn clear(&mut self, channel: &ChannelId) {
        if let Some((at, number, _)) = self.by_channel.remove(channel) {
            self.by_time.remove(&(at, number));
        }
    }

    /// Takes the first alarm that has gone off by `now`.
    pub(super) fn take(&mut self, now: Instant) -> Option<(ChannelId, T)> {
        if self.next()? > now {
            return None;
        }
        let (_, channel) = self.by_time.pop_first()?;
        let (_, _, value) = self.by_channel.remove(&channel)?;
        Some((channel, value))
    }

    /// When the first one goes off.
    pub(super) fn next(&self) -> Option<Instant> {
        self.by_time.first_key_value().map(|((at, _), _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn go_off_in_order_once_and_as_set_last() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let id = |text: &str| text.parse::<ChannelId>().unwrap();
        let mut alarms = Alarms::new(3);
        for (channel, seconds) in [("a", 9), ("b", 5), ("c", 5), ("a", 7)] {
            assert!(alarms.set(&id(channel), at(seconds), seconds), "{channel}");
        }
        assert!(!alarms.set(&id("d"), at(1), 1), "a fourth is one too many");
        assert!(
            alarms.set(&id("a"), at(6), 6),
            "replacing one is always possible"
        );
        assert_eq!(alarms.next(), Some(at(5)));
        assert_eq!(alarms.take(at(4)), None);
        let mut gone = Vec::new();
        while let Some((channel, value)) = alarms.take(at(6)) {
            gone.push((channel.to_string(), value));
        }
        assert_eq!(
            gone,
            [
                ("b".to_owned(), 5),
                ("c".to_owned(), 5),
                ("a".to_owned(), 6)
            ]
        );
        assert_eq!(alarms.next(), None);
        assert!(alarms.set(&id("d"), at(1), 1));
        alarms.clear(&id("d"));
        assert!(!alarms.has(&id("d")) && alarms.take(at(9)).is_none());
    }
}
