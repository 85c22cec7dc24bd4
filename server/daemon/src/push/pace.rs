//! How patient the pusher is.

use std::time::Duration;

/// Waits and bounds of pushing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Waits before the second, third and fourth try of one push.
    pub(super) retries: [Duration; 3],
    /// The longest wait that the push service can ask for.
    pub(super) longest: Duration,
    /// Wait after the first connection that failed; doubled by each further one.
    pub(super) reconnect: Duration,
    /// The longest wait between connections.
    pub(super) longest_reconnect: Duration,
    /// For connecting, and for one request.
    pub(super) timeout: Duration,
    /// A connection that was idle for longer is not trusted to be alive.
    pub(super) idle: Duration,
    /// The same failure of one channel is told once in this time.
    pub(super) quiet: Duration,
    /// For pushes on their way when the server stops.
    pub(super) goodbye: Duration,
}

impl Pace {
    /// What a server does.
    pub(super) const DEFAULT: Self = Self {
        retries: [
            Duration::from_secs(2),
            Duration::from_secs(8),
            Duration::from_secs(30),
        ],
        longest: Duration::from_hours(1),
        reconnect: Duration::from_secs(1),
        longest_reconnect: Duration::from_mins(1),
        timeout: Duration::from_secs(10),
        idle: Duration::from_mins(10),
        quiet: Duration::from_mins(1),
        goodbye: Duration::from_secs(2),
    };

    /// The wait before the next try of a push that failed `tries` times; none when that was enough.
    pub(super) fn retry(&self, tries: u8, asked: Option<Duration>) -> Option<Duration> {
        let own = *self.retries.get(usize::from(tries).checked_sub(1)?)?;
        Some(own.max(asked.unwrap_or_default()).min(self.longest))
    }

    /// The wait before the next connection after so many that failed in a row.
    pub(super) fn reconnect(&self, failures: u32) -> Duration {
        let factor = 1_u32 << failures.saturating_sub(1).min(16);
        self.reconnect
            .saturating_mul(factor)
            .min(self.longest_reconnect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits() {
        let seconds = Duration::from_secs;
        for (tries, asked, wait) in [
            (0, None, None),
            (1, None, Some(2)),
            (2, None, Some(8)),
            (3, None, Some(30)),
            (4, None, None),
            (255, Some(1), None),
            (1, Some(1), Some(2)),
            (1, Some(7), Some(7)),
            (1, Some(u64::MAX), Some(3600)),
        ] {
            let found = Pace::DEFAULT.retry(tries, asked.map(seconds));
            assert_eq!(found, wait.map(seconds), "{tries} {asked:?}");
        }
        let reconnects: Vec<u64> = [0, 1, 2, 3, 6, 7, u32::MAX]
            .into_iter()
            .map(|failures| Pace::DEFAULT.reconnect(failures).as_secs())
            .collect();
        assert_eq!(reconnects, [1, 1, 2, 4, 32, 60, 60]);
    }
}
