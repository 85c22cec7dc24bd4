//! From when until when.

use time::{Duration, OffsetDateTime};

/// The period of a certificate, both ends included (RFC 5280 section 4.1.2.5), whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: OffsetDateTime,
    /// The last second.
    pub not_after: OffsetDateTime,
}

impl Validity {
    /// How far before now our certificates begin, for peers whose clock is behind.
    pub const BACKDATE: Duration = Duration::hours(48);

    /// From `backdate` before `now` until `life` after it.
    pub fn starting(now: OffsetDateTime, backdate: Duration, life: Duration) -> Self {
        let whole = now - Duration::nanoseconds(i64::from(now.nanosecond()));
        Self {
            not_before: whole.saturating_sub(backdate),
            not_after: whole.saturating_add(life),
        }
    }

    /// The same, but ending no later than `last`.
    #[must_use]
    pub fn ending_by(self, last: OffsetDateTime) -> Self {
        Self {
            not_after: self.not_after.min(last),
            ..self
        }
    }

    /// The whole period.
    pub fn length(&self) -> Duration {
        self.not_after - self.not_before
    }

    /// When two thirds of the period are over.
    pub fn two_thirds(&self) -> OffsetDateTime {
        self.not_before.saturating_add(self.length() * 2 / 3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn periods_are_whole_seconds_and_bounded() {
        let now = datetime!(2026-11-21 10:00:00.75 UTC);
        let validity = Validity::starting(now, Duration::days(2), Duration::days(88));
        assert_eq!(validity.not_before, datetime!(2026-11-19 10:00 UTC));
        assert_eq!(validity.not_after, datetime!(2027-02-17 10:00 UTC));
        assert_eq!(validity.two_thirds(), datetime!(2027-01-18 10:00 UTC));
        assert_eq!(
            validity.ending_by(datetime!(2026-12-01 0:00 UTC)).not_after,
            datetime!(2026-12-01 0:00 UTC)
        );
        let endless = Validity::starting(now, Duration::days(2), Duration::days(10_000_000));
        assert_eq!(endless.not_after.year(), 9999);
    }
}
