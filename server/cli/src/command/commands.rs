//! `mockmdm commands DEVICE`: the queue of a device.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use crate::device::resolve;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{first, items, text, time};
use crate::session::Session;
use crate::table::Table;
use crate::target::Target;

/// Arguments of `commands`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The device: its id, the beginning of it, UDID, serial number, name or user
    device: String,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the device's commands (the default)
    List {
        /// Only those that are not answered
        #[arg(long)]
        open: bool,
    },
    /// Queue a command
    Queue {
        /// Which
        item: Item,
        /// Only what the server installed (profiles, certificates)
        #[arg(long)]
        managed_only: bool,
        /// What to ask for (device-information); again for more
        #[arg(long = "query", value_name = "NAME")]
        queries: Vec<String>,
        /// `PayloadIdentifier` of the profile (remove)
        #[arg(long)]
        identifier: Option<String>,
        /// Shown on the locked screen (lock)
        #[arg(long)]
        message: Option<String>,
        /// Six digits (lock and erase on Macs)
        #[arg(long)]
        pin: Option<String>,
        /// Really erase the device
        #[arg(long)]
        yes_erase: bool,
        /// The channel, where it is not the device's own
        #[arg(long)]
        channel: Option<String>,
    },
    /// Queue a command as it is: an XML property list, of the dictionary `Command` or the whole
    Raw {
        /// The file; `-` for standard input
        file: PathBuf,
        /// The channel, where it is not the device's own
        #[arg(long)]
        channel: Option<String>,
    },
    /// Queue SyncML commands as they are, for a Windows device: Add, Atomic, Delete, Exec, Get, Replace, Sequence
    Syncml {
        /// The file; `-` for standard input
        file: PathBuf,
    },
    /// Show one command
    Show {
        /// Its UUID
        uuid: String,
    },
    /// Cancel a command that is not answered
    Cancel {
        /// Its UUID
        uuid: String,
    },
}

/// What can be queued by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Item {
    /// `ProfileList`
    Profiles,
    /// `CertificateList`
    Certificates,
    /// `DeviceInformation`
    DeviceInformation,
    /// `SecurityInfo`
    SecurityInfo,
    /// `RemoveProfile`
    Remove,
    /// `RestartDevice`
    Restart,
    /// `ClearPasscode`
    ClearPasscode,
    /// `DeviceLock`
    Lock,
    /// `EraseDevice`
    Erase,
    /// End the management of a Windows device
    Unenroll,
}

/// Does it.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    let device = resolve(&client, &arguments.device).await?;
    let queue = Target::new(&["devices", &device, "commands"]);
    match arguments.action.unwrap_or(Action::List { open: false }) {
        Action::List { open } => {
            let target = queue.maybe("open", open.then_some("true"));
            session.output.table(&client.get(&target).await?, list)?;
        }
        Action::Queue {
            item,
            managed_only,
            queries,
            identifier,
            message,
            pin,
            yes_erase,
            channel,
        } => {
            let details = json!({
                "managed_only": managed_only,
                "queries": queries,
                "identifier": identifier,
                "message": message,
                "pin": pin,
            });
            let item = body_item(item, &details, yes_erase)?;
            let body = with_channel(json!({ "item": item }), channel);
            session
                .output
                .result(&client.post(&queue, &body).await?, queued)?;
        }
        Action::Raw { file, channel } => {
            let body = with_channel(json!({ "plist": read(&file)? }), channel);
            session
                .output
                .result(&client.post(&queue, &body).await?, queued)?;
        }
        Action::Syncml { file } => {
            let body = json!({ "syncml": read(&file)? });
            session
                .output
                .result(&client.post(&queue, &body).await?, queued)?;
        }
        Action::Show { uuid } => {
            let command = client.get(&Target::new(&["commands", &uuid])).await?;
            session.output.result(&command, show)?;
        }
        Action::Cancel { uuid } => {
            let answer = client.delete(&Target::new(&["commands", &uuid])).await?;
            session
                .output
                .result(&answer, |_| format!("cancelled {uuid}"))?;
        }
    }
    Ok(Exit::Done)
}

/// The item as the API takes it: its type and the details that belong to it.
fn body_item(item: Item, details: &Value, yes_erase: bool) -> Result<Value, Failure> {
    let (name, wanted): (&str, &[&str]) = match item {
        Item::Profiles => ("profiles", &["managed_only"]),
        Item::Certificates => ("certificates", &["managed_only"]),
        Item::DeviceInformation => ("device_information", &["queries"]),
        Item::SecurityInfo => ("security_info", &[]),
        Item::Remove => ("remove", &["identifier"]),
        Item::Restart => ("restart", &[]),
        Item::ClearPasscode => ("clear_passcode", &[]),
        Item::Lock => ("lock", &["message", "pin"]),
        Item::Erase => ("erase", &["pin"]),
        Item::Unenroll => ("unenroll", &[]),
    };
    if item == Item::Erase && !yes_erase {
        return Err(Failure::usage(
            "this erases the device",
            "add `--yes-erase` if that is meant",
        ));
    }
    if item == Item::Remove && details.get("identifier").is_none_or(Value::is_null) {
        return Err(Failure::usage(
            "which profile to remove is not said",
            "add `--identifier IDENTIFIER`",
        ));
    }
    let mut map = Map::from_iter([("type".to_owned(), Value::from(name))]);
    map.extend(wanted.iter().map(|detail| {
        (
            (*detail).to_owned(),
            details.get(*detail).cloned().unwrap_or_default(),
        )
    }));
    Ok(Value::Object(map))
}

