//! `mockmdm events`: what happened, and what happens.

use clap::Args;
use serde_json::Value;

use crate::client::Client;
use crate::device::resolve;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{first, items, plain, text, time};
use crate::session::Session;
use crate::sse::Events;
use crate::target::Target;

/// Arguments of `events`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Go on printing what happens
    #[arg(long, short)]
    follow: bool,
    /// Only events after this sequence number
    #[arg(long, value_name = "SEQ")]
    since: Option<u64>,
    /// Only those of a device
    #[arg(long)]
    device: Option<String>,
    /// Only those of a delivery
    #[arg(long)]
    delivery: Option<String>,
    /// Only those of a kind, such as `delivery.acknowledged`, or of all that begin like `delivery.`; again for more
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<String>,
}

/// How many events one page holds.
const PAGE: usize = 500;

struct Filter {
    device: Option<String>,
    delivery: Option<String>,
    kinds: Vec<String>,
}

impl Filter {
    /// The stream carries everything, so what is not asked for is dropped here.
    fn admits(&self, event: &Value) -> bool {
        let kind = text(event, "kind");
        let of_kind = |wanted: &String| {
            if wanted.ends_with('.') {
                kind.starts_with(wanted)
            } else {
                kind == *wanted
            }
        };
        self.device
            .as_ref()
            .is_none_or(|device| text(event, "device") == *device)
            && self
                .delivery
                .as_ref()
                .is_none_or(|delivery| text(event, "delivery") == *delivery)
            && (self.kinds.is_empty() || self.kinds.iter().any(of_kind))
    }
}

/// Does it. Each event is a line, JSON lines with `--json`.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    let device = match &arguments.device {
        Some(device) => Some(resolve(&client, device).await?),
        None => None,
    };
    let filter = Filter {
        device,
        delivery: arguments.delivery,
        kinds: arguments.kinds,
    };
    let since = kept(session, &client, &filter, arguments.since).await?;
    if arguments.follow {
        follow(session, &client, &filter, since).await?;
    }
    Ok(Exit::Done)
}

/// Prints what is kept; the cursor after it.
async fn kept(
    session: &mut Session,
    client: &Client,
    filter: &Filter,
    mut since: Option<u64>,
) -> Result<Option<u64>, Failure> {
    loop {
        let target = Target::new(&["events"])
            .maybe("since", since)
            .query("limit", &PAGE)
            .maybe("device", filter.device.as_deref())
            .maybe("delivery", filter.delivery.as_deref());
        let page = client.get(&target).await?;
        for event in items(&page).iter().filter(|event| filter.admits(event)) {
            session.output.element(event, line)?;
        }
        let next = page.get("next_since").and_then(Value::as_u64);
        let over = items(&page).is_empty() || next.is_none() || next == since;
        since = next.or(since);
        if over {
            return Ok(since);
        }
    }
}

async fn follow(
    session: &mut Session,
    client: &Client,
    filter: &Filter,
    since: Option<u64>,
) -> Result<(), Failure> {
    let body = client
        .stream(&Target::new(&["events", "stream"]).maybe("since", since))
        .await?;
    let mut events = Events::new(body);
    while let Some(event) = events.next().await? {
        if filter.admits(&event) {
            session.output.element(&event, line)?;
        }
    }
    session.output.note("the server closed the stream")
}

/// One event for a person.
pub(super) fn line(event: &Value) -> String {
    let about = first(event, &["delivery", "device", "profile", "certificate"]);
    let line = format!(
        "{:>6} {} {:<28} {about} {}",
        text(event, "seq"),
        time(event, "at"),
        text(event, "kind"),
        text(event, "text")
    );
    plain(&line)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters() {
        let event =
            json!({"seq": 7, "kind": "delivery.acknowledged", "device": "d1", "delivery": "x1"});
        for (device, delivery, kinds, admitted) in [
            (None, None, &[][..], true),
            (Some("d1"), Some("x1"), &["delivery.acknowledged"][..], true),
            (None, None, &["delivery."][..], true),
            (None, None, &["command.", "delivery.acknowledged"][..], true),
            (None, None, &["delivery"][..], false),
            (Some("d2"), None, &[][..], false),
            (None, Some("x2"), &[][..], false),
        ] {
            let filter = Filter {
                device: device.map(str::to_owned),
                delivery: delivery.map(str::to_owned),
                kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            };
            assert_eq!(
                filter.admits(&event),
                admitted,
                "{device:?} {delivery:?} {kinds:?}"
            );
        }
    }

    #[test]
    fn for_people() {
        let event = json!({"seq": 7, "at": "2026-11-21T02:43:00Z", "kind": "delivery.failed", "device": "d1",
            "text": "Zoë's & <phone>\nrefused\u{1b}[2J"});
        assert_eq!(
            line(&event),
            r"     7 2026-11-21 02:43:00 delivery.failed              d1 Zoë's & <phone>\u{a}refused\u{1b}[2J"
        );
    }
}
