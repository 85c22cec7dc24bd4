//! The admin API's client: HTTP/1.1, one connection per request.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::failure::Failure;
use crate::target::Target;

/// Longest answer read, bytes.
const ANSWER_LIMIT: usize = 64 << 20;
/// How long an ordinary request may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A client of one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    base: String,
    host: String,
    port: u16,
    token: Option<Token>,
}

#[derive(Clone)]
struct Token(HeaderValue);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Client {
    /// A client of the server at `url`, such as `http://127.0.0.1:8481`.
    pub(crate) fn new(url: &str, token: Option<&str>) -> Result<Self, Failure> {
        let bad = |what: &str| {
            Failure::usage(
                format!("`{url}` {what}"),
                "give one such as http://127.0.0.1:8481",
            )
        };
        let parsed: Uri = url.parse().map_err(|_| bad("is no address of a server"))?;
        let host = parsed
            .host()
            .ok_or_else(|| bad("names no host"))?
            .to_owned();
        if parsed.scheme_str() != Some("http") {
            return Err(bad(
                "is not plain HTTP, which is all the admin API speaks here",
            ));
        }
        let token =
            match token.map(|token| HeaderValue::from_str(&format!("Bearer {}", token.trim()))) {
                None => None,
                Some(Ok(mut value)) => {
                    value.set_sensitive(true);
                    Some(Token(value))
                }
                Some(Err(_)) => {
                    return Err(Failure::usage(
                        "the token holds characters no token has",
                        "see `--token`",
                    ));
                }
            };
        Ok(Self {
            base: url.trim_end_matches('/').to_owned(),
            host,
            port: parsed.port_u16().unwrap_or(80),
            token,
        })
    }

    /// The address the client was made with.
    #[cfg(test)]
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Whether the server is on this machine.
    #[cfg(feature = "sim")]
    pub(crate) fn is_local(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self
                .bare_host()
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    /// The host without the brackets of an IPv6 address.
    fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// GET of a JSON value.
    pub(crate) async fn get(&self, target: &Target) -> Result<Value, Failure> {
        self.send(Method::GET, target, None, PATIENCE).await
    }

    /// GET of a JSON value that may take `patience` beyond the usual.
    pub(crate) async fn get_slow(
        &self,
        target: &Target,
        patience: Duration,
    ) -> Result<Value, Failure> {
        self.send(Method::GET, target, None, PATIENCE.saturating_add(patience))
            .await
    }

    /// POST; what is answered, `null` where the answer is empty.
    pub(crate) async fn post(&self, target: &Target, body: &Value) -> Result<Value, Failure> {
        self.send(Method::POST, target, Some(body), PATIENCE).await
    }

    /// POST that may take `patience`.
    pub(crate) async fn post_slow(
        &self,
        target: &Target,
        body: &Value,
        patience: Duration,
    ) -> Result<Value, Failure> {
        self.send(Method::POST, target, Some(body), patience).await
    }

    /// PUT; what is answered.
    pub(crate) async fn put(&self, target: &Target, body: &Value) -> Result<Value, Failure> {
        self.send(Method::PUT, target, Some(body), PATIENCE).await
    }

    /// DELETE; what is answered, `null` where the answer is empty.
    pub(crate) async fn delete(&self, target: &Target) -> Result<Value, Failure> {
        self.send(Method::DELETE, target, None, PATIENCE).await
    }

    /// GET of bytes.
    pub(crate) async fn bytes(&self, target: &Target) -> Result<Bytes, Failure> {
        let (_, body) = self.whole(Method::GET, target, None, PATIENCE).await?;
        Ok(body)
    }

    /// GET of a body that goes on; the answer was success.
    pub(crate) async fn stream(&self, target: &Target) -> Result<Incoming, Failure> {
        let response = timeout(PATIENCE, self.exchange(Method::GET, target, None))
            .await
            .map_err(|_| self.silent(target))??;
        if response.status().is_success() {
            return Ok(response.into_body());
        }
        let status = response.status();
        let body = self.collect(response, target).await?;
        Err(refusal(status, &body))
    }

    async fn send(
        &self,
        method: Method,
        target: &Target,
        body: Option<&Value>,
        patience: Duration,
    ) -> Result<Value, Failure> {
        let (status, bytes) = self.whole(method, target, body, patience).await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|error| Failure::Foreign {
            text: format!("{status} with a body that is no JSON: {error}"),
        })
    }

    async fn whole(
        &self,
        method: Method,
        target: &Target,
        body: Option<&Value>,
        patience: Duration,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let exchange = async {
            let response = self.exchange(method, target, body).await?;
            let status = response.status();
            Ok::<_, Failure>((status, self.collect(response, target).await?))
        };
        let (status, bytes) = timeout(patience, exchange)
            .await
            .map_err(|_| self.silent(target))??;
        if status.is_success() {
            Ok((status, bytes))
        } else {
            Err(refusal(status, &bytes))
        }
    }

    async fn collect(
        &self,
        response: Response<Incoming>,
        target: &Target,
    ) -> Result<Bytes, Failure> {
        let whole = Limited::new(response.into_body(), ANSWER_LIMIT)
            .collect()
            .await;
        whole
            .map(http_body_util::Collected::to_bytes)
            .map_err(|source| Failure::Connection {
                doing: "reading the answer of",
                url: self.url(target),
                source,
            })
    }

