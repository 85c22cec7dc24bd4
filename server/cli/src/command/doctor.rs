//! `mockmdm doctor`: what is not well, and what to do about it.

use serde_json::Value;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{items, plain, text};
use crate::session::Session;
use crate::target::Target;

/// Does it: exit 3 where something does not work at all.
pub(crate) async fn run(session: &mut Session) -> Result<Exit, Failure> {
    let found = session.client()?.get(&Target::new(&["doctor"])).await?;
    session.output.result(&found, show)?;
    let errors = findings(&found)
        .iter()
        .filter(|finding| text(finding, "level").eq_ignore_ascii_case("error"))
        .count();
    match errors {
        0 => Ok(Exit::Done),
        count => Err(Failure::Findings {
            text: format!("findings that are errors: {count}"),
            exit: Exit::Runtime,
        }),
    }
}

fn findings(found: &Value) -> &[Value] {
    found.get("findings").map_or(&[], items)
}

fn show(found: &Value) -> String {
    if findings(found).is_empty() {
        return "nothing found wrong".to_owned();
    }
    let lines = findings(found).iter().map(|finding| {
        let [level, rule, words, hint] =
            ["level", "rule", "text", "hint"].map(|field| plain(&text(finding, field)));
        let hint = if hint == "-" {
            String::new()
        } else {
            format!("  hint: {hint}\n")
        };
        format!("{level} {rule}: {words}\n{hint}")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn for_people() {
        let found = json!({"findings": [
            {"rule": "push.missing", "level": "warning", "text": "push is <not> configured", "hint": "give & a certificate"},
            {"rule": "disk.full", "level": "error", "text": "no room é", "hint": null},
        ]});
        insta::assert_snapshot!(show(&found), @r"
        warning push.missing: push is <not> configured
          hint: give & a certificate
        error disk.full: no room é
        ");
        assert_eq!(show(&json!({"findings": []})), "nothing found wrong");
    }
}
