//! Commands: queue, inspect, cancel.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use mdm_apple::command::RawCommand;
use mdm_apple::identifier::RequestType;
use mdm_apple::plist::Budget;
use mdm_core::command::{Command, Item, Origin};
use mdm_core::id::{ChannelId, CommandUuid, DeviceId};
use mdm_payloads::Secret;
use mdm_windows::syncml::{Operation, Verb};
use mdm_windows::xml::Budget as SyncMlBudget;
use serde::{Deserialize, Serialize};

use super::devices::found;
use super::extract::{Body, Params, Segment};
use super::guard::Caller;
use super::problem::Failure;
use crate::chain::chain;
use crate::encode::is_destructive;
use crate::server::Server;

/// The most commands of a list.
const LONGEST: usize = 1000;

/// The query of `GET /devices/{id}/commands`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// Only those that may still be sent or answered.
    #[serde(default)]
    open: bool,
    limit: Option<usize>,
}

/// Commands in order of their place.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<Command>,
}

/// `GET /devices/{id}/commands`: the newest ones.
pub(super) async fn list(
    State(server): State<Server>,
    Segment(id): Segment<DeviceId>,
    Params(query): Params<List>,
) -> Result<Json<Page>, Failure> {
    found(&server, &id).await?;
    let limit = query.limit.unwrap_or(LONGEST).clamp(1, LONGEST);
    let commands = server.store.commands(&id, query.open, limit).await?;
    Ok(Json(Page {
        items: commands.into_iter().map(view).collect(),
    }))
}

/// `GET /commands/{uuid}`.
pub(super) async fn show(
    State(server): State<Server>,
    Segment(uuid): Segment<CommandUuid>,
) -> Result<Json<Command>, Failure> {
    let command = server.store.command(&uuid).await?;
    Ok(Json(view(
        command.ok_or_else(|| Failure::not_found("command", &uuid))?,
    )))
}

/// `DELETE /commands/{uuid}`: takes it back.
pub(super) async fn cancel(
    State(server): State<Server>,
    Segment(uuid): Segment<CommandUuid>,
) -> Result<Json<Command>, Failure> {
    Ok(Json(view(server.services.cancel(&uuid).await?)))
}

/// The body of `POST /devices/{id}/commands`: one of `item`, `plist` and `syncml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// The device's own channel when absent.
    channel: Option<ChannelId>,
    item: Option<Wanted>,
    /// A property list: the `Command` dictionary, or one that holds it.
    plist: Option<String>,
    /// SyncML commands as XML, for a Windows device: one or more of Add, Atomic, Delete, Exec, Get, Replace, Sequence.
    syncml: Option<String>,
}

/// What a person may ask for. Installing is done by deliveries and by renewing an enrollment.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Wanted {
    /// Remove the profile with this `PayloadIdentifier`, whoever installed it.
    Remove { identifier: String },
    /// List profiles.
    Profiles {
        #[serde(default)]
        managed_only: bool,
    },
    /// List certificates.
    Certificates {
        #[serde(default)]
        managed_only: bool,
    },
    /// Ask for facts; the usual ones when none is named.
    DeviceInformation {
        #[serde(default)]
        queries: Vec<String>,
    },
    /// Ask for facts of its security.
    SecurityInfo {},
    /// Lock the screen.
    Lock {
        message: Option<String>,
        pin: Option<String>,
    },
    /// Erase the device.
    Erase { pin: Option<String> },
    /// Remove the passcode.
    ClearPasscode {},
    /// Restart.
    Restart {},
    /// End the management of a Windows device.
    Unenroll {},
}

impl From<Wanted> for Item {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Remove { identifier } => Self::Remove {
                delivery: None,
                identifier,
            },
            Wanted::Profiles { managed_only } => Self::Profiles { managed_only },
            Wanted::Certificates { managed_only } => Self::Certificates { managed_only },
            Wanted::DeviceInformation { queries } => Self::DeviceInformation { queries },
            Wanted::SecurityInfo {} => Self::SecurityInfo,
            Wanted::Lock { message, pin } => Self::Lock {
                message,
                pin: pin.map(Secret::from),
            },
            Wanted::Erase { pin } => Self::Erase {
                pin: pin.map(Secret::from),
            },
            Wanted::ClearPasscode {} => Self::ClearPasscode,
            Wanted::Restart {} => Self::Restart,
            Wanted::Unenroll {} => Self::Unenroll,
        }
    }
}

