//! The messages a device sends to its check-in URL.

use std::fmt;

use bytes::Bytes;

use super::endpoint::Endpoint;
use super::sender::Sender;
use crate::finding::{Decoded, Rule};
use crate::identifier::Topic;
use crate::plist::{Budget, FieldError, Fields, PlistError, excerpt, read};
use crate::secret::{BootstrapToken, PushMagic, PushToken, UnlockToken, UserCredential};

/// The longest push token and push magic, in bytes. Apple's have 32 and 36; a push can carry 4096 in all.
const LONGEST_ADDRESS: usize = 1024;

/// A body that is no check-in message.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Not a property list.
    #[error("check-in: the body cannot be read")]
    Plist(#[source] PlistError),
    /// Not the keys of its message.
    #[error(transparent)]
    Field(#[from] FieldError),
}

/// `Authenticate`: the start of an enrollment, or of another one of a device already known.
#[derive(Debug, Clone, PartialEq)]
pub struct Authenticate {
    /// Who.
    pub sender: Sender,
    /// The push topic of the profile that was installed.
    pub topic: Topic,
    /// What the device says about itself, as far as its access rights let it.
    pub inventory: Inventory,
}

/// The inventory keys of `Authenticate`. None of them is reliable: each may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// `DeviceName` (macOS).
    pub device_name: Option<String>,
    /// `Model` (macOS).
    pub model: Option<String>,
    /// `ModelName` (macOS).
    pub model_name: Option<String>,
    /// `OSVersion`.
    pub os_version: Option<String>,
    /// `BuildVersion`.
    pub build_version: Option<String>,
    /// `ProductName`, such as `iPhone15,2`.
    pub product_name: Option<String>,
    /// `SerialNumber`; never in user enrollment.
    pub serial_number: Option<String>,
    /// `IMEI`; never in user enrollment.
    pub imei: Option<String>,
    /// `MEID`; never in user enrollment.
    pub meid: Option<String>,
}

/// `TokenUpdate`: the channel can be pushed to from now on. May repeat at any time.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenUpdate {
    /// Who.
    pub sender: Sender,
    /// The push topic.
    pub topic: Topic,
    /// Where APNs finds the channel.
    pub token: PushToken,
    /// What a push to it must carry.
    pub push_magic: PushMagic,
    /// Sent once by a device with a passcode; an empty one counts as absent, so that the last one is kept.
    pub unlock_token: Option<UnlockToken>,
    /// The device waits in Setup Assistant for `DeviceConfigured`.
    pub awaiting_configuration: bool,
    /// macOS: the user is not the one at the console.
    pub not_on_console: Option<bool>,
}

/// `CheckOut`: the profile was removed. Sent once at best.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckOut {
    /// Who.
    pub sender: Sender,
    /// The push topic. Differs: the schema requires it, but a farewell is not refused for it.
    pub topic: Option<Topic>,
}

/// `UserAuthenticate`: a network or mobile user of a Mac wants a channel of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct UserAuthenticate {
    /// Who; always with a user.
    pub sender: Sender,
    /// The answer to the challenge, in the second round.
    pub digest_response: Option<UserCredential>,
}

/// `SetBootstrapToken`: escrow of a Mac's bootstrap token.
#[derive(Debug, Clone, PartialEq)]
pub struct SetBootstrapToken {
    /// Who.
    pub sender: Sender,
    /// The token; `None` deletes the one kept.
    pub token: Option<BootstrapToken>,
    /// The device waits in Setup Assistant.
    pub awaiting_configuration: bool,
}

/// Which service a `GetToken` asks a token for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenService {
    /// `com.apple.maid`: a Managed Apple Account.
    ManagedAppleAccount,
    /// `com.apple.watch.pairing`, with its three parameters as far as sent.
    WatchPairing {
        /// `SecurityToken`.
        security_token: Option<String>,
        /// `PhoneUDID`.
        phone_udid: Option<String>,
        /// `WatchUDID`.
        watch_udid: Option<String>,
    },
    /// Another one.
    Unknown(String),
}

/// `GetToken`: sent only to a server with the capability `com.apple.mdm.token`.
#[derive(Debug, Clone, PartialEq)]
pub struct GetToken {
    /// Who.
    pub sender: Sender,
    /// For what.
    pub service: TokenService,
}

/// `DeclarativeManagement`: one request of the declarative protocol.
#[derive(Clone, PartialEq)]
pub struct DeclarativeManagement {
    /// Who.
    pub sender: Sender,
    /// What is asked for.
    pub endpoint: Endpoint,
    /// JSON, with `status`.
    pub data: Option<Vec<u8>>,
}

impl fmt::Debug for DeclarativeManagement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeclarativeManagement")
            .field("sender", &self.sender)
            .field("endpoint", &self.endpoint)
            .field("data", &self.data.as_ref().map(Vec::len))
            .finish()
    }
}

