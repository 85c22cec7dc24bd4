//! A few characters of foreign text, safe to show on one line.

/// How many characters are shown.
const SHOWN: usize = 60;

/// The first characters of `text`, control characters replaced, `…` where more follows.
pub(crate) fn excerpt(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_or_hostile_text_stays_on_one_short_line() {
        assert_eq!(excerpt("a\n\u{1b}é"), "a\u{fffd}\u{fffd}é");
        assert_eq!(excerpt(&"x".repeat(60)), "x".repeat(60));
        assert_eq!(excerpt(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
    }
}
