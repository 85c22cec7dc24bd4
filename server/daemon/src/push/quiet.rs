//! Says the same thing of the same channel once in a while only.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use mdm_core::id::ChannelId;

use super::verdict::Cause;

/// Channels that are remembered. Beyond that, everything is told.
const CAPACITY: usize = 10_000;

/// What was last told of each channel.
#[derive(Debug)]
pub(super) struct Quiet {
    period: Duration,
    told: HashMap<ChannelId, Told>,
}

#[derive(Debug)]
struct Told {
    cause: Cause,
    at: Instant,
    withheld: u32,
}

impl Quiet {
    /// Nothing told yet; the same is not told twice within `period`.
    pub(super) fn new(period: Duration) -> Self {
        Self {
            period,
            told: HashMap::new(),
        }
    }

    /// Whether this failure may be told now, and how many like it were withheld before.
    pub(super) fn admit(&mut self, channel: &ChannelId, cause: Cause, now: Instant) -> Option<u32> {
        let fresh = Told {
            cause,
            at: now,
            withheld: 0,
        };
        if let Some(told) = self.told.get_mut(channel) {
            if told.cause == cause && now.duration_since(told.at) < self.period {
                told.withheld = told.withheld.saturating_add(1);
                return None;
            }
            let withheld = std::mem::replace(told, fresh).withheld;
            return Some(withheld);
        }
        if self.told.len() >= CAPACITY {
            let period = self.period;
            self.told
                .retain(|_, told| now.duration_since(told.at) < period);
        }
        if self.told.len() < CAPACITY {
            self.told.insert(channel.clone(), fresh);
        }
        Some(0)
    }

    /// It went well again: the next failure is news.
    pub(super) fn forget(&mut self, channel: &ChannelId) {
        self.told.remove(channel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_told_once_a_minute() {
        let start = Instant::now();
        let mut quiet = Quiet::new(Duration::from_mins(1));
        let (a, b): (ChannelId, ChannelId) = ("a".parse().unwrap(), "b".parse().unwrap());
        for (channel, cause, second, told) in [
            (&a, Cause::Busy, 0, Some(0)),
            (&a, Cause::Busy, 1, None),
            (&a, Cause::Busy, 59, None),
            (&b, Cause::Busy, 59, Some(0)),
            (&a, Cause::Busy, 60, Some(2)),
            (&a, Cause::Certificate, 61, Some(0)),
            (&a, Cause::Certificate, 62, None),
        ] {
            let now = start + Duration::from_secs(second);
            assert_eq!(
                quiet.admit(channel, cause, now),
                told,
                "{channel} {cause:?} {second}"
            );
        }
        quiet.forget(&b);
        assert_eq!(
            quiet.admit(&b, Cause::Busy, start + Duration::from_mins(1)),
            Some(0)
        );
    }

    #[test]
    fn memory_is_bounded() {
        let start = Instant::now();
        let mut quiet = Quiet::new(Duration::from_mins(1));
        for number in 0..CAPACITY + 5 {
            let channel: ChannelId = format!("c{number}").parse().unwrap();
            assert_eq!(quiet.admit(&channel, Cause::Busy, start), Some(0));
        }
        assert_eq!(quiet.told.len(), CAPACITY);
        let late = start + Duration::from_mins(2);
        assert_eq!(
            quiet.admit(&"x".parse().unwrap(), Cause::Busy, late),
            Some(0)
        );
        assert_eq!(quiet.told.len(), 1);
    }
}
