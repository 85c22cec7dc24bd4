//! Events as they happen: server-sent events (WHATWG HTML section 9.2).
//!
//! One task per listener reads in batches and waits for the listener; nothing is queued for a slow one but the cursor.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::body::Frame;
use mdm_core::event::Event;
use mdm_core::id::{DeliveryId, DeviceId, Scope};
use mdm_core::ports::{EventFilter, Store};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::events::{BATCH, Kinds, cursor, next};
use super::extract::Params;
use super::listeners::Listeners;
use super::problem::Failure;
use crate::server::Server;

/// A comment is sent when nothing else was for so long, so that both ends notice a dead connection.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Batches that may wait for the listener.
const WAITING: usize = 2;

/// The query of `GET /events/stream`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Follow {
    since: Option<u64>,
    scope: Option<Scope>,
    device: Option<DeviceId>,
    delivery: Option<DeliveryId>,
    #[serde(default)]
    kind: Kinds,
}

/// `GET /events/stream`: what follows `Last-Event-ID`, else `since`, else now.
pub(super) async fn follow(
    State(server): State<Server>,
    Extension(listeners): Extension<Listeners>,
    Params(query): Params<Follow>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let place = listeners.join()?;
    let range = server.store.event_range().await?;
    let since = cursor(last_event_id(&headers)?.or(query.since), range)?.unwrap_or(range.1);
    let filter = EventFilter {
        scope: query.scope,
        device: query.device,
        delivery: query.delivery,
        kinds: query.kind.0,
    };
    let (send, receive) = mpsc::channel(WAITING);
    let pumped = pump(Arc::clone(&server.store), filter, since, send);
    tokio::spawn(async move {
        pumped.await;
        drop(place);
    });
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::new(Feed(receive))).into_response())
}

/// The header a browser sends when it comes back.
fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    let bad = || {
        Failure::unreadable(
            "the headers",
            "Last-Event-ID: the number of an event is expected",
        )
    };
    number.map(Some).ok_or_else(bad)
}

/// Reads events and hands them over until the listener leaves or storage fails; the listener then comes back by itself,
/// with the number of the last event it got.
async fn pump(
    store: Arc<dyn Store>,
    filter: EventFilter,
    mut since: u64,
    send: mpsc::Sender<Bytes>,
) {
    let newest = store.newest_event();
    loop {
        let before = newest.newest();
        let read = match store.events(since, &filter, BATCH).await {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(%error, "an event stream ends");
                return;
            }
        };
        let mut text = String::new();
        if let Ok((oldest, _)) = store.event_range().await
            && read.first().map_or(oldest, |first| first.seq.min(oldest)) > since + 1
            && oldest > since + 1
        {
            text.push_str(&lost(oldest));
        }
        text.extend(read.iter().map(frame));
        let cut_off = read.len() >= BATCH;
        since = next(since, &read, BATCH, before);
        if !text.is_empty() && send.send(text.into()).await.is_err() {
            return;
        }
        if cut_off {
            continue;
        }
        loop {
            tokio::select! {
                more = timeout(HEARTBEAT, newest.beyond(since)) => {
                    if more.is_ok() {
                        break;
                    }
                    if send.send(Bytes::from_static(b": still here\n\n")).await.is_err() {
                        return;
                    }
                }
                () = send.closed() => return,
            }
        }
    }
}

/// One event. JSON has no line break outside its escapes.
fn frame(event: &Event) -> String {
    let data = serde_json::to_string(event).unwrap_or_default();
    format!("id: {}\ndata: {data}\n\n", event.seq)
}

/// Says that events were pruned before the listener got them.
fn lost(oldest: u64) -> String {
    format!("event: lost\ndata: {{\"oldest\":{oldest}}}\n\n")
}

/// A body that is fed by a task.
struct Feed(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Feed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(cx)
            .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use mdm_core::event::{Kind, NewEvent};
    use mdm_core::ports::Commit;
    use mdm_core::time::Timestamp;
    use mdm_store::SqliteStore;
    use mdm_store::sqlite::Options;

    use super::*;

    #[test]
    fn an_event_as_it_leaves() {
        let scope = Scope::default();
        let event = Event {
            seq: 7,
            event: NewEvent::new(Timestamp(0), &scope, Kind::CommandSent, "a\n\né & <\""),
        };
        insta::assert_snapshot!(frame(&event), @r##"
        id: 7
        data: {"seq":7,"at":"1970-01-01T00:00:00Z","scope":"default","kind":"command.sent","text":"a\n\né & <\""}
        "##);
    }

    #[test]
    fn a_browser_comes_back_with_a_number() {
        let mut headers = HeaderMap::new();
        assert_eq!(last_event_id(&headers).unwrap(), None);
        headers.insert("last-event-id", HeaderValue::from_static("12"));
        assert_eq!(last_event_id(&headers).unwrap(), Some(12));
        headers.insert("last-event-id", HeaderValue::from_static("x"));
        assert_eq!(
            last_event_id(&headers).unwrap_err().to_string(),
            "the headers: Last-Event-ID: the number of an event is expected"
        );
    }

    #[tokio::test]
    async fn a_listener_gets_what_was_and_what_comes() {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(&dir.path().join("d"), Options::default()).unwrap());
        let write = |count: usize| {
            let store = Arc::clone(&store);
            async move {
                let event = NewEvent::new(Timestamp(0), &Scope::default(), Kind::CodeMinted, "x");
                store
                    .commit(Commit {
                        events: vec![event; count],
                        ..Commit::default()
                    })
                    .await
                    .unwrap()
            }
        };
        write(BATCH + 1).await;
        let (send, mut receive) = mpsc::channel(WAITING);
        let task = tokio::spawn(pump(Arc::clone(&store), EventFilter::default(), 0, send));
        let mut got = String::new();
        while !got.contains(&format!("id: {}\n", BATCH + 1)) {
            got.push_str(std::str::from_utf8(&receive.recv().await.unwrap()).unwrap());
        }
        write(1).await;
        got.push_str(std::str::from_utf8(&receive.recv().await.unwrap()).unwrap());
        let numbers: Vec<usize> = got
            .lines()
            .filter_map(|line| line.strip_prefix("id: "))
            .map(|n| n.parse().unwrap())
            .collect();
        assert_eq!(numbers, (1..=BATCH + 2).collect::<Vec<_>>());
        drop(receive);
        task.await.unwrap();
    }
}
