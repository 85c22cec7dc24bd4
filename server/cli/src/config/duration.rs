//! Spans of time as people write them.

use std::str::FromStr;
use std::time::Duration;

/// A span of time: `90`, `90s`, `10m`, `2h`, `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// What is no span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no span of time such as 90s, 10m, 2h or 1d")]
pub(crate) struct BadSpan(String);

impl FromStr for Span {
    type Err = BadSpan;

    fn from_str(text: &str) -> Result<Self, BadSpan> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let (_, unit) = text.split_at_checked(digits.len()).unwrap_or((text, ""));
        let seconds = match unit {
            "" | "s" => Some(1),
            "m" => Some(60),
            "h" => Some(3600),
            "d" => Some(86_400),
            _ => None,
        };
        let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let count = digits.parse::<u64>().ok().filter(|_| all_digits);
        match (count, seconds) {
            (Some(count), Some(seconds)) => count
                .checked_mul(seconds)
                .map(Duration::from_secs)
                .map(Self)
                .ok_or_else(|| BadSpan(text.to_owned())),
            (_, _) => Err(BadSpan(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("10m", 600),
            ("2h", 7200),
            ("1d", 86_400),
            ("0", 0),
        ] {
            assert_eq!(
                text.parse(),
                Ok(Span(Duration::from_secs(seconds))),
                "{text}"
            );
        }
        for text in [
            "",
            "m",
            "-1s",
            "+1",
            "1.5h",
            "1 m",
            "10ms",
            "99999999999999999999d",
            "9999999999999999999d",
        ] {
            let told = text.parse::<Span>().unwrap_err().to_string();
            assert_eq!(
                told,
                format!("`{text}` is no span of time such as 90s, 10m, 2h or 1d")
            );
        }
    }
}