/// `POST /devices/{id}/commands`.
pub(super) async fn queue(
    State(server): State<Server>,
    Extension(caller): Extension<Caller>,
    Segment(id): Segment<DeviceId>,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Command>), Failure> {
    let item = item(new.item, new.plist, new.syncml)?;
    admit(&item, caller, server.config.allow_destructive)?;
    found(&server, &id).await?;
    let channel = new.channel.unwrap_or_else(|| ChannelId::device(&id));
    let theirs = server
        .store
        .channels(&id)
        .await?
        .iter()
        .any(|c| c.id == channel);
    if !theirs {
        return Err(Failure::not_found(
            "channel",
            format!("{channel}` of device `{id}"),
        ));
    }
    let command = server
        .services
        .enqueue(&channel, item, Origin::Operator)
        .await?;
    Ok((StatusCode::CREATED, Json(view(command))))
}

/// The item that a body means.
fn item(
    wanted: Option<Wanted>,
    plist: Option<String>,
    syncml: Option<String>,
) -> Result<Item, Failure> {
    match (wanted, plist, syncml) {
        (Some(wanted), None, None) => Ok(wanted.into()),
        (None, None, Some(text)) => nodes(text),
        (None, Some(plist), None) => {
            let raw = RawCommand::decode(plist.as_bytes(), Budget::default()).map_err(|error| {
                let cause = std::error::Error::source(&error)
                    .map(|c| format!(": {c}"))
                    .unwrap_or_default();
                Failure::unreadable("the body", format!("plist: {error}{cause}"))
            })?;
            Ok(Item::Raw {
                request_type: raw.value.request_type().as_str().to_owned(),
                plist: Secret::from(plist),
            })
        }
        (None, None, None) => Err(Failure::unreadable(
            "the body",
            "one of `item`, `plist` and `syncml` is needed",
        )),
        _ => Err(Failure::unreadable(
            "the body",
            "of `item`, `plist` and `syncml` one is enough",
        )),
    }
}

/// SyncML commands, named by the first of them.
fn nodes(text: String) -> Result<Item, Failure> {
    let operations = Operation::read(&text, SyncMlBudget::default())
        .map_err(|error| Failure::unreadable("the body", format!("syncml: {}", chain(&error))))?;
    let nodes: Vec<_> = operations.iter().flat_map(Operation::nodes).collect();
    let first = nodes.first().map_or_else(
        || "an empty group".to_owned(),
        |(verb, uri)| format!("{} {uri}", verb.name()),
    );
    let summary = match nodes.len() {
        0 | 1 => first,
        more => format!("{first} and {} more", more - 1),
    };
    Ok(Item::Nodes {
        summary: summary.chars().take(200).collect(),
        text: Secret::from(text),
    })
}

/// Refuses destructive items, judged by the decoded request type, where they are not allowed or asked for without the
/// token. The encoder judges once more when the command is sent.
fn admit(item: &Item, caller: Caller, allowed: bool) -> Result<(), Failure> {
    let kind = item.request_type();
    let destructive = match item {
        Item::Nodes { text, .. } => {
            Operation::read(text.expose(), SyncMlBudget::default()).map_or(true, |all| {
                let mut nodes = all.iter().flat_map(Operation::nodes);
                nodes.any(|(verb, uri)| verb != Verb::Get && is_destructive(uri.as_str()))
            })
        }
        Item::Unenroll => false,
        _ => kind
            .parse::<RequestType>()
            .map_or(true, |kind| kind.is_destructive()),
    };
    if !destructive {
        return Ok(());
    }
    if !allowed {
        return Err(Failure::Destructive(kind.to_owned()));
    }
    caller.needs_token("a destructive command")
}

/// A command without its secrets: no PIN, and of a raw command only the request type, since it may hold passwords.
fn view(mut command: Command) -> Command {
    match &mut command.item {
        Item::Lock { pin, .. } | Item::Erase { pin } => {
            if let Some(pin) = pin {
                *pin = Secret::from("***");
            }
        }
        Item::Raw { plist: text, .. } | Item::Nodes { text, .. } => *text = Secret::from("***"),
        Item::Install { .. }
        | Item::Remove { .. }
        | Item::ReplaceEnrollment
        | Item::Profiles { .. }
        | Item::Certificates { .. }
        | Item::DeviceInformation { .. }
        | Item::SecurityInfo
        | Item::ClearPasscode
        | Item::Restart
        | Item::ReadBack { .. }
        | Item::Unenroll => {}
    }
    command
}

