//! The configuration file: TOML, flat, unknown keys refused, everything wrong told at once.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::complaint::Complaint;
use super::layer::{Given, Layer, Origin};
use super::setting::{SETTINGS, Setting, Shape};
use super::suggestion::nearest;

/// Reads what a configuration file says. `path` is for messages, which come in the order of their lines.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Layer, Vec<Complaint>> {
    let line = |offset: usize| text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1;
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut wrong: Vec<(usize, String, Option<String>)> = errors
        .iter()
        .map(|error| {
            (
                line(error.span().map_or(0, |span| span.start)),
                error.message().to_owned(),
                None,
            )
        })
        .collect();
    let mut layer = Layer::new();
    for (key, value) in table.get_ref() {
        let line = line(key.span().start);
        match read(key.get_ref(), value.get_ref()) {
            Ok((setting, values)) => {
                let origin = Origin::File {
                    path: path.to_owned(),
                    line,
                };
                layer.insert(setting.key, Given { values, origin });
            }
            Err((text, hint)) => wrong.push((line, text, hint)),
        }
    }
    if wrong.is_empty() {
        return Ok(layer);
    }
    wrong.sort_by_key(|(line, ..)| *line);
    let at = |line| format!("{}:{line}", path.display());
    Err(wrong
        .into_iter()
        .map(|(line, text, hint)| Complaint {
            at: at(line),
            text,
            hint,
        })
        .collect())
}

/// What is wrong with a key, and what was probably meant.
type Wrong = (String, Option<String>);

/// One key: its setting and values.
fn read(name: &str, value: &DeValue<'_>) -> Result<(&'static Setting, Vec<String>), Wrong> {
    let setting = Setting::find(name).ok_or_else(|| {
        let near = nearest(name, SETTINGS.iter().map(|setting| setting.key));
        (
            format!("unknown key `{name}`"),
            near.map(|near| format!("did you mean `{near}`?")),
        )
    })?;
    if setting.key == "config" {
        return Err(("a file cannot name another one".to_owned(), None));
    }
    match values(setting, value) {
        Ok(values) => Ok((setting, values)),
        Err(expected) => Err((format!("`{name}` must be {expected}"), None)),
    }
}

fn values(setting: &Setting, value: &DeValue<'_>) -> Result<Vec<String>, &'static str> {
    match (setting.shape, value) {
        (Shape::Switch, DeValue::Boolean(on)) => Ok(vec![on.to_string()]),
        (Shape::Switch, _) => Err("true or false"),
        (Shape::Text | Shape::List, DeValue::String(text)) => Ok(vec![text.clone().into_owned()]),
        (Shape::Text, DeValue::Integer(number)) => Ok(vec![number.to_string()]),
        (Shape::Text, _) => Err("a string"),
        (Shape::List, DeValue::Array(items)) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Ok(text.clone().into_owned()),
                _ => Err("an array of strings"),
            })
            .collect(),
        (Shape::List, _) => Err("a string or an array of strings"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_with_their_lines() {
        let text = "# lab\nname = [\"lab.local\", \"lab\"]\nlisten = \"0.0.0.0:443\"\nephemeral = false\nclock_tolerance = 90\n";
        let layer = parse(Path::new("lab.toml"), text).unwrap();
        let told: Vec<String> = layer
            .iter()
            .map(|(key, given)| format!("{} {key} = {}", given.origin, given.values.join("|")))
            .collect();
        assert_eq!(
            told,
            [
                "lab.toml:5 clock_tolerance = 90",
                "lab.toml:4 ephemeral = false",
                "lab.toml:3 listen = 0.0.0.0:443",
                "lab.toml:2 name = lab.local|lab"
            ]
        );
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let text = "lisen = \"x\"\nconfig = \"other.toml\"\nephemeral = \"yes\"\nname = [1]\nstrict = true\nxyzzy = 1\n[push]\n";
        let told: Vec<String> = parse(Path::new("lab.toml"), text)
            .unwrap_err()
            .into_iter()
            .map(|complaint| format!("{}: {}; {:?}", complaint.at, complaint.text, complaint.hint))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        lab.toml:1: unknown key `lisen`; Some("did you mean `listen`?")
        lab.toml:2: a file cannot name another one; None
        lab.toml:3: `ephemeral` must be true or false; None
        lab.toml:4: `name` must be an array of strings; None
        lab.toml:5: `strict` must be a string; None
        lab.toml:6: unknown key `xyzzy`; None
        lab.toml:7: `push` must be a string; None
        "#);
    }

    #[test]
    fn no_toml() {
        let complaints = parse(Path::new("lab.toml"), "name = \"a\"\nlisten = = 3\n").unwrap_err();
        assert!(
            complaints
                .iter()
                .all(|complaint| complaint.at == "lab.toml:2"),
            "{complaints:?}"
        );
        let nested = format!("name = {}", "[".repeat(100_000));
        assert!(parse(Path::new("lab.toml"), &nested).is_err());
    }
}