/// A check-in message.
#[derive(Clone, PartialEq)]
pub enum CheckIn {
    /// An enrollment starts.
    Authenticate(Authenticate),
    /// A channel can be pushed to.
    TokenUpdate(TokenUpdate),
    /// An enrollment ends.
    CheckOut(CheckOut),
    /// A user wants a channel.
    UserAuthenticate(UserAuthenticate),
    /// A bootstrap token is escrowed.
    SetBootstrapToken(SetBootstrapToken),
    /// The escrowed bootstrap token is wanted back.
    GetBootstrapToken {
        /// Who.
        sender: Sender,
        /// The device waits in Setup Assistant.
        awaiting_configuration: bool,
    },
    /// A token of a service is wanted.
    GetToken(GetToken),
    /// One request of the declarative protocol.
    DeclarativeManagement(DeclarativeManagement),
    /// A device to be erased asks whether it shall enroll again by itself (iOS 26).
    ReturnToService {
        /// Who.
        sender: Sender,
    },
    /// A message this server does not know.
    Unknown {
        /// Its `MessageType`.
        message_type: String,
        /// Who, if it says so in the usual keys.
        sender: Option<Sender>,
        /// The body as received.
        raw: Bytes,
    },
}

impl CheckIn {
    /// Decodes the body of a check-in request.
    pub fn decode(body: &[u8], budget: Budget) -> Result<Decoded<Self>, Malformed> {
        let Decoded {
            value,
            mut findings,
        } = read(body, budget).map_err(Malformed::Plist)?;
        let mut fields = Fields::new("check-in", value, Rule::CheckInType, &mut findings)?;
        let message_type = fields.required_text("MessageType")?;
        fields.rename(&excerpt(&message_type));
        let value = match message_type.as_str() {
            "Authenticate" => authenticate(&mut fields)?,
            "TokenUpdate" => token_update(&mut fields)?,
            "CheckOut" => check_out(&mut fields)?,
            "UserAuthenticate" => user_authenticate(&mut fields)?,
            "SetBootstrapToken" => {
                let sender = Sender::take(&mut fields)?;
                let token = fields
                    .data("BootstrapToken")
                    .filter(|token| !token.is_empty());
                Self::SetBootstrapToken(SetBootstrapToken {
                    sender,
                    token: token.map(BootstrapToken::new),
                    awaiting_configuration: awaiting(&mut fields),
                })
            }
            "GetBootstrapToken" => Self::GetBootstrapToken {
                sender: Sender::take(&mut fields)?,
                awaiting_configuration: awaiting(&mut fields),
            },
            "GetToken" => get_token(&mut fields)?,
            "DeclarativeManagement" => {
                let sender = Sender::take(&mut fields)?;
                let endpoint = fields.required_text("Endpoint")?;
                let Ok(endpoint) = endpoint.parse();
                Self::DeclarativeManagement(DeclarativeManagement {
                    sender,
                    endpoint,
                    data: fields.data("Data"),
                })
            }
            "ReturnToService" => Self::ReturnToService {
                sender: Sender::take(&mut fields)?,
            },
            _ => {
                fields.findings.add(Rule::CheckInUnknown, || {
                    format!("`{}`", excerpt(&message_type))
                });
                let sender = Sender::take(&mut fields).ok();
                Self::Unknown {
                    message_type,
                    sender,
                    raw: Bytes::copy_from_slice(body),
                }
            }
        };
        Ok(Decoded { value, findings })
    }

    /// Who sent it; unknown messages may not say.
    pub const fn sender(&self) -> Option<&Sender> {
        match self {
            Self::Authenticate(Authenticate { sender, .. })
            | Self::TokenUpdate(TokenUpdate { sender, .. })
            | Self::CheckOut(CheckOut { sender, .. })
            | Self::UserAuthenticate(UserAuthenticate { sender, .. })
            | Self::SetBootstrapToken(SetBootstrapToken { sender, .. })
            | Self::GetBootstrapToken { sender, .. }
            | Self::GetToken(GetToken { sender, .. })
            | Self::DeclarativeManagement(DeclarativeManagement { sender, .. })
            | Self::ReturnToService { sender } => Some(sender),
            Self::Unknown { sender, .. } => sender.as_ref(),
        }
    }

    /// Its `MessageType`.
    pub fn message_type(&self) -> &str {
        match self {
            Self::Authenticate(_) => "Authenticate",
            Self::TokenUpdate(_) => "TokenUpdate",
            Self::CheckOut(_) => "CheckOut",
            Self::UserAuthenticate(_) => "UserAuthenticate",
            Self::SetBootstrapToken(_) => "SetBootstrapToken",
            Self::GetBootstrapToken { .. } => "GetBootstrapToken",
            Self::GetToken(_) => "GetToken",
            Self::DeclarativeManagement(_) => "DeclarativeManagement",
            Self::ReturnToService { .. } => "ReturnToService",
            Self::Unknown { message_type, .. } => message_type,
        }
    }
}

