//! Apple's check-in messages (Apple, "Check-in").

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mdm_apple::checkin::{
    Authenticate, CheckIn, DeclarationItems, Endpoint, Inventory, Reply as CheckInReply,
    ReturnToService, SyncTokens, TokenUpdate as WireTokenUpdate,
};
use mdm_apple::media::Media;
use mdm_apple::plist::Budget;
use mdm_apple::secret::BootstrapToken;
use mdm_core::channel::PushAddress;
use mdm_core::device::Hardware;
use mdm_core::service::enrollment::{Sender, TokenUpdate};
use mdm_core::time::Timestamp;
use mdm_payloads::Secret;

use super::handler::{Asked, Devices, Knowledge, done};
use super::sender::{malformed, note, sender};
use crate::identity::Proven;
use crate::respond::{Failure, Reply, apple};

/// Declarations are empty for now, so their token never changes.
const NO_DECLARATIONS: &str = "none";

impl Devices {
    /// Answers a check-in request. When reports and check-ins share one URL, the media type tells
    /// them apart.
    pub(super) async fn check_in(
        &self,
        asked: Asked<'_>,
        known: &mut Knowledge,
    ) -> Result<Reply, Failure> {
        if media(asked) == Some(Media::Report) {
            return self.connect(asked, known).await;
        }
        let proven = self.prove(asked)?;
        let decoded = CheckIn::decode(asked.body, Budget::default())
            .map_err(|e| malformed("a check-in message", &e))?;
        note(&decoded.findings, known);
        known.operation = format!("checkin {}", decoded.value.message_type());
        let message = decoded.value;
        self.bound(&proven, known).await?;
        self.judged(known).await?;
        let reply = self.check_in_reply(message, &proven, known).await?;
        Ok(reply.map_or_else(done, |reply| apple(reply.answer())))
    }

    async fn check_in_reply(
        &self,
        message: CheckIn,
        proven: &Proven,
        known: &mut Knowledge,
    ) -> Result<Option<CheckInReply>, Failure> {
        let services = &self.server.services;
        Ok(Some(match message {
            CheckIn::Authenticate(message) => {
                let from = sender(proven, &message.sender);
                self.authenticate(&message, &from, known).await?;
                return Ok(None);
            }
            CheckIn::TokenUpdate(message) => {
                let from = sender(proven, &message.sender);
                services
                    .token_update(&from, &token_update(&message))
                    .await?;
                return Ok(None);
            }
            CheckIn::CheckOut(message) => {
                services.check_out(&sender(proven, &message.sender)).await?;
                return Ok(None);
            }
            CheckIn::UserAuthenticate(message) => {
                self.admitted(&sender(proven, &message.sender), proven, "UserAuthenticate")
                    .await?;
                // An empty challenge asks for no proof; a digest that came all the same is accepted.
                if message.digest_response.is_some() {
                    CheckInReply::Empty
                } else {
                    CheckInReply::DigestChallenge(String::new())
                }
            }
            CheckIn::SetBootstrapToken(message) => {
                let token = message
                    .token
                    .map(|t| Secret::from(STANDARD.encode(t.expose())));
                services
                    .set_bootstrap_token(&sender(proven, &message.sender), token)
                    .await?;
                CheckInReply::Empty
            }
            CheckIn::GetBootstrapToken { sender: from, .. } => {
                self.admitted(&sender(proven, &from), proven, "GetBootstrapToken")
                    .await?;
                let bound = self.server.identities.bound(services, proven).await?;
                let token = bound
                    .device
                    .bootstrap_token
                    .as_ref()
                    .and_then(|t| STANDARD.decode(t.expose()).ok());
                CheckInReply::BootstrapToken(token.map(BootstrapToken::new))
            }
            CheckIn::GetToken(message) => {
                self.admitted(&sender(proven, &message.sender), proven, "GetToken")
                    .await?;
                return Err(Failure::Malformed {
                    what: "a GetToken request that this server can answer",
                    detail:
                        "no token service is configured, and the enrollment profile offered none"
                            .to_owned(),
                    limit: None,
                });
            }
            CheckIn::DeclarativeManagement(message) => {
                self.admitted(
                    &sender(proven, &message.sender),
                    proven,
                    "DeclarativeManagement",
                )
                .await?;
                match message.endpoint {
                    Endpoint::Tokens => CheckInReply::Tokens(SyncTokens {
                        declarations_token: NO_DECLARATIONS.to_owned(),
                        timestamp: Timestamp(0).to_datetime(),
                    }),
                    Endpoint::DeclarationItems => {
                        CheckInReply::DeclarationItems(DeclarationItems {
                            declarations_token: NO_DECLARATIONS.to_owned(),
                            ..DeclarationItems::default()
                        })
                    }
                    Endpoint::Status => CheckInReply::Empty,
                    Endpoint::Declaration { .. } | Endpoint::Unknown(_) => {
                        CheckInReply::NoSuchDeclaration
                    }
                }
            }
            CheckIn::ReturnToService { sender: from } => {
                self.admitted(&sender(proven, &from), proven, "ReturnToService")
                    .await?;
                CheckInReply::ReturnToService(ReturnToService::Disabled)
            }
            CheckIn::Unknown { message_type, .. } => {
                return Err(Failure::Malformed {
                    what: "a check-in message",
                    detail: format!("its MessageType `{message_type}` is not known"),
                    limit: None,
                });
            }
        }))
    }

    async fn authenticate(
        &self,
        message: &Authenticate,
        from: &Sender,
        known: &mut Knowledge,
    ) -> Result<(), Failure> {
        let hardware = hardware(&message.inventory);
        let device = self
            .server
            .services
            .authenticate(from, message.topic.as_str(), &hardware)
            .await?;
        known.device = Some(device.id);
        known.scope = device.scope;
        known.reality = device.reality;
        Ok(())
    }

    /// Refuses a sender that may not speak for its device.
    async fn admitted(
        &self,
        from: &Sender,
        proven: &Proven,
        message: &'static str,
    ) -> Result<(), Failure> {
        let services = &self.server.services;
        let bound = self.server.identities.bound(services, proven).await?;
        services
            .admit_sender(&bound.device, from, message, self.server.clock.now())
            .await?;
        Ok(())
    }
}

/// What kind of message a request says it carries.
pub(super) fn media(asked: Asked<'_>) -> Option<Media> {
    let value = asked
        .head
        .headers
        .get(http::header::CONTENT_TYPE)?
        .to_str()
        .ok()?;
    Media::of(value)
}

fn hardware(inventory: &Inventory) -> Hardware {
    let bounded = |text: &Option<String>| text.as_ref().map(|t| t.chars().take(255).collect());
    Hardware {
        udid: None,
        serial_number: bounded(&inventory.serial_number),
        product_name: bounded(&inventory.product_name),
        model: bounded(&inventory.model),
        model_name: bounded(&inventory.model_name),
        device_name: bounded(&inventory.device_name),
        os_version: bounded(&inventory.os_version),
        build_version: bounded(&inventory.build_version),
        imei: bounded(&inventory.imei),
        meid: bounded(&inventory.meid),
    }
}

fn token_update(message: &WireTokenUpdate) -> TokenUpdate {
    TokenUpdate {
        push: PushAddress {
            topic: message.topic.as_str().to_owned(),
            token: Secret::from(message.token.hex()),
            magic: Secret::from(message.push_magic.expose().to_owned()),
        },
        unlock_token: message
            .unlock_token
            .as_ref()
            .filter(|t| !t.expose().is_empty())
            .map(|t| Secret::from(STANDARD.encode(t.expose()))),
        awaiting_configuration: message.awaiting_configuration,
    }
}
