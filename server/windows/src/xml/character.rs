/// Whether XML 1.0 can carry the character at all, escaped or not (XML 1.0 section 2.2, `Char`).
pub(super) fn is_allowed(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => c >= ' ',
    }
}

/// White space of XML 1.0 section 2.3, which is less than Unicode's.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether the text is a name without a colon (`NCName` of Namespaces in XML 1.0 section 3).
///
/// Differs: every character beyond ASCII is taken, where the clause leaves out a few; none of them means anything.
pub(super) fn is_name(text: &str) -> bool {
    let mut rest = text.chars();
    let begins = rest
        .next()
        .is_some_and(|c| c == '_' || c.is_ascii_alphabetic() || !c.is_ascii());
    begins
        && rest.all(|c| matches!(c, '_' | '-' | '.') || c.is_ascii_alphanumeric() || !c.is_ascii())
}

/// As much of a foreign name as an error text should carry: 64 characters, controls escaped.
pub(super) fn excerpt(text: &str) -> String {
    let mut shown: String = text.chars().take(64).flat_map(char::escape_debug).collect();
    if text.chars().nth(64).is_some() {
        shown.push_str("..");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{excerpt, is_allowed, is_name};

    #[test]
    fn names() {
        for (text, expected) in [
            ("Envelope", true),
            ("_a-b.c9", true),
            ("é", true),
            ("", false),
            ("9a", false),
            ("-a", false),
            ("a<b", false),
            ("a:b", false),
            ("a\"", false),
        ] {
            assert_eq!(is_name(text), expected, "{text}");
        }
    }

    #[test]
    fn characters() {
        for (c, expected) in [
            ('\0', false),
            ('\u{1}', false),
            ('\t', true),
            ('\u{7f}', true),
            ('é', true),
            ('\u{ffff}', false),
            ('\u{10000}', true),
        ] {
            assert_eq!(is_allowed(c), expected, "{c:?}");
        }
    }

    #[test]
    fn excerpts_are_bounded() {
        assert_eq!(excerpt("a\nb"), "a\\nb");
        assert_eq!(excerpt(&"x".repeat(1_000)), format!("{}..", "x".repeat(64)));
    }
}
