//! `mockmdm prompts`: what users are asked because of edits, and what they said.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::device::resolve;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{items, text, time};
use crate::session::Session;
use crate::table::Table;
use crate::target::Target;

/// Arguments of `prompts`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
}

/// What the user said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Answer {
    /// Yes, or the right password
    Approved,
    /// No: the revision before goes on working
    Declined,
    /// Later
    Deferred,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List prompts (the default)
    List {
        /// Only those of a device
        #[arg(long)]
        device: Option<String>,
        /// Only those nobody answered
        #[arg(long)]
        open: bool,
    },
    /// Write down what the user of a device said
    Answer {
        /// The prompt's id
        prompt: String,
        /// What was said
        answer: Answer,
    },
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    let everything = Action::List {
        device: None,
        open: false,
    };
    match arguments.action.unwrap_or(everything) {
        Action::List { device, open } => {
            let device = match device {
                Some(device) => Some(resolve(&client, &device).await?),
                None => None,
            };
            let target = Target::new(&["prompts"])
                .maybe("device", device)
                .maybe("answer", open.then_some("unanswered"));
            let found = client.get(&target).await?;
            session.output.table(&found, list)?;
        }
        Action::Answer { prompt, answer } => {
            let word = match answer {
                Answer::Approved => "approved",
                Answer::Declined => "declined",
                Answer::Deferred => "deferred",
            };
            let target = Target::new(&["prompts", &prompt, "answer"]);
            let answered = client.post(&target, &json!({ "answer": word })).await?;
            session
                .output
                .result(&answered, |_| format!("{prompt}: {word}"))?;
        }
    }
    Ok(Exit::Done)
}

fn list(prompts: &Value) -> Table {
    let headings = [
        "id", "device", "profile", "kind", "known", "answer", "since",
    ];
    let mut table = Table::new(&headings, "no prompts");
    for prompt in items(prompts) {
        let mut row: Vec<String> = ["id", "device", "profile", "kind", "known", "answer"]
            .iter()
            .map(|field| text(prompt, field))
            .collect();
        row.push(time(prompt, "created_at"));
        table.row(row);
    }
    table
}
