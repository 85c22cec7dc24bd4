//! `mockmdm users`, `groups`, `assignments`: what the directory holds, and whom profiles are for.

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{items, text, time};
use crate::session::Session;
use crate::table::Table;
use crate::target::Target;

/// Arguments of each of them.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only those of a scope
    #[arg(long, global = true)]
    scope: Option<String>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List them (the default)
    List,
    /// Show one
    Show {
        /// Its id: a user's principal name, a group's id, the profile of an assignment
        id: String,
    },
    /// Delete one; `mockmdm apply` makes and changes them
    Delete {
        /// Its id: a user's principal name, a group's id, the profile of an assignment
        id: String,
    },
}

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Users,
    Groups,
    Assignments,
}

impl Part {
    const fn path(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Assignments => "assignments",
        }
    }

    fn list(self, found: &Value) -> Table {
        const NONE: &str = "none; `mockmdm apply FILE` makes some";
        let (headings, fields): (&[&'static str], &[&str]) = match self {
            Self::Users => (
                &["user", "mail", "name", "licensed", "changed"],
                &["user_principal_name", "mail", "full_name", "licensed"],
            ),
            Self::Groups => (
                &["id", "kind", "members", "name", "changed"],
                &["id", "kind", "members", "display_name"],
            ),
            Self::Assignments => (
                &[
                    "profile",
                    "include",
                    "exclude",
                    "all devices",
                    "all users",
                    "changed",
                ],
                &["profile", "include", "exclude", "all_devices", "all_users"],
            ),
        };
        let mut table = Table::new(headings, NONE);
        for one in items(found) {
            let mut row: Vec<String> = fields.iter().map(|field| cell(one, field)).collect();
            row.push(time(one, "updated_at"));
            table.row(row);
        }
        table
    }
}

/// A field; of a list its elements.
fn cell(value: &Value, field: &str) -> String {
    match value.get(field).and_then(Value::as_array) {
        Some(all) if all.is_empty() => "-".to_owned(),
        Some(all) => {
            let all: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
            all.join(", ")
        }
        None => text(value, field),
    }
}

/// Does it.
pub(crate) async fn run(
    session: &mut Session,
    part: Part,
    arguments: Arguments,
) -> Result<Exit, Failure> {
    let client = session.client()?;
    match arguments.action.unwrap_or(Action::List) {
        Action::List => {
            let target = Target::new(&[part.path()]).maybe("scope", arguments.scope);
            let found = client.get(&target).await?;
            session.output.table(&found, |found| part.list(found))?;
        }
        Action::Show { id } => {
            let found = client.get(&Target::new(&[part.path(), &id])).await?;
            session.output.result(&found, |found| {
                serde_json::to_string_pretty(found).unwrap_or_default()
            })?;
        }
        Action::Delete { id } => {
            let answer = client.delete(&Target::new(&[part.path(), &id])).await?;
            session
                .output
                .result(&answer, |_| format!("deleted {id}"))?;
        }
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_as_they_are_printed() {
        let at = "2026-01-02T03:04:05Z";
        let users = json!({"items": [{"user_principal_name": "ada@example.com", "mail": null, "full_name": "A\u{7}",
            "licensed": true, "updated_at": at}]});
        let groups = json!({"items": [{"id": "sales", "kind": "user", "members": 3, "display_name": "Sales",
            "updated_at": at}]});
        let assignments = json!({"items": [{"profile": "mail", "include": ["sales", "lab"], "exclude": [],
            "all_devices": false, "all_users": true, "updated_at": at}]});
        let told = [
            Part::Users.list(&users),
            Part::Groups.list(&groups),
            Part::Assignments.list(&assignments),
            Part::Users.list(&json!({"items": []})),
        ]
        .map(|table| table.to_string());
        insta::assert_snapshot!(told.join("\n"), @r"
        user             mail  name    licensed  changed
        ada@example.com  -     A\u{7}  true      2026-01-02 03:04:05

        id     kind  members  name   changed
        sales  user  3        Sales  2026-01-02 03:04:05

        profile  include     exclude  all devices  all users  changed
        mail     sales, lab  -        false        true       2026-01-02 03:04:05

        none; `mockmdm apply FILE` makes some
        ");
    }
}
