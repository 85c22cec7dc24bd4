//! `mockmdm profiles diff`: what an edit would do.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{finding_line, of_file, read_all};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{items, text};
use crate::session::Session;
use crate::table::Table;
use crate::target::Target;

/// Compares the profiles of the last file with those of the same id in the first, or with the server's where there is one file.
pub(super) async fn run(session: &mut Session, files: &[PathBuf]) -> Result<Exit, Failure> {
    let (before, after) = match files {
        [before, after] => (Some(read_all(std::slice::from_ref(before))?), after),
        [after, ..] => (None, after),
        [] => return Ok(Exit::Done),
    };
    let client = session.client()?;
    let mut edits = Vec::new();
    for (path, id, new) in read_all(std::slice::from_ref(after))? {
        let mut body = json!({ "new": new });
        if let Some(before) = &before {
            let Some((_, _, old)) = before.iter().find(|(_, known, _)| *known == id) else {
                continue;
            };
            body["old"] = old.clone();
        }
        let edit = client
            .post(&Target::new(&["profiles", "diff"]), &body)
            .await;
        let mut edit = edit.map_err(|failure| of_file(failure, &path, &id))?;
        if let Some(edit) = edit.as_object_mut() {
            edit.insert("profile".to_owned(), id.into());
        }
        edits.push(edit);
    }
    session.output.table(&json!({ "edits": edits }), |edits| {
        let mut table = Table::new(&["profile", "at", "before", "after", "class"], "no edits");
        for edit in edits.get("edits").map_or(&[][..], items) {
            for field in edit.get("fields").map_or(&[][..], items) {
                let shown = |name: &str| field.get(name).map(plain).unwrap_or_default();
                table.row([
                    text(edit, "profile"),
                    text(field, "path"),
                    shown("before"),
                    shown("after"),
                    shown("class"),
                ]);
            }
        }
        table
    })?;
    if !session.output.is_json() {
        for edit in &edits {
            let devices = edit.get("devices").map_or(&[][..], items).len();
            let asked = match edit.get("prompt").and_then(Value::as_str) {
                None => "nobody is asked for anything".to_owned(),
                Some(prompt) => format!("each user is expected to be asked: {prompt}"),
            };
            let (id, class) = (text(edit, "profile"), text(edit, "class"));
            session
                .output
                .note(&format!("{id}: {class}, on {devices} devices; {asked}"))?;
            for finding in edit.get("findings").map_or(&[][..], items) {
                session.output.note(&finding_line(finding))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// A value of a setting as a person reads it.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(object) => {
            let parts = object
                .iter()
                .map(|(name, value)| [name, ": ", &plain(value)].concat());
            parts.collect::<Vec<_>>().join(", ")
        }
        value => value.to_string(),
    }
}
