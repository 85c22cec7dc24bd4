//! What was said on the wire.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mdm_core::id::DeviceId;
use mdm_core::time::Timestamp;
use mdm_store::exchanges::{Exchange, ExchangeFilter, Headers, Summary};
use serde::{Deserialize, Serialize};

use super::extract::{Params, Segment};
use super::guard::Caller;
use super::problem::Failure;
use crate::server::Server;

/// Exchanges of a list that does not say how many.
const PAGE: usize = 100;
/// The most exchanges of a list.
const LONGEST_PAGE: usize = 1000;

/// The query of `GET /exchanges`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    device: Option<DeviceId>,
    /// Those after this one; the last ones when absent.
    after: Option<u64>,
    limit: Option<usize>,
}

/// Exchanges in order.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<SummaryView>,
    /// What to give as `after` for what follows; none when nothing was found.
    next: Option<u64>,
    /// Exchanges lost since the start, because they came too fast to be written.
    lost: u64,
}

/// `GET /exchanges`.
pub(super) async fn list(
    State(server): State<Server>,
    Params(query): Params<List>,
) -> Result<Json<Page>, Failure> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, LONGEST_PAGE);
    let filter = ExchangeFilter {
        device: query.device,
        after: query.after,
    };
    let items: Vec<_> = server
        .exchanges
        .list(&filter, limit)
        .await?
        .into_iter()
        .map(SummaryView::from)
        .collect();
    let next = items.last().map(|summary| summary.id);
    Ok(Json(Page {
        items,
        next,
        lost: server.exchanges.lost(),
    }))
}

/// `GET /exchanges/{id}`: all of it. Of anything but a simulated device that needs the token, because secrets are kept
/// where `--keep-secrets` was on when it was recorded.
pub(super) async fn show(
    State(server): State<Server>,
    Extension(caller): Extension<Caller>,
    Segment(id): Segment<u64>,
) -> Result<Json<ExchangeView>, Failure> {
    let exchange = server
        .exchanges
        .get(id)
        .await?
        .ok_or_else(|| Failure::not_found("exchange", id))?;
    if !exchange.simulated {
        caller.needs_token("the content of an exchange with a real device")?;
    }
    Ok(Json(ExchangeView::new(id, exchange)))
}

/// An exchange of a list.
#[derive(Debug, Serialize)]
pub(super) struct SummaryView {
    id: u64,
    at: Timestamp,
    conn: u64,
    peer: String,
    listener: String,
    tls: Option<String>,
    method: String,
    path: String,
    status: u16,
    device: Option<DeviceId>,
    simulated: bool,
    operation: String,
    changed: bool,
    duration_us: u64,
    request_size: u64,
    response_size: u64,
}

impl From<Summary> for SummaryView {
    fn from(s: Summary) -> Self {
        Self {
            id: s.id,
            at: s.at,
            conn: s.conn,
            peer: s.peer,
            listener: s.listener,
            tls: s.tls,
            method: s.method,
            path: without_query(&s.path),
            status: s.status,
            device: s.device,
            simulated: s.simulated,
            operation: s.operation,
            changed: s.changed,
            duration_us: s.duration_us,
            request_size: s.request_size,
            response_size: s.response_size,
        }
    }
}

/// A path as lists show it: codes are in the query, and the last part of a link lets its holder in.
fn without_query(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    match path.get(..3) {
        Some(start) if start.eq_ignore_ascii_case("/p/") => "/p/***".to_owned(),
        _ => path.to_owned(),
    }
}

/// An exchange.
#[derive(Debug, Serialize)]
pub(super) struct ExchangeView {
    id: u64,
    at: Timestamp,
    conn: u64,
    peer: String,
    listener: String,
    tls: Option<String>,
    device: Option<DeviceId>,
    simulated: bool,
    operation: String,
    changed: bool,
    duration_us: u64,
    request: RequestView,
    response: ResponseView,
}

#[derive(Debug, Serialize)]
struct RequestView {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Content,
}

#[derive(Debug, Serialize)]
struct ResponseView {
    status: u16,
    headers: Vec<(String, String)>,
    body: Content,
}

/// A body: as text where it is UTF-8, else in base64.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Content {
    Text(String),
    Base64(String),
}

impl Content {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }
}

fn owned(headers: &Headers) -> Vec<(String, String)> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    headers.iter().map(owned).collect()
}

impl ExchangeView {
    fn new(id: u64, e: Exchange) -> Self {
        Self {
            id,
            at: e.at,
            conn: e.conn,
            peer: e.peer,
            listener: e.listener,
            tls: e.tls,
            device: e.device,
            simulated: e.simulated,
            operation: e.operation,
            changed: e.changed,
            duration_us: e.duration_us,
            request: RequestView {
                method: e.method,
                path: e.path,
                headers: owned(&e.request_headers),
                body: Content::of(&e.request_body),
            },
            response: ResponseView {
                status: e.status,
                headers: owned(&e.response_headers),
                body: Content::of(&e.response_body),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_show_no_way_in() {
        for (path, shown) in [
            ("/mdm/connect", "/mdm/connect"),
            ("/enroll/apple?code=WXYZ", "/enroll/apple"),
            ("/p/abc", "/p/***"),
            ("/P/abc/?x", "/p/***"),
            ("", ""),
            ("/é", "/é"),
        ] {
            assert_eq!(without_query(path), shown, "{path}");
        }
    }

    #[test]
    fn bodies_are_text_where_they_are() {
        for (bytes, shown) in [
            (&b"<a>\"\xc3\xa9"[..], r#"{"text":"<a>\"é"}"#),
            (&b"\x30\x80\xff"[..], r#"{"base64":"MID/"}"#),
        ] {
            assert_eq!(serde_json::to_string(&Content::of(bytes)).unwrap(), shown);
        }
    }
}