    async fn exchange(
        &self,
        method: Method,
        target: &Target,
        body: Option<&Value>,
    ) -> Result<Response<Incoming>, Failure> {
        let failed = |doing| {
            let url = self.url(target);
            move |source| Failure::Connection { doing, url, source }
        };
        let stream = TcpStream::connect((self.bare_host(), self.port))
            .await
            .map_err(|error| failed("connecting to")(error.into()))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failed("connecting to")(error.into()))?;
        // It ends with the connection; what went wrong is told by the request as well.
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(target.as_str())
            .header(HOST, format!("{}:{}", self.host, self.port))
            .header(ACCEPT, "application/json, text/event-stream");
        if let Some(Token(value)) = &self.token {
            request = request.header(AUTHORIZATION, value);
        }
        let bytes = match body {
            Some(value) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(value.to_string())
            }
            None => Bytes::new(),
        };
        let request = request
            .body(Full::new(bytes))
            .map_err(|error| failed("writing a request to")(error.into()))?;
        sender
            .send_request(request)
            .await
            .map_err(|error| failed("sending to")(error.into()))
    }

    fn url(&self, target: &Target) -> String {
        format!("{}{}", self.base, target.as_str())
    }

    fn silent(&self, target: &Target) -> Failure {
        let source = "no answer came in time".into();
        Failure::Connection {
            doing: "waiting for",
            url: self.url(target),
            source,
        }
    }
}

/// What an answer other than success says: problem details (RFC 9457), else its text.
fn refusal(status: StatusCode, body: &[u8]) -> Failure {
    let problem: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let errors = problem.get("errors").cloned().unwrap_or_default();
    if problem.get("type").and_then(Value::as_str) == Some("urn:mockmdm:problem:invalid-lab")
        && let Ok(mistakes) = serde_json::from_value(errors)
    {
        return Failure::Wrong { mistakes };
    }
    let field = |name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
    let text = match (field("title"), field("detail")) {
        (Some(title), Some(detail)) if title != detail => format!("{title}: {detail}"),
        (Some(text), _) | (None, Some(text)) => text,
        (None, None) => String::from_utf8_lossy(body)
            .chars()
            .take(500)
            .collect::<String>()
            .trim()
            .to_owned(),
    };
    Failure::Refused {
        status,
        text,
        hint: field("hint"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::canned::{answer, serve};

    #[tokio::test]
    async fn a_request_as_it_leaves() {
        let (url, served) = serve(vec![answer("201 Created", r#"{"id":"d1"}"#)]).await;
        let client = Client::new(&url, Some("s3cret\n")).unwrap();
        let target = Target::new(&["deliveries"]).query("x", "é");
        let value = client
            .post(&target, &json!({"device": "a&b<\"é"}))
            .await
            .unwrap();
        assert_eq!(value, json!({"id": "d1"}));
        let asked = served
            .await
            .unwrap()
            .remove(0)
            .replace(url.strip_prefix("http://").unwrap(), "HOST");
        insta::assert_snapshot!(asked.replace('\r', ""), @r#"
        POST /api/v1/deliveries?x=%C3%A9 HTTP/1.1
        host: HOST
        accept: application/json, text/event-stream
        authorization: Bearer s3cret
        content-type: application/json
        content-length: 21

        {"device":"a&b<\"é"}
        "#);
        assert!(!format!("{client:?}").contains("s3cret"));
    }

    #[cfg(feature = "sim")]
    #[test]
    fn which_servers_are_on_this_machine() {
        for (url, expected) in [
            ("http://127.0.0.1:1", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:1", true),
            ("http://LocalHost:1", true),
            ("http://localhost.example", false),
            ("http://127.0.0.1.example:1", false),
            ("http://192.168.1.2:1", false),
        ] {
            let client = Client::new(url, None).unwrap();
            assert_eq!(client.is_local(), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn refusals_carry_the_servers_words() {
        for (status, body, told) in [
            (
                "404 Not Found",
                r#"{"title":"no such device","detail":"`x`","hint":"`mockmdm devices` lists them"}"#,
                "error: the server answered 404 Not Found: no such device: `x`\nhint: `mockmdm devices` lists them\n",
            ),
            (
                "500 Internal Server Error",
                "boom\n",
                "error: the server answered 500 Internal Server Error: boom\n",
            ),
            (
                "409 Conflict",
                r#"{"title":"busy"}"#,
                "error: the server answered 409 Conflict: busy\n",
            ),
        ] {
            let (url, _served) = serve(vec![answer(status, body)]).await;
            let failure = Client::new(&url, None)
                .unwrap()
                .get(&Target::new(&["x"]))
                .await
                .unwrap_err();
            assert_eq!(failure.report(), told);
        }
    }

    #[tokio::test]
    async fn what_is_no_server() {
        let (url, _served) = serve(vec![answer("200 OK", "<html>")]).await;
        let failure = Client::new(&url, None)
            .unwrap()
            .get(&Target::new(&["x"]))
            .await
            .unwrap_err();
        assert!(
            failure
                .to_string()
                .starts_with("the server answered what no mockmdm answers: 200 OK"),
            "{failure}"
        );
        let (url, served) = serve(Vec::new()).await;
        served.await.unwrap();
        let failure = Client::new(&url, None)
            .unwrap()
            .get(&Target::new(&["x"]))
            .await
            .unwrap_err();
        assert_eq!(failure.to_string(), format!("connecting to {url}/api/v1/x"));
        assert_eq!(failure.exit().code(), 3);
        for (url, told) in [
            (
                "lab",
                "`lab` is not plain HTTP, which is all the admin API speaks here",
            ),
            (
                "https://lab:1",
                "`https://lab:1` is not plain HTTP, which is all the admin API speaks here",
            ),
            ("http://", "`http://` is no address of a server"),
        ] {
            assert_eq!(Client::new(url, None).unwrap_err().to_string(), told);
        }
    }
}
