//! `mockmdm code`: mint an enrollment code.

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{items, plain, text, time};
use crate::qr;
use crate::session::Session;
use crate::table::Table;
use crate::target::Target;

/// Arguments of `code`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// For simulated devices: what they do is never reported as seen on a real one
    #[arg(long)]
    simulated: bool,
    #[command(flatten)]
    user: UserArguments,
    /// The scope devices get
    #[arg(long)]
    scope: Option<String>,
    /// A word for people
    #[arg(long)]
    label: Option<String>,
    /// How many devices may use it
    #[arg(long)]
    uses: Option<u32>,

    /// Answer SCEP requests made with it this often with PENDING first.
    #[arg(long, value_name = "N")]
    pending_polls: Option<u32>,
    /// How long it is valid
    #[arg(long)]
    minutes: Option<u32>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the codes that are known
    List,
}

/// The user a profile is rendered for.
#[derive(Debug, Default, Args)]
pub(crate) struct UserArguments {
    /// User principal name of the user, such as ada@example.com
    #[arg(long, value_name = "UPN")]
    user: Option<String>,
    /// The user's e-mail address
    #[arg(long, requires = "user", value_name = "ADDRESS")]
    mail: Option<String>,
    /// The user's name as people read it
    #[arg(long, requires = "user", value_name = "NAME")]
    full_name: Option<String>,
}

impl UserArguments {
    /// The user as the API takes one. Who gives no address is reached under the principal name.
    pub(crate) fn value(self) -> Option<Value> {
        let upn = self.user?;
        let mail = self.mail.unwrap_or_else(|| upn.clone());
        let mut user = Map::new();
        user.insert("user_principal_name".to_owned(), upn.into());
        user.insert("mail".to_owned(), mail.into());
        user.extend(
            self.full_name
                .map(|name| ("full_name".to_owned(), name.into())),
        );
        Some(Value::Object(user))
    }
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    if let Some(Action::List) = arguments.action {
        let codes = client.get(&Target::new(&["codes"])).await?;
        session.output.table(&codes, list)?;
        return Ok(Exit::Done);
    }
    let minted = client
        .post(&Target::new(&["codes"]), &body(arguments))
        .await?;
    session.output.result(&minted, made)?;
    Ok(Exit::Done)
}

/// What to open, and what to type where Windows asks for a name and a password.
fn made(minted: &Value) -> String {
    let [code, landing, url, name] = ["code", "landing_url", "url", "user.user_principal_name"]
        .map(|field| plain(&text(minted, field)));
    let windows = if name.is_empty() || name == "-" {
        String::new()
    } else {
        format!("on Windows  user name {name}, password {code}\n")
    };
    let drawn = qr::terminal(&landing).unwrap_or_default();
    format!("code        {code}\nopen first  {landing}\nenroll      {url}\n{windows}{drawn}")
}

fn body(arguments: Arguments) -> Value {
    let mut body = Map::new();
    if arguments.simulated {
        body.insert("simulated".to_owned(), true.into());
    }
    let optional: [(&str, Option<Value>); 6] = [
        ("user", arguments.user.value()),
        ("scope", arguments.scope.map(Value::from)),
        ("label", arguments.label.map(Value::from)),
        ("uses", arguments.uses.map(Value::from)),
        ("pending_polls", arguments.pending_polls.map(Value::from)),
        ("minutes", arguments.minutes.map(Value::from)),
    ];
    body.extend(
        optional
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?))),
    );
    Value::Object(body)
}

fn list(codes: &Value) -> Table {
    let mut table = Table::new(
        &[
            "code",
            "reality",
            "scope",
            "user",
            "label",
            "uses left",
            "expires",
        ],
        "no codes",
    );
    for code in items(codes) {
        table.row([
            text(code, "code"),
            text(code, "reality"),
            text(code, "scope"),
            text(code, "user.user_principal_name"),
            text(code, "label"),
            text(code, "uses_left"),
            time(code, "expires_at"),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;
    use crate::arguments;

    #[test]
    fn what_is_typed_on_windows_is_told_with_the_name() {
        let named = json!({ "code": "ABCD-EFGH", "landing_url": "http://h/", "url": "https://h/e",
            "user": { "user_principal_name": "ada@example.com" } });
        let text = made(&named);
        assert!(
            text.contains("\non Windows  user name ada@example.com, password ABCD-EFGH\n"),
            "{text}"
        );
        let text = made(&json!({ "code": "ABCD-EFGH" }));
        assert!(!text.contains("Windows"), "{text}");
    }

    #[test]
    fn what_is_asked_for() {
        for (line, expected) in [
            ("mockmdm code", json!({})),
            (
                "mockmdm code --simulated --user ada@example.com --uses 3 --label <é>",
                json!({"simulated": true, "uses": 3, "label": "<é>",
                    "user": {"user_principal_name": "ada@example.com", "mail": "ada@example.com"}}),
            ),
            (
                "mockmdm code --user ada@x --mail a@y --full-name Ada --minutes 5 --scope lab",
                json!({"minutes": 5, "scope": "lab",
                    "user": {"user_principal_name": "ada@x", "mail": "a@y", "full_name": "Ada"}}),
            ),
        ] {
            let parsed = arguments::Arguments::parse_from(line.split_whitespace());
            let Some(arguments::Command::Code(arguments)) = parsed.command else {
                panic!("{line}")
            };
            assert_eq!(body(arguments), expected, "{line}");
        }
        assert!(
            arguments::Arguments::try_parse_from(["mockmdm", "code", "--mail", "a@y"]).is_err()
        );
    }
}