impl fmt::Debug for CheckIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authenticate(m) => m.fmt(f),
            Self::TokenUpdate(m) => m.fmt(f),
            Self::CheckOut(m) => m.fmt(f),
            Self::UserAuthenticate(m) => m.fmt(f),
            Self::SetBootstrapToken(m) => m.fmt(f),
            Self::GetToken(m) => m.fmt(f),
            Self::DeclarativeManagement(m) => m.fmt(f),
            Self::GetBootstrapToken { sender, .. } | Self::ReturnToService { sender } => f
                .debug_struct(self.message_type())
                .field("sender", sender)
                .finish_non_exhaustive(),
            Self::Unknown {
                message_type,
                sender,
                raw,
            } => f
                .debug_struct("Unknown")
                .field("message_type", &excerpt(message_type))
                .field("sender", sender)
                .field("bytes", &raw.len()) // it may hold secrets
                .finish(),
        }
    }
}

fn awaiting(fields: &mut Fields<'_>) -> bool {
    fields.bool("AwaitingConfiguration").unwrap_or(false)
}

fn authenticate(fields: &mut Fields<'_>) -> Result<CheckIn, FieldError> {
    Ok(CheckIn::Authenticate(Authenticate {
        sender: Sender::take(fields)?,
        topic: fields.required_identifier("Topic")?,
        inventory: Inventory {
            device_name: fields.text("DeviceName"),
            model: fields.text("Model"),
            model_name: fields.text("ModelName"),
            os_version: fields.text("OSVersion"),
            build_version: fields.text("BuildVersion"),
            product_name: fields.text("ProductName"),
            serial_number: fields.text("SerialNumber"),
            imei: fields.text("IMEI"),
            meid: fields.text("MEID"),
        },
    }))
}

fn token_update(fields: &mut Fields<'_>) -> Result<CheckIn, FieldError> {
    let sender = Sender::take(fields)?;
    let topic = fields.required_identifier("Topic")?;
    let token = fields.required_data("Token")?;
    let magic = fields.required_text("PushMagic")?;
    if !(1..=LONGEST_ADDRESS).contains(&token.len()) {
        return Err(fields.missing("Token", "data of 1 to 1024 bytes"));
    }
    if !(1..=LONGEST_ADDRESS).contains(&magic.len()) {
        return Err(fields.missing("PushMagic", "a string of 1 to 1024 bytes"));
    }
    Ok(CheckIn::TokenUpdate(TokenUpdate {
        sender,
        topic,
        token: PushToken::new(token),
        push_magic: PushMagic::new(magic),
        unlock_token: fields
            .data("UnlockToken")
            .filter(|token| !token.is_empty())
            .map(UnlockToken::new),
        awaiting_configuration: awaiting(fields),
        not_on_console: fields.bool("NotOnConsole"),
    }))
}

fn check_out(fields: &mut Fields<'_>) -> Result<CheckIn, FieldError> {
    let sender = Sender::take(fields)?;
    let topic = fields.identifier("Topic").unwrap_or_default();
    if topic.is_none() {
        fields
            .findings
            .add(Rule::CheckInMissing, || "CheckOut: `Topic`".to_owned());
    }
    Ok(CheckIn::CheckOut(CheckOut { sender, topic }))
}

fn user_authenticate(fields: &mut Fields<'_>) -> Result<CheckIn, FieldError> {
    let sender = Sender::take(fields)?;
    if sender.user.is_none() {
        return Err(fields.missing("UserID", "a string"));
    }
    let response = fields
        .text("DigestResponse")
        .filter(|text| !text.is_empty());
    Ok(CheckIn::UserAuthenticate(UserAuthenticate {
        sender,
        digest_response: response.map(UserCredential::new),
    }))
}

fn get_token(fields: &mut Fields<'_>) -> Result<CheckIn, FieldError> {
    let sender = Sender::take(fields)?;
    let service = fields.required_text("TokenServiceType")?;
    let parameters = fields.dict("TokenParameters").unwrap_or_default();
    let parameter = |key| {
        parameters
            .get(key)
            .and_then(|v| v.as_str())
            .map(str::to_owned)
    };
    let service = match service.as_str() {
        "com.apple.maid" => TokenService::ManagedAppleAccount,
        "com.apple.watch.pairing" => TokenService::WatchPairing {
            security_token: parameter("SecurityToken"),
            phone_udid: parameter("PhoneUDID"),
            watch_udid: parameter("WatchUDID"),
        },
        _ => TokenService::Unknown(service),
    };
    Ok(CheckIn::GetToken(GetToken { sender, service }))
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