fn with_channel(mut body: Value, channel: Option<String>) -> Value {
    if let (Some(channel), Some(map)) = (channel, body.as_object_mut()) {
        map.insert("channel".to_owned(), channel.into());
    }
    body
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(path).map(|content| text = content)
    };
    read.map_err(|source| Failure::File {
        doing: "reading",
        path: path.to_owned(),
        source,
    })?;
    Ok(text)
}

fn queued(command: &Value) -> String {
    format!("queued {}", text(command, "uuid"))
}

fn list(commands: &Value) -> Table {
    let headings = [
        "uuid", "type", "state", "origin", "queued", "answered", "error",
    ];
    let mut table = Table::new(&headings, "no commands");
    for command in items(commands) {
        table.row([
            text(command, "uuid"),
            first(command, &["item.request_type", "item.type"]),
            text(command, "state"),
            text(command, "origin"),
            time(command, "queued_at"),
            time(command, "answered_at"),
            first(
                command,
                &["errors.0.meaning", "errors.0.description", "refusal"],
            ),
        ]);
    }
    table
}

/// One command, and below it what each node answered.
fn show(command: &Value) -> String {
    let mut out = list(&json!([command])).to_string();
    if let Some(table) = nodes(command) {
        out.push('\n');
        out.push_str(&table.to_string());
    }
    out
}

/// What each node answered to a command for a Windows device; none where nothing is known of nodes.
pub(super) fn nodes(command: &Value) -> Option<Table> {
    let results = command.get("results").map_or(&[][..], items);
    let mut table = Table::new(
        &["verb", "code", "meaning", "original error", "node", "value"],
        "no answers",
    );
    for result in results {
        table.row([
            text(result, "verb"),
            text(result, "code"),
            text(result, "meaning"),
            text(result, "original_error"),
            text(result, "uri"),
            short(&text(result, "value")),
        ]);
    }
    (!results.is_empty()).then_some(table)
}

/// The longest value that is shown whole, in characters: the rest of a row must fit as well.
const LONGEST_VALUE: usize = 40;

fn short(value: &str) -> String {
    if value.chars().count() <= LONGEST_VALUE {
        return value.to_owned();
    }
    value
        .chars()
        .take(LONGEST_VALUE)
        .chain(std::iter::once('\u{2026}'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_node_answered_is_shown_to_people() {
        let command = json!({ "uuid": "u1", "item": { "type": "syncml" }, "state": "error", "origin": "operator",
            "queued_at": "2026-11-21T02:43:00Z", "results": [
                { "verb": "Atomic", "code": 507, "meaning": "atomic failed" },
                { "verb": "Replace", "uri": "./User/x", "code": 500, "meaning": "command failed", "original_error": "0x86000011" },
                { "verb": "Get", "uri": "./DevInfo/Lang", "code": 200, "meaning": "done", "value": "<é>".repeat(20) },
            ] });
        insta::assert_snapshot!(show(&command), @r"
        uuid  type    state  origin    queued               answered  error
        u1    syncml  error  operator  2026-11-21 02:43:00  -         -

        verb     code  meaning         original error  node            value
        Atomic   507   atomic failed   -               -               -
        Replace  500   command failed  0x86000011      ./User/x        -
        Get      200   done            -               ./DevInfo/Lang  <é><é><é><é><é><é><é><é><é><é><é><é><é><…
        ");
        assert!(nodes(&json!({ "results": [] })).is_none());
    }

    #[test]
    fn items_as_the_server_takes_them() {
        let details = json!({"managed_only": true, "queries": ["UDID"], "identifier": "a&b", "message": "<é>", "pin": null});
        for (item, expected) in [
            (
                Item::Profiles,
                json!({"type": "profiles", "managed_only": true}),
            ),
            (
                Item::DeviceInformation,
                json!({"type": "device_information", "queries": ["UDID"]}),
            ),
            (Item::SecurityInfo, json!({"type": "security_info"})),
            (Item::Remove, json!({"type": "remove", "identifier": "a&b"})),
            (
                Item::Lock,
                json!({"type": "lock", "message": "<é>", "pin": null}),
            ),
            (Item::Erase, json!({"type": "erase", "pin": null})),
        ] {
            assert_eq!(body_item(item, &details, true).unwrap(), expected);
        }
        let told = body_item(Item::Erase, &details, false)
            .unwrap_err()
            .to_string();
        assert_eq!(told, "this erases the device");
        let told = body_item(Item::Remove, &json!({"identifier": null}), false)
            .unwrap_err()
            .to_string();
        assert_eq!(told, "which profile to remove is not said");
        let body = with_channel(json!({"plist": "x"}), Some("d1:u".to_owned()));
        assert_eq!(body, json!({"plist": "x", "channel": "d1:u"}));
    }

    #[test]
    fn for_people() {
        let commands = json!({"items": [{
            "uuid": "C-1", "item": {"type": "raw", "request_type": "Settings"}, "state": "failed", "origin": "operator",
            "queued_at": "2026-11-21T02:43:00Z", "answered_at": null,
            "errors": [{"domain": "MCMDMErrorDomain", "code": 12021, "description": "unknown <command>", "meaning": null}],
        }]});
        insta::assert_snapshot!(list(&commands).to_string(), @r"
        uuid  type      state   origin    queued               answered  error
        C-1   Settings  failed  operator  2026-11-21 02:43:00  -         unknown <command>
        ");
    }
}
