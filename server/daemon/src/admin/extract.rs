//! How handlers read a request: its path, its query, its body. What cannot be read is refused, naming the field.

use std::fmt::Display;
use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Failure;

/// The one variable part of a path.
#[derive(Debug)]
pub(super) struct Segment<T>(pub(super) T);

impl<S, T> FromRequestParts<S> for Segment<T>
where
    S: Send + Sync,
    T: FromStr<Err: Display> + Send,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Failure::unreadable("the path", rejection.body_text()))?;
        text.parse()
            .map(Self)
            .map_err(|error| Failure::unreadable("the path", error))
    }
}

/// The query. Unknown parameters are refused where `T` denies unknown fields, as every `T` here does.
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<S, T> FromRequestParts<S> for Params<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(value)| Self(value))
            .map_err(|rejection| Failure::unreadable("the query", plain(&rejection.body_text())))
    }
}

/// A JSON body. An empty one reads as `null`, so that `Body<Option<T>>` may be left out.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<S, T> FromRequest<S> for Body<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let media = request
            .headers()
            .get(CONTENT_TYPE)
            .map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| body_failure(&rejection))?;
        if bytes.is_empty() {
            return read(b"null");
        }
        match media {
            Some(media) if is_json(&media) => read(&bytes),
            other => Err(Failure::MediaType(
                other.unwrap_or_else(|| "missing".to_owned()),
            )),
        }
    }
}

fn body_failure(rejection: &BytesRejection) -> Failure {
    Failure::Body {
        status: rejection.status(),
        why: rejection.body_text(),
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Body<T>, Failure> {
    axum::Json::from_bytes(bytes)
        .map(|axum::Json(value)| Body(value))
        .map_err(|rejection| Failure::unreadable("the body", plain(&rejection.body_text())))
}

/// `application/json`, or a type built on it (RFC 6839 section 3.1).
fn is_json(media: &str) -> bool {
    let essence = media
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Without the library's opening words, which name Rust's types rather than the user's field.
fn plain(text: &str) -> &str {
    [
        "Failed to deserialize the JSON body into the target type: ",
        "Failed to deserialize query string: ",
    ]
    .iter()
    .find_map(|opening| text.strip_prefix(opening))
    .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "read for its mistakes only")]
    struct Wanted {
        uses: Option<u32>,
        label: Option<String>,
    }

    #[test]
    fn mistakes_name_the_field() {
        for (body, complaint) in [
            (
                r#"{"use": 1}"#,
                "the body: use: unknown field `use`, expected `uses` or `label` at line 1 column 6",
            ),
            (
                r#"{"uses": "é"}"#,
                "the body: uses: invalid type: string \"é\", expected u32 at line 1 column 13",
            ),
            (
                r#"{"uses": -1}"#,
                "the body: uses: invalid value: integer `-1`, expected u32 at line 1 column 11",
            ),
        ] {
            assert_eq!(
                read::<Wanted>(body.as_bytes()).unwrap_err().to_string(),
                complaint,
                "{body}"
            );
        }
        assert!(
            read::<Wanted>(b"{")
                .unwrap_err()
                .to_string()
                .starts_with("the body: Failed to parse")
        );
        assert!(read::<Option<Wanted>>(b"null").unwrap().0.is_none());
    }

    #[test]
    fn json_under_its_names() {
        for (media, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/problem+json", true),
            ("text/plain", false),
            ("text/json", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            assert_eq!(is_json(media), json, "{media}");
        }
    }
}
