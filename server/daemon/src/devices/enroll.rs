//! Profiles that are fetched: for enrollment, and by one-time link.

use http::StatusCode;
use mdm_core::id::{CodeText, LinkToken};
use mdm_core::ports::Encoded;
use mdm_core::service::enrollment::NotAdmitted;
use mdm_core::service::links::Opened;

use super::handler::{Asked, Devices, Knowledge};
use crate::edge::{Query, QueryError};
use crate::enrollment::{IdentityBy, ProofBy};
use crate::render::Recipient;
use crate::respond::{Failure, Reply, whole};

/// The media type of configuration profiles, signed or not.
pub(super) const PROFILE: &str = "application/x-apple-aspen-config";

impl Devices {
    /// `/enroll/apple?code=…[&signed=false][&identity=scep|pkcs12][&auth=signature|mtls]`
    pub(super) async fn enroll_apple(
        &self,
        asked: Asked<'_>,
        known: &mut Knowledge,
    ) -> Result<Reply, Failure> {
        "enroll profile".clone_into(&mut known.operation);
        let query = Query::new(asked.head.uri.query());
        let code = query.get("code").map_err(|e| bad_query(&e))?;
        let signed = word(&query, "signed", &["true", "false"])? != Some("false");
        let identity = match word(&query, "identity", &["scep", "pkcs12", "acme"])? {
            Some("pkcs12") => IdentityBy::Pkcs12,
            Some("acme") => {
                return Err(Failure::Later {
                    what: "an identity by ACME",
                });
            }
            _ => IdentityBy::Scep,
        };
        let proof = match word(&query, "auth", &["signature", "mtls"])? {
            Some("mtls") => ProofBy::ClientCertificate,
            _ => ProofBy::Signature,
        };
        let code = match code {
            Some(text) => Some(
                text.trim()
                    .to_ascii_uppercase()
                    .parse::<CodeText>()
                    .map_err(|_| NotAdmitted::from(mdm_core::code::CodeRefused::Unknown))?,
            ),
            None => None,
        };
        let services = &self.server.services;
        let admission = services
            .admit(code.as_ref(), self.server.config.open_enrollment)
            .await?;
        known.scope = admission.scope.clone();
        known.reality = admission.reality;
        let (xml, cms) = match identity {
            IdentityBy::Scep => {
                let made = self.enrollments.by_scep(&admission, None, proof)?;
                services.write_records(vec![made.challenge]).await?;
                (made.xml, made.signed)
            }
            IdentityBy::Pkcs12 => {
                self.enrollments
                    .by_pkcs12(services, &admission, proof)
                    .await?
            }
        };
        Ok(profile("enroll", if signed { cms } else { xml }))
    }

    /// `/p/<token>`: a profile for somebody who is not enrolled.
    pub(super) async fn linked_profile(
        &self,
        token: &str,
        known: &mut Knowledge,
    ) -> Result<Reply, Failure> {
        "profile by link".clone_into(&mut known.operation);
        let token: LinkToken = token
            .parse()
            .map_err(|_| mdm_core::link::LinkRefused::Unknown)?;
        let services = &self.server.services;
        match services.open_link(&token).await? {
            Opened::Bytes(bytes) => Ok(profile("profile", bytes)),
            Opened::Render {
                link,
                delivery,
                profile: stored,
            } => {
                known.scope = link.scope.clone();
                let channel = link.token.as_str().to_owned();
                let recipient = Recipient {
                    user: link.user.as_ref(),
                    device: None,
                    channel: &channel,
                    delivery: Some(&delivery.id),
                    generation: delivery.generation,
                };
                let rendered = self.server.renderer.render(&stored, recipient).await?;
                let encoded = Encoded::from(rendered);
                if services.link_rendered(link, delivery, &encoded).await? {
                    return Ok(profile("profile", encoded.wire));
                }
                match services.open_link(&token).await? {
                    Opened::Bytes(bytes) => Ok(profile("profile", bytes)),
                    Opened::Render { .. } => {
                        Err(mdm_core::service::ServiceError::Contended("link").into())
                    }
                }
            }
        }
    }
}

fn bad_query(error: &QueryError) -> Failure {
    Failure::Malformed {
        what: "the query",
        detail: error.to_string(),
        limit: None,
    }
}

fn word(
    query: &Query<'_>,
    name: &'static str,
    allowed: &[&'static str],
) -> Result<Option<&'static str>, Failure> {
    let Some(value) = query.get(name).map_err(|e| bad_query(&e))? else {
        return Ok(None);
    };
    match allowed.iter().find(|word| **word == value) {
        Some(word) => Ok(Some(word)),
        None => Err(Failure::Malformed {
            what: "the query",
            detail: format!("`{name}` is `{value}`; allowed are {}", allowed.join(", ")),
            limit: None,
        }),
    }
}

/// A profile as Safari takes it.
pub(super) fn profile(name: &str, bytes: Vec<u8>) -> Reply {
    let mut reply = whole(StatusCode::OK, PROFILE, bytes);
    let disposition = format!("attachment; filename=\"{name}.mobileconfig\"");
    if let Ok(value) = http::HeaderValue::from_str(&disposition) {
        reply
            .headers_mut()
            .insert(http::header::CONTENT_DISPOSITION, value);
    }
    reply.headers_mut().insert(
        http::header::CACHE_CONTROL,
        http::HeaderValue::from_static("no-store"),
    );
    reply
}
