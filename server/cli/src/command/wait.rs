//! `mockmdm wait`: block until an event or a delivery matches.

use std::time::Duration;

use clap::{ArgGroup, Args};
use serde_json::Value;
use tokio::time::Instant;

use super::{deliveries, events};
use crate::client::Client;
use crate::config::duration::Span;
use crate::device::resolve;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{items, text};
use crate::session::Session;
use crate::target::Target;

/// Arguments of `wait`. All of them must hold at once.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(WHAT)))]
pub(crate) struct Arguments {
    /// An event of this kind, such as `enrollment.completed`
    #[arg(long)]
    kind: Option<String>,
    /// Of this device
    #[arg(long)]
    device: Option<String>,
    /// Of this delivery
    #[arg(long)]
    delivery: Option<String>,
    /// The delivery is in this state, such as `installed`
    #[arg(long)]
    state: Option<String>,
    /// The delivery has this evidence: `acknowledged`, `read_back`, `identity_issued`, `identity_used` or `proven`
    #[arg(long)]
    evidence: Option<String>,
    /// Only events after this sequence number
    #[arg(long, value_name = "SEQ")]
    since: Option<u64>,
    /// How long to wait
    #[arg(long, value_name = "TIME", default_value = "30s")]
    timeout: Span,
}

/// What can be waited for.
const WHAT: [&str; 5] = ["kind", "device", "delivery", "state", "evidence"];

/// How long the server is asked to wait at once, so that a connection that died is noticed.
const ROUND: Duration = Duration::from_secs(30);

/// Does it: exit 5 and the nearest miss where nothing matched in time.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    let device = match &arguments.device {
        Some(device) => Some(resolve(&client, device).await?),
        None => None,
    };
    let target = Target::new(&["wait"])
        .maybe("kind", arguments.kind)
        .maybe("device", device)
        .maybe("delivery", arguments.delivery)
        .maybe("state", arguments.state)
        .maybe("evidence", arguments.evidence);
    let Span(patience) = arguments.timeout;
    let answer = wait(&client, &target, arguments.since, patience).await?;
    session.output.result(&answer, matched)?;
    Ok(Exit::Done)
}

/// Asks in rounds until something matched or the time is over.
pub(super) async fn wait(
    client: &Client,
    target: &Target,
    mut since: Option<u64>,
    patience: Duration,
) -> Result<Value, Failure> {
    let deadline = Instant::now() + patience;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let round = left.min(ROUND);
        // Whole seconds, rounded up: a wait never ends early.
        let seconds = round.as_secs() + u64::from(round.subsec_nanos() > 0);
        let asked = target
            .clone()
            .maybe("since", since)
            .query("timeout", &seconds);
        let answer = client.get_slow(&asked, round).await?;
        if answer.get("matched") == Some(&Value::Bool(true)) {
            return Ok(answer);
        }
        since = answer.get("since").and_then(Value::as_u64).or(since);
        if Instant::now() >= deadline {
            let misses = answer
                .get("near_misses")
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice);
            return Err(Failure::NothingMatched {
                seconds: patience.as_secs(),
                near_misses: misses.iter().map(miss).collect(),
            });
        }
    }
}

/// An event that came near, and what it lacked.
fn miss(miss: &Value) -> String {
    let event = miss.get("event").map_or_else(
        || miss.to_string(),
        |event| events::line(event).trim().to_owned(),
    );
    let lacked = miss
        .get("failed_criteria")
        .map_or(&[][..], items)
        .iter()
        .map(|failed| {
            let [criterion, wanted, found] =
                ["criterion", "wanted", "found"].map(|field| text(failed, field));
            format!("{criterion} is {found}, not {wanted}")
        });
    let lacked: Vec<String> = lacked.collect();
    if lacked.is_empty() {
        event
    } else {
        format!("{} ({event})", lacked.join(", "))
    }
}

fn matched(answer: &Value) -> String {
    match (answer.get("delivery"), answer.get("event")) {
        (Some(delivery @ Value::Object(_)), _) => deliveries::show(delivery),
        (_, Some(event)) => events::line(event),
        (_, None) => "matched".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canned::{answer, serve};

    #[tokio::test]
    async fn the_nearest_miss_is_told() {
        let body = r#"{"matched":false,"since":9,"near_misses":[
            {"event":{"seq":9,"at":"2026-11-21T02:43:00Z","kind":"delivery.sent","device":"d1","delivery":"x1","text":"sent"},
             "failed_criteria":[{"criterion":"state","wanted":"installed","found":"sent"}]},{"rule":1}]}"#;
        let (url, served) = serve(vec![answer("200 OK", body)]).await;
        let client = Client::new(&url, None).unwrap();
        let target = Target::new(&["wait"]).query("state", "installed");
        let failure = wait(&client, &target, Some(3), Duration::ZERO)
            .await
            .unwrap_err();
        assert_eq!(failure.exit(), Exit::TimedOut);
        insta::assert_snapshot!(failure.report(), @r#"
        error: nothing matched within 0 s
          nearest miss: state is sent, not installed (9 2026-11-21 02:43:00 delivery.sent                x1 sent)
          nearest miss: {"rule":1}
        "#);
        let asked = served.await.unwrap();
        assert!(
            asked[0].starts_with("GET /api/v1/wait?state=installed&since=3&timeout=0 "),
            "{}",
            asked[0]
        );
    }

    #[tokio::test]
    async fn rounds_go_on_from_the_cursor() {
        let bodies = [
            r#"{"matched":false,"since":9,"near_misses":[]}"#,
            r#"{"matched":true,"event":{"seq":10,"kind":"enrollment.completed","at":"2026-11-21T02:43:00Z","device":"d1","text":"ok"}}"#,
        ];
        let (url, served) = serve(bodies.iter().map(|body| answer("200 OK", body)).collect()).await;
        let client = Client::new(&url, None).unwrap();
        let found = wait(
            &client,
            &Target::new(&["wait"]),
            None,
            Duration::from_mins(1),
        )
        .await
        .unwrap();
        assert_eq!(
            matched(&found),
            "    10 2026-11-21 02:43:00 enrollment.completed         d1 ok"
        );
        let asked = served.await.unwrap();
        assert!(
            asked[0].starts_with("GET /api/v1/wait?timeout=30 "),
            "{}",
            asked[0]
        );
        assert!(
            asked[1].starts_with("GET /api/v1/wait?since=9&timeout=30 "),
            "{}",
            asked[1]
        );
    }
}
