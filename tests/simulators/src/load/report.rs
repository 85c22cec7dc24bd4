//! What a load measured.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

/// Times from the first byte sent to the last byte received, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Latency {
    /// Half were faster.
    pub p50: u64,
    /// Nine in ten were faster.
    pub p90: u64,
    /// Ninety-nine in a hundred were faster.
    pub p99: u64,
    /// The slowest.
    pub max: u64,
}

/// Result of a load.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoadReport {
    /// Requests sent.
    pub requests: u64,
    /// Seconds on the clock.
    pub seconds: f64,
    /// Requests in a second.
    pub requests_per_second: f64,
    /// Latency of answered requests, in microseconds.
    pub latency_us: Latency,
    /// Answers by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by reason.
    pub failures: BTreeMap<String, u64>,
}

/// Counts while a load runs.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) elapsed: Duration,
    micros: Vec<u32>,
    statuses: BTreeMap<u16, u64>,
    failures: BTreeMap<String, u64>,
}

impl Tally {
    pub(super) fn count(&mut self, answer: &Result<(u16, Bytes), String>, took: Duration) {
        match answer {
            Ok((status, _)) => {
                self.micros
                    .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
                *self.statuses.entry(*status).or_default() += 1;
            }
            Err(reason) => *self.failures.entry(reason.clone()).or_default() += 1,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.micros.extend(other.micros);
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        for (reason, count) in other.failures {
            *self.failures.entry(reason).or_default() += count;
        }
    }

    pub(super) fn requests(&self) -> u64 {
        self.statuses.values().chain(self.failures.values()).sum()
    }

    pub(super) fn into_report(mut self) -> LoadReport {
        self.micros.sort_unstable();
        let requests = self.requests();
        let at = |percent: usize| {
            let index = (self.micros.len() * percent)
                .div_ceil(100)
                .saturating_sub(1);
            self.micros.get(index).copied().map_or(0, u64::from)
        };
        let latency_us = Latency {
            p50: at(50),
            p90: at(90),
            p99: at(99),
            max: at(100),
        };
        let seconds = self.elapsed.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
        let requests_per_second = if seconds > 0.0 {
            requests as f64 / seconds
        } else {
            0.0
        };
        LoadReport {
            requests,
            seconds,
            requests_per_second,
            latency_us,
            statuses: self.statuses,
            failures: self.failures,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_answered() {
        let mut tally = Tally {
            elapsed: Duration::from_secs(2),
            ..Tally::default()
        };
        for micros in 1..=100 {
            tally.count(&Ok((200, Bytes::new())), Duration::from_micros(micros));
        }
        tally.count(&Err("closed".to_owned()), Duration::from_secs(9));
        let report = tally.into_report();
        assert_eq!(
            report.latency_us,
            Latency {
                p50: 50,
                p90: 90,
                p99: 99,
                max: 100
            }
        );
        assert_eq!(
            (
                report.requests,
                report.statuses[&200],
                report.failures["closed"]
            ),
            (101, 100, 1)
        );
        assert!((report.requests_per_second - 50.5).abs() < f64::EPSILON);
        assert_eq!(
            Tally::default().into_report().latency_us,
            Latency::default()
        );
    }
}
