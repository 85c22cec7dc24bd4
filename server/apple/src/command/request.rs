//! A command and its bytes.

use std::fmt;

use super::raw::RawCommand;
use crate::checkin::SyncTokens;
use crate::identifier::{CommandUuid, RequestType};
use crate::plist::{Dict, Value, write};
use crate::secret::{Pin, UnlockToken};

/// What `DeviceInformation` asks for unless told otherwise: enough to tell devices apart and to find one in a mail
/// server's log. A device leaves out what it does not have or may not say.
pub const DEFAULT_QUERIES: [&str; 12] = [
    "UDID",
    "DeviceName",
    "OSVersion",
    "BuildVersion",
    "SupplementalOSVersionExtra",
    "ModelName",
    "Model",
    "ProductName",
    "SerialNumber",
    "IsSupervised",
    "EASDeviceIdentifier",
    "TimeZone",
];

/// A command as it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Echoed by the device's report.
    pub uuid: CommandUuid,
    /// What is asked.
    pub request: Request,
}

/// What is asked of a device. `Debug` shows the request type only: payloads and tokens are secrets.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Request {
    /// Install or update a configuration profile.
    InstallProfile {
        /// The profile: a property list, or one signed or encrypted (CMS).
        payload: Vec<u8>,
    },
    /// Remove a profile that this server installed.
    RemoveProfile {
        /// Its `PayloadIdentifier`.
        identifier: String,
    },
    /// List the installed profiles.
    ProfileList {
        /// Only those this server installed.
        managed_only: bool,
    },
    /// List the installed certificates.
    CertificateList {
        /// Only those this server installed.
        managed_only: bool,
    },
    /// Ask for properties by name.
    DeviceInformation {
        /// The names; see [`DEFAULT_QUERIES`].
        queries: Vec<String>,
    },
    /// Ask about passcode and encryption.
    SecurityInfo,
    /// Start declarative management, or say that declarations changed.
    DeclarativeManagement {
        /// The present tokens, which save the device a request.
        tokens: Option<SyncTokens>,
    },
    /// Let the device leave Setup Assistant.
    DeviceConfigured,
    /// Lock the device. Destructive.
    DeviceLock {
        /// Shown on the lock screen.
        message: Option<String>,
        /// Shown on the lock screen.
        phone_number: Option<String>,
        /// Six digits that unlock a Mac.
        pin: Option<Pin>,
    },
    /// Erase the device. Destructive.
    EraseDevice {
        /// Six digits that unlock a Mac while it is being erased.
        pin: Option<Pin>,
        /// Keep the cellular plan (iOS).
        preserve_data_plan: Option<bool>,
        /// No proximity setup at the next start (iOS).
        disallow_proximity_setup: Option<bool>,
        /// `Default`, `DoNotObliterate`, `ObliterateWithWarning` or `Always` (macOS).
        obliteration_behavior: Option<String>,
    },
    /// Remove the passcode. Destructive.
    ClearPasscode {
        /// What the device sent in `TokenUpdate`.
        unlock_token: UnlockToken,
    },
    /// Restart the device. Destructive.
    RestartDevice {
        /// Ask the user first (macOS).
        notify_user: Option<bool>,
    },
    /// A command as a user wrote it.
    Raw(RawCommand),
}

impl Request {
    /// Its `RequestType`.
    pub fn request_type(&self) -> &str {
        match self {
            Self::InstallProfile { .. } => "InstallProfile",
            Self::RemoveProfile { .. } => "RemoveProfile",
            Self::ProfileList { .. } => "ProfileList",
            Self::CertificateList { .. } => "CertificateList",
            Self::DeviceInformation { .. } => "DeviceInformation",
            Self::SecurityInfo => "SecurityInfo",
            Self::DeclarativeManagement { .. } => "DeclarativeManagement",
            Self::DeviceConfigured => "DeviceConfigured",
            Self::DeviceLock { .. } => "DeviceLock",
            Self::EraseDevice { .. } => "EraseDevice",
            Self::ClearPasscode { .. } => "ClearPasscode",
            Self::RestartDevice { .. } => "RestartDevice",
            Self::Raw(raw) => raw.request_type().as_str(),
        }
    }

    /// Whether it may only be sent by whoever allowed destructive commands; see [`RequestType::is_destructive`].
    pub fn is_destructive(&self) -> bool {
        RequestType::destructive(self.request_type())
    }

    fn body(&self) -> Dict {
        let mut body = Dict::new().with("RequestType", self.request_type());
        match self {
            Self::InstallProfile { payload } => body.set("Payload", payload.clone()),
            Self::RemoveProfile { identifier } => body.set("Identifier", identifier.as_str()),
            Self::ProfileList { managed_only } | Self::CertificateList { managed_only } => {
                if *managed_only {
                    body.set("ManagedOnly", true);
                }
            }
            Self::DeviceInformation { queries } => {
                let queries = queries
                    .iter()
                    .map(|name| Value::from(name.as_str()))
                    .collect();
                body.set("Queries", Value::Array(queries));
            }
            Self::SecurityInfo | Self::DeviceConfigured => {}
            Self::DeclarativeManagement { tokens } => {
                if let Some(tokens) = tokens {
                    body.set("Data", tokens.json().to_string().into_bytes());
                }
            }
            Self::DeviceLock {
                message,
                phone_number,
                pin,
            } => {
                set(&mut body, "Message", message.as_deref());
                set(&mut body, "PhoneNumber", phone_number.as_deref());
                set(&mut body, "PIN", pin.as_ref().map(Pin::expose));
            }
            Self::EraseDevice {
                pin,
                preserve_data_plan,
                disallow_proximity_setup,
                obliteration_behavior,
            } => {
                set(&mut body, "PIN", pin.as_ref().map(Pin::expose));
                set(&mut body, "PreserveDataPlan", *preserve_data_plan);
                set(
                    &mut body,
                    "DisallowProximitySetup",
                    *disallow_proximity_setup,
                );
                set(
                    &mut body,
                    "ObliterationBehavior",
                    obliteration_behavior.as_deref(),
                );
            }
            Self::ClearPasscode { unlock_token } => {
                body.set("UnlockToken", unlock_token.expose().to_vec());
            }
            Self::RestartDevice { notify_user } => set(&mut body, "NotifyUser", *notify_user),
            Self::Raw(raw) => return raw.body().clone(),
        }
        body
    }
}

fn set<V: Into<Value>>(body: &mut Dict, key: &str, value: Option<V>) {
    if let Some(value) = value {
        body.set(key, value);
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.request_type())
    }
}

impl Command {
    /// The property list that answers a report.
    pub fn encode(&self) -> Vec<u8> {
        let mut document = Dict::new()
            .with("Command", self.request.body())
            .with("CommandUUID", self.uuid.as_str());
        if let Request::Raw(raw) = &self.request {
            for (key, value) in raw.beside().iter() {
                document.set(key, value.clone());
            }
        }
        write(&Value::Dict(document))
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
