//! One request and its response.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use axum::body::Body as RouterBody;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::sync::watch;

use super::answer::Answer;
use super::body::{Metered, read};
use super::caught::{Caught, Panic, caught};
use super::stage::Stage;
use super::watched::{InProgress, Pulse};
use super::{App, Conn, Handler, LimitSink, Limits};

/// What the requests of one connection share.
pub(super) struct Link {
    pub(super) conn: Arc<Conn>,
    pub(super) app: App,
    pub(super) limits: Arc<Limits>,
    pub(super) sink: Arc<dyn LimitSink>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) stage: watch::Receiver<Stage>,
}

/// Why a request is refused before anybody looks at what it asks for.
struct Refusal {
    status: StatusCode,
    why: &'static str,
    rule: Option<&'static str>,
}

/// Answers one request; `busy` keeps the connection from being called idle meanwhile.
pub(super) async fn exchange(
    link: Arc<Link>,
    request: Request<Incoming>,
    busy: InProgress,
) -> Result<Response<Answer>, Infallible> {
    let (head, body) = request.into_parts();
    if let Err(refusal) = inspect(&head, &link.limits) {
        return Ok(link.refuse(&refusal, head.version));
    }
    Ok(match &link.app {
        App::Whole(handler) => whole(&link, Arc::clone(handler), head, body).await,
        App::Router(router) => routed(&link, router.clone(), head, body, busy).await,
    })
}

async fn whole(
    link: &Link,
    handler: Arc<dyn Handler>,
    head: Parts,
    body: Incoming,
) -> Response<Answer> {
    let version = head.version;
    // Both framings at once can no longer be told from `chunked` alone here, so no chunked request is followed by
    // another on its connection (RFC 9112 section 6.1).
    let mut last = head.headers.contains_key(TRANSFER_ENCODING);
    let limit = match caught(|| handler.body_limit(&link.conn, &head)) {
        Ok(limit) => limit,
        Err(panic) => return link.panicked(&panic),
    };
    let body = read(body, &head.headers, limit, &link.limits).await;
    if let Err(error) = &body {
        last = true;
        link.pulse.refuse();
        if let Some(rule) = error.rule() {
            link.sink.limit_hit(rule, link.conn.peer.ip());
        }
    }
    let conn = Arc::clone(&link.conn);
    let answer = Box::pin(async move { handler.handle(conn, head, body).await });
    match finished(Caught(answer)).await {
        Ok(response) => {
            let mut response = response.map(Answer::Whole);
            if last {
                close_after(&mut response, version);
            }
            response
        }
        Err(panic) => link.panicked(&panic),
    }
}

async fn routed(
    link: &Link,
    router: axum::Router,
    mut head: Parts,
    body: Incoming,
    busy: InProgress,
) -> Response<Answer> {
    head.extensions.insert(Arc::clone(&link.conn));
    let body = Metered::new(body, App::ROUTER_BODY, Arc::clone(&link.limits));
    let request = Request::from_parts(head, RouterBody::new(body));
    let reads = request.method().is_safe();
    let answer = Caught(Box::pin(TowerToHyperService::new(router).call(request)));
    let answer = if reads {
        answer.await // Whoever waits or follows may leave.
    } else {
        finished(answer).await
    };
    match answer {
        Ok(Ok(response)) => response.map(|body| Answer::stream(body, link.stage.clone(), busy)),
        Ok(Err(never)) => match never {},
        Err(panic) => link.panicked(&panic),
    }
}

/// Runs `work` to its end, also when the peer hangs up, which drops the future that waits here: what is being
/// committed is committed in any case, and whoever caches it must be told. Work that never waits is no task of its own.
async fn finished<T, F>(mut work: Caught<F>) -> Result<T, Panic>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + Unpin + 'static,
{
    let first = poll_fn(|cx| Poll::Ready(Pin::new(&mut work).poll(cx))).await;
    match first {
        Poll::Ready(done) => done,
        Poll::Pending => match tokio::spawn(work).await {
            Ok(done) => done,
            Err(ended) => Err(Panic(ended.to_string())),
        },
    }
}

/// Checks what hyper leaves to its user: the sizes, and `Host` (RFC 9112 section 3.2).
fn inspect(head: &Parts, limits: &Limits) -> Result<(), Refusal> {
    let path = head.uri.path().as_bytes();
    let target = head.uri.path_and_query().map_or(0, |t| t.as_str().len());
    let long_target = path
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"/scep"))
        && matches!(path.get(5), None | Some(b'/'));
    let (own, shared) = if long_target {
        (limits.scep_target_bytes, 0)
    } else {
        (limits.header_bytes, target)
    };
    if target > own {
        return Err(Refusal {
            status: StatusCode::URI_TOO_LONG,
            why: "the request target is too long",
            rule: Some("limit.target_size"),
        });
    }
    let headers: usize = head
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if shared + headers > limits.header_bytes || head.headers.len() > limits.headers {
        return Err(Refusal {
            status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            why: "the request headers are too large or too many",
            rule: Some("limit.header_size"),
        });
    }
    if head.version == Version::HTTP_11 && head.headers.get_all(HOST).iter().count() != 1 {
        return Err(Refusal {
            status: StatusCode::BAD_REQUEST,
            why: "an HTTP/1.1 request needs exactly one Host header",
            rule: None,
        });
    }
    Ok(())
}

impl Link {
    fn refuse(&self, refusal: &Refusal, version: Version) -> Response<Answer> {
        self.pulse.refuse();
        self.sink.malformed_request(&self.conn, refusal.why);
        if let Some(rule) = refusal.rule {
            self.sink.limit_hit(rule, self.conn.peer.ip());
        }
        let mut response = plain(refusal.status, refusal.why);
        close_after(&mut response, version);
        response
    }

    fn panicked(&self, panic: &Panic) -> Response<Answer> {
        self.sink.handler_panicked(&self.conn, &panic.0);
        plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the server failed on this request",
        )
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Answer> {
    let mut response = Response::new(Answer::whole(format!("{text}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

/// Says that the connection ends here; HTTP/2 has no such header (RFC 9113 section 8.2.2).
fn close_after(response: &mut Response<Answer>, version: Version) {
    if version <= Version::HTTP_11 {
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
}
