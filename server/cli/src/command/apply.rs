//! `mockmdm apply`: makes a lab as its files say.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{plain, text};
use crate::lab_file::LabFiles;
use crate::session::Session;
use crate::target::Target;

/// Changes that are printed one by one; of more, only how many.
const MOST_LINES: usize = 100;

/// How long a lab of many devices may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// Arguments of `apply`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The files; together they are one lab
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only print what would be done
    #[arg(long)]
    dry_run: bool,
    /// Delete users, groups, profiles and assignments that no file names
    #[arg(long)]
    prune: bool,
    /// The scope to change
    #[arg(long)]
    scope: Option<String>,
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let files = LabFiles::read(&arguments.files)?;
    let target = Target::new(&["apply"])
        .query("dry_run", &arguments.dry_run)
        .query("prune", &arguments.prune)
        .maybe("scope", arguments.scope);
    let client = session.client()?;
    let answer = client.post_slow(&target, &files.body(), PATIENCE).await;
    let done = answer.map_err(|failure| match failure {
        Failure::Wrong { mistakes } => {
            let told = mistakes
                .iter()
                .map(|m| files.complaint(&m.path, &m.found, &m.allowed));
            Failure::Lab(told.collect())
        }
        other => other,
    })?;
    session.output.result(&done, plan)?;
    if !session.output.is_json() {
        for warning in array(&done, "warnings") {
            let [rule, words] = ["rule", "text"].map(|field| plain(&text(warning, field)));
            session.output.note(&format!("warning {rule}: {words}"))?;
        }
    }
    Ok(Exit::Done)
}

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The plan for a person: one line per change, and a sum.
fn plan(done: &Value) -> String {
    let changes = array(done, "changes");
    let mut lines: Vec<String> = changes
        .iter()
        .take(MOST_LINES)
        .map(|change| {
            let [action, kind, id] =
                ["action", "kind", "id"].map(|field| plain(&text(change, field)));
            let sign = match action.as_str() {
                "create" => '+',
                "delete" => '-',
                _ => '~',
            };
            format!("{sign} {kind} {id}")
        })
        .collect();
    if changes.len() > MOST_LINES {
        lines.push(format!("  and {} more", changes.len() - MOST_LINES));
    }
    let count = |action: &str| {
        changes
            .iter()
            .filter(|change| text(change, "action") == action)
            .count()
    };
    let dry = done.get("dry_run").and_then(Value::as_bool) == Some(true);
    lines.push(format!(
        "{}{} created, {} changed, {} deleted, {} unchanged; deliveries changed on {} devices",
        if dry {
            "nothing done; it would be: "
        } else {
            ""
        },
        count("create"),
        count("update"),
        count("delete"),
        text(done, "unchanged"),
        text(done, "devices"),
    ));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_as_it_is_printed() {
        let done = json!({"dry_run": true, "unchanged": 4, "devices": 0, "warnings": [], "changes": [
            {"action": "create", "kind": "user", "id": "ada@example.com"},
            {"action": "update", "kind": "profile", "id": "mail\u{1b}[31m"},
            {"action": "delete", "kind": "group", "id": "old"},
        ]});
        insta::assert_snapshot!(plan(&done), @r"
        + user ada@example.com
        ~ profile mail\u{1b}[31m
        - group old
        nothing done; it would be: 1 created, 1 changed, 1 deleted, 4 unchanged; deliveries changed on 0 devices
        ");
    }
}