#[cfg(test)]
mod tests {
    use mdm_core::id::Scope;
    use mdm_core::time::Timestamp;

    use super::*;

    fn read(body: &str) -> Result<Item, String> {
        let new: New = serde_json::from_str(body).map_err(|e| e.to_string())?;
        item(new.item, new.plist, new.syncml).map_err(|e| e.to_string())
    }

    fn plist(request_type: &str) -> String {
        let dict = format!("<dict><key>RequestType</key><string>{request_type}</string></dict>");
        serde_json::json!({ "plist": format!("<plist version=\"1.0\">{dict}</plist>") }).to_string()
    }

    #[test]
    fn reads_what_may_be_asked_for() {
        for (body, request_type) in [
            (
                r#"{"item":{"type":"profiles","managed_only":true}}"#.to_owned(),
                "ProfileList",
            ),
            (
                r#"{"item":{"type":"security_info"}}"#.to_owned(),
                "SecurityInfo",
            ),
            (
                r#"{"item":{"type":"remove","identifier":"a.b"}}"#.to_owned(),
                "RemoveProfile",
            ),
            (plist("Erase&#68;evice"), "EraseDevice"),
        ] {
            assert_eq!(read(&body).unwrap().request_type(), request_type, "{body}");
        }
        for (body, complaint) in [
            (
                r"{}",
                "the body: one of `item`, `plist` and `syncml` is needed",
            ),
            (
                r#"{"item":{"type":"restart"},"plist":""}"#,
                "the body: of `item`, `plist` and `syncml` one is enough",
            ),
            (
                r#"{"item":{"type":"security_info","x":1}}"#,
                "unknown field `x`, there are no fields at line 1 column 39",
            ),
            (
                r#"{"item":{"type":"restart"},"chanel":"d"}"#,
                "unknown field `chanel`, expected one of `channel`, `item`, `plist`, `syncml` at line 1 column 35",
            ),
        ] {
            assert_eq!(read(body).unwrap_err(), complaint, "{body}");
        }
        assert!(
            read(r#"{"item":{"type":"install"}}"#)
                .unwrap_err()
                .starts_with("unknown variant `install`")
        );
        let refused = read(r#"{"plist":"<plist/>"}"#).unwrap_err();
        assert!(
            refused.starts_with("the body: plist: command: "),
            "{refused}"
        );
    }

    #[test]
    fn destruction_needs_leave_and_token() {
        let erase = read(&plist("EraseDevice")).unwrap();
        let lock = Item::Lock {
            message: None,
            pin: None,
        };
        let list = Item::Profiles { managed_only: true };
        let off = "is destructive, and this server does not allow destructive commands";
        for (item, caller, allowed, verdict) in [
            (&list, Caller::Local, false, None),
            (
                &erase,
                Caller::Holder,
                false,
                Some(format!("`EraseDevice` {off}")),
            ),
            (
                &lock,
                Caller::Holder,
                false,
                Some(format!("`DeviceLock` {off}")),
            ),
            (
                &lock,
                Caller::Local,
                true,
                Some("a destructive command needs the token".to_owned()),
            ),
            (&erase, Caller::Holder, true, None),
        ] {
            assert_eq!(
                admit(item, caller, allowed).err().map(|e| e.to_string()),
                verdict,
                "{item:?}"
            );
        }
    }

    #[test]
    fn views_hold_no_secret() {
        for item in [
            Item::Lock {
                message: Some("call é & <b>".to_owned()),
                pin: Some("123456".into()),
            },
            Item::Erase {
                pin: Some("123456".into()),
            },
            Item::Raw {
                request_type: "SetFirmwarePassword".to_owned(),
                plist: "123456".into(),
            },
        ] {
            let command = Command::queued(
                "U".parse().unwrap(),
                Scope::default(),
                "d-1".parse().unwrap(),
                "d-1".parse().unwrap(),
                item,
                Origin::Operator,
                Timestamp(0),
            );
            assert!(!format!("{command:?}").contains("123456"));
            let text = serde_json::to_string(&view(command)).unwrap();
            assert!(!text.contains("123456") && text.contains("***"), "{text}");
        }
    }
}
