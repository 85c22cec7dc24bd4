//! An error with all its causes, in one line: for logs, and for the one place that answers.

use std::error::Error;

/// The error's text, then each cause's, separated by colons. A cause that repeats what was just
/// said is left out.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Middle);
    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Middle(#[from] std::num::ParseIntError);

    #[test]
    fn says_each_cause_once() {
        let cause = "x".parse::<u8>().unwrap_err();
        assert_eq!(
            chain(&Outer(Middle(cause))),
            "outer: invalid digit found in string"
        );
    }
}
