//! The server's events as a timeline: seconds since the server started, device, kind, text.

use std::collections::BTreeMap;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::client::Client;
use crate::failure::Failure;
use crate::field::{items, plain, text};
use crate::target::Target;

/// How many events one page holds.
const PAGE: usize = 500;
/// Columns of a line, as long as no single word is longer.
const WIDTH: usize = 118;
/// What tells how a delivery got on; the rest is for programs.
const SHOWN: [&str; 19] = [
    "enrollment.authenticated",
    "enrollment.completed",
    "enrollment.user_added",
    "enrollment.refused",
    "enrollment.renewed",
    "enrollment.checked_out",
    "certificate.issued",
    "certificate.refused",
    "delivery.sent",
    "delivery.deferred",
    "delivery.acknowledged",
    "delivery.read_back",
    "delivery.drifted",
    "delivery.failed",
    "delivery.removal_queued",
    "delivery.removed",
    "delivery.gone",
    "limit.hit",
    "request.refused",
];

/// Everything that happened so far.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// All events.
    pub(super) events: Vec<Value>,
    since: u64,
}

impl Timeline {
    /// Reads on from where the last call ended. What is worth a person's while, as lines.
    pub(super) async fn read(
        &mut self,
        client: &Client,
        names: &BTreeMap<String, &'static str>,
    ) -> Result<String, Failure> {
        let mut out = String::new();
        loop {
            let target = Target::new(&["events"])
                .query("since", &self.since)
                .query("limit", &PAGE);
            let page = client.get(&target).await?;
            let read = items(&page);
            self.events.extend(read.iter().cloned());
            let began = self.events.first().and_then(at);
            for event in read {
                if SHOWN.contains(&text(event, "kind").as_str()) {
                    out.push_str(&line(event, began, names));
                }
            }
            self.since = page
                .get("next_since")
                .and_then(Value::as_u64)
                .unwrap_or(self.since);
            if read.len() < PAGE {
                return Ok(out);
            }
        }
    }
}

fn at(event: &Value) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(&text(event, "at"), &Rfc3339).ok()
}

/// One event.
fn line(
    event: &Value,
    began: Option<OffsetDateTime>,
    names: &BTreeMap<String, &'static str>,
) -> String {
    let seconds = match (began, at(event)) {
        (Some(began), Some(at)) => format!("{:.2}", (at - began).as_seconds_f64()),
        (_, _) => "-".to_owned(),
    };
    let name = names
        .get(&text(event, "device"))
        .copied()
        .unwrap_or_default();
    let head = format!("{seconds:>7} s  {name:<6}  {:<24}  ", text(event, "kind"));
    wrapped(&head, &plain(&text(event, "text")))
}

/// Text after a head, as lines; what is too long for one goes on below its beginning.
pub(super) fn wrapped(head: &str, text: &str) -> String {
    let indent = head.chars().count();
    let mut out = head.to_owned();
    let mut column = indent;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > indent && column + 1 + length > WIDTH {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::canned::{answer, serve};

    #[tokio::test]
    async fn a_timeline_is_read_on_and_shows_what_matters() {
        let first = json!({"next_since": 3, "items": [
            {"seq": 1, "at": "2026-11-21T03:00:00Z", "kind": "server.started", "text": "the server answers requests"},
            {"seq": 2, "at": "2026-11-21T03:00:00.5Z", "kind": "delivery.deferred", "device": "d-1",
                "text": "profile `mail` put off: the device said NotNow (1 times), often because it is locked; it is \
                         offered again in the device's next session"},
            {"seq": 3, "at": "2026-11-21T03:00:00.75Z", "kind": "command.sent", "device": "d-1", "text": "sent"},
        ]});
        let second = json!({"next_since": 4, "items": [
            {"seq": 4, "at": "2026-11-21T03:01:40Z", "kind": "limit.hit", "text": "from é & <b>\u{1b}[31m"},
        ]});
        let pages = [first.to_string(), second.to_string()];
        let (url, served) = serve(pages.iter().map(|page| answer("200 OK", page)).collect()).await;
        let client = Client::new(&url, None).unwrap();
        let names = BTreeMap::from([("d-1".to_owned(), "iPhone")]);
        let mut timeline = Timeline::default();
        let mut lines = timeline.read(&client, &names).await.unwrap();
        lines.push_str(&timeline.read(&client, &names).await.unwrap());
        insta::assert_snapshot!(lines, @r"
           0.50 s  iPhone  delivery.deferred         profile `mail` put off: the device said NotNow (1 times), often because
                                                     it is locked; it is offered again in the device's next session
         100.00 s          limit.hit                 from é & <b>\u{1b}[31m
        ");
        assert_eq!(timeline.events.len(), 4);
        let asked = served.await.unwrap();
        assert!(
            asked[1].starts_with("GET /api/v1/events?since=3&limit=500 "),
            "{}",
            asked[1]
        );
    }
}
