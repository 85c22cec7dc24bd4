//! Enrollment codes: list, mint.

use std::fmt::Write as _;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use mdm_core::code::Code;
use mdm_core::id::{CodeText, Scope};
use mdm_core::service::enrollment::NewCode;
use mdm_payloads::User;
use serde::{Deserialize, Serialize};

use super::extract::Body;
use super::problem::Failure;
use super::qr;
use crate::server::{Server, Urls};

/// The longest life of a code, in minutes: a hundred years.
const LONGEST_MINUTES: u32 = 100 * 366 * 24 * 60;

/// All codes.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<Code>,
}

/// `GET /codes`.
pub(super) async fn list(State(server): State<Server>) -> Result<Json<Page>, Failure> {
    Ok(Json(Page {
        items: server.store.codes().await?,
    }))
}

/// The body of `POST /codes`; all of it may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    scope: Option<Scope>,
    /// For a simulator: devices enrolled with it never count as real.
    #[serde(default)]
    simulated: bool,
    user: Option<User>,
    label: Option<String>,
    uses: Option<u32>,
    /// How often SCEP answers PENDING before the certificate comes; at most 100.
    #[serde(default)]
    pending_polls: u32,
    minutes: Option<u32>,
    /// With a QR code of `landing_url`.
    #[serde(default)]
    qr: bool,
}

/// A code with where it is used.
#[derive(Debug, Serialize)]
pub(super) struct Minted {
    #[serde(flatten)]
    code: Code,
    /// The enrollment profile, for a device that trusts the root already.
    url: String,
    /// The page a person opens first.
    landing_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    qr_svg: Option<String>,
}

/// `POST /codes`.
pub(super) async fn mint(
    State(server): State<Server>,
    Body(new): Body<Option<New>>,
) -> Result<(StatusCode, Json<Minted>), Failure> {
    let new = new.unwrap_or_default();
    check(&new)?;
    let with_qr = new.qr;
    let wanted = NewCode {
        scope: Some(new.scope.unwrap_or_else(|| server.config.scope.clone())),
        simulated: new.simulated,
        user: new.user,
        label: new.label,
        uses: new.uses,
        pending_polls: new.pending_polls.min(100),
        minutes: new.minutes,
    };
    let code = server.services.mint_code(wanted).await?;
    let (url, landing_url) = urls(&server.urls, &code.code);
    let qr_svg = with_qr.then(|| qr::svg(&landing_url)).transpose()?;
    Ok((
        StatusCode::CREATED,
        Json(Minted {
            code,
            url,
            landing_url,
            qr_svg,
        }),
    ))
}

fn check(new: &New) -> Result<(), Failure> {
    if new.uses == Some(0) {
        return Err(Failure::unreadable(
            "the body",
            "uses: 0 would let nobody in; 1 or more is expected",
        ));
    }
    if new
        .minutes
        .is_some_and(|minutes| !(1..=LONGEST_MINUTES).contains(&minutes))
    {
        return Err(Failure::unreadable(
            "the body",
            format!("minutes: 1 to {LONGEST_MINUTES} is expected"),
        ));
    }
    if new.label.as_ref().is_some_and(|label| label.len() > 200) {
        return Err(Failure::unreadable(
            "the body",
            "label: at most 200 bytes are expected",
        ));
    }
    Ok(())
}

/// The URL of the enrollment profile and of the landing page. Codes may be any visible ASCII, so they are encoded.
fn urls(urls: &Urls, code: &CodeText) -> (String, String) {
    let code = encoded(code.as_str());
    (
        format!("{}/enroll/apple?code={code}", urls.device),
        format!("{}/?code={code}", urls.landing()),
    )
}

/// Percent-encoding of everything but unreserved characters (RFC 3986 section 2.3).
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_urls() {
        let all = Urls {
            bootstrap: Some("http://lab.local:8480".to_owned()),
            device: "https://lab.local:8443".to_owned(),
            mtls: None,
            admin: "http://127.0.0.1:8481".to_owned(),
        };
        assert_eq!(
            urls(&all, &"A&B\"<".parse().unwrap()),
            (
                "https://lab.local:8443/enroll/apple?code=A%26B%22%3C".to_owned(),
                "http://lab.local:8480/?code=A%26B%22%3C".to_owned()
            )
        );
        let tunnelled = Urls {
            bootstrap: None,
            ..all
        };
        assert_eq!(
            urls(&tunnelled, &"WXYZ-1234".parse().unwrap()).1,
            "https://lab.local:8443/?code=WXYZ-1234"
        );
    }

    #[test]
    fn senseless_codes_are_refused() {
        for (body, complaint) in [
            (
                r#"{"uses":0}"#,
                "the body: uses: 0 would let nobody in; 1 or more is expected",
            ),
            (
                r#"{"minutes":0}"#,
                "the body: minutes: 1 to 52704000 is expected",
            ),
        ] {
            let new: New = serde_json::from_str(body).unwrap();
            assert_eq!(check(&new).unwrap_err().to_string(), complaint);
        }
        assert!(check(&New::default()).is_ok());
    }
}
