//! `mockmdm config show`: the settings that count, and who gave them.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::config::Resolved;
use crate::config::flags::ServingFlags;
use crate::config::setting::SETTINGS;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::table::Table;

/// Arguments of `config`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show every setting that has a value
    Show {
        /// Also show who gave it
        #[arg(long)]
        origin: bool,
        #[command(flatten)]
        serving: ServingFlags,
    },
}

impl Arguments {
    /// Settings of the server.
    pub(crate) fn serving(&self) -> &ServingFlags {
        match &self.action {
            Action::Show { serving, .. } => serving,
        }
    }
}

/// Does it. A configuration a server would refuse is refused here too.
pub(crate) fn run(session: &mut Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let Action::Show { origin, .. } = &arguments.action;
    session.config()?;
    let value = value(&session.resolved);
    session
        .output
        .table(&value, |value| table(value, *origin))?;
    Ok(Exit::Done)
}

fn value(resolved: &Resolved) -> Value {
    let shown = SETTINGS.iter().filter_map(|setting| {
        let given = resolved.given(setting.key)?;
        let text = if setting.is_secret() {
            "***".to_owned()
        } else {
            given.values.join(",")
        };
        Some((
            setting.key.to_owned(),
            json!({ "value": text, "origin": given.origin.to_string() }),
        ))
    });
    Value::Object(shown.collect::<Map<_, _>>())
}

fn table(value: &Value, origin: bool) -> Table {
    let headings: &[&'static str] = if origin {
        &["setting", "value", "origin"]
    } else {
        &["setting", "value"]
    };
    let mut table = Table::new(headings, "");
    for setting in SETTINGS {
        if let Some(shown) = value.get(setting.key) {
            let [text, from] = ["value", "origin"].map(|field| crate::field::text(shown, field));
            table.row([setting.key.to_owned(), text, from]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Environment, Layer, defaults, file};

    #[test]
    fn secrets_are_hidden_and_origins_shown() {
        let environment = Environment {
            variables: [("MOCKMDM_PUSH_PASSWORD".to_owned(), "hunter2".to_owned())].into(),
            hostname: Some("lab".to_owned()),
            ..Environment::default()
        };
        let file = file::parse(
            Path::new("m.toml"),
            "\nlisten = [\"0.0.0.0:1\", \"0.0.0.0:2\"]\n",
        )
        .unwrap();
        let layers = vec![Layer::new(), environment.layer(), file];
        let resolved = Resolved::new(layers, defaults::layer(&environment)).unwrap();
        insta::assert_snapshot!(table(&value(&resolved), true).to_string(), @r"
        setting           value                origin
        name              lab.local            default
        bootstrap         0.0.0.0:8480         default
        listen            0.0.0.0:1,0.0.0.0:2  m.toml:2
        mtls              0.0.0.0:8444         default
        admin             127.0.0.1:8481       default
        strict            report               default
        push_password     ***                  MOCKMDM_PUSH_PASSWORD
        revoked_identity  report               default
        clock_tolerance   10m                  default
        organization      mockmdm test lab     default
        scope             default              default
        ");
    }
}
