//! The certificate log: list, revoke.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use mdm_core::certificate::{Certificate, RevocationReason};
use mdm_core::event::{Kind, NewEvent};
use mdm_core::id::{DeviceId, Serial};
use serde::{Deserialize, Serialize};

use super::extract::{Body, Params, Segment};
use super::guard::Caller;
use super::problem::Failure;
use crate::server::Server;

/// Certificates of a list that does not say how many.
const PAGE: usize = 100;
/// The most certificates of a list.
const LONGEST_PAGE: usize = 1000;

/// The query of `GET /certificates`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    device: Option<DeviceId>,
    limit: Option<usize>,
}

/// Certificates, newest first.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    items: Vec<Certificate>,
}

/// `GET /certificates`.
pub(super) async fn list(
    State(server): State<Server>,
    Params(query): Params<List>,
) -> Result<Json<Page>, Failure> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, LONGEST_PAGE);
    Ok(Json(Page {
        items: server
            .store
            .certificates(query.device.as_ref(), limit)
            .await?,
    }))
}

/// The body of `POST /certificates/{serial}/revoke`; it may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revoke {
    reason: Option<RevocationReason>,
}

/// `POST /certificates/{serial}/revoke`: records it and publishes the list. Doing it again publishes again.
pub(super) async fn revoke(
    State(server): State<Server>,
    Extension(caller): Extension<Caller>,
    Segment(serial): Segment<Serial>,
    Body(wanted): Body<Option<Revoke>>,
) -> Result<Json<Certificate>, Failure> {
    caller.needs_token("revoking a certificate")?;
    let reason = wanted
        .unwrap_or_default()
        .reason
        .unwrap_or(RevocationReason::Unspecified);
    let certificate = server.services.revoke(&serial, reason).await?;
    let revoked = server.store.revoked().await?;
    let now = server.clock.now();
    server
        .pki
        .publish_crl(&revoked, now)
        .map_err(Failure::Publish)?;
    let text = format!(
        "a revocation list with {} entries was published",
        revoked.len()
    );
    let event = NewEvent::new(now, &certificate.scope, Kind::CrlPublished, text)
        .fact("entries", revoked.len());
    server.services.note(vec![event]).await?;
    Ok(Json(certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_by_name() {
        let read =
            |body: &str| serde_json::from_str::<Option<Revoke>>(body).map_err(|e| e.to_string());
        assert_eq!(read("null").unwrap().unwrap_or_default().reason, None);
        let reason = read(r#"{"reason":"key_compromise"}"#)
            .unwrap()
            .unwrap()
            .reason;
        assert_eq!(reason, Some(RevocationReason::KeyCompromise));
        let told = read(r#"{"reason":"é"}"#).unwrap_err();
        assert!(
            told.starts_with(
                "unknown variant `é`, expected one of `unspecified`, `key_compromise`"
            ),
            "{told}"
        );
    }
}
