//! Lab files: TOML read into what the server takes, remembering where everything was written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::Complaint;
use crate::failure::Failure;

/// Where a value was written: the offset of its key, or of itself in an array, and what is in it.
#[derive(Debug, Default)]
struct Place {
    offset: usize,
    keys: BTreeMap<String, Self>,
    items: Vec<Self>,
}

/// One file.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    text: String,
    place: Place,
}

/// Several files that make up one lab.
#[derive(Debug, Default)]
pub(crate) struct LabFiles {
    sources: Vec<Source>,
    /// The whole lab, its tables in the order of files and writing.
    body: Map<String, Value>,
    /// By table, for each of its elements: which file, and which element there.
    origins: BTreeMap<String, Vec<(usize, usize)>>,
    /// By key that is no array: which file.
    single: BTreeMap<String, usize>,
}

impl LabFiles {
    /// Reads files, with every mistake of writing told at once.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut files = Self::default();
        let mut complaints = Vec::new();
        for path in paths {
            let text = std::fs::read_to_string(path).map_err(|source| Failure::File {
                doing: "reading",
                path: path.clone(),
                source,
            })?;
            complaints.extend(files.add(path, text));
        }
        if complaints.is_empty() {
            Ok(files)
        } else {
            Err(Failure::Lab(complaints))
        }
    }

    fn add(&mut self, path: &Path, text: String) -> Vec<Complaint> {
        let (table, errors) = DeTable::parse_recoverable(&text);
        let mut complaints: Vec<Complaint> = errors
            .iter()
            .map(|error| {
                let offset = error.span().map_or(0, |span| span.start);
                complaint(path, &text, offset, error.message().to_owned())
            })
            .collect();
        let (object, place) = table_of(table.get_ref(), 0, &mut |offset, what| {
            complaints.push(complaint(path, &text, offset, what));
        });
        let file = self.sources.len();
        for (key, value) in object {
            match value {
                Value::Array(items) => {
                    let whole = self
                        .body
                        .entry(key.clone())
                        .or_insert_with(|| Value::Array(Vec::new()));
                    let origins = self.origins.entry(key).or_default();
                    if let Value::Array(whole) = whole {
                        origins.extend((0..items.len()).map(|index| (file, index)));
                        whole.extend(items);
                    }
                }
                other => {
                    if let Some(first) = self.single.insert(key.clone(), file) {
                        let offset = place.keys.get(&key).map_or(0, |p| p.offset);
                        let earlier = self.sources.get(first);
                        let earlier =
                            earlier.map_or_else(String::new, |s| s.path.display().to_string());
                        let what = format!("`{key}` is also in `{earlier}`");
                        complaints.push(complaint(path, &text, offset, what));
                    }
                    self.body.insert(key, other);
                }
            }
        }
        self.sources.push(Source {
            path: path.to_owned(),
            text,
            place,
        });
        complaints
    }

    /// What the server takes.
    pub(crate) fn body(&self) -> Value {
        Value::Object(self.body.clone())
    }

    /// A complaint of the server about `path`, such as `user[3].mail`, as one about a place in a file.
    pub(crate) fn complaint(&self, path: &str, found: &str, allowed: &str) -> Complaint {
        let text = format!("`{path}`: found {found}, expected {allowed}");
        match self.place(path) {
            Some((source, offset)) => complaint(&source.path, &source.text, offset, text),
            None => Complaint {
                at: "the lab".to_owned(),
                text,
                hint: None,
            },
        }
    }

    fn place(&self, path: &str) -> Option<(&Source, usize)> {
        let mut steps = steps(path);
        let Some(Step::Key(table)) = steps.next() else {
            return None;
        };
        let (source, mut place) = match steps.next() {
            Some(Step::Item(index)) => {
                let (file, index) = self.origins.get(table)?.get(index)?;
                let source = self.sources.get(*file)?;
                (source, source.place.keys.get(table)?.items.get(*index)?)
            }
            first => {
                let file = self
                    .single
                    .get(table)
                    .copied()
                    .or_else(|| self.origins.get(table)?.first().map(|(file, _)| *file))?;
                let source = self.sources.get(file)?;
                let place = source.place.keys.get(table)?;
                let deeper = first.and_then(|step| step.in_place(place));
                (source, deeper.unwrap_or(place))
            }
        };
        // The deepest place that is there: what is missing is told where it should be.
        for step in steps {
            match step.in_place(place) {
                Some(deeper) => place = deeper,
                None => break,
            }
        }
        Some((source, place.offset))
    }
}

/// One step of a path.
enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

impl Step<'_> {
    fn in_place<'p>(&self, place: &'p Place) -> Option<&'p Place> {
        match self {
            Step::Key(key) => place.keys.get(*key),
            Step::Item(index) => place.items.get(*index),
        }
    }
}

/// The steps of a path such as `profile[3].incoming_server.port`.
fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split('.').flat_map(|part| {
        let (key, rest) = part.split_once('[').unwrap_or((part, ""));
        let items = rest
            .split('[')
            .filter_map(|item| item.strip_suffix(']')?.parse().ok())
            .map(Step::Item);
        std::iter::once(Step::Key(key)).chain(items.collect::<Vec<_>>())
    })
}

