//! What was probably meant by a name that is not known.

/// The name in `known` that `found` is probably a slip of: one that is at most three edits away.
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|known| (distance(found, known), known))
        .min()
        .filter(|&(distance, _)| distance <= 3)
        .map(|(_, known)| known)
}

/// Levenshtein's distance, of texts of at most 64 characters.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, pair) in b.iter().zip(row.windows(2)) {
            if let [diagonal, above] = *pair {
                left = (diagonal + usize::from(x != *y))
                    .min(above + 1)
                    .min(left + 1);
                next.push(left);
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_only() {
        for (found, expected) in [
            ("hostname", Some("host_name")),
            ("port", Some("port")),
            ("colour", None),
            ("prt", Some("port")),
        ] {
            assert_eq!(nearest(found, ["host_name", "port"]), expected, "{found}");
        }
    }
}
