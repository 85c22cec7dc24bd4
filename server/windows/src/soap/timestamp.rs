use time::{Duration, OffsetDateTime, UtcOffset};

/// `Timestamp` of WS-Security 1.0 section 10: from when until when an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    /// From when.
    pub created: OffsetDateTime,
    /// Until when.
    pub expires: OffsetDateTime,
}

impl Timestamp {
    /// Five minutes to either side, for clocks that differ a little.
    pub fn around(now: OffsetDateTime) -> Self {
        Self {
            created: now.saturating_sub(Duration::minutes(5)),
            expires: now.saturating_add(Duration::minutes(5)),
        }
    }
}

/// UTC with milliseconds, as in the examples of [MS-MDE2] section 4.
pub(super) fn instant(at: OffsetDateTime) -> String {
    // Only at the very ends of the calendar is there no such time in UTC.
    let at = at.checked_to_offset(UtcOffset::UTC).unwrap_or(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, instant};
    use time::macros::datetime;

    #[test]
    fn around_a_time() {
        let stamp = Timestamp::around(datetime!(2024-03-01 01:02:03.0045 +2));
        assert_eq!(instant(stamp.created), "2024-02-29T22:57:03.004Z");
        assert_eq!(instant(stamp.expires), "2024-02-29T23:07:03.004Z");
    }
}
