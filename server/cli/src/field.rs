//! Reading fields of the server's JSON for a person. A program gets the JSON itself.

use std::fmt::Write as _;

use serde_json::Value;

/// The text of a field, found by a dotted path; `-` where there is none.
pub(crate) fn text(value: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(value, |value, name| match value {
        Value::Object(map) => map.get(name),
        Value::Array(items) => name
            .parse::<usize>()
            .ok()
            .and_then(|index| items.get(index)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    });
    match found {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            other.to_string()
        }
    }
}

/// The first of several fields that is there; `-` where none is.
pub(crate) fn first(value: &Value, paths: &[&str]) -> String {
    paths
        .iter()
        .map(|path| text(value, path))
        .find(|text| text != "-")
        .unwrap_or_else(|| "-".to_owned())
}

/// The elements below `items`, or of the value itself where it is an array.
pub(crate) fn items(value: &Value) -> &[Value] {
    value
        .get("items")
        .unwrap_or(value)
        .as_array()
        .map_or(&[], Vec::as_slice)
}

/// A point in time as a person reads it: to the second, in UTC.
pub(crate) fn time(value: &Value, path: &str) -> String {
    let text = text(value, path);
    match (text.split_at_checked(19), text.ends_with('Z')) {
        (Some((seconds, _)), true) => seconds.replacen('T', " ", 1),
        (Some(_) | None, _) => text,
    }
}

/// Text that cannot move a cursor, ring, recolor, or pretend to be another line: control characters are spelled out.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let hidden = c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if hidden {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields() {
        let value = json!({"a": {"b": "x", "n": 3, "l": [{"c": true}]}, "z": null, "at": "2026-11-21T02:43:00.123Z"});
        for (path, expected) in [
            ("a.b", "x"),
            ("a.n", "3"),
            ("a.l.0.c", "true"),
            ("a.l.1.c", "-"),
            ("a.b.c", "-"),
            ("z", "-"),
            ("y", "-"),
        ] {
            assert_eq!(text(&value, path), expected, "{path}");
        }
        assert_eq!(first(&value, &["y", "z", "a.n"]), "3");
        assert_eq!(first(&value, &["y"]), "-");
        assert_eq!(time(&value, "at"), "2026-11-21 02:43:00");
        assert_eq!(time(&value, "y"), "-");
        assert_eq!(items(&json!({"items": [1]})).len(), 1);
        assert_eq!(items(&json!([1, 2])).len(), 2);
        assert_eq!(items(&json!("x")).len(), 0);
    }

    #[test]
    fn nothing_hidden_is_printed() {
        assert_eq!(plain("a\u{1b}[2J\r\u{202e}é"), r"a\u{1b}[2J\u{d}\u{202e}é");
    }
}