/// A complaint about a place of a file: line and column count from 1, columns in characters.
fn complaint(path: &Path, text: &str, offset: usize, what: String) -> Complaint {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    Complaint {
        at: format!("{}:{line}:{column}", path.display()),
        text: what,
        hint: None,
    }
}

fn table_of(
    table: &DeTable<'_>,
    offset: usize,
    wrong: &mut impl FnMut(usize, String),
) -> (Map<String, Value>, Place) {
    let mut object = Map::new();
    let mut place = Place {
        offset,
        ..Place::default()
    };
    for (key, value) in table {
        let (value, mut inner) = value_of(value, wrong);
        // What is said of a property is said of where it is named; an array of tables has no such place.
        if inner.items.is_empty() {
            inner.offset = key.span().start;
        }
        let key = key.get_ref().to_string();
        object.insert(key.clone(), value);
        place.keys.insert(key, inner);
    }
    (object, place)
}

fn value_of(value: &Spanned<DeValue<'_>>, wrong: &mut impl FnMut(usize, String)) -> (Value, Place) {
    let offset = value.span().start;
    let leaf = Place {
        offset,
        ..Place::default()
    };
    match value.get_ref() {
        DeValue::String(text) => (Value::from(text.as_ref()), leaf),
        DeValue::Boolean(value) => (Value::from(*value), leaf),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            if parsed.is_err() {
                wrong(offset, format!("`{number}` is no number of 64 bits"));
            }
            (Value::from(parsed.unwrap_or_default()), leaf)
        }
        DeValue::Float(number) => {
            let parsed = number.as_str().parse().ok().and_then(Number::from_f64);
            if parsed.is_none() {
                wrong(offset, format!("`{number}` is no number that can be sent"));
            }
            (parsed.map_or(Value::Null, Value::Number), leaf)
        }
        DeValue::Datetime(time) => (Value::from(time.to_string()), leaf),
        DeValue::Array(items) => {
            let (values, places) = items.iter().map(|item| value_of(item, wrong)).unzip();
            let place = Place {
                items: places,
                ..leaf
            };
            (Value::Array(values), place)
        }
        DeValue::Table(table) => {
            let (object, place) = table_of(table, offset, wrong);
            (Value::Object(object), place)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "# é\n[settings]\nsemantics = \"2017\"\n\n[[user]]\nuser_principal_name = \"a@x\"\n\n[[user]]\n\
                     mail = \"é\" # \n";
    const B: &str = "[[user]]\nuser_principal_name = \"b@x\"\n[[group]]\nid = \"g\"\nmembers = [\"a@x\",\n \"z@x\"]\n\
         [[profile]]\nincoming_server = { port = 0 }\n";

    fn files() -> (tempfile::TempDir, Result<LabFiles, Failure>) {
        written(&[("a.toml", A), ("b.toml", B)])
    }

    fn written(given: &[(&str, &str)]) -> (tempfile::TempDir, Result<LabFiles, Failure>) {
        let directory = tempfile::tempdir().unwrap();
        let paths: Vec<_> = given
            .iter()
            .map(|(name, text)| {
                let path = directory.path().join(name);
                std::fs::write(&path, text).unwrap();
                path
            })
            .collect();
        let files = LabFiles::read(&paths);
        (directory, files)
    }

    fn at(complaint: &Complaint) -> &str {
        complaint.at.rsplit('/').next().unwrap()
    }

    #[test]
    fn complaints_find_their_place() {
        let (_directory, files) = files();
        let files = files.unwrap();
        for (path, place) in [
            ("settings.semantics", "a.toml:3:1"),
            ("settings", "a.toml:2:2"),
            ("user[0].user_principal_name", "a.toml:6:1"),
            ("user[1].mail", "a.toml:9:1"),
            ("user[1].user_principal_name", "a.toml:8:1"),
            ("user[2].user_principal_name", "b.toml:2:1"),
            ("group[0].members[1]", "b.toml:6:2"),
            ("profile[0].incoming_server.port", "b.toml:8:21"),
            ("profile[0].incoming_server.host", "b.toml:8:1"),
            ("nothing[7].x", "the lab"),
        ] {
            let told = files.complaint(path, "x", "y");
            assert_eq!(at(&told), place, "{path}");
        }
        let users = files.body()["user"].as_array().unwrap().len();
        assert_eq!(users, 3);
    }

    #[test]
    fn mistakes_of_writing_are_told_together() {
        let (_directory, files) = written(&[
            (
                "a.toml",
                "[settings]\nsemantics = \"2017\n[[user]]\nx = = 1\n",
            ),
            ("b.toml", "[settings]\nn = 99999999999999999999\n"),
        ]);
        let Failure::Lab(complaints) = files.unwrap_err() else {
            panic!("refused otherwise")
        };
        let told: Vec<_> = complaints.iter().map(at).collect();
        assert!(told.len() >= 4, "{complaints:?}");
        for place in ["a.toml:2:", "a.toml:4:", "b.toml:2:5", "b.toml:1:2"] {
            assert!(
                told.iter().any(|t| t.starts_with(place)),
                "{place} in {told:?}"
            );
        }
    }
}
