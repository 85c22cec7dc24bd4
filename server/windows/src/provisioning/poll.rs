use super::node::{boolean, characteristic, integer};
use crate::xml::Writer;

/// How often a device asks for work (page "`DMClient` CSP", `Poll`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poll {
    first: PollSet,
    second: PollSet,
    remaining: PollSet,
    /// Whether it also asks when a user logs on.
    pub on_login: bool,
    /// Whether it also asks when any user logs on for the first time.
    pub on_first_login_of_all: bool,
}

/// One stretch of a poll schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollSet {
    /// From one time to the next, in minutes; 0 leaves the stretch out.
    pub minutes: u32,
    /// How many times; 0 is without end, and what follows never comes.
    pub times: u32,
}

/// Why there is no [`Poll`]: a device refuses a schedule in which nothing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("poll schedule has no interval")]
pub struct NoPoll;

impl PollSet {
    /// Left out.
    pub const NONE: Self = Self {
        minutes: 0,
        times: 0,
    };
}

/// The shortest interval for good that Windows Phone 8.1 takes, in minutes.
const PHONE_FLOOR: u32 = 1440;

impl Poll {
    /// First, then, and for good. At least one must have an interval.
    pub fn new(first: PollSet, second: PollSet, remaining: PollSet) -> Result<Self, NoPoll> {
        if [first, second, remaining]
            .iter()
            .all(|set| set.minutes == 0)
        {
            return Err(NoPoll);
        }
        Ok(Self {
            first,
            second,
            remaining,
            on_login: true,
            on_first_login_of_all: true,
        })
    }

    /// The same schedule as Windows Phone 8.1 takes it: for good not more often than once a day.
    #[must_use]
    pub fn for_phone_8_1(mut self) -> Self {
        if self.remaining.minutes != 0 {
            self.remaining.minutes = self.remaining.minutes.max(PHONE_FLOOR);
        }
        self
    }

    pub(super) fn write(&self, w: &mut Writer) {
        characteristic(w, "Poll", |w| {
            integer(w, "IntervalForFirstSetOfRetries", self.first.minutes);
            integer(w, "NumberOfFirstRetries", self.first.times);
            integer(w, "IntervalForSecondSetOfRetries", self.second.minutes);
            integer(w, "NumberOfSecondRetries", self.second.times);
            integer(
                w,
                "IntervalForRemainingScheduledRetries",
                self.remaining.minutes,
            );
            integer(w, "NumberOfRemainingScheduledRetries", self.remaining.times);
            boolean(w, "PollOnLogin", self.on_login);
            boolean(w, "AllUsersPollOnFirstLogin", self.on_first_login_of_all);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{NoPoll, Poll, PollSet};

    #[test]
    fn a_schedule_has_an_interval() {
        let never = PollSet {
            minutes: 0,
            times: 8,
        };
        assert_eq!(Poll::new(never, PollSet::NONE, PollSet::NONE), Err(NoPoll));
        assert_eq!(NoPoll.to_string(), "poll schedule has no interval");
        assert!(
            Poll::new(
                PollSet {
                    minutes: 1,
                    times: 0
                },
                PollSet::NONE,
                PollSet::NONE
            )
            .is_ok()
        );
    }

    #[test]
    fn phones_ask_once_a_day() {
        for (minutes, expected) in [(0, 0), (60, 1440), (1440, 1440), (2880, 2880)] {
            let often = PollSet {
                minutes: 3,
                times: 5,
            };
            let poll = Poll::new(often, PollSet::NONE, PollSet { minutes, times: 0 }).unwrap();
            assert_eq!(poll.for_phone_8_1().remaining.minutes, expected);
            assert_eq!(poll.for_phone_8_1().first, often);
        }
    }
}
