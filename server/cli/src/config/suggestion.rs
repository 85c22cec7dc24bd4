//! What was probably meant.

/// The candidate nearest to `found`, if one is near enough to be a slip of the finger.
pub(crate) fn nearest<'a>(
    found: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let found: Vec<char> = found.chars().take(64).map(fold).collect();
    let allowed = (found.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                distance(&found, &candidate.chars().map(fold).collect::<Vec<_>>()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn fold(c: char) -> char {
    if c == '-' {
        '_'
    } else {
        c.to_ascii_lowercase()
    }
}

/// Edits between two texts: insertions, deletions, replacements (Levenshtein).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        let mut left = i + 1;
        next.push(left);
        for (window, y) in row.windows(2).zip(b) {
            if let [diagonal, above] = *window {
                left = (diagonal + usize::from(x != y))
                    .min(above + 1)
                    .min(left + 1);
                next.push(left);
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions() {
        let known = ["listen", "name", "push_certificate", "strict"];
        for (found, expected) in [
            ("lisen", Some("listen")),
            ("LISTEN", Some("listen")),
            ("push-certifcate", Some("push_certificate")),
            ("nmae", None),
            ("names", Some("name")),
            ("verifier", None),
            ("", None),
        ] {
            assert_eq!(nearest(found, known), expected, "{found}");
        }
        assert_eq!(distance(&['a', 'b'], &[]), 2);
        assert_eq!(distance(&[], &['a']), 1);
    }
}
