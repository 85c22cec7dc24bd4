//! `/ManagementServer/MDM.svc`: one message of a session in, one out ([MS-MDM]).

use std::sync::Arc;

use http::{StatusCode, header};
use mdm_core::device::Device;
use mdm_core::package::Greeting;
use mdm_core::windows::Proof;
use mdm_windows::syncml::{Encoding, Message};
use mdm_windows::xml::Budget;

use super::dialogue::{Conversation, Sender};
use crate::chain::chain;
use crate::devices::{Asked, Devices, Knowledge};
use crate::digest::sha256_hex;
use crate::identity::{Proven, Unproven};
use crate::respond::{Failure, Reply, whole};

impl Devices {
    /// Answers one message of a session.
    pub(crate) async fn manage(
        &self,
        asked: Asked<'_>,
        known: &mut Knowledge,
    ) -> Result<Reply, Failure> {
        let encoding = encoding(asked)?;
        let message =
            Message::decode(asked.body, encoding, Budget::default()).map_err(|error| {
                Failure::Malformed {
                    what: "a SyncML message",
                    detail: chain(&error),
                    limit: error.is_limit().then_some("limit.syncml_budget"),
                }
            })?;
        known.operation = format!(
            "session {} message {}",
            message.header.session_id, message.header.msg_id
        );
        let proven = self.prove(asked);
        let (device, sender, why) = self.speaker(&message, proven, known).await?;
        let conversation = Conversation {
            message: &message,
            encoding,
            digest: sha256_hex(asked.body),
            sender,
            server: device
                .windows
                .as_ref()
                .map(|windows| windows.server.clone()),
        };
        let spoken = self.server.services.session(&device, &conversation).await?;
        known.operation = spoken.operation;
        known.changed = spoken.changed;
        if spoken.left {
            self.publish_revoked().await;
        }
        if let Some(text) = refusal(&spoken.greeting, why.as_ref()) {
            self.tell_refused(text, asked, known).await;
        }
        Ok(whole(StatusCode::OK, encoding.media_type(), spoken.bytes))
    }

    /// Publishes what was revoked as a device left. That it left is on record, whatever becomes of the list.
    async fn publish_revoked(&self) {
        let published = match self.server.store.revoked().await {
            Ok(revoked) => self
                .server
                .pki
                .publish_crl(&revoked, self.server.clock.now())
                .map_err(|error| chain(&error)),
            Err(error) => Err(chain(&error)),
        };
        if let Err(error) = published {
            tracing::error!(%error, "the revocation list was not published");
        }
    }

    /// Whose message it is, and what stands behind that; where nothing does, why.
    async fn speaker(
        &self,
        message: &Message,
        proven: Result<Proven, Failure>,
        known: &mut Knowledge,
    ) -> Result<(Arc<Device>, Sender, Option<Failure>), Failure> {
        let source = message.header.source.uri.as_str();
        let why = match proven {
            Ok(proven) => {
                let bound = self.bound(&proven, known).await?;
                let device = self.certified(bound.device, &proven, source).await?;
                return Ok((device, Sender::Certified, None));
            }
            Err(why @ Failure::Unproven(Unproven::Nothing(_))) => why,
            Err(broken) => return Err(broken),
        };
        let found = self
            .server
            .store
            .device_by_udid(source)
            .await
            .map_err(mdm_core::service::ServiceError::from)?;
        let Some(device) = found else {
            return Err(why);
        };
        let Some(windows) = &device.windows else {
            return Err(why);
        };
        known.device = Some(device.id.clone());
        known.scope = device.scope.clone();
        known.reality = device.reality;
        let weakest = windows.weakest_proof.max(self.server.config.windows.proof);
        let sender = if weakest == Proof::Certificate {
            Sender::Unproven
        } else {
            Sender::Presents {
                credential: windows.client.clone(),
                weakest,
            }
        };
        Ok((Arc::new(device), sender, Some(why)))
    }

    /// Holds a certificate against the device that the message names, and takes a renewed one into use.
    async fn certified(
        &self,
        device: Arc<Device>,
        proven: &Proven,
        source: &str,
    ) -> Result<Arc<Device>, Failure> {
        let named = device.windows.as_ref().map_or("", |w| &w.device_id);
        if named != source || !device.is_windows_identity(&proven.fingerprint) {
            return Err(Failure::NotThisDevice {
                named: source.chars().take(64).collect(),
                fingerprint: proven.fingerprint.to_string(),
            });
        }
        let mut changed = Device::clone(&device);
        if !changed.seen_with(&proven.fingerprint) {
            return Ok(device);
        }
        let record = mdm_core::ports::Record::Device(changed);
        self.server.services.write_records(vec![record]).await?;
        let now = self.server.store.device(&device.id).await;
        let now = now.map_err(mdm_core::service::ServiceError::from)?;
        Ok(now.map_or(device, Arc::new))
    }
}

/// How a message is written: as its media type says; without one, as it begins.
fn encoding(asked: Asked<'_>) -> Result<Encoding, Failure> {
    match asked.head.headers.get(header::CONTENT_TYPE) {
        Some(value) => {
            let text = String::from_utf8_lossy(value.as_bytes());
            Encoding::of_media_type(&text)
                .ok_or_else(|| Failure::MediaType(text.chars().take(100).collect()))
        }
        None if asked.body.first().is_some_and(|byte| *byte < 9) => Ok(Encoding::Wbxml),
        None => Ok(Encoding::Xml),
    }
}

/// Why somebody was not let in, in words that say what was missing.
fn refusal(greeting: &Greeting, why: Option<&Failure>) -> Option<String> {
    let nothing = why.map(Failure::explain).unwrap_or_default();
    Some(match greeting {
        Greeting::Known | Greeting::Authenticated { .. } => return None,
        Greeting::Challenge { missing: true, .. } => {
            format!("{nothing}, and no credentials either: they were asked for")
        }
        Greeting::Challenge { missing: false, .. } => {
            "the credentials do not hold: they were asked for again".to_owned()
        }
        Greeting::Refused { missing: true } => format!(
            "{nothing}; a client certificate or an MDM-Signature is needed (--windows-proof lets digests or passwords do)"
        ),
        Greeting::Refused { missing: false } => {
            "the credentials did not hold three times: no further try in this session".to_owned()
        }
        Greeting::NotManaged => "the device unenrolled and is not managed any more".to_owned(),
    })
}
