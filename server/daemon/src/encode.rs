//! Commands on the wire, in Apple's dialect; and the last guard before a destructive one leaves.

mod windows;

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mdm_apple::command::{Command, DEFAULT_QUERIES, RawCommand, Request};
use mdm_apple::plist::Budget;
use mdm_apple::secret::{Pin, UnlockToken};
use mdm_core::command::Item;
use mdm_core::delivery::Reason;
use mdm_core::ports::{Encoded, Encoder, Job, NotEncodable};
use mdm_payloads::apple::schema::check_command;
use mdm_payloads::{Level, Secret};

use crate::enrollment::EnrollmentProfiles;
use crate::render::{Renderer, refuse};

pub use windows::WindowsEncoder;
pub(crate) use windows::is_destructive;

/// Puts commands on the wire, each in the dialect of its device.
#[derive(Debug)]
pub struct Dialects {
    /// Of Apple devices.
    pub apple: AppleEncoder,
    /// Of Windows devices.
    pub windows: WindowsEncoder,
}

#[async_trait]
impl Encoder for Dialects {
    async fn encode(&self, job: Job<'_>) -> Result<Encoded, NotEncodable> {
        match job.device.windows {
            Some(_) => self.windows.encode(job).await,
            None => self.apple.encode(job).await,
        }
    }
}

/// Puts commands on the wire for Apple devices.
#[derive(Debug)]
pub struct AppleEncoder {
    /// Makes profiles.
    pub renderer: Arc<Renderer>,
    /// Makes enrollment profiles.
    pub enrollments: Arc<EnrollmentProfiles>,
    /// Whether destructive commands may leave.
    pub allow_destructive: bool,
}

#[async_trait]
impl Encoder for AppleEncoder {
    async fn encode(&self, job: Job<'_>) -> Result<Encoded, NotEncodable> {
        let uuid = job
            .command
            .uuid
            .as_str()
            .parse()
            .map_err(|_| refuse("the command has no legal UUID".to_owned()))?;
        let mut encoded = Encoded {
            wire: Vec::new(),
            keep: false,
            records: Vec::new(),
            events: Vec::new(),
            expected: None,
            identity: None,
        };
        let request = self.request(job, &mut encoded).await?;
        if request.is_destructive() && !self.allow_destructive {
            return Err(NotEncodable {
                passing: false,
                text: format!(
                    "{} may destroy something and was not sent: start the server with --allow-destructive to allow it",
                    request.request_type()
                ),
                reason: Reason::NotDeliverable {
                    text: "destructive commands are not allowed".to_owned(),
                },
            });
        }
        let raw = matches!(request, Request::Raw(_));
        let wire = Command { uuid, request }.encode();
        if !raw {
            checked(&wire)?;
        }
        encoded.wire = wire;
        Ok(encoded)
    }
}

impl AppleEncoder {
    async fn request(&self, job: Job<'_>, encoded: &mut Encoded) -> Result<Request, NotEncodable> {
        Ok(match &job.command.item {
            Item::Install { .. } => {
                let Some(delivery) = job.delivery else {
                    return Err(refuse("the delivery does not exist any more".to_owned()));
                };
                let rendered = self
                    .renderer
                    .for_delivery(delivery, job.device, job.channel.id.as_str())
                    .await?;
                let from = Encoded::from(rendered);
                let payload = from.wire.clone();
                *encoded = from;
                Request::InstallProfile { payload }
            }
            Item::ReplaceEnrollment => {
                let made = self.enrollments.replacement(job.device)?;
                encoded.keep = true;
                encoded.records.push(made.challenge);
                Request::InstallProfile {
                    payload: made.signed,
                }
            }
            Item::Remove { identifier, .. } => Request::RemoveProfile {
                identifier: identifier.clone(),
            },
            Item::Profiles { managed_only } => Request::ProfileList {
                managed_only: *managed_only,
            },
            Item::Certificates { managed_only } => Request::CertificateList {
                managed_only: *managed_only,
            },
            Item::DeviceInformation { queries } if queries.is_empty() => {
                Request::DeviceInformation {
                    queries: DEFAULT_QUERIES.map(str::to_owned).to_vec(),
                }
            }
            Item::DeviceInformation { queries } => Request::DeviceInformation {
                queries: queries.clone(),
            },
            Item::SecurityInfo => Request::SecurityInfo,
            Item::Lock { message, pin } => Request::DeviceLock {
                message: message.clone(),
                phone_number: None,
                pin: exposed(pin.as_ref()),
            },
            Item::Erase { pin } => Request::EraseDevice {
                pin: exposed(pin.as_ref()),
                preserve_data_plan: None,
                disallow_proximity_setup: None,
                obliteration_behavior: None,
            },
            Item::ClearPasscode => {
                let token = job
                    .device
                    .unlock_token
                    .as_ref()
                    .and_then(|t| STANDARD.decode(t.expose()).ok());
                let Some(token) = token else {
                    return Err(refuse("the device never sent an UnlockToken".to_owned()));
                };
                Request::ClearPasscode {
                    unlock_token: UnlockToken::new(token),
                }
            }
            Item::Restart => Request::RestartDevice { notify_user: None },
            Item::ReadBack { .. } | Item::Unenroll | Item::Nodes { .. } => {
                return Err(refuse(format!(
                    "{} has no meaning for an Apple device",
                    job.command.item.request_type()
                )));
            }
            Item::Raw { plist, .. } => {
                let raw = RawCommand::decode(plist.expose().as_bytes(), Budget::default())
                    .map_err(|e| refuse(format!("the command cannot be read: {e}")))?;
                Request::Raw(raw.value)
            }
        })
    }
}

fn exposed(pin: Option<&Secret>) -> Option<Pin> {
    pin.map(|pin| Pin::new(pin.expose().to_owned()))
}

/// What leaves is checked against Apple's schema first; a raw command is its author's own affair.
fn checked(wire: &[u8]) -> Result<(), NotEncodable> {
    let dictionary = plist::Value::from_reader_xml(wire)
        .ok()
        .and_then(plist::Value::into_dictionary);
    let Some(dictionary) = dictionary else {
        return Err(refuse("the command is no property list".to_owned()));
    };
    match check_command(&dictionary, None)
        .iter()
        .find(|f| f.level == Level::Error)
    {
        Some(worst) => Err(refuse(format!(
            "{} at {}: {}",
            worst.rule, worst.at, worst.text
        ))),
        None => Ok(()),
    }
}
