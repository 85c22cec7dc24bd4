//! Which channel is pushed to when. Pure: what time it is, is a parameter.

use std::collections::HashMap;
use std::time::Instant;

use mdm_core::id::ChannelId;

use super::alarms::Alarms;

/// What is to be pushed now, later and again.
///
/// A channel has at most one push that waits (for its turn, or for another try) and one that is on
/// its way. Asking for one that waits already changes nothing; asking during its flight makes one
/// more follow, because the device may have come before there was something new.
#[derive(Debug)]
pub(super) struct Agenda {
    /// Failed tries, by channel.
    waiting: Alarms<u8>,
    reminders: Alarms<()>,
    /// Whether another one must follow, by channel.
    flying: HashMap<ChannelId, bool>,
    refused: u64,
}

/// A push that leaves now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Departure {
    /// Where to.
    pub(super) channel: ChannelId,
    /// How often it failed already.
    pub(super) tries: u8,
    /// It was asked for long ago: is it still needed?
    pub(super) reminder: bool,
}

/// How a flight ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Landing {
    /// For good.
    Done,
    /// It has to be tried again.
    Again {
        /// When.
        at: Instant,
        /// How often it failed by now.
        tries: u8,
    },
}

impl Agenda {
    /// Nothing to do. At most `capacity` channels wait for a push, and as many for a reminder.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            waiting: Alarms::new(capacity),
            reminders: Alarms::new(capacity),
            flying: HashMap::new(),
            refused: 0,
        }
    }

    /// A push as soon as possible.
    pub(super) fn ask(&mut self, channel: &ChannelId, now: Instant) {
        if let Some(another) = self.flying.get_mut(channel) {
            *another = true;
        } else if !self.waiting.has(channel) && !self.waiting.set(channel, now, 0) {
            self.refused += 1;
        }
    }

    /// A push at a time; a later call replaces an earlier one.
    pub(super) fn ask_later(&mut self, channel: &ChannelId, at: Instant) {
        if !self.reminders.set(channel, at, ()) {
            self.refused += 1;
        }
    }

    /// The next push that leaves by `now`; it flies until it lands.
    pub(super) fn depart(&mut self, now: Instant) -> Option<Departure> {
        if let Some((channel, tries)) = self.waiting.take(now) {
            self.flying.insert(channel.clone(), false);
            return Some(Departure {
                channel,
                tries,
                reminder: false,
            });
        }
        while let Some((channel, ())) = self.reminders.take(now) {
            if self.waiting.has(&channel) || self.flying.contains_key(&channel) {
                continue; // a push goes out in any case
            }
            self.flying.insert(channel.clone(), false);
            return Some(Departure {
                channel,
                tries: 0,
                reminder: true,
            });
        }
        None
    }

    /// A flight ended.
    pub(super) fn land(&mut self, channel: &ChannelId, landing: Landing, now: Instant) {
        let another = self.flying.remove(channel).unwrap_or(false);
        match landing {
            Landing::Again { at, tries } => {
                if !self.waiting.set(channel, at, tries) {
                    self.refused += 1;
                }
            }
            Landing::Done if another => self.ask(channel, now),
            Landing::Done => {}
        }
    }

    /// When something leaves next.
    pub(super) fn next(&self) -> Option<Instant> {
        [self.waiting.next(), self.reminders.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// How many were refused, because too many waited, since this was asked last.
    pub(super) fn refused(&mut self) -> u64 {
        std::mem::take(&mut self.refused)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn id(text: &str) -> ChannelId {
        text.parse().unwrap()
    }

    fn departure(channel: &str, tries: u8, reminder: bool) -> Departure {
        Departure {
            channel: id(channel),
            tries,
            reminder,
        }
    }

    #[test]
    fn a_burst_is_one_push_and_one_more_if_it_went_on_during_the_flight() {
        let now = Instant::now();
        let mut agenda = Agenda::new(10);
        for _ in 0..100 {
            agenda.ask(&id("a"), now);
        }
        assert_eq!(agenda.depart(now), Some(departure("a", 0, false)));
        assert_eq!(agenda.depart(now), None);
        for _ in 0..100 {
            agenda.ask(&id("a"), now);
        }
        assert_eq!(agenda.depart(now), None, "one at a time");
        agenda.land(&id("a"), Landing::Done, now);
        assert_eq!(agenda.depart(now), Some(departure("a", 0, false)));
        agenda.land(&id("a"), Landing::Done, now);
        assert_eq!(agenda.depart(now), None);
        assert_eq!(agenda.next(), None);
        assert_eq!(agenda.refused(), 0);
    }

    #[test]
    fn who_asks_during_a_pause_does_not_shorten_it() {
        let now = Instant::now();
        let later = now + Duration::from_secs(30);
        let mut agenda = Agenda::new(10);
        agenda.ask(&id("a"), now);
        agenda.depart(now);
        agenda.ask(&id("a"), now);
        let again = Landing::Again {
            at: later,
            tries: 2,
        };
        agenda.land(&id("a"), again, now);
        agenda.ask(&id("a"), now);
        assert_eq!(agenda.depart(now), None);
        assert_eq!(agenda.next(), Some(later));
        assert_eq!(agenda.depart(later), Some(departure("a", 2, false)));
        agenda.land(&id("a"), Landing::Done, later);
        assert_eq!(agenda.depart(later), None);
    }

    #[test]
    fn a_reminder_is_replaced_and_dropped_where_a_push_goes_out_anyway() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let mut agenda = Agenda::new(10);
        agenda.ask_later(&id("a"), at(10));
        agenda.ask_later(&id("a"), at(60));
        assert_eq!(agenda.depart(at(59)), None);
        assert_eq!(agenda.depart(at(60)), Some(departure("a", 0, true)));
        agenda.land(&id("a"), Landing::Done, at(60));
        agenda.ask_later(&id("a"), at(70));
        agenda.ask_later(&id("b"), at(70));
        agenda.ask(&id("a"), at(70));
        assert_eq!(agenda.depart(at(70)), Some(departure("a", 0, false)));
        assert_eq!(agenda.depart(at(70)), Some(departure("b", 0, true)));
        assert_eq!(agenda.depart(at(99)), None);
    }

    #[test]
    fn too_many_are_refused_and_counted() {
        let now = Instant::now();
        let mut agenda = Agenda::new(2);
        for channel in ["a", "b", "c", "a", "d"] {
            agenda.ask(&id(channel), now);
            agenda.ask_later(&id(channel), now);
        }
        assert_eq!(agenda.refused(), 4);
        assert_eq!(agenda.refused(), 0);
        assert_eq!(agenda.depart(now), Some(departure("a", 0, false)));
        assert_eq!(agenda.depart(now), Some(departure("b", 0, false)));
        assert_eq!(agenda.depart(now), None);
    }
}
